"""A decision as it is kept: a record that can be worked out again, a page for people, the rows' answers.

``decisions/0001.json`` is written last: with it the decision is there, without it there was none. What was
decided is carried out after it, and then noted in it, so that a kill in between leaves something to finish.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from modelwright.core.codec import decode, encode
from modelwright.goal.metrics import metric
from modelwright.goal.metrics.scored import Scored
from modelwright.live import deployment
from modelwright.live.deployment import Challenger
from modelwright.live.judge import Comparison, comparison
from modelwright.live.place import Place
from modelwright.store import atomic

Action = Literal["promote", "challenge", "end challenge", "keep", "not enough evidence"]
Slices = Sequence[tuple[str, np.ndarray]]

_SAID: dict[str, str] = {
    "promote": "promoted",
    "challenge": "challenging",
    "end challenge": "challenge ended",
    "keep": "kept",
    "not enough evidence": "not enough evidence",
}


def said(action: str) -> str:
    """A decision in a word or two."""
    return _SAID[action]


@dataclass(frozen=True)
class Decision:
    """What was decided, and where it is written."""

    place: Place
    data: dict[str, Any]

    def __repr__(self) -> str:
        return f"Decision({self.number}, {self.action!r})"

    @property
    def number(self) -> int:
        return int(self.data["number"])

    @property
    def action(self) -> Action:
        """What was decided; whether it was carried out is in ``acted``."""
        found: Action = self.data["action"]
        return found

    @property
    def because(self) -> str:
        return str(self.data["because"])

    @property
    def acted(self) -> bool:
        """Whether the deployment was changed."""
        return bool(self.data["done"] == "done")

    @property
    def path(self) -> Path:
        return self.place.decisions / f"{self.number:04d}.json"

    @property
    def exit_code(self) -> int:
        """0 where a version was promoted, set beside the champion, or would have been (``--promote never``);
        3 where the champion stays."""
        return 0 if self.action in ("promote", "challenge") else 3


def every(place: Place) -> list[dict[str, Any]]:
    """All decisions of a live model, oldest first."""
    if not place.decisions.is_dir():
        return []
    return [atomic.read_json(path) for path in sorted(place.decisions.glob("[0-9]*.json"))]


def next_number(place: Place) -> int:
    return max((int(d["number"]) for d in every(place)), default=0) + 1


def rounds(place: Place, champion: str) -> int:
    """How many decisions have tried to replace the champion with this digest: each spent a share of alpha."""
    return sum(1 for d in every(place) if d["champion"]["digest"] == champion and d["spent"])


def keep(place: Place, data: Mapping[str, Any], answers: bytes | None = None) -> Decision:
    """Write the decision. ``answers``: the rows' answers, as :func:`packed` makes them."""
    made = {"version": 1, "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "serial": None, **data}
    number = int(made["number"])
    atomic.private_folder(place.decisions)
    if answers is not None:
        made["answers"] = {
            "file": f"{number:04d}.npz",
            "sha256": hashlib.sha256(answers).hexdigest(),
        }
        atomic.write_bytes(place.decisions / f"{number:04d}.npz", answers, private=True)
    atomic.write_text(place.decisions / f"{number:04d}.md", page(made), private=True)
    atomic.write_json(place.decisions / f"{number:04d}.json", made, private=True)
    return Decision(place, made)


def carry_out(decision: Decision) -> Decision:
    """Change the deployment as decided, unless somebody changed it meanwhile; then the record says so."""
    place, data = decision.place, decision.data
    if data["done"] != "to do":
        return decision
    now = deployment.read(place)
    why = f"decision {decision.number}: {decision.because}"
    version = data["challenger"]["version"]
    if decision.action == "promote" and now.champion == version:
        made = now
    elif now.champion != data["champion"]["version"]:
        return _noted(decision, "overtaken", now.serial)
    elif decision.action == "promote":
        made = deployment.deploy(place, version, why)
    elif decision.action == "challenge":
        asked = Challenger(version, data["mode"], float(data["share"]))
        made = deployment.challenge(place, asked, why)
    else:
        made = now
        if now.challenger is not None and now.challenger.version == version:
            made = deployment.challenge(place, None, why)
    return _noted(decision, "done", made.serial)


def _noted(decision: Decision, done: str, serial: int) -> Decision:
    data = {**decision.data, "done": done, "serial": serial}
    atomic.write_text(decision.path.with_suffix(".md"), page(data), private=True)
    atomic.write_json(decision.path, data, private=True)
    return Decision(decision.place, data)


def finish(place: Place) -> None:
    """Carry out a decision that was written and not carried out."""
    for data in every(place)[-1:]:
        carry_out(Decision(place, data))


def packed(champion: Scored, challenger: Scored, slices: Slices, groups: np.ndarray | None) -> bytes:
    """The arrays that a comparison rests on, as ``.npz``: no inputs and no ids, codes for groups."""
    arrays: dict[str, np.ndarray] = {"truth": champion.truth}
    for name, scored in (("champion", champion), ("challenger", challenger)):
        for part in ("labels", "probabilities", "values"):
            found = getattr(scored, part)
            if found is not None:
                arrays[f"{name}_{part}"] = found
    for name, extra in (("weights", champion.weights), ("costs", champion.costs), ("groups", groups)):
        if extra is not None:
            arrays[name] = extra
    for i, (_, rows) in enumerate(slices):
        arrays[f"slice_{i}"] = rows
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def check(place: Place, number: int) -> list[str]:
    """Work a decision's comparison out again from its answers: what differs from the record, none where it
    holds."""
    data = atomic.read_json(place.decisions / f"{number:04d}.json")
    if "answers" not in data:
        return [] if data["comparison"] is None else ["its answers are not there"]
    content = (place.decisions / data["answers"]["file"]).read_bytes()
    if hashlib.sha256(content).hexdigest() != data["answers"]["sha256"]:
        return ["the answers are not those that were decided on"]
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    judged = data["judged"]

    def of(name: str) -> Scored:
        return Scored(
            truth=arrays["truth"],
            labels=arrays.get(f"{name}_labels"),
            probabilities=arrays.get(f"{name}_probabilities"),
            values=arrays.get(f"{name}_values"),
            weights=arrays.get("weights"),
            classes=tuple(judged["classes"]),
            positive=judged["positive"],
            costs=arrays.get("costs"),
        )

    was = decode(Comparison, data["comparison"])
    again = comparison(
        metric(was.metric),
        of("champion"),
        of("challenger"),
        alpha=was.alpha,
        slices=[(name, arrays[f"slice_{i}"]) for i, name in enumerate(judged["slices"])],
        for_class=was.for_class,
        average=was.average,
        groups=arrays.get("groups"),
        time_order=judged["time_order"],
        seed=data["seed"],
    )
    old, new = encode(was), encode(again)
    return [name for name in old if old[name] != new[name]]


def page(data: Mapping[str, Any]) -> str:
    """The record for people, as Markdown."""
    old, new = data["champion"], data["challenger"]
    out = [
        f"# Decision {data['number']}: {_SAID[data['action']]}",
        "",
        str(data["because"]),
        "",
        f"{data['at']}, {data['kind']}. Asked for because: {data['why']}.",
        f"Carried out: {data['done']}" + (f" (deployment {data['serial']})." if data["serial"] else "."),
        "",
        "| | version | verdict | run | sha256 of the bundle |",
        "| --- | --- | --- | --- | --- |",
        _line("champion", old),
    ]
    if new is not None:
        out.append(_line("challenger", new))
    out += ["", "## Rows", ""]
    out += [f"- {name}: {value}" for name, value in data["rows"].items()]
    if data["comparison"] is not None:
        out += _compared(data)
    if data["checks"]:
        out += ["", "## What was looked at", ""]
        out += [f"- {'yes' if c['holds'] else 'no'}, {c['name']}: {c['what']}" for c in data["checks"]]
    if data["findings"]:
        out += ["", "## Findings", ""]
        out += [f"- {f['severity']} `{f['code']}`: {f['message']} ({f['remedy']})" for f in data["findings"]]
    return "\n".join(out) + "\n"


def _line(name: str, of: Mapping[str, Any]) -> str:
    return f"| {name} | {of['version'] or '-'} | {of['verdict']} | {of['run']} | `{of['digest'][:16]}` |"


def _compared(data: Mapping[str, Any]) -> list[str]:
    found = data["comparison"]
    lead = (
        f"Metric: {found['metric']}, {'higher' if found['higher_is_better'] else 'lower'} is better. Round "
        f"{data['round']} of this champion: alpha {found['alpha']:.4g}. No worse means by less than "
        f"{_number(found['margin'])}."
    )
    out = [
        "",
        "## Challenger minus champion, on the same rows",
        "",
        lead,
        "",
        "| rows | n | champion | challenger | difference | low | high | p | p (Holm) |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in (found["overall"], *found["slices"]):
        numbers = ("champion", "challenger", "gap", "low", "high", "p", "adjusted")
        shown = " | ".join(_number(one[name]) for name in numbers)
        out.append(f"| {one['name'].replace('|', '/')} | {one['n']} | {shown} |")
    if data["criteria"]:
        out += ["", "## The goal's criteria on these rows", "", "| criterion | champion | challenger |"]
        out.append("| --- | --- | --- |")
        for one, other in zip(data["criteria"]["champion"], data["criteria"]["challenger"], strict=True):
            out.append(f"| {one['criterion'].replace('|', '/')} | {_met(one)} | {_met(other)} |")
    if data["service"]:
        out += ["", "## Cost", "", "| | p50 ms | p99 ms | bytes |", "| --- | --- | --- | --- |"]
        for name, s in data["service"].items():
            out.append(
                f"| {name} | {1e3 * s['latency_p50']:.3f} | {1e3 * s['latency_p99']:.3f} | {s['size']} |"
            )
    return out


def _met(result: Mapping[str, Any]) -> str:
    interval = f"{_number(result['low'])} to {_number(result['high'])}"
    return f"{result['verdict']}: {_number(result['value'])} ({interval})"


def _number(value: float | str | None) -> str:
    if value is None or isinstance(value, str) or not math.isfinite(value):
        return "-"
    return f"{value:.4g}"
