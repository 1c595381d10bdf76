"""The stage ``split``: rows to learn from, and sealed rows for the test.

The ways, and who decides: a test file, a column, groups left out in turn, outer folds, time, groups, else
at random within each class. Whatever the way, rows of a group and exact copies stay on one side.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import PARTED, Column, Development, Labelled, Sealed, Split
from modelwright.core.records.evidence import Table
from modelwright.data.clean import near
from modelwright.data.clean.near_pairs import Near
from modelwright.data.label import TARGET
from modelwright.data.split import given, guards
from modelwright.data.split.digest import digest_of
from modelwright.data.split.draw import deal, draw
from modelwright.data.split.inner import Layout, development, in_words, training_rows
from modelwright.data.split.ordered import blocks, last, times
from modelwright.data.split.size import test_share
from modelwright.data.split.units import Ints, alike, by_chance, groups, joined
from modelwright.goal.nearest import did_you_mean
from modelwright.goal.sections import ProblemSection, RolesSection, SplitSection, SuccessSection

Way = Literal["stratified", "random", "group", "time", "column", "file", "outer folds", "leave one out"]

SALT = 0x5711
"""Parts this stage's random numbers from those of other stages under the same seed."""
MOST_LEFT_OUT = 100
"""Leaving each value out in turn trains once a value; more than this is a mistake or wants outer folds."""
LEAST_GROUPS = 4
"""Two for the test and two to learn from."""


def split(
    section: SplitSection,
    roles: RolesSection,
    problem: ProblemSection,
    success: SuccessSection,
    labelled: Labelled,
    seed: int,
    book: Book,
) -> Split:
    """Development rows and sealed test rows.

    The same labelled rows and seed give the same parts. Raises :class:`BadData` where a split cannot be
    made, or would leave a class out.
    """
    frame: pl.DataFrame = labelled.table.get()
    way = _way(section, roles, labelled)
    section = replace(section, column=labelled.part) if (way, section.column) == ("column", None) else section
    _check_columns(section, roles, labelled)
    group_column = roles.group or (section.leave_out if way == "leave one out" else None)
    group = groups(frame, group_column)
    inputs = [c.name for c in labelled.columns if c.is_input and c.name != section.column]
    # Keys that the goal names tell records apart: two people with the same answers are no copies.
    keys = [c.name for c in labelled.columns if c.role == "key"]
    # A label that a person mended must not move its row, nor any other, to the other side.
    told = PARTED if PARTED in frame.columns else TARGET
    copies = alike(frame, [*inputs, *keys, told] if inputs else [])
    now = alike(frame, [*inputs, *keys, TARGET]) if inputs and told != TARGET else copies
    if inputs and by_chance(copies, alike(frame, inputs), alike(frame, [told])):
        guards.report_chance(book, copies)
        now = copies = np.arange(frame.height, dtype=np.int64)
    elif section.duplicates == "independent":
        guards.report_independent(book, copies)
        now = copies = np.arange(frame.height, dtype=np.int64)
    guards.report_copies(book, copies)
    when = times(frame, roles.time) if roles.time is not None else None
    if when is not None and roles.time is not None:
        guards.report_missing_time(book, when, roles.time)
    pictures = None if section.duplicates == "independent" else near.bound(frame, labelled.columns)
    layout = Layout(
        units=joined(joined(copies, pictures), group),
        strata=frame[TARGET].to_numpy().astype(np.int64)
        if labelled.classes
        else np.zeros(frame.height, np.int64),
        when=when,
        group=group_column,
        time=roles.time,
    )
    rng = np.random.default_rng([SALT, seed])
    maker = _Maker(section, labelled, layout, group, now, rng, book, way)
    if way == "outer folds":
        assert section.outer_folds is not None
        return maker.outer(maker.outer_folds(section.outer_folds), f"{section.outer_folds} outer folds")
    if way == "leave one out":
        assert section.leave_out is not None
        return maker.outer(maker.left_out(section.leave_out), f"each {section.leave_out!r} left out in turn")
    if way in ("column", "file"):
        return maker.from_given()
    return maker.drawn(*test_share(section, success, labelled, layout))


