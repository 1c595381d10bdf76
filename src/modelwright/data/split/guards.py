"""What must hold of a split: every class on both sides, groups and copies on one, the future in the test."""

from __future__ import annotations

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import PARTED, ROW, Sealed
from modelwright.data.clean import near
from modelwright.data.clean.near_pairs import Near
from modelwright.data.label import TARGET
from modelwright.data.profile.stage import day
from modelwright.data.split.ordered import Floats
from modelwright.data.split.units import Ints
from modelwright.data.weak import WEAK

MANY_COPIES = 0.3
FEW_GROUPS = 10
"""Intervals resample groups; with fewer the percentiles of the bootstrap are known to be too narrow
(Cameron, Gelbach and Miller 2008, Review of Economics and Statistics 90:414-427)."""


def check_classes(strata: Ints, classes: tuple[str, ...], part: np.ndarray, name: str, how: str) -> None:
    """Raise :class:`BadData` where a class has no row among ``part`` (bool over rows)."""
    if not classes:
        return
    counts = np.bincount(strata[part], minlength=len(classes))
    absent = [classes[c] for c in np.flatnonzero(counts == 0)]
    if not absent:
        return
    shown = ", ".join(repr(c) for c in absent[:5]) + (", ..." if len(absent) > 5 else "")
    reason = "could not be learnt" if name == "training" else "could not be judged"
    raise BadData(
        f"the {how} split leaves no {name} row of {shown}, which {reason}",
        code="split.class-left-out",
        hint="choose another split, add rows, or merge classes with columns: {<target>: {spellings: ...}}",
    )


