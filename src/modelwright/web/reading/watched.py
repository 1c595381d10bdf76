"""What the monitor of a live model said last: ``monitor/latest.json`` and ``monitor/alarms.jsonl``."""

from __future__ import annotations

from typing import Any, Literal

from modelwright.live.place import Place
from modelwright.report.build import demand
from modelwright.web.reading.files import fresh, lines_of, number, object_of
from modelwright.web.views import Accuracy, Condition, Drift, Estimate, Estimated, Watched


def watched(place: Place, version: str) -> Watched | None:
    """None where nobody has looked yet."""
    latest, alarms = place.monitor / "latest.json", place.monitor / "alarms.jsonl"
    manifest = place.bundle(version) / "model.json"
    return fresh(
        ("watched", place.folder, version), (latest, alarms, manifest), lambda: _read(place, version)
    )


def _read(place: Place, version: str) -> Watched | None:
    data = object_of(place.monitor / "latest.json")
    if not data:
        return None
    criteria = criteria_of(object_of(place.bundle(str(data.get("version") or version)) / "model.json"))
    conditions = [_condition(c) for c in _objects(data.get("conditions"))]
    columns = [_drift(c, str(c.get("name", ""))) for c in _objects(data.get("columns"))]
    columns.sort(key=lambda d: (d.rank is None, d.rank or 0, -(d.effect or 0.0), d.name))
    whole = [
        _drift(data[key], title)
        for key, title in (("prediction", "the prediction"), ("joint", "all columns jointly"))
        if isinstance(data.get(key), dict)
    ]
    accuracy = data.get("accuracy")
    retrain = data.get("retrain")
    retrain = retrain if isinstance(retrain, dict) else {}
    return Watched(
        at=str(data.get("at", "")),
        version=str(data.get("version", "")),
        rows=_whole(data.get("rows")),
        labelled=_whole(data.get("labelled")),
        columns=tuple(columns),
        whole=tuple(whole),
        quality=tuple(_objects(data.get("quality"))),
        accuracy=tuple(
            judged(str(name), _estimate(value), criteria)
            for name, value in (accuracy.items() if isinstance(accuracy, dict) else ())
            if isinstance(value, dict)
        ),
        estimated=_estimated(data.get("estimated")),
        conditions=tuple(c for c in conditions if c.open),
        cleared=_cleared(place, conditions),
        retrain=bool(retrain.get("wanted")),
        retrain_why=str(retrain.get("why") or ""),
    )


def _cleared(place: Place, conditions: list[Condition]) -> tuple[Condition, ...]:
    """What was open once, newest first."""
    found = [c for c in conditions if not c.open]
    known = {(c.code, c.column, c.since) for c in found}
    for line in lines_of(place.monitor / "alarms.jsonl"):
        condition = _condition(line)
        if not condition.open and (condition.code, condition.column, condition.since) not in known:
            known.add((condition.code, condition.column, condition.since))
            found.append(condition)
    return tuple(sorted(found, key=lambda c: c.cleared or c.since, reverse=True))


def _condition(data: dict[str, Any]) -> Condition:
    state = str(data.get("state", "open"))
    return Condition(
        code=str(data.get("code", "")),
        column=str(data.get("column") or ""),
        open=state != "cleared",
        since=str(data.get("since") or data.get("at") or ""),
        what=str(data.get("what") or ""),
        remedy=str(data.get("remedy") or ""),
        cleared=str(data.get("cleared") or (data.get("at") if state == "cleared" else "") or ""),
    )


def _drift(data: dict[str, Any], name: str) -> Drift:
    e_value = number(data.get("e_value"))
    drifted = data.get("drifted")
    untested = (e_value is None and number(data.get("log10_e")) is None) or data.get("available") is False
    rank = data.get("rank")
    return Drift(
        name=name,
        drifted=bool(drifted) if drifted or not untested else None,
        e_value=e_value,
        log10_e=number(data.get("log10_e")),
        effect=number(data.get("effect")),
        rank=rank if isinstance(rank, int) else None,
        why=str(data.get("why") or data.get("what") or ""),
    )


def _estimated(data: Any) -> Estimated | None:
    if not isinstance(data, dict) or not data:
        return None
    return Estimated(
        str(data.get("metric", "")),
        _estimate(data),
        bool(data.get("trusted")),
        str(data.get("why") or ""),
    )


def _estimate(data: dict[str, Any]) -> Estimate:
    return Estimate(
        number(data.get("value")), number(data.get("low")), number(data.get("high")), _whole(data.get("n"))
    )


def judged(metric: str, estimate: Estimate, criteria: tuple[str, ...]) -> Accuracy:
    """The estimate of a metric beside the goal's criterion for it, by the rule of verdicts: its whole
    interval on one side of the threshold, or unproven."""
    for text in criteria:
        if text.split()[0].partition("(")[0] != metric or " by " in text or " for " in text:
            continue
        threshold, direction, unit = demand(text)
        if threshold is None or direction is None:
            continue
        shown = Estimate(estimate.value, estimate.low, estimate.high, estimate.n, unit)
        return Accuracy(metric, shown, text, threshold, direction, _verdict(shown, threshold, direction))
    return Accuracy(metric, estimate)


def criterion(data: dict[str, Any]) -> Accuracy:
    """A criterion as a verdict holds it."""
    text = str(data.get("criterion", ""))
    estimate = _estimate(data)
    metric = text.split()[0].partition("(")[0] if text else ""
    found = judged(metric, estimate, (text,)) if text else Accuracy("", estimate)
    return Accuracy(
        metric, found.estimate, text, found.threshold, found.direction, str(data.get("verdict", ""))
    )


def _verdict(estimate: Estimate, threshold: float, direction: Literal["higher", "lower"]) -> str:
    if estimate.low is None or estimate.high is None:
        return "unproven"
    low, high = estimate.low, estimate.high
    if direction == "lower":
        low, high, threshold = -high, -low, -threshold
    return "met" if low >= threshold else "not met" if high < threshold else "unproven"


def criteria_of(manifest: dict[str, Any]) -> tuple[str, ...]:
    """The criteria that a bundle was judged by, as they are written."""
    test = manifest.get("test")
    items = test.get("criteria") if isinstance(test, dict) else None
    return tuple(str(c.get("criterion", "")) for c in _objects(items) if c.get("criterion"))


def _objects(data: Any) -> list[dict[str, Any]]:
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