def _way(section: SplitSection, roles: RolesSection, labelled: Labelled) -> Way:
    said: dict[str, bool] = {
        "data.test": labelled.test_rows > 0,
        "split.column": section.column is not None,
        "split.outer_folds": section.outer_folds is not None,
        "split.leave_out": section.leave_out is not None,
    }
    asked = [name for name, on in said.items() if on]
    if len(asked) > 1:
        raise BadData(
            f"the goal parts the rows in {len(asked)} ways at once: {' and '.join(asked)}",
            code="split.conflict",
            hint="keep one of them",
        )
    ways: dict[str, Way] = {
        "data.test": "file",
        "split.column": "column",
        "split.outer_folds": "outer folds",
        "split.leave_out": "leave one out",
    }
    if asked:
        return ways[asked[0]]
    if labelled.part is not None and roles.time is None and roles.group is None and not section.given:
        return "column"
    if roles.time is not None:
        return "time"
    if roles.group is not None:
        return "group"
    return "stratified" if labelled.classes else "random"


def _check_columns(section: SplitSection, roles: RolesSection, labelled: Labelled) -> None:
    frame: pl.DataFrame = labelled.table.get()
    known = [c.name for c in labelled.columns]
    for key, name in (
        ("data.group", roles.group),
        ("data.time", roles.time),
        ("split.leave_out", section.leave_out),
    ):
        if name is not None and name not in frame.columns:
            raise BadData(
                f"{key} names {name!r}, which does not exist",
                code="split.column-absent",
                hint=did_you_mean(name, known) or "name a column of the table",
            )