def by_hand(book: Book, frame: pl.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Of rows (positions) to be sealed, those whose label a person gave; all of them, with a blocker, where
    rules made every one."""
    if WEAK not in frame.columns or not len(rows):
        return rows
    weak: np.ndarray = frame[WEAK].to_numpy()[rows]
    if weak.all():
        book.finding(
            "label.weak-test",
            "blocker",
            f"all {len(rows)} test rows have labels made by rules: the test measures agreement with the "
            "rules, not with the truth",
            "label some rows by hand, or give some as data.test",
            numbers={"rows": float(len(rows))},
        )
        return rows
    return np.asarray(rows[~weak])


def report_corrected(book: Book, frame: pl.DataFrame, sealed: list[Sealed]) -> None:
    """A finding where labels of test rows were changed by corrections."""
    if PARTED not in frame.columns:
        return
    changed = frame.filter(pl.col(PARTED) != pl.col(TARGET))[ROW].to_list()
    rows = sum(s.table.get()[ROW].is_in(changed).sum() for s in sealed)
    if not rows:
        return
    book.finding(
        "label.corrected-test",
        "warning",
        f"the labels of {rows} of {sum(s.rows for s in sealed)} test rows were changed by label.corrections: "
        "where rows were looked at because a model doubted them, the test agrees with models more than the "
        "truth does",
        "keep seed and data as they were in the run that doubted the labels, give data.test, or have all "
        "test rows looked at",
        numbers={"rows": float(rows)},
    )


def report_straddling(
    book: Book, group: Ints, inside: np.ndarray, outside: np.ndarray, column: str, sides: tuple[str, str]
) -> None:
    """A finding where groups have rows both ``inside`` and ``outside``."""
    shared = np.intersect1d(group[inside], group[outside])
    if not shared.size:
        return
    rows = int(np.isin(group[inside], shared).sum())
    sealed = sides[1] == "test"
    book.finding(
        "split.group-straddles",
        "blocker" if sealed else "warning",
        f"{shared.size} values of {column!r} have rows on both sides, {sides[0]} and {sides[1]} ({rows} rows "
        f"of {sides[1]}): the model has met them before it is judged on them",
        "part the rows by group: leave out the given parts, or move each group to one side",
        column=column,
        numbers={"groups": float(shared.size), "rows": float(rows)},
    )


def report_time(book: Book, when: Floats, test: np.ndarray, column: str, dates: bool) -> None:
    """A finding where rows to learn from are later than the earliest test row."""
    ahead = when[~test]
    known = when[test][np.isfinite(when[test])]
    if not known.size or not ahead.size:
        return
    start = float(known.min())
    late = int((ahead > start).sum())
    if not late:
        return
    shown = day(start) if dates else f"{start:g}"
    book.finding(
        "split.time-overlap",
        "warning",
        f"{late} of {ahead.size} development rows are later than the earliest test row ({shown}): the test "
        "does not show how the model does on a future that it has not seen",
        "part the rows in time order, or name no other split beside data.time",
        column=column,
        numbers={"rows": float(late), "share": late / ahead.size},
    )


def report_missing_time(book: Book, when: Floats, column: str) -> None:
    missing = int((~np.isfinite(when)).sum())
    if missing:
        book.finding(
            "split.time-missing",
            "warning",
            f"{missing} of {len(when)} rows have no {column!r}; they are taken as the earliest",
            f"fill in {column!r}, or leave these rows out",
            column=column,
            numbers={"rows": float(missing)},
        )


def report_copies(book: Book, copies: Ints) -> None:
    """A finding where exact copies are many (that there are any is reported by clean)."""
    n = len(copies)
    extra = n - len(np.unique(copies))
    share = extra / max(1, n)
    if share < MANY_COPIES:
        return
    book.finding(
        "split.duplicates",
        "warning",
        f"{extra} of {n} rows ({share:.1%}) equal an earlier row in inputs and target; copies stay on "
        "one side of every split, so the test is harder than new rows that may be copies too",
        "name the column that tells records apart in data.keys, or say clean: {duplicates: drop} where one "
        "record was entered twice",
        numbers={"rows": float(extra), "share": share},
    )


def nearly_seen(book: Book, found: dict[str, Near], test: np.ndarray, left: np.ndarray) -> np.ndarray:
    """bool [n]: further development rows that are left out, since their pictures or texts are nearly those of
    test rows. None where they are so many that they cannot be copies; the test rows are told then."""
    seen: np.ndarray = near.copied(found, test) & ~left
    count, learn = int(seen.sum()), int((~test & ~left).sum())
    if not count or count > learn / 2:
        return np.zeros_like(seen)
    book.finding(
        "split.test-near-copies",
        "note",
        f"{count:,} of {learn:,} rows to learn from nearly equal test rows in pictures or texts, and were "
        "left out of training",
        "check how the test rows came about; say split: {duplicates: independent} where they are different "
        "things",
        numbers={"rows": float(count), "share": count / learn},
    )
    return seen


def report_chance(book: Book, copies: Ints) -> None:
    """Many equal rows that are taken for different things (see ``units.by_chance``)."""
    share = float(np.mean(np.bincount(copies)[copies] > 1))
    book.finding(
        "split.alike-by-chance",
        "note",
        f"{share:.1%} of the rows equal another in inputs and target, and rows with equal inputs often "
        "differ in the target: they are taken for different things that happen to be alike, and may stand "
        "on both sides",
        "where one record was entered twice, say clean: {duplicates: drop}",
        numbers={"share": share},
    )


def report_independent(book: Book, copies: Ints) -> None:
    """Equal rows that the goal takes for different things."""
    share = float(np.mean(np.bincount(copies)[copies] > 1)) if len(copies) else 0.0
    if share == 0.0:
        return
    book.finding(
        "split.duplicates-independent",
        "note",
        f"{share:.1%} of the rows equal another in inputs and target; the goal takes them for different "
        "things, so equal rows may be learnt and tested, and the result holds where new rows repeat as often",
        "say split: {duplicates: together} where one record was entered twice",
        numbers={"share": share},
    )


def report_few_groups(book: Book, group: Ints, test: np.ndarray, column: str) -> None:
    count = len(np.unique(group[test]))
    if 0 < count < FEW_GROUPS:
        book.finding(
            "split.few-groups",
            "warning",
            f"the test part holds {count} different values of {column!r}: its intervals rest on so few",
            "collect more groups, or use split: {outer_folds: 5} so that every group is tested once",
            column=column,
            numbers={"groups": float(count)},
        )
