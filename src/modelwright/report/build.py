"""From the files of a run's folder to the view: what is shown, worst and most useful first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from modelwright.core.codec import decode
from modelwright.core.errors import BadData
from modelwright.core.records.data import Cleaned, Collected, Labelled, Profile, Split
from modelwright.core.records.evidence import Figure, Finding, Metric, Table
from modelwright.core.records.goal import Defined
from modelwright.core.records.models import Analysis, Compressed, Shortlist, Trained
from modelwright.core.records.pictures import Gallery
from modelwright.core.records.verdict import Safeguarded, Tested
from modelwright.core.secrets import masked
from modelwright.goal.units import BYTES, QUANTITY, SECONDS
from modelwright.report import advice
from modelwright.report.files import UNREADABLE, Folder
from modelwright.report.views import CriterionView, Records, RunView, Staged, StageTime, StepView, VerdictView

STAGES = (
    "define", "collect", "clean", "label", "profile", "split", "analyse", "choose", "train", "compress",
    "doubt", "test", "safeguard", "release", "live",
)  # fmt: skip
"""Stages in the order of the plan; the plan itself lives above this layer."""

_SEVERITY = {"blocker": 0, "warning": 1, "note": 2}
_KINDS: dict[str, type[Any]] = {
    "finding": Finding,
    "metric": Metric,
    "figure": Figure,
    "table": Table,
    "gallery": Gallery,
}
_DEMAND = re.compile(r"(>=|<=|>|<)\s*(\S+(?:\s+(?:[a-zA-Z]{1,2}|%)(?=\s|$))?)")


def build(folder: Path) -> RunView:
    """The view of the run in ``folder``, finished or not; ``BadData`` where the folder holds no run."""
    if not folder.is_dir() or not any(
        (folder / name).exists() for name in ("goal.yaml", "resolved.yaml", "define")
    ):
        raise BadData(
            f"{folder.name or folder} is not the folder of a run: it has no goal.yaml",
            code="run.absent",
            hint="`modelwright runs` lists the runs that there are",
        )
    files = Folder(folder)
    goal_text, resolved_text = files.text("goal.yaml"), files.text("resolved.yaml")
    goal = _yaml(goal_text, files, "goal.yaml")
    records = Records(
        defined=files.record("define", Defined),
        collected=files.record("collect", Collected),
        cleaned=files.record("clean", Cleaned),
        labelled=files.record("label", Labelled),
        profile=files.record("profile", Profile),
        split=files.record("split", Split),
        analysis=files.record("analyse", Analysis),
        shortlist=files.record("choose", Shortlist),
        trained=files.record("train", Trained),
        compressed=files.record("compress", Compressed),
        tested=files.record("test", Tested),
        safeguarded=files.record("safeguard", Safeguarded),
    )
    evidence = _evidence(files)
    findings = sorted(
        evidence["finding"], key=lambda f: (f.item.accepted is not None, _SEVERITY[f.item.severity])
    )
    metrics = evidence["metric"]
    if records.tested and not any(m.stage == "test" for m in metrics):
        metrics += [Staged("test", metric) for metric in records.tested.metrics]
    leaderboard = files.leaderboard() or (records.trained.leaderboard if records.trained else ())
    verdict_file = files.object("verdict.json")
    verdict = _verdict(verdict_file, records, goal, tuple(f.item for f in findings))
    timings = files.object("timings.json")
    card = files.object("bundle/model.json")
    seconds = timings.get("stages")
    view = RunView(
        name=str(goal.get("name") or (records.defined.name if records.defined else "") or folder.name),
        run=folder.resolve().name,
        state="finished" if verdict_file else "unfinished",
        reached=tuple(stage for stage in STAGES if (folder / stage / "record.json").is_file()),
        verdict=verdict,
        why=(),
        next=(),
        steps=_steps(files),
        records=records,
        findings=tuple(findings),
        metrics=tuple(metrics),
        figures=tuple(evidence["figure"]),
        tables=tuple(evidence["table"]),
        galleries=tuple(evidence["gallery"]),
        leaderboard=leaderboard,
        times=_times(files, seconds if isinstance(seconds, dict) else {}),
        total_seconds=_number(timings.get("total")),
        budget=_number(timings.get("budget")),
        versions=_pairs(card.get("versions") or files.object("state.json").get("versions")),
        seed=str(goal.get("seed", 0)),
        goal_text=masked(goal_text),
        resolved_text=masked(resolved_text),
        bundle="bundle" if (folder / "bundle" / "model.json").is_file() else None,
        notes=tuple(files.notes),
    )
    return advice.added(view)


_DRAWN = ("line", "bar", "scatter", "matrix", "step")


def _evidence(files: Folder) -> dict[str, list[Staged[Any]]]:
    found: dict[str, list[Staged[Any]]] = {kind: [] for kind in _KINDS}
    # The run's own file is written at its end; until then each stage's stands alone.
    whole = (files.path / "evidence.jsonl").exists()
    names = ["evidence.jsonl"] if whole else [f"{stage}/evidence.jsonl" for stage in STAGES]
    for number, line in enumerate((line for name in names for line in files.lines(name)), start=1):
        kind, data = _entry(line)
        try:
            if kind not in _KINDS:
                raise ValueError(f"{kind!r} is no kind of evidence")
            found[kind].append(Staged(str(line.get("stage", "")), decode(_KINDS[kind], data)))
        except UNREADABLE as error:
            files.notes.append(f"entry {number} of evidence.jsonl does not fit this version ({error})")
    return found


def _entry(line: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of evidence of a line, and its fields.

    A figure has a ``kind`` of its own (line, bar, ...), which may stand in a nested object, as ``drawn``, or
    in the place of the word ``figure``; without any it is taken from the shape of the data.
    """
    kind = str(line.get("kind"))
    for name in ("data", "item", kind):
        if isinstance(line.get(name), dict):
            return kind, line[name]
    if kind in _DRAWN:
        return "figure", line
    if kind == "figure":
        drawn = next(
            (line[key] for key in ("drawn", "draw", "chart", "figure_kind") if line.get(key) in _DRAWN), None
        )
        if drawn is None:
            labels = any(
                isinstance(x, str) for series in line.get("series") or () for x in series.get("x") or ()
            )
            drawn = "matrix" if line.get("matrix") else "bar" if labels else "line"
        return kind, {**line, "kind": drawn}
    return kind, line


