"""Whether criteria and costs of the goal fit what is predicted: known only once the classes are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelwright.core.errors import BadData
from modelwright.core.records.data import Column
from modelwright.goal.nearest import did_you_mean
from modelwright.goal.sections import Criterion, SuccessSection


def check_criteria(
    criteria: Iterable[Criterion],
    problem: str,
    classes: Sequence[str],
    columns: Sequence[Column],
    target: str,
) -> None:
    """Raise :class:`BadData` for the first criterion that cannot be judged on this problem."""
    from modelwright.goal.metrics import METRICS, metric

    names = [c.name for c in columns]
    for criterion in criteria:
        spec = metric(criterion.metric)
        where = f"the criterion {criterion.text!r}"
        if problem not in spec.problems:
            fitting = [name for name in METRICS if problem in metric(name).problems]
            raise BadData(
                f"{where} cannot be judged: {criterion.metric} is not a metric of a {problem} problem",
                code="label.criterion-unfit",
                hint=f"for {problem} there are {', '.join(fitting)}",
            )
        if criterion.for_class is not None:
            if not classes:
                raise BadData(
                    f"{where} names a class, but {target!r} is a number",
                    code="label.criterion-class",
                    hint="leave out the part that begins with 'for'",
                )
            if criterion.for_class not in classes:
                raise BadData(
                    f"{where} names a class that does not exist; {target!r} has {_shown(classes)}",
                    code="label.criterion-class",
                    hint=did_you_mean(criterion.for_class, classes) or "name one of these classes",
                )
        if criterion.by is not None:
            if criterion.by == target:
                raise BadData(
                    f"{where} slices by the target itself",
                    code="label.criterion-column",
                    hint="use 'for' to demand something of one class",
                )
            if criterion.by not in names:
                raise BadData(
                    f"{where} slices by a column that does not exist",
                    code="label.criterion-column",
                    hint=did_you_mean(criterion.by, names) or f"the table has {_shown(names)}",
                )


def check_costs(success: SuccessSection, problem: str, classes: Sequence[str]) -> None:
    """Raise :class:`BadData` where the costs name classes that do not exist, or there are no classes."""
    if success.costs and problem == "regression":
        raise BadData(
            "the goal gives costs of wrong classes, but predicts a number",
            code="label.costs-unfit",
            hint="leave costs out, or say problem: binary or multiclass",
        )
    for actual, pairs in success.costs:
        for name in (actual, *(predicted for predicted, _ in pairs)):
            if name not in classes:
                raise BadData(
                    f"the costs name the class {name!r}, which does not exist; there are {_shown(classes)}",
                    code="label.costs-class",
                    hint=did_you_mean(name, classes) or "name one of these classes",
                )


def _shown(names: Sequence[str]) -> str:
    return ", ".join(repr(n) for n in names[:12]) + (", ..." if len(names) > 12 else "")


def asks_nothing(criteria: Sequence[Criterion], shares: Sequence[float]) -> list[tuple[Criterion, float]]:
    """Criteria that no model is needed for, with what can be had without one.

    ``shares`` of the classes, empty for numbers. Always naming the commonest class has its share as accuracy;
    scores drawn by lot have a ROC AUC of one half; the mean has an r2 of nothing.
    """
    free = {"r2": 0.0}
    if shares:
        free = {"accuracy": max(shares), "balanced_accuracy": 1.0 / len(shares), "roc_auc": 0.5, "mcc": 0.0}
    return [
        (c, free[c.metric])
        for c in criteria
        if c.metric in free and c.by is None and c.op in (">=", ">") and c.threshold <= free[c.metric]
    ]
