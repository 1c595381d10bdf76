"""Two versions of a data set compared: columns, rows and values."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from modelwright.core.errors import BadInput

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ColumnDiff:
    """One column that both versions have and that is not the same in them."""

    name: str
    missing: tuple[float, float]
    """Share of rows without a value, before and after."""
    distinct: tuple[int, int]
    mean: tuple[float, float] | None
    """Of columns of numbers."""
    changed: int | None
    """Rows found in both by their key whose value differs; None without keys."""
    new: tuple[str, ...] = ()
    """Values that were not there before, the first few; of columns that are no numbers."""
    gone: tuple[str, ...] = ()
    kinds: tuple[str, str] = ("", "")
    """What its values are, before and after: numbers, dates, times, yes or no, texts, or nothing."""

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "missing": list(self.missing), "distinct": list(self.distinct),
            "mean": None if self.mean is None else list(self.mean), "changed": self.changed,
            "new": list(self.new), "gone": list(self.gone), "kinds": list(self.kinds),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diff:
    """What became of a data set. Rows are matched by keys; without keys a row is its values."""

    rows: tuple[int, int]
    added_columns: tuple[str, ...]
    removed_columns: tuple[str, ...]
    added: int
    removed: int
    changed: int | None
    """Rows with the same key and other values; None without keys."""
    same: int
    columns: tuple[ColumnDiff, ...]
    renamed: tuple[tuple[str, str], ...] = ()
    """Columns that went and came with the same values: by all looks the same column by another name."""

    @property
    def equal(self) -> bool:
        return not (self.added_columns or self.removed_columns or self.added or self.removed or self.changed)

    def to_json(self) -> dict[str, Any]:
        return {
            "equal": self.equal, "rows": list(self.rows), "added_columns": list(self.added_columns),
            "removed_columns": list(self.removed_columns), "added": self.added, "removed": self.removed,
            "changed": self.changed, "same": self.same, "columns": [c.to_json() for c in self.columns],
            "renamed": [list(pair) for pair in self.renamed],
        }  # fmt: skip


def diff(before: pl.DataFrame, after: pl.DataFrame, keys: Sequence[str] = ()) -> Diff:
    """Compare two versions. Values are compared by what they say: ``1`` as text and as a number are the same.

    Raises :class:`BadInput` for a key that one of them lacks, or that is not unique in one of them.
    """
    both = [name for name in before.columns if name in set(after.columns)]
    for key in keys:
        if key not in both:
            near = difflib.get_close_matches(key, both, 1, 0.5)
            raise BadInput(
                f"the key {key!r} is not a column of both versions",
                code="diff.key",
                hint=f"did you mean {near[0]}?" if near else f"both have {', '.join(both[:10])}",
            )
    old, new = _alike(before, after, both)
    kinds = {name: (_kind(before[name]), _kind(after[name])) for name in both}
    if keys:
        for frame, which in ((old, "first"), (new, "second")):
            twice = frame.height - frame.select(keys).unique().height
            if twice:
                raise BadInput(
                    f"{' and '.join(keys)} is no key of the {which} version: {twice} rows repeat another's",
                    code="diff.key",
                    hint="name more columns that together are different in every row, or leave --key out",
                )
        return _by_keys(before, after, old, new, list(keys), kinds)
    counted = [frame.group_by(both).len() for frame in (old, new)]
    joined = counted[0].join(counted[1], on=both, how="inner", nulls_equal=True) if both else None
    same = 0
    if joined is not None and joined.height:
        same = int(joined.select(pl.min_horizontal("len", "len_right").sum()).item())
    return Diff(
        rows=(before.height, after.height),
        added_columns=_only(after, before),
        removed_columns=_only(before, after),
        added=new.height - same,
        removed=old.height - same,
        changed=None,
        same=same,
        columns=_columns(old, new, dict.fromkeys(both), kinds),
        renamed=_renamed(before, after),
    )


def _by_keys(
    before: pl.DataFrame, after: pl.DataFrame, old: pl.DataFrame, new: pl.DataFrame, keys: list[str],
    kinds: dict[str, tuple[str, str]],
) -> Diff:  # fmt: skip
    rest = [name for name in old.columns if name not in keys]
    matched = old.join(new, on=keys, how="inner", nulls_equal=True, suffix="\0after")
    counts: dict[str, int | None] = {}
    other = pl.repeat(False, matched.height, eager=True)
    for name in rest:
        differs = matched[name].ne_missing(matched[f"{name}\0after"])
        counts[name] = int(differs.sum())
        other |= differs
    changed = int(other.sum())
    return Diff(
        rows=(before.height, after.height),
        added_columns=_only(after, before),
        removed_columns=_only(before, after),
        added=new.height - matched.height,
        removed=old.height - matched.height,
        changed=changed,
        same=matched.height - changed,
        columns=_columns(old, new, counts | dict.fromkeys(keys), kinds),
        renamed=_renamed(before, after),
    )


def _only(one: pl.DataFrame, other: pl.DataFrame) -> tuple[str, ...]:
    return tuple(name for name in one.columns if name not in set(other.columns))


def _alike(before: pl.DataFrame, after: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The common columns with the same types in both: numbers where all values are, else texts."""
    made: tuple[list[pl.Series], list[pl.Series]] = ([], [])
    for name in names:
        pair = [_blank(frame[name]) for frame in (before, after)]
        numbers = [series.cast(pl.Float64, strict=False) for series in pair if not series.dtype.is_temporal()]
        if len(numbers) == 2 and all(
            n.null_count() == s.null_count() for n, s in zip(numbers, pair, strict=True)
        ):
            pair = numbers
        elif pair[0].dtype != pair[1].dtype:
            pair = [series.cast(pl.String) for series in pair]
        for columns, series in zip(made, pair, strict=True):
            columns.append(series)
    return pl.DataFrame(made[0]), pl.DataFrame(made[1])