def _yaml(text: str, files: Folder, name: str) -> dict[str, Any]:
    if not text:
        return {}
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        files.notes.append(f"{name} is not YAML that can be read")
        return {}
    return data if isinstance(data, dict) else {}


def _verdict(
    data: dict[str, Any], records: Records, goal: dict[str, Any], findings: tuple[Finding, ...]
) -> VerdictView:
    tested = records.tested
    judged = data.get("criteria")
    if isinstance(judged, list):
        criteria = tuple(_criterion(item) for item in judged if isinstance(item, dict))
    elif tested:
        criteria = tuple(
            _criterion({name: getattr(c, name) for name in c.__dataclass_fields__}) for c in tested.criteria
        )
    else:
        asked: Any = records.defined.criteria if records.defined else goal.get("success") or ()
        asked = (asked,) if isinstance(asked, str) else asked
        criteria = tuple(_criterion({"criterion": str(text), "verdict": "not judged"}) for text in asked)
    # What was not named by an older or unfinished run is taken from the findings themselves.
    given = data.get("blockers")
    blockers = [str(b) for b in given] if isinstance(given, list) else [f.code for f in findings if f.blocks]
    openings = data.get("test_openings", tested.openings if tested else None)
    level = _number(data.get("level"))
    return VerdictView(
        verdict=str(data.get("verdict", "unfinished")),
        released=bool(data.get("released", False)),
        reason=str(data.get("reason", "")),
        openings=openings if isinstance(openings, int) else None,
        level=level if level is not None else tested.level if tested else 0.95,
        criteria=criteria,
        blockers=tuple(dict.fromkeys(blockers)),
    )


def _criterion(data: dict[str, Any]) -> CriterionView:
    text = str(data.get("criterion", ""))
    threshold, direction, unit = demand(text)
    n, more = data.get("n"), data.get("more_rows")
    return CriterionView(
        text=text,
        value=_number(data.get("value")),
        low=_number(data.get("low")),
        high=_number(data.get("high")),
        n=n if isinstance(n, int) else None,
        verdict=str(data.get("verdict", "not judged")),
        why=str(data.get("why", "")),
        more_rows=more if isinstance(more, int) else None,
        threshold=threshold,
        direction=direction,
        unit=unit,
    )


def demand(text: str) -> tuple[float | None, Literal["higher", "lower"] | None, str]:
    """Threshold in the base unit, good direction, and unit, of a criterion as it is written.

    >>> demand("latency_p99 <= 20ms")
    (0.02, 'lower', 'seconds')
    """
    match = _DEMAND.search(re.sub(r'"(?:[^"\\]|\\.)*"', '""', text))
    quantity = QUANTITY.fullmatch(match[2].strip()) if match else None
    if match is None or quantity is None:
        return None, None, ""
    number, unit = float(quantity[1]), quantity[2]
    direction: Literal["higher", "lower"] = "higher" if match[1][0] == ">" else "lower"
    if unit in SECONDS:
        return float(SECONDS[unit]) * number, direction, "seconds"
    if unit in BYTES:
        return float(BYTES[unit]) * number, direction, "bytes"
    return number / 100 if unit == "%" else number, direction, ""


def _steps(files: Folder) -> tuple[StepView, ...]:
    data = files.json("steps.json")
    steps: list[StepView] = []
    for item in data if isinstance(data, list) else []:
        try:
            steps.append(
                StepView(
                    step=int(item["step"]),
                    name=str(item["name"]),
                    stage=str(item.get("stage", "")),
                    status=str(item["status"]),
                    why=str(item.get("why") or ""),
                    shown_by=str(item.get("shown_by") or ""),
                )
            )
        except UNREADABLE as error:
            files.notes.append(f"an entry of steps.json does not fit this version ({error})")
    return tuple(steps)


def _times(files: Folder, seconds: dict[str, Any]) -> tuple[StageTime, ...]:
    times: list[StageTime] = []
    for stage in [*STAGES, *(other for other in seconds if other not in STAGES)]:
        manifest = files.object(f"{stage}/stage.json") if stage in STAGES else {}
        taken = _number(seconds.get(stage, manifest.get("seconds")))
        peak = next(
            (manifest[key] for key in ("peak_memory", "peak") if isinstance(manifest.get(key), int)), None
        )
        if taken is not None:
            times.append(StageTime(stage, taken, peak))
    return tuple(times)


def _pairs(data: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(key), str(value)) for key, value in data.items()) if isinstance(data, dict) else ()


def _number(value: Any) -> float | None:
    """A finite float, or ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value - value == 0 else None
