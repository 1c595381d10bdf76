"""The distinct texts of a column with their counts: what all inference looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from modelwright.data.clean.apply import finite


@dataclass(frozen=True)
class Distinct:
    """``texts``: distinct non-null texts, most frequent first (ties: by text); ``counts``: cells of each."""

    name: str
    rows: int
    texts: list[str]
    counts: list[int]

    @classmethod
    def of(cls, series: pl.Series) -> Distinct:
        """Of a column of text."""
        counted = (
            pl.DataFrame({"text": series.cast(pl.String)})
            .drop_nulls()
            .group_by("text")
            .len()
            .sort(["len", "text"], descending=[True, False])
        )
        return cls(series.name, len(series), counted["text"].to_list(), counted["len"].to_list())

    @cached_property
    def cells(self) -> int:
        """Cells that hold one of the texts."""
        return sum(self.counts)

    def map(self, change: Callable[[str], str | None]) -> Distinct:
        """The distinct texts after a change; ``None`` drops a text."""
        answers = [change(text) for text in self.texts]
        if answers == self.texts:
            return self  # with all that is known of it: most changes change nothing
        made: dict[str, int] = {}
        for changed, count in zip(answers, self.counts, strict=True):
            if changed is not None:
                made[changed] = made.get(changed, 0) + count
        ordered = sorted(made.items(), key=lambda item: (-item[1], item[0]))
        return Distinct(self.name, self.rows, [t for t, _ in ordered], [c for _, c in ordered])

    def changed(self, change: Callable[[str], object]) -> int:
        """Cells whose text a change does not leave as it is."""
        return sum(count for text, count in zip(self.texts, self.counts, strict=True) if change(text) != text)

    def without(self, dropped: set[str]) -> Distinct:
        if dropped.isdisjoint(self.texts):
            return self
        kept = [(t, c) for t, c in zip(self.texts, self.counts, strict=True) if t not in dropped]
        return Distinct(self.name, self.rows, [t for t, _ in kept], [c for _, c in kept])

    @cached_property
    def plain(self) -> pl.Series:
        """The texts that are plain numbers, as Float64; null for the others."""
        return finite(pl.Series(self.texts, dtype=pl.String).cast(pl.Float64, strict=False))

    @cached_property
    def hard(self) -> list[int]:
        """Places of the texts that are not plain numbers."""
        return self.plain.is_null().arg_true().to_list()