def _blank(series: pl.Series) -> pl.Series:
    """Texts without the white space around them; what is empty then is missing."""
    if series.dtype != pl.String:
        return series
    stripped = series.str.strip_chars()
    return stripped.set(stripped == "", None)


def _kind(series: pl.Series) -> str:
    """What the values of a column are; ``1`` as a text is a number, as everywhere here."""
    series = _blank(series)
    if series.null_count() == len(series):
        return "nothing"
    if series.dtype == pl.Boolean:
        return "yes or no"
    if series.dtype.is_temporal():
        return "dates" if series.dtype in (pl.Date, pl.Datetime) else "times"
    if series.dtype.is_numeric():
        return "numbers"
    if series.dtype != pl.String:
        return "values of several parts" if series.dtype.is_nested() else "texts"
    read = series.cast(pl.Float64, strict=False)
    if read.null_count() == series.null_count():
        return "numbers"
    return "texts" if read.null_count() == len(read) else "numbers and texts"


def _renamed(before: pl.DataFrame, after: pl.DataFrame) -> tuple[tuple[str, str], ...]:
    """Pairs of a column that went and one that came, where the values are the same ones, as often each.

    A column of few values says little: it takes three different ones, and no second column that fits as well.
    """
    if before.height != after.height:
        return ()
    found: list[tuple[str, str]] = []
    for went in _only(before, after):
        for came in _only(after, before):
            pair = pl.DataFrame({"x": before[went]}), pl.DataFrame({"x": after[came]})
            one, other = (frame["x"].sort() for frame in _alike(*pair, ["x"]))
            if one.dtype == other.dtype and one.n_unique() >= 3 and one.equals(other):
                found.append((went, came))
    return tuple(
        pair for pair in found
        if sum(pair[0] == other[0] for other in found) == sum(pair[1] == other[1] for other in found) == 1
    )  # fmt: skip


def _columns(
    old: pl.DataFrame, new: pl.DataFrame, counts: dict[str, int | None], kinds: dict[str, tuple[str, str]]
) -> tuple[ColumnDiff, ...]:
    made = []
    for name in old.columns:
        pair = (old[name], new[name])
        number = pair[0].dtype == pl.Float64
        sets = [series.drop_nulls().unique().sort() for series in pair]
        missing = tuple(s.null_count() / max(1, len(s)) for s in pair)
        same = sets[0].equals(sets[1]) and missing[0] == missing[1]
        if same and not counts.get(name):
            continue
        made.append(
            ColumnDiff(
                name=name,
                missing=(missing[0], missing[1]),
                distinct=(len(sets[0]), len(sets[1])),
                mean=(_mean(pair[0]), _mean(pair[1])) if number and all(map(len, sets)) else None,
                changed=counts.get(name),
                new=() if number else _few(sets[1], sets[0]),
                gone=() if number else _few(sets[0], sets[1]),
                kinds=kinds[name],
            )
        )
    return tuple(made)


def _mean(series: pl.Series) -> float:
    made = series.mean()
    return float(made) if isinstance(made, (int, float)) else float("nan")


def _few(one: pl.Series, other: pl.Series) -> tuple[str, ...]:
    return tuple(str(value) for value in one.filter(~one.is_in(other.implode())).head(_SHOWN).to_list())
