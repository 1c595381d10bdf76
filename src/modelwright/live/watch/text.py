"""The state of a live model as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST_COLUMNS = 12


def as_text(found: dict[str, Any]) -> str:
    """What ``latest.json`` holds, for a person."""
    rows = f"{found['rows']} rows, {found['labelled']} outcomes"
    lines = [f"{found['model']} {found['version']}: {rows}, looked at {_time(found['at'])} UTC"]
    lines += _conditions(found) + _drift(found) + _accuracy(found) + _estimated(found) + _service(found)
    lines += _quality(found)
    wanted = found["retrain"]
    if wanted["wanted"]:
        lines += ["", f"retraining is wanted: {wanted['why']}"]
    return "\n".join(lines)


def _conditions(found: dict[str, Any]) -> list[str]:
    if not found["conditions"]:
        return ["", "nothing is open"]
    lines = ["", "open"]
    for one in found["conditions"]:
        about = f" {one['column']}" if one["column"] else ""
        lines.append(f"  {one['code']}{about}, since {_time(one['since'])}: {one['what']}")
        lines.append(f"    {one['remedy']}")
    return lines


def _drift(found: dict[str, Any]) -> list[str]:
    rows: list[Sequence[str]] = []
    for column in found["columns"][:MOST_COLUMNS]:
        effect = "-"
        if column["effect"] is not None:
            effect = f"{column['effect']:.4f} ± {2 * column['effect_error']:.4f}"
        evidence = column["why"] or _evidence(column["e_value"])
        rows.append((column["name"], "yes" if column["drifted"] else "no", effect, evidence))
    left = len(found["columns"]) - MOST_COLUMNS
    if left > 0:
        rows.append((f"and {left} more", "", "", "--json has them all"))
    for one in found["prediction"]:
        what = one["state"] if one["e_value"] is None else _evidence(one["e_value"])
        rows.append((f"[{one['name']}]", "yes" if one["drifted"] else "no", "", what))
    joint = found["joint"]
    if joint["available"]:
        rows.append(("[joint]", "yes" if joint["drifted"] else "no", "", _evidence(joint["e_value"])))
    else:
        rows.append(("[joint]", "no", "", f"joint drift: not available, {joint['why']}"))
    lines = ["", *_table(("drift", "found", "effect on the prediction", "evidence (odds)"), rows)]
    for pair in joint.get("pairs", ()):
        first, second = pair["columns"]
        lines.append(
            f"  {first} and {second}: correlation {pair['at_release']:.2f} at release, {pair['now']:.2f} now"
        )
    return lines


def _accuracy(found: dict[str, Any]) -> list[str]:
    rows = []
    for name, one in found["accuracy"].items():
        test = one["test"]
        rows.append(
            (
                name,
                _interval(one),
                str(one["n"]),
                _number(test["value"]) if test else "-",
                "yes" if one["fallen"] else "no",
                one.get("method", ""),
            )
        )
    if not rows:
        return []
    return ["", *_table(("by outcomes", "value", "n", "at the test", "fallen", "interval"), rows)]


def _estimated(found: dict[str, Any]) -> list[str]:
    one = found["estimated"]
    if one["value"] is None:
        return ["", f"estimated before outcomes: {one['why']}"]
    trust = "to be trusted" if one["trusted"] else "not to be trusted"
    lines = ["", f"estimated before outcomes: {one['metric']}: {_interval(one)}, {trust}: {one['why']}"]
    lines += [f"  {other['metric']}: {_interval(other)}" for other in one["others"]]
    return lines


def _service(found: dict[str, Any]) -> list[str]:
    one = found["service"]
    total = one["requests"] + one["failed"]
    share = "-" if one["failure_share"] is None else f"{one['failure_share']:.2%}"
    lines = ["", f"service: {total} requests, {share} failed, {one['refused']} refused"]
    parts = [f"{name} {1000 * q['value']:.1f} ms" for name, q in one["latency"].items()]
    if parts:
        lines[-1] += "; " + ", ".join(parts)
    lines += [f"  {goal['criterion']}: {goal['verdict'] or 'nothing to judge by'}" for goal in one["goal"]]
    return lines


def _quality(found: dict[str, Any]) -> list[str]:
    rows = []
    for one in found["quality"]:
        shown = [
            _share(one["missing"], one["missing_at_release"]),
            _share(one["unreadable"], None),
            _share(one["new"], one["new_at_release"]),
            _share(one["out_of_range"], one["out_of_range_at_release"]),
        ]
        rows.append((one["name"], *shown))
    if not rows:
        return []
    head = ("quality (at release)", "missing", "unreadable", "new or rare", "out of range")
    lines = ["", *_table(head, rows[:MOST_COLUMNS])]
    if len(rows) > MOST_COLUMNS:
        lines.append(f"  and {len(rows) - MOST_COLUMNS} columns more (--json has them all)")
    return lines


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(str(row[i])) for row in (head, *rows)) for i in range(len(head))]
    return [
        "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]


def _interval(one: dict[str, Any]) -> str:
    if one["value"] is None:
        return "-"
    if one["low"] is None or one["high"] is None:
        return _number(one["value"])
    return f"{_number(one['value'])} ({_number(one['low'])} to {_number(one['high'])})"


def _time(iso: str) -> str:
    return iso[:19].replace("T", " ")


def _number(value: float) -> str:
    return f"{value:.4g}"


def _evidence(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _share(value: float | None, before: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2%}" if before is None else f"{value:.2%} ({before:.2%})"
