"""What the monitor of a live model said last: ``monitor/latest.json``, ``monitor/alarms.jsonl``, and what the
server's keeper says of the log itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from modelwright.live.place import Place
from modelwright.live.watch import outage
from modelwright.report.build import demand
from modelwright.web.reading.files import fresh, lines_of, number, object_of
from modelwright.web.views import Accuracy, Condition, Drift, Estimate, Estimated, Quality, Watched


def watched(place: Place, version: str) -> Watched | None:
    """None where nobody has looked yet and nothing is known of the log itself."""
    latest, alarms = place.monitor / "latest.json", place.monitor / "alarms.jsonl"
    manifest, log = place.bundle(version) / "model.json", outage.path(place)
    return fresh(
        ("watched", place.folder, version), (latest, alarms, log, manifest), lambda: _read(place, version)
    )


def _read(place: Place, version: str) -> Watched | None:
    data = object_of(place.monitor / "latest.json")
    if not data and not outage.conditions(place):
        return None
    data = outage.with_log(place, {**data, "conditions": _objects(data.get("conditions"))})
    retrain, told = _object(data.get("retrain")), _object(data.get("alarms"))
    accuracy, service = _object(data.get("accuracy")), _object(data.get("service"))
    return Watched(
        at=str(data.get("at", "")),
        version=str(data.get("version") or version),
        rows=_whole(data.get("rows")),
        labelled=_whole(data.get("labelled")),
        columns=tuple(_drift(c, str(c.get("name", ""))) for c in _objects(data.get("columns"))),
        whole=_as_a_whole(data),
        quality=tuple(_quality(q) for q in _objects(data.get("quality"))),
        accuracy=tuple(_measured(text, one) for text, one in accuracy.items() if isinstance(one, dict)),
        estimated=_estimated(data.get("estimated")),
        service=tuple(_latency(one, service) for one in _objects(service.get("goal"))),
        conditions=tuple(_condition(c) for c in _objects(data.get("conditions"))),
        cleared=_cleared(place),
        retrain=bool(retrain.get("wanted")),
        retrain_why=str(retrain.get("why") or ""),
        rate=number(told.get("rate")),
        horizon=number(told.get("horizon_seconds")),
        tests=_whole(told.get("tests")),
    )


_PREDICTION = {
    "labels": "the predicted classes",
    "confidence": "how sure the predictions are",
    "answers": "the predicted values",
}


def _as_a_whole(data: dict[str, Any]) -> tuple[Drift, ...]:
    found = [
        _drift(one, _PREDICTION.get(str(one.get("name")), "the predictions"))
        for one in _objects(data.get("prediction"))
    ]
    if isinstance(data.get("joint"), dict):
        found.append(_drift(data["joint"], "all columns jointly"))
    return tuple(found)


def _measured(text: str, data: dict[str, Any]) -> Accuracy:
    """One metric of ``accuracy``, by the criterion's text or the metric's name."""
    made = judged(text, _estimate(data), (text,) if number(data.get("threshold")) is not None else ())
    test, recent = data.get("test"), data.get("recent")
    return replace(
        made,
        metric=str(data.get("metric") or made.metric),
        fallen=bool(data.get("fallen")),
        recent=replace(_estimate(recent), unit=made.estimate.unit) if isinstance(recent, dict) else None,
        tested=_estimate(test) if isinstance(test, dict) else None,
    )


def _latency(data: dict[str, Any], service: dict[str, Any]) -> Accuracy:
    """A demand on latency, with what was measured."""
    name = str(data.get("criterion", "")).split(" ")[0].removeprefix("latency_")
    measured = _object(_object(service.get("latency")).get(name))
    return criterion({**measured, **data, "verdict": data.get("verdict") or ""})


def _quality(data: dict[str, Any]) -> Quality:
    parts = []
    for key, title in (
        ("missing", "missing"),
        ("unreadable", "unreadable"),
        ("new", "new categories"),
        ("out_of_range", "out of range"),
    ):
        now = number(data.get(key))
        if now is not None:
            parts.append((title, now, number(data.get(f"{key}_at_release"))))
    return Quality(str(data.get("name", "")), tuple(parts))


def _cleared(place: Place) -> tuple[Condition, ...]:
    """What was open once, newest first: each event that cleared, with the one that had opened it."""
    began: dict[str, dict[str, Any]] = {}
    found = []
    for event in [*lines_of(place.monitor / "alarms.jsonl"), *outage.events(place)]:
        key = f"{event.get('version')} {event.get('key')}"
        if event.get("state") != "cleared":
            began[key] = event
            continue
        first = began.pop(key, {})
        found.append(
            Condition(
                code=str(event.get("code", "")),
                column=str(event.get("column") or ""),
                open=False,
                since=str(first.get("at") or ""),
                what=str(first.get("what") or event.get("what") or ""),
                remedy="",
                cleared=str(event.get("at") or ""),
            )
        )
    found.sort(key=lambda c: c.cleared)
    return tuple(reversed(found))


def _condition(data: dict[str, Any]) -> Condition:
    return Condition(
        code=str(data.get("code", "")),
        column=str(data.get("column") or ""),
        open=True,
        since=str(data.get("since") or ""),
        what=str(data.get("what") or ""),
        remedy=str(data.get("remedy") or ""),
    )


def _drift(data: dict[str, Any], name: str) -> Drift:
    e_value = number(data.get("e_value"))
    return Drift(
        name=name,
        drifted=bool(data.get("drifted")) if data.get("drifted") or e_value is not None else None,
        e_value=e_value,
        effect=number(data.get("effect")),
        error=number(data.get("effect_error")),
        moves=bool(data.get("moves_prediction")),
        why=str(data.get("why") or data.get("state") or ""),
    )


def _estimated(data: Any) -> tuple[Estimated, ...]:
    one = _object(data)
    found = []
    for each in [one, *_objects(one.get("others"))]:
        said = _estimate(each)
        if each:
            metric, why = str(each.get("metric") or ""), str(each.get("why") or "")
            found.append(Estimated(metric, said, bool(each.get("trusted")), why))
    return tuple(found)


def _estimate(data: dict[str, Any]) -> Estimate:
    return Estimate(
        number(data.get("value")), number(data.get("low")), number(data.get("high")), _whole(data.get("n"))
    )


def judged(metric: str, estimate: Estimate, criteria: tuple[str, ...]) -> Accuracy:
    """The estimate of a metric beside the goal's criterion for it, by the rule of verdicts: its whole
    interval on one side of the threshold, or unproven."""
    for text in criteria:
        of = text.split()[0].partition("(")[0]
        if (text != metric and (of != metric or " for " in text)) or " by " in text:
            continue
        threshold, direction, unit = demand(text)
        if threshold is None or direction is None:
            continue
        shown = Estimate(estimate.value, estimate.low, estimate.high, estimate.n, unit)
        return Accuracy(of, shown, text, threshold, direction, _verdict(shown, threshold, direction))
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


def _object(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
