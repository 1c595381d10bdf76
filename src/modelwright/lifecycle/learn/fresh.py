"""Both versions' answers to judging rows, in the form that metrics take, and what the rows are parted by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelwright.core.records.verdict import CriterionResult
from modelwright.evidence.testing.answers import Opened
from modelwright.evidence.testing.criteria import Resources, judge_one, recorded
from modelwright.evidence.testing.slices import slices_of
from modelwright.features.typed import from_frame
from modelwright.goal.metrics import metric
from modelwright.goal.metrics.scored import Scored, cost_matrix
from modelwright.goal.sections import SuccessSection
from modelwright.lifecycle.learn.champion import Champion
from modelwright.lifecycle.learn.labelled import Told
from modelwright.lifecycle.learn.snapshot import group_of, in_form, times
from modelwright.lifecycle.predict import typed_frame
from modelwright.live.entries import Prediction
from modelwright.live.log.personal import personal_columns
from modelwright.live.place import Place
from modelwright.runtime import Model, load

if TYPE_CHECKING:
    import polars as pl

MOST_VALUES = 12
"""Values of one column that are slices of their own."""
CALLS = 400
"""Timed calls of each version: enough to bound the 99th percentile."""
_EPSILON = 1e-4


@dataclass(frozen=True)
class Rows:
    """Judging rows in the order in which they are judged: oldest first."""

    told: tuple[Told, ...]
    truth: NDArray[Any]
    groups: NDArray[np.int64] | None
    time_order: bool
    weights: NDArray[np.float64] | None
    typed: pl.DataFrame
    """Every column that the log holds, typed where the model takes it."""

    def __len__(self) -> int:
        return len(self.told)


def rows_of(champion: Champion, told: Sequence[Told]) -> Rows:
    """The rows, ordered by the goal's time."""
    import polars as pl

    when = times(champion, told)
    order = sorted(range(len(told)), key=lambda i: (when[i], told[i].id))
    told = [told[i] for i in order]
    roles = champion.goal.sections.roles
    _, raw = in_form(champion, told)
    taken = typed_frame(champion.model, raw)
    others = [
        raw[name] if raw[name].dtype.is_numeric() else raw[name].cast(pl.String, strict=False)
        for name in raw.columns
        if name not in taken.columns and name != champion.target
    ]
    classes = champion.model.classes
    truth = (
        np.array([classes.index(str(row.outcome)) for row in told], dtype=np.int64)
        if classes
        else np.array([row.outcome for row in told], dtype=np.float64)
    )
    groups = None
    if roles.group is not None:
        named = [group_of(row, roles.group) for row in told]
        place = {name: i for i, name in enumerate(sorted({n for n in named if n is not None}))}
        codes = [len(place) + i if n is None else place[n] for i, n in enumerate(named)]
        groups = np.array(codes, dtype=np.int64)
    weights = None
    if roles.weight is not None and all(row.inputs.get(roles.weight) is not None for row in told):
        weights = raw[roles.weight].cast(pl.Float64, strict=False).fill_null(1.0).to_numpy()
    return Rows(tuple(told), truth, groups, roles.time is not None, weights, taken.with_columns(others))


def asked(model: Model, champion: Champion, rows: Rows) -> Scored:
    """What a version answers to the rows as the log holds them; null where it does not."""
    made = model.predict_all([_sent(model, row) for row in rows.told])
    if not model.classes:
        return scored(champion, rows, values=made["prediction"].astype(np.float64))
    return scored(champion, rows, model.classes, made["label"], made["probabilities"])


def logged(model: Model, champion: Champion, rows: Rows, answers: Mapping[str, Prediction]) -> Scored:
    """What a version answered when it was asked; ``answers`` by the id of the row."""
    found = [answers[row.id] for row in rows.told]
    if not model.classes:
        return scored(champion, rows, values=np.array([float(p.prediction) for p in found]))
    probabilities = np.array([p.probabilities for p in found], dtype=np.float64)
    labels = probabilities.argmax(axis=1)
    if model.threshold is not None:
        labels = (probabilities[:, 1] >= model.threshold).astype(np.int64)
    for i, one in enumerate(found):
        if one.prediction in model.classes:
            labels[i] = model.classes.index(str(one.prediction))
    return scored(champion, rows, model.classes, labels, probabilities)


def scored(
    champion: Champion,
    rows: Rows,
    classes: Sequence[str] = (),
    labels: NDArray[Any] | None = None,
    probabilities: NDArray[Any] | None = None,
    *,
    values: NDArray[np.float64] | None = None,
) -> Scored:
    """Answers with the truth, classes in the champion's order. A class that the version does not know has
    probability 0; one that only it knows is out of the comparison, and naming it is an error."""
    known = champion.model.classes
    if values is not None or labels is None or probabilities is None:
        return Scored(rows.truth, values=values, weights=rows.weights)
    place = [known.index(name) if name in known else -1 for name in classes]
    shares = np.zeros((len(rows), len(known)))
    for at, code in enumerate(place):
        if code >= 0:
            shares[:, code] = probabilities[:, at]
    named = np.array(place, dtype=np.int64)[labels.astype(np.int64)]
    named[named < 0] = (rows.truth[named < 0] + 1) % len(known)
    costs = champion.goal.sections.success.costs
    return Scored(
        truth=rows.truth,
        labels=named,
        probabilities=shares,
        weights=rows.weights,
        classes=known,
        positive=1 if champion.problem == "binary" else None,
        costs=cost_matrix(costs, known) if costs else None,
    )


