"""The distinct texts of a column with their counts: what all inference looks at.

Columns may hold millions of different texts, so what is asked of every one of them is asked of whole columns
at once where that is sure to give the same answer, and lists of Python's are made when somebody wants one.
Plain numbers are kept aside as cells: hardly anything that is done to texts changes them, and they need not
even be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property

import polars as pl

from modelwright.data.clean.apply import finite

_EMPTY = pl.DataFrame(schema={"text": pl.String, "len": pl.Int64})
ANY = pl.lit(True)
BLANK = ~pl.col("text").str.contains(r"^[!-~](?s:.*[!-~])?$")
"""Texts that may have white space around them."""


class Distinct:
    """``texts``: distinct non-null texts, most frequent first (ties: by text); ``counts``: cells of each."""

    def __init__(self, name: str, rows: int, texts: Sequence[str], counts: Sequence[int]) -> None:
        self.name, self.rows = name, rows
        self._numbers: pl.Series | pl.DataFrame
        self._words: pl.DataFrame
        given = pl.DataFrame({"text": texts, "len": counts}, schema=_EMPTY.schema)
        self._numbers, self._words = _parted(given)

    @classmethod
    def of(cls, series: pl.Series) -> Distinct:
        """Of a column of text."""
        cells = series.cast(pl.String).drop_nulls().alias("text")
        plain = finite(cells.cast(pl.Float64, strict=False)).is_not_null()
        words = cells.filter(~plain).to_frame().group_by("text").len()
        return cls._made(series.name, len(series), cells.filter(plain), words.cast({"len": pl.Int64}))

    @classmethod
    def _made(cls, name: str, rows: int, numbers: pl.Series | pl.DataFrame, words: pl.DataFrame) -> Distinct:
        made = cls.__new__(cls)
        made.name, made.rows, made._numbers, made._words = name, rows, numbers, words
        return made

    # What all texts are asked.

    @cached_property
    def _counted(self) -> pl.DataFrame:
        """Plain numbers with their counts."""
        if isinstance(self._numbers, pl.DataFrame):
            return self._numbers
        return self._numbers.alias("text").to_frame().group_by("text").len().cast({"len": pl.Int64})

    @cached_property
    def _sorted(self) -> pl.DataFrame:
        return _in_order(pl.concat([self._counted, self._words]))

    @cached_property
    def texts(self) -> list[str]:
        made: list[str] = self._sorted["text"].to_list()
        return made

    @cached_property
    def counts(self) -> list[int]:
        made: list[int] = self._sorted["len"].to_list()
        return made

    @property
    def empty(self) -> bool:
        return not len(self._numbers) and not self._words.height

    @cached_property
    def size(self) -> int:
        """How many different texts there are."""
        if isinstance(self._numbers, pl.Series) and "_counted" not in self.__dict__:
            return self._words.height + (self._numbers.n_unique() if len(self._numbers) else 0)
        return self._words.height + self._counted.height

    @cached_property
    def cells(self) -> int:
        """Cells that hold one of the texts."""
        numbers = self._numbers
        known = len(numbers) if isinstance(numbers, pl.Series) else int(numbers["len"].sum())
        return known + int(self._words["len"].sum())

    def first(self, count: int) -> list[str]:
        """The first of the texts, in their order."""
        if "_sorted" in self.__dict__ or len(self._numbers):
            return self.texts[:count]
        made: list[str] = _head(self._words, count)["text"].to_list()
        return made

    def all_are(self, test: pl.Expr) -> bool:
        """Whether a test of ``text`` is true of every text."""
        numbers = self._counted if isinstance(self._numbers, pl.DataFrame) else self._numbers.to_frame("text")
        return all(bool(part.select(test.all()).item()) for part in (self._words, numbers) if part.height)

    def has(self, test: pl.Expr) -> bool:
        """Whether a test of ``text`` is true of any text."""
        return not self.all_are(~test)

    # Numbers and words.

    @cached_property
    def numbers(self) -> pl.Series:
        """The plain numbers, as Float64: one for each cell, or for each text where cells are not known."""
        numbers = self._numbers
        texts = numbers if isinstance(numbers, pl.Series) else numbers["text"]
        return texts.cast(pl.Float64)

    @property
    def length_of_a_number(self) -> int:
        """Characters of one of the plain numbers."""
        return len((self._numbers if isinstance(self._numbers, pl.Series) else self._numbers["text"])[0])

    @cached_property
    def plain(self) -> pl.Series:
        """The texts that are plain numbers, as Float64; null for the others."""
        return finite(self._sorted["text"].cast(pl.Float64, strict=False))

    @cached_property
    def _ordered_words(self) -> pl.DataFrame:
        return _in_order(self._words)

    @cached_property
    def hard(self) -> list[str]:
        """The texts that are not plain numbers, in their order."""
        made: list[str] = self._ordered_words["text"].to_list()
        return made

    def hard_first(self, count: int) -> list[str]:
        """The first of the texts that are not plain numbers, in their order."""
        if "_ordered_words" in self.__dict__ or self._words.height <= count:
            return self.hard[:count]
        made: list[str] = _head(self._words, count)["text"].to_list()
        return made

    def counted(self, texts: Sequence[str]) -> list[tuple[str, int]]:
        """Some of the texts that are not plain numbers, with their cells, in their order."""
        sought = pl.Series(texts, dtype=pl.String)
        return _in_order(self._words.filter(pl.col("text").is_in(sought.implode()))).rows()

    def hard_where(self, test: pl.Expr) -> list[str]:
        """Texts that are no plain numbers and pass a test of ``text``, in their order."""
        made: list[str] = _in_order(self._words.filter(test))["text"].to_list()
        return made

    def sharing(self, form: pl.Expr, exact: Callable[[str], str]) -> list[str]:
        """Texts that share a form with another one, in their order; and perhaps a few more.

        ``form`` (of ``text``) is taken for texts in ASCII, ``exact`` for the others.
        """
        counted = pl.concat([self._counted, self._words])
        plain = pl.col("text").str.len_bytes() == pl.col("text").str.len_chars()
        forms = counted.filter(plain).with_columns(form.alias("form"))
        other = counted.filter(~plain)
        folded = pl.Series("form", [exact(text) for text in other["text"].to_list()], dtype=pl.String)
        forms = pl.concat([forms, other.with_columns(folded)])
        several = forms.filter(pl.col("form").is_duplicated())
        made: list[str] = _in_order(several)["text"].to_list()
        return made

    @cached_property
    def hard_counts(self) -> list[int]:
        made: list[int] = self._ordered_words["len"].to_list()
        return made

    @property
    def any_hard(self) -> bool:
        return self._words.height > 0

    @property
    def any_numbers(self) -> bool:
        return len(self._numbers) > 0

    @property
    def words(self) -> pl.Series:
        """The texts that are not plain numbers, in no order."""
        return self._words["text"]

    def cells_of(self, texts: Collection[str] | pl.Series) -> int:
        """Cells that hold one of these texts, which are among them."""
        if not len(texts):
            return 0
        sought = texts if isinstance(texts, pl.Series) else pl.Series(list(texts), dtype=pl.String)
        parts = [self._words]
        if self.any_numbers and finite(sought.cast(pl.Float64, strict=False)).is_not_null().any():
            parts.append(self._counted)
        elif len(texts) == self._words.height:
            return int(self._words["len"].sum())  # they are all of them
        here = pl.col("text").is_in(sought.implode())
        return sum(int(part.filter(here)["len"].sum()) for part in parts)

    def cells_where(self, test: pl.Expr) -> int:
        """Cells of the texts that are no plain numbers and pass a test of ``text``."""
        return int(self._words.filter(test)["len"].sum())

    # Changes.

    def map(
        self, change: Callable[[str], str | None], may: pl.Expr = ANY, *, numbers: bool = True
    ) -> Distinct:
        """The distinct texts after a change; ``None`` drops a text. See :meth:`after`."""
        return self.after(change, may, numbers=numbers)[0]

    def after(
        self, change: Callable[[str], str | None], may: pl.Expr = ANY, *, numbers: bool = True
    ) -> tuple[Distinct, int]:
        """The distinct texts after a change, and how many cells it changed.

        ``may``: which texts may change at all (an expression on ``text``), ``numbers``: whether plain
        numbers may. What is sure to stay is not looked at.
        """
        parts = [self._words.filter(may)]
        parts += [self._counted.filter(may)] if numbers and self.any_numbers else []
        lost: list[str] = []
        gained: dict[str, int] = {}
        cells = 0
        for part in parts:
            for text, count in zip(part["text"].to_list(), part["len"].to_list(), strict=True):
                answer = change(text)
                if answer != text:
                    lost.append(text)
                    cells += count
                    if answer is not None:
                        gained[answer] = gained.get(answer, 0) + count
        if not lost:
            return self, 0  # with all that is known of it: most changes change nothing
        stays = ~pl.col("text").is_in(pl.Series(lost, dtype=pl.String).implode())
        made = {"text": list(gained), "len": list(gained.values())}
        more, words = _parted(pl.DataFrame(made, schema=_EMPTY.schema))
        words = _joined(self._words.filter(stays), words)
        kept = self._numbers
        if more.height or (numbers and self.any_numbers):
            kept = _joined(self._counted.filter(stays), more)
        return self._made(self.name, self.rows, kept, words), cells

    def unread_by(self, quick: Callable[[pl.Series], pl.Series], read: Callable[[str], object]) -> Distinct:
        """The texts that cannot be read. ``quick``: null for texts that it cannot read, or is not sure of;

        ``read``: whether one text can be read.
        """
        parts = []
        for part in (self._counted, self._words):
            unsure = part.filter(quick(part["text"]).is_null())
            lost = [not read(text) for text in unsure["text"].to_list()]
            parts.append(unsure.filter(pl.Series(lost, dtype=pl.Boolean)))
        return self._made(self.name, self.rows, *parts)

    def without(self, dropped: set[str]) -> Distinct:
        """Without some texts, none of them a plain number."""
        sought = pl.Series(sorted(dropped), dtype=pl.String)
        kept = self._words.filter(~pl.col("text").is_in(sought.implode()))
        if kept.height == self._words.height:
            return self
        return self._made(self.name, self.rows, self._numbers, kept)


def _parted(counted: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Plain numbers and the others."""
    plain = finite(counted["text"].cast(pl.Float64, strict=False)).is_not_null()
    return counted.filter(plain), counted.filter(~plain)


def _joined(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    if not other.height:
        return one
    return pl.concat([one, other]).group_by("text").agg(pl.col("len").sum())


def _in_order(counted: pl.DataFrame) -> pl.DataFrame:
    return counted.sort(["len", "text"], descending=[True, False])


def _head(counted: pl.DataFrame, count: int) -> pl.DataFrame:
    return _in_order(counted.top_k(count, by=["len", "text"], reverse=[False, True]))
