"""Labels: what is to be predicted, encoded; and whether what the goal demands fits it.

Every row gets a target that a model can learn, or is left out and counted. Nothing here looks at the
relation of the target to any other column.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import polars as pl

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import PARTED, Cleaned, Collected, Column, Labelled
from modelwright.data import answers, corrections, weak
from modelwright.data.classes import (
    as_in_training,
    boolean_names,
    class_names,
    ordered,
    positive_class,
)
from modelwright.data.fits import asks_nothing, check_costs, check_criteria
from modelwright.goal.nearest import did_you_mean
from modelwright.goal.sections import LabelSection, ProblemSection, RolesSection, SuccessSection

TARGET = "__target__"
WEIGHT = "__weight__"

FEW_VALUES = 10
"""Whole numbers with at most this many different values are read as classes when the goal does not say:
grades, stars and counts of children have fewer, prices and durations have more."""
ROWS_A_VALUE = 5
"""... provided that each value has this many rows on average; else a short table of counts would become
a classification only because it is short."""

RARE = 0.2
VERY_RARE = 0.04
"""Of the share a class would have if all were equal: with two classes, below a tenth accuracy begins to
mislead, and below a fiftieth most models predict the common class alone."""


_NOTHING = Collected(Blob("table"), 0, (), (), "")
"""For those who label rows that were not collected."""
_BY_HAND = LabelSection()

Resolved = Literal["binary", "multiclass", "regression"]


def label(
    problem: ProblemSection,
    roles: RolesSection,
    success: SuccessSection,
    cleaned: Cleaned,
    book: Book,
    collected: Collected = _NOTHING,
    section: LabelSection = _BY_HAND,
) -> Labelled:
    """Rows with a usable target, and what is to be predicted.

    Raises :class:`BadData` where the target, the weights, a criterion or the costs cannot work with these
    rows; each message says what and where, each hint how to mend it.
    """
    frame: pl.DataFrame = cleaned.table.get()
    if section.rules or collected.answers is not None:
        frame, cleaned = weak.with_target(frame, cleaned, problem.target)
    column = _target_column(problem, cleaned)
    answered = collected.answers.get() if collected.answers is not None else []
    later = [*(rule.label for rule in section.rules), *(said for _, _, said in answered)]
    known = frame[column.name]
    if later and column.kind in ("category", "text"):
        known = known.append(pl.Series(later, dtype=known.dtype))
    reader = corrections.reader_of(column.kind, known, boolean_names(column))
    if collected.corrections is not None:
        entries = collected.corrections.get()
        frame = corrections.apply(
            frame,
            column.name,
            entries,
            lambda values: class_names(values, column),
            reader,
            book,
            made=bool(later),
        )
    made, process = 0, ""
    if collected.answers is not None:
        frame, process = answers.apply(
            frame, column, _named(frame, column), answered, section.consensus, reader, book
        )
    if section.rules:
        frame, made = weak.apply(frame, column, _named(frame, column), section.rules, cleaned, reader, book)
    values = frame[column.name]
    present = values.is_not_null()
    unlabelled = int((~present).sum())
    if unlabelled == frame.height:
        raise BadData(
            f"the target {column.name!r} is missing in all {frame.height} rows",
            code="label.target-missing",
            hint="name another column as data.target, or fill it in",
        )
    names = class_names(values.filter(present), column)
    test_rows = int(present.tail(cleaned.test_rows).sum()) if cleaned.test_rows else 0
    if column.kind in ("category", "text"):
        names = as_in_training(names, test_rows, column.name, book)
    counts = Counter(names)
    if len(counts) == 1:
        raise BadData(
            f"the target {column.name!r} has one value only: {next(iter(counts))!r} in {len(names)} rows",
            code="label.target-constant",
            hint="a model needs rows of at least two classes, or numbers that differ",
        )
    kind, why = resolve_problem(problem.problem, column, values.filter(present), counts)
    rows = frame.filter(present)
    classes: tuple[str, ...] = ()
    positive: str | None = None
    if kind == "regression":
        if problem.positive is not None:
            raise BadData(
                f"data.positive is {problem.positive!r}, but {column.name!r} is a number to predict",
                code="label.positive-unknown",
                hint="leave data.positive out, or say problem: binary",
            )
        target = rows[column.name].cast(pl.Float64)
        _check_finite(target, column.name)
    else:
        _check_classes(column.name, counts)
        classes = ordered(counts)
        if kind == "binary":
            positive, reason = positive_class(problem.positive, classes, counts, column.name)
            classes = tuple([c for c in classes if c != positive] + [positive])
            why = f"{why}; {reason}"
        elif problem.positive is not None:
            raise BadData(
                f"data.positive is {problem.positive!r}, but {column.name!r} has {len(classes)} classes",
                code="label.positive-unknown",
                hint="a positive class belongs to a problem with two classes; leave data.positive out",
            )
        codes = {name: code for code, name in enumerate(classes)}
        target = pl.Series(TARGET, [codes[name] for name in names], dtype=pl.Int64)
    rows = rows.with_columns(target.alias(TARGET))
    if corrections.BEFORE in rows.columns:
        rows = rows.with_columns(_parted(rows, column, classes).alias(PARTED)).drop(corrections.BEFORE)
    if roles.weight is not None:
        rows = rows.with_columns(_weights(rows, roles.weight).alias(WEIGHT))
    check_criteria(success.criteria, kind, classes, cleaned.columns, column.name)
    check_costs(success, kind, classes)
    _report(book, column.name, unlabelled, frame.height, kind, counts)
    shares = [counts[name] / max(1, rows.height) for name in classes]
    for criterion, free in asks_nothing(success.criteria, shares):
        book.finding(
            "goal.asks-nothing",
            "warning",
            f"{criterion.text} asks for nothing: {free:.4g} can be had without looking at the inputs",
            "ask for more than that (85% is written 85% or 0.85)",
            numbers={"free": free, "threshold": criterion.threshold},
        )
    return Labelled(
        table=Blob.of(rows, "table"),
        rows=rows.height,
        columns=cleaned.columns,
        problem=kind,
        target=column.name,
        classes=classes,
        positive=positive,
        weighted=roles.weight is not None,
        test_rows=test_rows,
        unlabelled=unlabelled,
        why=why,
        weak=made,
        process=process,
        part=cleaned.part,
    )


def _parted(rows: pl.DataFrame, column: Column, classes: tuple[str, ...]) -> pl.Series:
    before = rows[corrections.BEFORE]
    if not classes:
        return pl.select(pl.coalesce(before.cast(pl.Float64), rows[TARGET])).to_series()
    codes = {name: code for code, name in enumerate(classes)}
    found = rows[TARGET].to_list()
    names = _named(rows.select(before.alias(column.name)), column)
    for place, name in enumerate(names):
        if name is not None:
            found[place] = codes.setdefault(name, len(codes))
    # Rows that are new here are drawn after the others, by themselves: so they move none of them.
    for place, looked in enumerate(rows[corrections.CHECKED]):
        if looked and names[place] is None:
            found[place] += len(codes)
    return pl.Series(found, dtype=pl.Int64)


def _named(frame: pl.DataFrame, column: Column) -> list[str | None]:
    """The class of each row, None where it has none."""
    said = iter(class_names(frame[column.name].drop_nulls(), column))
    return [next(said) if there else None for there in frame[column.name].is_not_null()]


def _target_column(problem: ProblemSection, cleaned: Cleaned) -> Column:
    if problem.target is None:
        raise BadData(
            "the goal names no target, and problems without one do not work yet",
            code="label.target-absent",
            hint="say which column is to be predicted: data.target",
        )
    for column in cleaned.columns:
        if column.name == problem.target:
            if column.kind == "date":
                raise BadData(
                    f"the target {column.name!r} is a date, and predicting dates does not work yet",
                    code="label.target-date",
                    hint="predict a number instead, such as the days until then",
                )
            return column
    known = [c.name for c in cleaned.columns]
    shown = ", ".join(repr(n) for n in known[:20]) + (", ..." if len(known) > 20 else "")
    raise BadData(
        f"there is no column {problem.target!r} to predict; the table has {shown}",
        code="label.target-absent",
        hint=did_you_mean(problem.target, known) or "set data.target to one of these",
    )


def resolve_problem(
    given: str | None, column: Column, values: pl.Series, counts: Counter[str]
) -> tuple[Resolved, str]:
    """The kind of problem and the reason for it; ``values`` are those present, ``counts`` their classes."""
    distinct, name = len(counts), column.name
    numeric = column.kind == "number"
    if given == "regression":
        if not numeric:
            example = next(iter(sorted(counts)))
            raise BadData(
                f"the goal asks for regression, but {name!r} is not a number (for example {example!r})",
                code="label.not-a-number",
                hint="leave problem out to predict classes, or set columns: {" + name + ": number}",
            )
        return "regression", f"regression, as the goal says ({distinct} different values of {name!r})"
    if given == "binary" and distinct != 2:
        shown = ", ".join(repr(c) for c, _ in counts.most_common(5))
        raise BadData(
            f"the goal asks for two classes, but {name!r} has {distinct} values ({shown}, ...)",
            code="label.not-binary",
            hint="say problem: multiclass, or merge values with columns.<target>.spellings",
        )
    if given in ("binary", "multiclass"):
        _check_not_unique(name, counts, sum(counts.values()), numeric)
        if distinct == 2:
            said = "as the goal says" if given == "binary" else "though the goal says multiclass"
            return "binary", f"binary, {said}: {name!r} has two values"
        return "multiclass", f"multiclass, as the goal says: {name!r} has {distinct} values"
    if distinct == 2:
        return "binary", f"binary: {name!r} has two values"
    if numeric:
        whole = bool((values == values.round(0)).all())
        if whole and distinct <= FEW_VALUES and len(values) >= ROWS_A_VALUE * distinct:
            return "multiclass", f"multiclass: {name!r} has only {distinct} different whole numbers"
        kind = "whole numbers" if whole else "numbers"
        return "regression", f"regression: {name!r} holds {distinct} different {kind}"
    _check_not_unique(name, counts, len(values), numeric)
    return "multiclass", f"multiclass: {name!r} has {distinct} different values"


def _check_not_unique(name: str, counts: Counter[str], rows: int, numeric: bool) -> None:
    if len(counts) == rows and rows > 2:
        raise BadData(
            f"the target {name!r} is different in every one of {rows} rows: there are no classes to learn",
            code="label.target-unique",
            hint="say problem: regression" if numeric else "name another column as data.target",
        )


def _check_classes(name: str, counts: Counter[str]) -> None:
    lonely = sorted(c for c, n in counts.items() if n < 2)
    if lonely:
        shown = ", ".join(repr(c) for c in lonely[:5]) + (", ..." if len(lonely) > 5 else "")
        many = len(lonely) > 1
        raise BadData(
            f"{len(lonely)} class{'es' if many else ''} of {name!r} ({shown}) "
            f"{'have' if many else 'has'} one row only: it cannot be both learnt and tested",
            code="label.class-too-small",
            hint=f"add rows, leave these out, or merge classes with columns: {{{name}: {{spellings: ...}}}}",
        )


def _check_finite(target: pl.Series, name: str) -> None:
    bad = int((~target.is_finite()).sum())
    if bad:
        raise BadData(
            f"the target {name!r} is infinite or not a number in {bad} rows",
            code="label.not-a-number",
            hint="correct these rows, or leave them out",
        )


def _weights(rows: pl.DataFrame, name: str) -> pl.Series:
    if name not in rows.columns:
        raise BadData(
            f"there is no column {name!r} for data.weight",
            code="label.weight-absent",
            hint=did_you_mean(name, rows.columns) or "name a column of numbers",
        )
    weights = rows[name]
    if weights.dtype != pl.Float64:
        raise BadData(
            f"the weights {name!r} are not numbers", code="label.weight-bad", hint="name a column of numbers"
        )
    missing = int(weights.is_null().sum())
    wrong = int(((weights < 0) | ~weights.is_finite()).fill_null(False).sum())
    if missing or wrong or not float(weights.sum()):
        what = f"missing in {missing} and negative or infinite in {wrong} of {rows.height} rows"
        raise BadData(
            f"the weights {name!r} are {what}" if missing or wrong else f"the weights {name!r} are all zero",
            code="label.weight-bad",
            hint="give every row a weight of 0 or more",
        )
    return weights


def _report(
    book: Book, target: str, unlabelled: int, rows: int, kind: Resolved, counts: Counter[str]
) -> None:
    if unlabelled:
        share = unlabelled / rows
        book.finding(
            "label.unlabelled",
            "warning" if share > 0.05 else "note",
            f"{unlabelled} of {rows} rows ({share:.1%}) have no {target!r} and are left out",
            "find out why they have none: where that depends on the answer, the model learns a bias",
            column=target,
            numbers={"rows": float(unlabelled), "share": share},
        )
    if kind != "regression":
        total = sum(counts.values())
        rarest = min(counts, key=lambda c: (counts[c], c))
        share = counts[rarest] / total
        if share < RARE / len(counts):
            book.finding(
                "label.imbalance",
                "warning" if share < VERY_RARE / len(counts) else "note",
                f"the class {rarest!r} has {counts[rarest]} of {total} rows ({share:.1%})",
                "judge by pr_auc, recall or balanced_accuracy, not by accuracy, and collect more such rows",
                column=target,
                numbers={"rows": float(counts[rarest]), "share": share},
            )