def unlike(place: Place, champion: Champion, rows: Rows) -> float:
    """Share of the rows to which the version that answered them now answers another thing: what the log kept
    of them is not what was sent. 0 where no such version is there any more."""
    by_version: dict[str, list[int]] = {}
    for i, row in enumerate(rows.told):
        by_version.setdefault(row.prediction.version, []).append(i)
    other = total = 0
    for version, places in sorted(by_version.items()):
        if version == champion.version:
            model = champion.model
        elif (place.versions / version / "version.json").exists():
            model = load(place.bundle(version), threads=1)
        else:
            continue
        total += len(places)
        made = model.predict_all([_sent(model, rows.told[i]) for i in places])
        for at, i in enumerate(places):
            was = rows.told[i].prediction
            if not model.classes:
                now = float(made["prediction"][at])
                other += not math.isclose(float(was.prediction), now, rel_tol=_EPSILON, abs_tol=1e-9)
            elif was.probabilities is None or len(was.probabilities) != len(model.classes):
                other += 1
            else:
                other += bool(
                    np.abs(made["probabilities"][at] - np.array(was.probabilities)).max() > _EPSILON
                )
    return other / total if total else 0.0


def _sent(model: Model, row: Told) -> dict[str, Any]:
    return {name: row.inputs.get(name) for name in model.tensors.names}


def slices(champion: Champion, rows: Rows) -> list[tuple[str, NDArray[np.int64]]]:
    """The rows by the columns of ``by`` and sensitive ones, and by those that say most of the target (but for
    personal data: names of slices are written down)."""
    sections, personal = champion.goal.sections, personal_columns(champion.model)
    wanted = [c.by for c in sections.success.criteria if c.by is not None]
    wanted += [*sections.roles.sensitive, *(c for c in champion.strongest if c not in personal)]
    found = []
    for column in dict.fromkeys(wanted):
        if column in rows.typed.columns and rows.typed[column].null_count() < len(rows):
            found += [
                (f"{column}: {name}", part) for name, part in slices_of(rows.typed, column, MOST_VALUES)
            ]
    return found


@dataclass(frozen=True)
class Service:
    """What a version costs: seconds [calls] of single rows, bytes of its graph."""

    seconds: NDArray[np.float64]
    size: int

    def to_json(self) -> dict[str, float | int]:
        return {
            "calls": len(self.seconds),
            "latency_p50": float(np.quantile(self.seconds, 0.5)),
            "latency_p99": float(np.quantile(self.seconds, 0.99)),
            "size": self.size,
        }


def services(models: Sequence[Model], rows: Rows, calls: int = CALLS) -> list[Service]:
    """Single rows through each version in turn, so that what slows the machine slows all alike."""
    seconds = np.zeros((len(models), calls))
    some = [[_sent(model, row) for row in rows.told[:50]] for model in models]
    for turn in range(-20, calls):
        for at, model in enumerate(models):
            one = some[at][turn % len(some[at])]
            began = perf_counter()
            model.predict(one)
            if turn >= 0:
                seconds[at, turn] = perf_counter() - began
    return [Service(seconds[at], len(model.bundle.files["model.onnx"])) for at, model in enumerate(models)]


def criteria(
    champion: Champion, rows: Rows, answers: Scored, service: Service, seed: int
) -> tuple[CriterionResult, ...]:
    """The goal's criteria judged on these rows, but those about training."""
    success = champion.goal.sections.success
    opened = Opened(
        frame=rows.typed,
        typed=from_frame(rows.typed, champion.model.tensors),
        truth=rows.truth,
        weights=rows.weights,
        groups=rows.groups,
        time_order=rows.time_order,
        problem=champion.problem,
        classes=champion.model.classes,
        costs=answers.costs,
    )
    calls: Callable[[], NDArray[np.float64]] = lambda: service.seconds  # noqa: E731
    resources = Resources(calls, service.size, math.nan)
    made = []
    for criterion in success.criteria:
        if criterion.metric == "fit_time":
            continue
        if criterion.by is not None and criterion.by not in rows.typed.columns:
            from modelwright.evidence.judge import unproven

            why = f"the log does not hold {criterion.by!r}"
            made.append(recorded(unproven(criterion.text, why)))
            continue
        made.append(judge_one(criterion, opened, answers, resources, 0.95, seed).result)
    return tuple(made)


def meets(success: SuccessSection, results: Sequence[CriterionResult]) -> bool:
    """Whether the goal's policy is satisfied; a goal without criteria asks for nothing here."""
    if not results:
        return True
    if success.policy == "point":
        return all(bool(r.point_met) for r in results)
    return all(r.verdict == "met" for r in results)


def lost(
    success: SuccessSection,
    champion: Sequence[CriterionResult],
    challenger: Sequence[CriterionResult],
) -> tuple[str, ...]:
    """Criteria that the challenger fails on these rows and the champion does not: proven to fail; for
    costs (latency, size), by the goal's policy."""
    found = []
    about = {c.text: c.metric for c in success.criteria}
    for old, new in zip(champion, challenger, strict=True):
        cost = metric(about[old.criterion]).needs == "resource"
        dearer = cost and meets(success, [old]) and not meets(success, [new])
        if dearer or (new.verdict == "not met" and old.verdict != "not met"):
            found.append(old.criterion)
    return tuple(dict.fromkeys(found))