class _Maker:
    """Makes the parts; holds what all ways share."""

    def __init__(
        self,
        section: SplitSection,
        labelled: Labelled,
        layout: Layout,
        group: Ints | None,
        copies: Ints,
        rng: np.random.Generator,
        book: Book,
        way: Way,
    ) -> None:
        self.section, self.labelled, self.layout = section, labelled, layout
        self.group, self.copies, self.rng, self.book, self.way = group, copies, rng, book, way
        self.frame: pl.DataFrame = labelled.table.get()
        learn = section.train + section.validation
        self.validation_share = section.validation / learn if learn > 0 else 0.0
        self.columns = tuple(self._role(c) for c in labelled.columns)

    def _role(self, column: Column) -> Column:
        """A column that says how rows are parted is no input: it means nothing for new rows."""
        if column.role == "target" or not column.is_input:
            return column
        if column.name == self.section.column:
            return replace(column, role="ignored", is_input=False, why="it names the part of each row")
        if column.name == self.layout.group:
            return replace(column, role="group", is_input=False, why="its values are left out in turn")
        return column

    def _parted(self) -> Ints:
        """The strata that the test is drawn from: those of the labels before they were corrected."""
        if not self.labelled.classes or PARTED not in self.frame.columns:
            return self.layout.strata
        return self.frame[PARTED].to_numpy().astype(np.int64)

    def sealed(self, rows: np.ndarray) -> Sealed:
        rows = guards.by_hand(self.book, self.frame, rows)
        table = self.frame[rows]
        content = [c.name for c in self.labelled.columns]
        return Sealed(
            Blob.of(table, "table"), len(rows), digest_of(table, content), self.layout.group, self.layout.time
        )

    def parts(self, test: np.ndarray, left: np.ndarray | None = None) -> tuple[Development, Sealed]:
        """Development and sealed rows of a test mask; rows of ``left`` are in neither."""
        learn = ~test if left is None else ~test & ~left
        rows = np.flatnonzero(learn)
        made = development(self.labelled, self.columns, self.layout, rows, self.validation_share, self.rng)
        return made, self.sealed(np.flatnonzero(test))

    def drawn(self, share: float, reason: str) -> Split:
        """Random, grouped or time-ordered parts."""
        layout, n = self.layout, self.frame.height
        if n < 4:
            raise BadData(
                f"there are {n} rows with a target: too few to learn from some and test on others",
                code="split.too-few-rows",
                hint="add rows",
            )
        if self.group is not None and (count := len(np.unique(layout.units))) < LEAST_GROUPS:
            raise BadData(
                f"{layout.group!r} parts the rows into {count} groups that do not overlap; "
                f"at least {LEAST_GROUPS} are needed",
                code="split.too-few-groups",
                hint="group by a column with more values, or use split: {leave_out: column}",
            )
        if layout.when is not None:
            test = last(layout.units, layout.when, share)
        else:
            test = draw(layout.units, self._parted(), share, self.rng)
        if share > 0:
            if not test.any():
                raise BadData(
                    "the rows are all copies of each other, or of one group: none can be kept for the test",
                    code="split.too-few-rows",
                    hint="add rows that differ",
                )
            guards.check_classes(layout.strata, self.labelled.classes, test, "test", self.way)
        # Corrected labels may have made copies of rows on both sides; else there are none.
        made, sealed = self.parts(test, np.isin(self.copies, np.unique(self.copies[test])) & ~test)
        self._guard(test, made, near.every(self.frame, self.labelled.columns))
        return self._split(made, sealed, reason)

    def from_given(self) -> Split:
        """Parts that the user gave. Copies of test rows are taken out of the rows to learn from."""
        if self.way == "file":
            part = given.from_file(self.frame.height, self.labelled.test_rows)
            where = "the rows of data.test"
        else:
            assert self.section.column is not None
            part = given.by_column(self.frame, self.section.column)
            where = f"the column {self.section.column!r}"
        test, validation = part == "test", part == "validation"
        left = self._seen(test)
        found = near.every(self.frame, self.labelled.columns)
        if self.section.duplicates != "independent":
            left = left | guards.nearly_seen(self.book, found, test, left)
        rows = np.flatnonzero(~test & ~left)
        if not len(rows):
            raise BadData(
                "every row to learn from is also a test row",
                code="split.no-training",
                hint="give other test rows",
            )
        if test.any():
            guards.check_classes(self.layout.strata, self.labelled.classes, test, "test", self.way)
        chosen = validation[rows] if validation.any() else None
        made = development(
            self.labelled, self.columns, self.layout, rows, self.validation_share, self.rng, chosen
        )
        self._guard(test, made, found, left)
        if self.group is not None and validation.any() and self.layout.group is not None:
            guards.report_straddling(
                self.book,
                self.group,
                validation,
                part == "train",
                self.layout.group,
                ("training", "validation"),
            )
        return self._split(made, self.sealed(np.flatnonzero(test)), f"the test rows are given by {where}")

    def _seen(self, test: np.ndarray) -> np.ndarray:
        """bool [n]: development rows that are exact copies of test rows, and that are therefore left out."""
        seen: np.ndarray = np.isin(self.copies, np.unique(self.copies[test])) & ~test
        count, learn = int(seen.sum()), int((~test).sum())
        if not count:
            return seen
        # Where values repeat by chance (a few short columns) nearly every row has an equal in the test;
        # leaving them out would leave nothing to learn from, so the person must judge.
        keep = count > learn / 2
        numbers = {"rows": float(count), "share": count / learn}
        if keep:
            self.book.finding(
                "split.test-seen",
                "blocker",
                f"{count} of {learn} rows to learn from are exact copies of test rows",
                "give test rows that were not learned from; accept this where equal rows are different "
                "things that happen to be alike",
                numbers=numbers,
            )
            return np.zeros_like(seen)
        self.book.finding(
            "split.test-copies",
            "note",
            f"{count} of {learn} rows to learn from are copies of test rows and were left out of training",
            "check how the test rows came about",
            numbers=numbers,
        )
        return seen

    def outer_folds(self, folds: int) -> Ints:
        count = int(self.layout.units.max(initial=-1)) + 1
        if count < folds:
            raise BadData(
                f"{folds} outer folds need {folds} groups or different rows; there are {count}",
                code="split.too-few-groups",
                hint=f"ask for at most {count}",
            )
        if self.layout.when is not None:
            fold, made = blocks(self.layout.units, self.layout.when, folds)
            if made < folds:
                raise BadData(
                    f"{folds} outer folds in time order need {folds} different times; there are {made}",
                    code="split.time-constant",
                    hint=f"ask for at most {made}",
                )
            return fold
        return deal(self.layout.units, self.layout.strata, folds, self.rng)

    def left_out(self, column: str) -> Ints:
        values = self.frame[column]
        missing, found = int(values.is_null().sum()), values.drop_nulls().n_unique()
        if missing or not 3 <= found <= MOST_LEFT_OUT:
            what = f"is missing in {missing} rows" if missing else f"has {found} different values"
            raise BadData(
                f"split.leave_out names {column!r}, which {what}",
                code="split.leave-out",
                hint="fill in the missing values"
                if missing
                else f"between 3 and {MOST_LEFT_OUT} can be left out in turn; else use group and outer_folds",
            )
        order = {v: i for i, v in enumerate(sorted(values.unique().to_list()))}
        return np.array([order[v] for v in values.to_list()], dtype=np.int64)

    def outer(self, fold: Ints, words: str) -> Split:
        """Every row is sealed once: as many pairs of parts as there are outer folds."""
        pairs: list[tuple[Development, Sealed]] = []
        for number in range(int(fold.max()) + 1):
            test = fold == number
            left = np.isin(self.copies, np.unique(self.copies[test])) & ~test
            guards.check_classes(
                self.layout.strata, self.labelled.classes, ~test & ~left, "training", self.way
            )
            pairs.append(self.parts(test, left))
            if self.group is not None and self.layout.group is not None:
                guards.report_straddling(
                    self.book, self.group, test, ~test, self.layout.group, ("development", "test")
                )
        if self.layout.when is not None and self.layout.time is not None:
            guards.report_time(self.book, self.layout.when, fold == 0, self.layout.time, self._dates())
        made, sealed = pairs[-1]
        return self._split(made, sealed, f"every row is tested once, in {words}", tuple(pairs))

    def _dates(self) -> bool:
        return any(c.name == self.layout.time and c.kind == "date" for c in self.labelled.columns)

    def _guard(
        self,
        test: np.ndarray,
        made: Development,
        found: dict[str, Near],
        left: np.ndarray | None = None,
    ) -> None:
        layout = self.layout
        table: pl.DataFrame = made.table.get()
        if made.scheme == "holdout":
            learn = (table["__fold__"] == 0).to_numpy()
            strata = (
                table[TARGET].to_numpy().astype(np.int64)
                if self.labelled.classes
                else np.zeros(made.rows, np.int64)
            )
            guards.check_classes(strata, self.labelled.classes, learn, "training", self.way)
        else:
            guards.check_classes(layout.strata, self.labelled.classes, ~test, "training", self.way)
        if self.group is not None and layout.group is not None:
            guards.report_straddling(
                self.book, self.group, test, ~test, layout.group, ("development", "test")
            )
            guards.report_few_groups(self.book, self.group, test, layout.group)
        if layout.when is not None and layout.time is not None:
            guards.report_time(self.book, layout.when, test, layout.time, self._dates())
        near.report_across(found, test, self.book, left)

    def _split(
        self,
        made: Development,
        sealed: Sealed,
        reason: str,
        outer_parts: tuple[tuple[Development, Sealed], ...] = (),
    ) -> Split:
        train = training_rows(made)
        counts = {"train": train, "validation": made.rows - train, "test": sealed.rows}
        guards.report_corrected(self.book, self.frame, [s for _, s in outer_parts] or [sealed])
        left = self.frame.height - made.rows - sealed.rows
        if left and not outer_parts:
            counts["left out"] = left
        rows = tuple((part, n, round(n / self.frame.height, 4)) for part, n in counts.items())
        head = ("part", "rows", "share")
        self.book.table(Table("split.parts", "The parts", head, rows, f"{self.way}; {reason}"))
        return Split(
            development=made,
            sealed=sealed,
            kind=self.way,
            counts=counts,
            why=f"{self.way}: {reason}; candidates are compared by {in_words(made)}",
            outer=max(1, len(outer_parts)),
            outer_parts=outer_parts,
        )
