"""Rows that are nearly equal: entered twice with a slip.

Pairs that agree in all columns but one and are near in that one, where hardly any differ in just two; in
tables of few values rows are alike by chance, and pairs that differ in two columns are far more than those
that differ in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, islice
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.records.data import Column
from modelwright.data.clean.infer.variants import damerau
from modelwright.data.clean.near_pairs import ALIKE, MANY, NOTHING, SALT, Near, Words, groups, jaccard, short

_MOST_CODES = 100_000_000
"""Cells that are compared: bounds the memory to 800 MB."""
_PART = np.uint64(2**61)
"""Of long tables an eighth of the groups, drawn by their hashes, tells how many there are."""
_MOST_ALIKE = 50
_MOST_PAIRS = 1_000_000
"""Pairs of rows that differ in one and the same column, beyond which they are no slips of anybody's."""
_LEAST_COLUMNS = 5
_MOST_COLUMNS = 40
_PAIRS_OF_COLUMNS = 60


def rows(frame: pl.DataFrame, columns: Sequence[Column]) -> Near:
    """Pairs of rows that differ in one column, and little there, where that is no matter of chance.

    ``columns``: those to compare (no keys). Looks at up to 40 columns and 100 million of their cells.
    """
    names = set(frame.columns)
    plain = (c for c in columns if c.name in names and not c.is_media)
    looked = list(islice((c for c in plain if _varies(frame[c.name])), _MOST_COLUMNS))
    frame = frame.head(_MOST_CODES // max(1, len(looked)))
    if len(looked) < _LEAST_COLUMNS or frame.height < 20:
        return NOTHING
    codes = np.stack([_codes(frame[c.name], k) for k, c in enumerate(looked)])
    whole = codes.sum(axis=0, dtype=np.uint64)
    _, firsts = np.unique(whole, return_index=True)
    kept = np.sort(firsts)
    if len(kept) < len(whole):
        codes, whole = codes[:, kept], whole[kept]
    apart: dict[tuple[int, int], int] = {}
    for k in range(len(looked)):
        apart |= dict.fromkeys(_pairs(whole - codes[k]), k)
    if not apart:
        return NOTHING
    naming = [k for k, c in enumerate(looked) if _names(frame[c.name])]
    sure = {pair for pair, k in apart.items() if any(n != k and _agree(codes[n], pair) for n in naming)}
    if _two_apart(codes, whole, apart) > len(apart):
        # Alike by chance, but for those that share what hardly any two rows share.
        apart = {pair: k for pair, k in apart.items() if pair in sure}
    near = sorted(
        pair
        for pair, k in apart.items()
        if _close(looked[k], *(frame[looked[k].name][int(kept[p])] for p in pair))
    )
    if not near or len(near) < 0.5 * len(apart):
        return NOTHING
    places = kept[np.array(near, dtype=np.int64)]
    examples = []
    for pair, (a, b) in zip(near[:3], places[:3].tolist(), strict=True):
        name = looked[apart[pair]].name
        examples.append((name, f"{short(frame[name][a])} and {short(frame[name][b])}"))
    return Near(places, len(np.unique(places)), tuple(examples))


def _pairs(values: Words) -> list[tuple[int, int]]:
    """Pairs that share a value which few share; none where so many do that it is a matter of chance."""
    found: list[tuple[int, int]] = []
    for group in groups(values):
        if len(group) <= _MOST_ALIKE:
            found += combinations(group.tolist(), 2)
            if len(found) > _MOST_PAIRS:
                return []
    return found


def _varies(series: pl.Series) -> bool:
    return series.head(1000).n_unique() > 1 or series.n_unique() > 1


def _names(series: pl.Series) -> bool:
    """Whether hardly any two rows share a value, all rows having one."""
    present = series.drop_nulls()
    first = present.head(len(present) // 8)
    if len(first) - first.n_unique() > 0.03 * len(present):
        return False  # they alone share too many
    return len(present) >= 0.95 * len(series) and present.n_unique() >= 0.97 * len(present)


def _agree(codes: Words, pair: tuple[int, int]) -> bool:
    return bool(codes[pair[0]] == codes[pair[1]])


def _codes(series: pl.Series, salt: int) -> Words:
    """A hash of each value, uint64 [rows]; missing is a value."""
    return series.hash(SALT + salt).to_numpy()


def _two_apart(codes: npt.NDArray[np.uint64], whole: Words, one_apart: dict[tuple[int, int], int]) -> float:
    """How many pairs of rows differ in just two columns, estimated from some pairs of columns."""
    count = len(codes)
    every = list(combinations(range(count), 2))
    rng = np.random.default_rng(SALT)
    picked = rng.permutation(len(every))[:_PAIRS_OF_COLUMNS]
    ones = np.bincount(list(one_apart.values()), minlength=count)
    found = 0
    for at in picked.tolist():
        j, k = every[at]
        joined = whole - codes[j] - codes[k]
        # Of long tables an eighth of the groups, drawn by their hashes, tells how many there are.
        large = len(whole) > MANY
        joined = np.sort(joined[joined < _PART] if large else joined)
        runs = np.diff(np.flatnonzero(np.concatenate([[True], joined[1:] != joined[:-1], [True]])))
        pairs = int((runs * (runs - 1) // 2).sum()) * (8 if large else 1)
        found += pairs - int(ones[j]) - int(ones[k])
    return max(0, found) * len(every) / max(1, len(picked))


def _close(column: Column, one: object, other: object) -> bool:
    """Whether two different values may be one that was written down twice."""
    if one is None or other is None:
        return True
    if isinstance(one, str) and isinstance(other, str):
        return _close_texts(one.casefold().strip(), other.casefold().strip())
    if column.kind == "date":
        return abs(float(one) - float(other)) <= 86_400_000_000  # type: ignore[arg-type]
    if column.kind == "number":
        a, b = float(one), float(other)  # type: ignore[arg-type]
        return bool(abs(a - b) <= 0.02 * max(abs(a), abs(b)))
    return False


def _close_texts(a: str, b: str) -> bool:
    if min(len(a), len(b)) < 4 or max(len(a), len(b)) > 2000:
        return a == b
    if len(a) > 60:
        return jaccard(_letters(a), _letters(b)) >= ALIKE
    return damerau(a, b) <= max(1, len(a) // 8)


def _letters(text: str) -> Words:
    return np.array([hash_of(text[k : k + 4]) for k in range(max(1, len(text) - 3))], dtype=np.uint64)


def hash_of(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))
