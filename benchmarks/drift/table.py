"""Sums up the journals: one JSON file, and the tables of README.md."""

from __future__ import annotations

import json
import platform
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from journal import read
from plan import AFTER, HALF, RATES

from modelwright.stats.intervals import clopper_pearson

HERE = Path(__file__).resolve().parent
Rows = list[dict[str, Any]]


def write() -> None:
    """Write ``results.json`` and the part of ``README.md`` below its mark."""
    sys.path.append(str(HERE.parent))
    from common import _processor

    told: dict[str, Any] = {
        "machine": {
            "processor": _processor(),
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "polars")},
        },
        "peers": {"evidently": "0.7.23", "nannyml": "0.13.1"},
    }
    parts: list[str] = []
    stable = list(read("stable").values())
    if stable:
        told["stable"] = {name: _rates(stable, by) for name, by in GROUPS.items()}
        told["cpu_seconds"] = {"stable": round(sum(r["cpu"] for r in stable))}
        parts += ["### False alarms on stable streams", "", *_stable_lines(told["stable"])]
    planted = list(read("planted").values())
    if planted:
        told["planted"] = _planted(planted)
        told.setdefault("cpu_seconds", {})["planted"] = round(sum(r["cpu"] for r in planted))
        parts += ["", "### Planted shifts", "", *_planted_lines(told["planted"])]
    assumed = list(read("assumed").values())
    if assumed:
        told["assumed"] = _by(assumed, "traffic", "remedy")
        parts += ["", "### Where rows depend on each other", "", *_assumed_lines(told["assumed"])]
    listed = list(read("listing").values())
    if listed:
        told["listing"] = _by(listed, "cells", "reference")
        parts += ["", "### Cells made of the reference's own rows", "", *_listing_lines(told["listing"])]
    live = list(read("product").values())
    if live:
        told["product"] = _by(live, "rows")
        parts += ["", "### The live monitor, all of its streams", "", *_product_lines(told["product"])]
    beside = _beside()
    if beside:
        told["beside"] = beside
        parts += ["", "### Beside the peers", "", *_beside_lines(beside)]
    (HERE / "results.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    readme = HERE / "README.md"
    head = readme.read_text(encoding="utf-8").partition("<!-- results -->")[0]
    readme.write_text(head + "<!-- results -->\n\n" + "\n".join(parts) + "\n", encoding="utf-8")
    print("\n".join(parts))


GROUPS: dict[str, Callable[[dict[str, Any]], str]] = {
    "all": lambda r: "all streams",
    "reference": lambda r: f"{r['reference']:,} reference rows",
    "columns": lambda r: f"{r['columns']} columns",
    "rows": lambda r: f"{r['rows']:,} rows in 30 days",
    "dependence": lambda r: "dependent columns" if r["dependence"] else "independent columns",
    "rhythm": lambda r: f"looked {r['rhythm']}",
}


def _share(hits: int, of: int) -> dict[str, Any]:
    low, high = clopper_pearson(hits, of, 0.95)
    return {"hits": hits, "of": of, "low": round(low, 4), "high": round(high, 4)}


def _rates(rows: Rows, by: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
    groups: dict[str, Rows] = defaultdict(list)
    for row in rows:
        groups[by(row)].append(row)
    return {
        name: {
            str(rate): _share(sum(r["alarms"][str(rate)] is not None for r in group), len(group))
            for rate in RATES
        }
        for name, group in sorted(groups.items(), key=lambda item: (_leading(item[0]), item[0]))
    }


def _leading(name: str) -> int:
    digits = name.split(" ")[0].replace(",", "")
    return int(digits) if digits.isdigit() else 0


def _stable_lines(told: dict[str, Any]) -> list[str]:
    lines = ["| streams | of | false at 0.05 | 95% interval | false at 0.01 | 95% interval |"]
    lines.append("| --- | ---: | ---: | --- | ---: | --- |")
    for groups in told.values():
        for name, rates in groups.items():
            cells = [name, str(rates[str(RATES[0])]["of"])]
            for rate in RATES:
                share = rates[str(rate)]
                cells += [_percent(share["hits"], share["of"]), _interval(share)]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def _planted(rows: Rows) -> Rows:
    groups: dict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in rows:
        groups[row["kind"], row["size"], row["reference"], row["start"]].append(row)
    made = []
    for (kind, size, reference, start), group in groups.items():
        early = sum(r["after"] is not None and r["after"] <= 0 for r in group)
        found = [r for r in group if r["after"] is not None and r["after"] > 0]
        # A stream that was not found took longer than all rows there were.
        waits = [r["after"] for r in found] + [float("inf")] * (len(group) - len(found) - early)
        middle = statistics.median(waits) if waits else float("inf")
        made.append(
            {
                "kind": kind,
                "size": size,
                "reference": reference,
                "start": start,
                "of": len(group),
                "false_before": early,
                "found": len(found),
                "median_rows": None if middle == float("inf") else int(middle),
                "by_joint": sum(r["stream"] == "joint" for r in found),
            }
        )
    return made


def _planted_lines(told: Rows) -> list[str]:
    cases = sorted({(r["reference"], r["start"]) for r in told})
    heads = [f"ref {ref:,}, {'at once' if not start else f'after {start:,}'}" for ref, start in cases]
    lines = [f"Found within {AFTER:,} rows at alarm rate 0.01, and the median of rows until the alarm:", ""]
    lines += ["| shift | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * len(cases)]
    kinds = list(dict.fromkeys((r["kind"], r["size"]) for r in told))
    for kind, size in kinds:
        cells = [f"{kind} {size:g}"]
        for ref, start in cases:
            (row,) = (
                r
                for r in told
                if (r["kind"], r["size"], r["reference"], r["start"]) == (kind, size, ref, start)
            )
            wait = "" if row["median_rows"] is None else f", {row['median_rows']:,}"
            cells.append(f"{row['found']}/{row['of']}{wait}")
        lines.append("| " + " | ".join(cells) + " |")
    early = sum(r["false_before"] for r in told)
    lines += ["", f"False alarms before the shift: {early} of {sum(r['of'] for r in told if r['start'])}."]
    return lines


def _by(rows: Rows, *keys: str) -> Rows:
    """Shares of alarms by the values of these keys."""
    groups: dict[tuple[Any, ...], Rows] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    return [
        {**dict(zip(keys, values, strict=True)), **_share(sum(r["alarm"] for r in group), len(group))}
        for values, group in groups.items()
    ]


def _product_lines(told: Rows) -> list[str]:
    lines = ["| rows of the data | of | false at 0.05 | 95% interval |", "| --- | ---: | ---: | --- |"]
    for row in sorted(told, key=lambda r: int(r["rows"])):
        share = _percent(row["hits"], row["of"])
        lines.append(f"| {row['rows']:,} | {row['of']} | {share} | {_interval(row)} |")
    return lines


def _listing_lines(told: Rows) -> list[str]:
    lines = ["| cells | reference rows | false at 0.05 | 95% interval |", "| --- | ---: | ---: | --- |"]
    for row in told:
        share = _percent(row["hits"], row["of"])
        lines.append(f"| {row['cells']} | {row['reference']:,} | {share} | {_interval(row)} |")
    return lines


def _assumed_lines(told: Rows) -> list[str]:
    lines = ["| stable traffic | remedy | false at 0.05 | 95% interval |", "| --- | --- | ---: | --- |"]
    for row in told:
        share = _percent(row["hits"], row["of"])
        lines.append(f"| {row['traffic']} | {row['remedy']} | {share} | {_interval(row)} |")
    return lines


def _beside() -> Rows:
    """Each method's first alarm day by setting: false alarms, and right ones of planted shifts."""
    methods: dict[str, dict[str, list[int]]] = {
        "modelwright 0.05": {k: _listed(r["day"]["0.05"]) for k, r in read("beside").items()},
        "modelwright 0.01": {k: _listed(r["day"]["0.01"]) for k, r in read("beside").items()},
        "Evidently, any column": {k: r["any"] for k, r in read("evidently").items()},
        "Evidently, half of the columns": {k: r["dataset"] for k, r in read("evidently").items()},
        "NannyML, any column": {k: r["univariate"] for k, r in read("nannyml").items()},
        "NannyML, reconstruction": {k: r["reconstruction"] for k, r in read("nannyml").items()},
        "NannyML, data quality": {k: r["quality"] for k, r in read("nannyml").items()},
    }
    made: Rows = []
    for method, alarms in methods.items():
        groups: dict[str, list[list[int]]] = defaultdict(list)
        for key, days in alarms.items():
            groups[key.partition(" world")[0]].append(days)
        for setting, found in groups.items():
            row: dict[str, Any] = {"method": method, "setting": setting, "of": len(found)}
            before = [[d for d in days if d < HALF] for days in found]
            if setting.startswith("none"):
                row |= _share(sum(bool(days) for days in found), len(found))
                row["days_alarmed"] = round(sum(map(len, found)) / len(found), 1)
            else:
                clean = [days for days, early in zip(found, before, strict=True) if not early]
                waits = [days[0] - HALF + 1 for days in clean if days]
                row["false_before"] = len(found) - len(clean)
                row["found"] = len(waits)
                row["median_days"] = statistics.median(waits) if waits else None
            made.append(row)
    return made


def _listed(day: int | None) -> list[int]:
    return [] if day is None else [day]


def _beside_lines(told: Rows) -> list[str]:
    methods = list(dict.fromkeys(r["method"] for r in told))
    calm = list(dict.fromkeys(r["setting"] for r in told if r["setting"].startswith("none")))
    lines = ["Streams with any false alarm in 30 stable days (and days with an alarm, on average):", ""]
    lines += _grid(methods, calm, told, lambda r: f"{r['hits']}/{r['of']} ({r['days_alarmed']:g})", "none ")
    struck = list(dict.fromkeys(r["setting"] for r in told if not r["setting"].startswith("none")))
    said = "streams alarmed falsely before it / first alarmed after it / of all, and the median of days until"
    lines += ["", f"A shift on day {HALF + 1}: {said} then:", ""]

    def cell(row: dict[str, Any]) -> str:
        wait = "" if row["median_days"] is None else f", {row['median_days']:g} d"
        return f"{row['false_before']}/{row['found']}/{row['of']}{wait}"

    return [*lines, *_grid(methods, struck, told, cell, "")]


def _grid(
    methods: Iterable[str],
    settings: Iterable[str],
    told: Rows,
    cell: Callable[[dict[str, Any]], str],
    drop: str,
) -> list[str]:
    methods = list(methods)
    lines = ["| | " + " | ".join(methods) + " |", "| --- |" + " ---: |" * len(methods)]
    for setting in settings:
        cells = [setting.removeprefix(drop)]
        for method in methods:
            rows = [r for r in told if r["method"] == method and r["setting"] == setting]
            cells.append(cell(rows[0]) if rows else "")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _percent(hits: int, of: int) -> str:
    return f"{100 * hits / of:.1f}%"


def _interval(share: dict[str, Any]) -> str:
    return f"{100 * share['low']:.1f}% to {100 * share['high']:.1f}%"


if __name__ == "__main__":
    write()
