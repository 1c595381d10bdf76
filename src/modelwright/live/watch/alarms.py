"""Conditions: what each alarm is called, what it says, and how to mend it; told when it opens and when it
clears."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any, Final

from modelwright.live.watch.accuracy import Demand
from modelwright.live.watch.streams import Stream
from modelwright.live.watch.tracks import Track, Turn

KEPT: Final = 200
"""Events that the state keeps: more than one look ever makes, so that none is lost between two files."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What can be open: a stable code, the column or metric it is about, and words for a person."""

    code: str
    column: str | None
    what: str
    was: str
    """``what`` once it is over."""
    remedy: str


_CODES: Final = {
    "values": "drift.column",
    "missing": "quality.missing",
    "new": "quality.new-category",
    "range": "quality.out-of-range",
    "joint": "drift.joint",
    "labels": "drift.prediction",
    "confidence": "drift.prediction",
    "answers": "drift.prediction",
}
_WHAT: Final = {
    "values": "the values of {column!r} are no longer spread as they were at release",
    "missing": "{column!r} is missing, or cannot be read, in another share of rows than at release",
    "new": "{column!r} has values that were rare or absent at release, in another share of rows",
    "range": "{column!r} lies outside of its usual range in a larger share of rows than at release",
    "joint": "rows lie further from how the input columns went together at release, or closer to it",
    "labels": "the model predicts its classes in other shares than on its first rows",
    "confidence": "the model is not as sure of its predictions as on its first rows",
    "answers": "the model's predictions are no longer spread as on its first rows",
}
_WAS: Final = {
    "values": "the values of {column!r} were spread otherwise than at release",
    "missing": "{column!r} was missing, or could not be read, in another share of rows than at release",
    "new": "{column!r} had values that were rare or absent at release, in another share of rows",
    "range": "{column!r} lay outside of its usual range in a larger share of rows than at release",
    "joint": "rows lay further from how the input columns went together at release, or closer to it",
    "labels": "the model predicted its classes in other shares than on its first rows",
    "confidence": "the model was not as sure of its predictions as on its first rows",
    "answers": "the model's predictions were spread otherwise than on its first rows",
}
_REMEDY: Final = {
    "values": "look at where {column!r} comes from; where the change is real, retrain on rows that have it",
    "missing": "look at the source of {column!r}: a field renamed, a format changed, a join that fails",
    "new": "see whether the new values are spellings (mend the source) or real (retrain with them)",
    "range": "see whether the unit or the source of {column!r} has changed; where it is real, retrain",
    "joint": "see which columns lead the list of drift; where the change is real, retrain on recent rows",
    "labels": "compare with outcomes as they come back; where inputs drifted too, retrain on recent rows",
    "confidence": "compare with outcomes as they come back; where inputs drifted too, retrain on recent rows",
    "answers": "compare with outcomes as they come back; where inputs drifted too, retrain on recent rows",
}


def of_stream(stream: Stream) -> Condition:
    """The condition that a stream of inputs or predictions opens."""
    column = stream.column
    return Condition(
        _CODES[stream.kind],
        column or (stream.kind if stream.kind != "joint" else None),
        _WHAT[stream.kind].format(column=column),
        _WAS[stream.kind].format(column=column),
        _REMEDY[stream.kind].format(column=column),
    )


def of_demand(demand: Demand) -> Condition:
    """The condition that outcomes open."""
    m = demand.measure
    worse = "below" if m.spec.higher_is_better else "above"
    if demand.code == "accuracy.below-goal":
        what = f"{m.spec.title} is {worse} {demand.bound:.4g}: the goal's {m.text} no longer holds"
        was = f"{m.spec.title} was {worse} {demand.bound:.4g}: the goal's {m.text} did not hold"
        remedy = "retrain on recent rows with their outcomes (`modelwright retrain`), or roll back"
    else:
        assert m.tested is not None
        compared = f"({m.tested.value:.4g}; surely no worse than {demand.bound:.4g} then)"
        what = f"{m.spec.title} is worse than on the test rows {compared}"
        was = f"{m.spec.title} was worse than on the test rows {compared}"
        remedy = (
            "see which inputs drifted; retrain on recent rows with their outcomes (`modelwright retrain`)"
        )
    return Condition(demand.code, m.text, what, was, remedy)


def of_service(name: str) -> Condition:
    """The condition that the service opens."""
    if name == "failures":
        return Condition(
            "service.failures",
            None,
            "more than 1 in 100 requests fail on the server's side",
            "more than 1 in 100 requests failed on the server's side",
            "see the server's log; more workers (`serve --workers`) where it is overloaded",
        )
    criterion = name.removeprefix("latency:")
    return Condition(
        "service.latency",
        criterion,
        f"answers take longer than the goal's {criterion}, measured from a request's arrival to its answer",
        f"answers took longer than the goal's {criterion}, measured from a request's arrival to its answer",
        "more workers (`serve --workers`), a quicker machine, or a smaller model (`size` in the goal)",
    )


def event(name: str, serial: int, version: str, key: str, condition: Condition, turn: Turn) -> dict[str, Any]:
    """What is told of a condition that opened or cleared: never values of single rows."""
    return {
        "id": f"{name}-{serial}",
        "serial": serial,
        "model": name,
        "version": version,
        "key": key,
        "code": condition.code,
        "column": condition.column,
        "state": turn.state,
        "at": iso(turn.at),
        "rows": turn.rows,
        "what": condition.what if turn.state == "open" else f"is over: {condition.was}",
        "remedy": condition.remedy if turn.state == "open" else "",
    }


def opened(condition: Condition, track: Track) -> dict[str, Any]:
    """An open condition, as latest.json tells it."""
    assert track.since is not None
    return {
        "code": condition.code,
        "column": condition.column,
        "state": "open",
        "since": iso(track.since),
        "what": condition.what,
        "remedy": condition.remedy,
        "e_value": e_value(track.log_most),
        "now": None if track.differs is None else f"last window: p = {track.differs:.3g}",
    }


def e_value(log_e: float) -> float:
    """Evidence against "nothing has changed", as odds; at most 1e300."""
    return float(f"{math.exp(min(log_e, 690.0)):.6g}")


def iso(micros: int) -> str:
    return dt.datetime.fromtimestamp(micros / 1e6, dt.UTC).isoformat(timespec="milliseconds")
