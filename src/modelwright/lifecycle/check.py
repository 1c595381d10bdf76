"""What can be said of a goal before any model is fitted: its data, its blockers, and what it can prove."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.core.book import Book
from modelwright.core.codec import encode
from modelwright.core.records.data import Collected, Earlier, Labelled, Split
from modelwright.core.records.evidence import Finding
from modelwright.core.stage import Work
from modelwright.goal.goal import Goal
from modelwright.lifecycle import wiring
from modelwright.lifecycle.agree import agree
from modelwright.lifecycle.plan import PLAN, Stage

if TYPE_CHECKING:
    from modelwright.goal.provable import Provable
    from modelwright.goal.sections import Criterion

LAST = "choose"
"""The last stage that needs no fit: by then leaks are visible, and it is known whether anything that is
installed can learn from these rows."""
BASELINE = "better than the best baseline"


def check_goal(goal: Goal) -> dict[str, Any]:
    """Carry out the stages from ``define`` to ``choose`` in memory, and plan the intervals of the test.

    Nothing is kept: no run folder, no store, and the sealed rows are counted and not looked at. Returns
    plain data for JSON: ``rows``, ``columns``, ``problem``, ``why``, ``classes`` (rows by class),
    ``test_rows``, ``split``, ``criteria`` (each with ``criterion``, ``half_width`` of the 95% interval or
    None, ``provable``, ``rows_needed`` or None, ``says``), ``findings``, ``blockers`` (codes of findings that
    would stop a release), ``provable`` (every criterion is). Raises
    :class:`~modelwright.core.errors.BadInput` for a goal or data that cannot work.
    """
    agree(goal)
    records, findings = _carried_out(goal)
    collected: Collected = records[Collected]
    labelled: Labelled = records[Labelled]
    split: Split = records[Split]
    test_rows = labelled.rows if split.outer > 1 else split.counts["test"]
    criteria = _criteria(goal, labelled, test_rows)
    return {
        "goal": goal.name,
        "rows": collected.rows,
        "columns": len(collected.columns),
        "inputs": [c.name for c in split.development.columns if c.is_input],
        "problem": labelled.problem,
        "why": labelled.why,
        "classes": _classes(labelled),
        "split": split.why,
        "test_rows": test_rows,
        "criteria": criteria,
        "findings": [encode(f) for f in findings],
        "blockers": [_named(f) for f in findings if f.blocks],
        "provable": all(c["provable"] for c in criteria),
    }


def _carried_out(goal: Goal) -> tuple[dict[type, Any], list[Finding]]:
    """The records of the stages up to ``LAST``, by type, and their findings."""
    records: dict[type, Any] = {}
    findings: list[Finding] = []
    sections = goal.sections
    accept = dict(sections.success.accept)
    with tempfile.TemporaryDirectory(prefix="modelwright-") as folder:
        for stage in PLAN:
            book = Book(accept)
            made = stage.function(**_arguments(stage, goal, records, book, Path(folder)))
            for part in wiring.unpack(made):
                records[type(part)] = part
            findings += [item for item in book.items if isinstance(item, Finding)]
            if stage.name == LAST:
                break
    return records, findings


def _arguments(
    stage: Stage, goal: Goal, records: dict[type, Any], book: Book, folder: Path
) -> dict[str, Any]:
    sections = goal.sections
    by_type = {type(v): v for v in (getattr(sections, f) for f in sections.__dataclass_fields__)}
    given: dict[str, Any] = {}
    for name, kind in wiring.parameters(stage).items():
        if kind is Book:
            given[name] = book
        elif kind is Earlier:
            given[name] = Earlier()  # a check reads all rows: nothing is kept of it either
        elif kind is Work:
            given[name] = Work(folder, sections.seed)
        elif name == "seed":
            given[name] = sections.seed
        elif name == "frame":
            given[name] = goal.frame
        else:
            given[name] = records[kind] if kind in records else by_type[kind]
    return given


def _classes(labelled: Labelled) -> dict[str, int]:
    """Rows by class, in the order of the codes; empty for regression."""
    import numpy as np

    from modelwright.data.label import TARGET

    if not labelled.classes:
        return {}
    counts = np.bincount(labelled.table.get()[TARGET].to_numpy(), minlength=len(labelled.classes))
    return {name: int(n) for name, n in zip(labelled.classes, counts, strict=True)}


def _criteria(goal: Goal, labelled: Labelled, test_rows: int) -> list[dict[str, Any]]:
    asked = goal.sections.success.criteria
    if not asked:
        return [_shown(_against_baseline(labelled, test_rows))]
    return [_shown(_planned(goal, one, labelled, test_rows)) for one in asked]


def _planned(goal: Goal, one: Criterion, labelled: Labelled, test_rows: int) -> Provable:
    import dataclasses

    from modelwright.data.split.size import slice_shares
    from modelwright.goal.metrics import metric
    from modelwright.goal.provable import ROOM, plausible, provable

    spec = metric(one.metric)
    if test_rows == 0 and spec.needs != "resource":
        return _without_rows(one.text)
    group = goal.sections.roles.group or goal.sections.split.leave_out
    groups = None
    if group is not None:
        every = labelled.table.get()[group].n_unique()
        groups = max(1, round(every * test_rows / max(1, labelled.rows)))

    def with_room(room: float) -> Provable:
        return provable(
            one.text,
            spec,
            one.op,
            one.threshold,
            test_rows,
            shares=_shares(labelled),
            positive=1 if labelled.problem == "binary" else None,
            for_class=None if one.for_class is None else labelled.classes.index(one.for_class),
            average=one.average,
            assumed=None if spec.needs == "resource" else plausible(spec, one.op, one.threshold, room),
            groups=groups,
            slice_shares=slice_shares(one, labelled, all_of_them=True),
        )

    # The same two hopes that the size of the test part is planned for (goal/provable.py, best_test_size).
    usual, high = with_room(ROOM), with_room(2 * ROOM)
    if usual.provable or not high.provable:
        return usual
    why = f"only by a model that is well above what is asked: {high.why}"
    return dataclasses.replace(high, rows_needed=usual.rows_needed, why=why)


def _against_baseline(labelled: Labelled, test_rows: int) -> Provable:
    """Without criteria the model has to beat the best baseline: planned as the threshold that the baseline
    itself reaches. The test compares pair by pair, which needs fewer rows, so this errs on the safe side."""
    import dataclasses

    from modelwright.data.label import TARGET
    from modelwright.goal.metrics import default_metric
    from modelwright.goal.provable import provable

    if test_rows == 0:
        return _without_rows(BASELINE)
    spec = default_metric(labelled.problem)
    shares = _shares(labelled)
    if labelled.problem == "binary":
        level = 0.5
    elif labelled.problem == "multiclass":
        level = -sum(s * math.log(s) for s in shares if s > 0)
    else:
        level = float(labelled.table.get()[TARGET].std(ddof=0))
    planned = provable(
        BASELINE,
        spec,
        ">=" if spec.higher_is_better else "<=",
        level,
        test_rows,
        shares=shares,
        positive=1 if labelled.problem == "binary" else None,
    )
    why = f"the goal names no criterion; a baseline has {spec.name} {level:.4g}, and {planned.why}"
    return dataclasses.replace(planned, why=why)


def _without_rows(criterion: str) -> Provable:
    from modelwright.goal.provable import Provable

    why = "there are no test rows (split.test is 0), so nothing can be proven"
    return Provable(criterion, False, math.nan, math.nan, 0, None, why)


def _shares(labelled: Labelled) -> tuple[float, ...]:
    return tuple(n / max(1, labelled.rows) for n in _classes(labelled).values())


def _shown(planned: Provable) -> dict[str, Any]:
    half = planned.half_width
    return {
        "criterion": planned.criterion,
        "half_width": half if math.isfinite(half) else None,
        "provable": planned.provable,
        "rows_needed": planned.rows_needed,
        "says": planned.why,
    }


def _named(finding: Finding) -> str:
    return f"{finding.code}:{finding.column}" if finding.column else finding.code
