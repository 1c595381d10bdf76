"""Rows and texts that are nearly equal: entered twice with a slip, or copied and changed a little.

Texts: shingles of three words, MinHash (Broder 1997) in bands for locality-sensitive hashing (Leskovec,
Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3), and every pair is then measured by the Jaccard
index of its shingles. Rows: pairs that agree in all columns but one and are near in that one, where hardly
any differ in just two; in tables of few values rows are alike by chance, and pairs that differ in two columns
are far more than those that differ in one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from modelwright.core.book import Book
from modelwright.core.records.data import ROW, Column
from modelwright.data.clean import alike
from modelwright.data.clean.infer.variants import damerau
from modelwright.runtime.parse import image

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

ALIKE = 0.8
"""Jaccard index of the shingles of two texts from which they count as nearly equal."""
LEAST_WORDS = 8
"""Shorter texts are too often alike by chance."""
_SHINGLE = 3
_BANDS, _ROWS_A_BAND = 12, 5
"""Two texts with an index of 0.8 share a band with a chance of 0.99, of 0.85 with one of 0.999."""
_SALT = 0x5EED
_AT_ONCE = 1_500_000
"""Shingles that are hashed at once: bounds the memory to some 50 MB."""
_MOST_COPIES = 2_000
"""Members of one bucket that are compared with its first: longer ones are boilerplate."""
_MOST_CODES = 100_000_000
"""Cells that are compared: bounds the memory to 800 MB."""
_PART = np.uint64(2**61)
_MANY = 400_000
_MOST_ALIKE = 50
_MOST_PAIRS = 1_000_000
"""Pairs of rows that differ in one and the same column, beyond which they are no slips of anybody's."""
_LEAST_COLUMNS = 5
_MOST_COLUMNS = 40
_PAIRS_OF_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class Near:
    """``pairs``: int64 [n, 2], places of rows (the smaller first); ``rows``: how many rows are in any."""

    pairs: Ints
    rows: int
    examples: tuple[tuple[str, str], ...] = ()
    """Of pairs of rows: in which columns they differ, and how."""

    @property
    def found(self) -> bool:
        return len(self.pairs) > 0


NOTED = 0.01
"""Share of rows below which nearly equal ones are a note."""
NOTHING = Near(np.empty((0, 2), dtype=np.int64), 0)


def texts(series: pl.Series) -> Near:
    """Pairs of texts that are nearly equal and not equal; each text with one that came before it."""
    distinct = (
        pl.DataFrame({"text": series.cast(pl.String), "place": np.arange(len(series), dtype=np.int64)})
        .drop_nulls()
        .filter(pl.col("text").str.count_matches(r"\w+") >= LEAST_WORDS)
        .with_columns(pl.col("text").str.to_lowercase().str.replace_all(r"[^\w]+", " ").str.strip_chars())
        .unique("text", keep="first", maintain_order=True)
    )
    if distinct.height < 2:
        return NOTHING
    places = distinct["place"].to_numpy()
    signatures, shingles = _signatures(distinct["text"])
    pairs = sorted(
        (int(a), int(b)) for a, b in _candidates(signatures) if _jaccard(shingles(a), shingles(b)) >= ALIKE
    )
    if not pairs:
        return NOTHING
    made = np.sort(places[np.array(pairs, dtype=np.int64)], axis=1)
    return Near(made, len(np.unique(made)))


class _Shingles:
    """The shingles of each text, as sorted hashes, in one array."""

    def __init__(self, counts: list[Ints], hashes: list[Words]) -> None:
        self._ends = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        self._hashes = np.concatenate(hashes)

    def __call__(self, at: int) -> Words:
        return self._hashes[self._ends[at] : self._ends[at + 1]]


def _signatures(column: pl.Series) -> tuple[npt.NDArray[np.uint32], _Shingles]:
    """MinHash signatures, uint32 [texts, bands * rows a band], and the shingles they were made of."""
    rng = np.random.default_rng(_SALT)
    size = _BANDS * _ROWS_A_BAND
    odd = rng.integers(1, 2**63, size, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    more = rng.integers(0, 2**63, size, dtype=np.uint64)
    sizes = column.str.count_matches(" ", literal=True).to_numpy().astype(np.int64) + 2 - _SHINGLE
    made = np.empty((len(column), size), dtype=np.uint32)
    hashes: list[Words] = []
    begin = 0
    ends = np.cumsum(sizes)
    while begin < len(column):
        before = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + _AT_ONCE, side="right")))
        words = column[begin:end].str.split(" ").explode().hash(_SALT).to_numpy()
        whole = words * np.uint64(0x9E3779B97F4A7C15) + np.roll(words, -1)
        whole = whole * np.uint64(0xC2B2AE3D27D4EB4F) + np.roll(words, -2)
        whole ^= whole >> np.uint64(29)
        # The last two words of a text begin no shingle of it.
        counts = sizes[begin:end]
        starts = np.cumsum(counts + _SHINGLE - 1) - (counts + _SHINGLE - 1)
        inside = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
        whole = whole[inside]
        heads = np.cumsum(counts) - counts
        for k in range(size):
            turned = ((whole * odd[k] + more[k]) >> np.uint64(32)).astype(np.uint32)
            made[begin:end, k] = np.minimum.reduceat(turned, heads)
        hashes.append(whole)
        begin = end
    return made, _Shingles([sizes], hashes)


def _candidates(signatures: npt.NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Pairs that share a band: each member of a bucket with its first, and with the one before it."""
    found: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        part = signatures[:, band * _ROWS_A_BAND : (band + 1) * _ROWS_A_BAND].astype(np.uint64)
        joined = np.zeros(len(part), dtype=np.uint64)
        for k in range(_ROWS_A_BAND):
            joined = (joined ^ part[:, k]) * np.uint64(0x100000001B3) + np.uint64(k)
        for group in _groups(joined):
            first = int(group[0])
            for one, other in zip(
                group[:_MOST_COPIES].tolist(), group[1:_MOST_COPIES].tolist(), strict=False
            ):
                found.add((first, other))
                found.add((one, other))
    return sorted(found)


def _groups(values: Words) -> Iterator[Ints]:
    """Places that share a value, ascending, for each value that comes more than once."""
    some = None
    if len(values) > _MANY:
        # Most values of long tables come once: what comes again is found by sorting values without places.
        ordered = np.sort(values)
        again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        if not len(again):
            return
        if len(again) < len(values) // 8:
            at = np.minimum(np.searchsorted(again, values), len(again) - 1)
            some = np.flatnonzero(again[at] == values)
            values = values[some]
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    order = order if some is None else some[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    begins = np.concatenate([[0], cuts])
    sizes = np.diff(np.concatenate([begins, [len(values)]]))
    for begin, size in zip(begins[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        yield order[begin : begin + size]


def _jaccard(one: Words, other: Words) -> float:
    a, b = np.unique(one), np.unique(other)
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / max(1, len(a) + len(b) - both)


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
        examples.append((name, f"{_short(frame[name][a])} and {_short(frame[name][b])}"))
    return Near(places, len(np.unique(places)), tuple(examples))


def _pairs(values: Words) -> list[tuple[int, int]]:
    """Pairs that share a value which few share; none where so many do that it is a matter of chance."""
    found: list[tuple[int, int]] = []
    for group in _groups(values):
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
    return series.hash(_SALT + salt).to_numpy()


def _two_apart(codes: npt.NDArray[np.uint64], whole: Words, one_apart: dict[tuple[int, int], int]) -> float:
    """How many pairs of rows differ in just two columns, estimated from some pairs of columns."""
    count = len(codes)
    every = list(combinations(range(count), 2))
    rng = np.random.default_rng(_SALT)
    picked = rng.permutation(len(every))[:_PAIRS_OF_COLUMNS]
    ones = np.bincount(list(one_apart.values()), minlength=count)
    found = 0
    for at in picked.tolist():
        j, k = every[at]
        joined = whole - codes[j] - codes[k]
        # Of long tables an eighth of the groups, drawn by their hashes, tells how many there are.
        large = len(whole) > _MANY
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
        return _jaccard(_letters(a), _letters(b)) >= ALIKE
    return damerau(a, b) <= max(1, len(a) // 8)


def _letters(text: str) -> Words:
    return np.array([hash_of(text[k : k + 4]) for k in range(max(1, len(text) - 3))], dtype=np.uint64)


def hash_of(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


def _short(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]


def compared(columns: Sequence[Column]) -> list[Column]:
    """Columns in which rows are compared: what is no key, and no number that only counts them."""
    return [c for c in columns if c.role not in ("key", "weight") and not _counts_rows(c)]


def _counts_rows(column: Column) -> bool:
    return not column.is_input and column.role == "ignored" and column.kind in ("number", "date")


def every(frame: pl.DataFrame, columns: Sequence[Column]) -> dict[str, Near]:
    """Nearly equal rows (under ""), and nearly equal texts and pictures of each input that holds them."""
    made = {"": rows(frame.drop(ROW, strict=False), compared(columns))}
    for column in columns:
        if column.kind == "text" and column.is_input:
            made[column.name] = texts(frame[column.name])
        elif column.kind == "image" and column.is_input:
            made[column.name] = pictures(frame, column)
    return {name: near for name, near in made.items() if near.found}


def pictures(frame: pl.DataFrame, column: Column) -> Near:
    """Pairs of rows whose pictures in a column are nearly equal and not equal (see ``alike.py``)."""
    shape, _ = image.form(column.operations[-1].options)
    pairs = alike.images(frame[column.name], shape)
    if not len(pairs):
        return NOTHING
    names = next((n for n in (f"{column.name}.file", "file") if n in frame.columns), None)
    shown = [] if names is None else [(names, tuple(frame[names].gather(p).to_list())) for p in pairs[:3]]
    examples = tuple((name, f"{_short(a)} and {_short(b)}") for name, (a, b) in shown)
    return Near(pairs, len(np.unique(pairs)), examples)


def bound(frame: pl.DataFrame, columns: Sequence[Column]) -> Ints | None:
    """Sets of rows whose pictures are nearly equal, directly or through others: int64 [rows].

    None where there are none, or where a chain of them holds so many rows that they cannot be copies.
    """
    found = [pictures(frame, c).pairs for c in columns if c.kind == "image" and c.is_input]
    pairs = np.concatenate([np.empty((0, 2), dtype=np.int64), *found])
    if not len(pairs):
        return None
    made = _sets(pairs, frame.height)
    return made if np.bincount(made).max() <= max(2, alike.LARGEST * frame.height) else None


def _sets(pairs: Ints, rows: int) -> Ints:
    """A number of its set for each row, int64 [rows]; rows of a pair are of one set."""
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
    made: Ints = connected_components(graph, False)[1].astype(np.int64)
    return made


def report(frame: pl.DataFrame, columns: Sequence[Column], book: Book) -> None:
    """Findings on nearly equal rows and texts of a whole table."""
    for name, near in every(frame, columns).items():
        share = near.rows / max(1, frame.height)
        kind = {c.name: c.kind for c in columns}.get(name)
        what = f"{'pictures' if kind == 'image' else 'texts'} of {name!r}" if name else "rows"
        shown = "; ".join(f"{column!r} is {both}" for column, both in near.examples)
        book.finding(
            "clean.near-duplicates",
            "note" if share < NOTED else "warning",
            f"{near.rows:,} {what} are nearly equal to another ({len(near.pairs):,} pairs)"
            + (f", such as two where {shown}." if shown else "."),
            ("They stay on one side of every split. " if kind == "image" else "")
            + "Look whether they are one thing entered twice. If they are, drop one of each in the source; "
            "if they belong together, name what they share as `data.group`.",
            column=name or None,
            numbers={"rows": float(near.rows), "pairs": float(len(near.pairs))},
        )


def copied(found: Mapping[str, Near], test: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Rows to learn from whose texts or pictures nearly equal those of a test row, directly or through
    others: Boolean [rows]. ``found``: see :func:`every`; nearly equal rows of plain columns are not meant,
    since those may be two things. A chain of so many rows that they cannot be copies is left as it is."""
    made = np.zeros(len(test), dtype=np.bool_)
    for name, near in found.items():
        if not name:
            continue
        sets = _sets(near.pairs, len(test))
        small = np.bincount(sets)[sets] <= max(2, alike.LARGEST * len(test))
        made |= small & np.isin(sets, np.unique(sets[test]))
    result: npt.NDArray[np.bool_] = made & ~test
    return result


def report_across(
    found: Mapping[str, Near],
    test: npt.NDArray[np.bool_],
    book: Book,
    left: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Findings on test rows that nearly equal a row to learn from. ``found``: see :func:`every`; ``test`` and
    ``left`` (rows of neither side): Boolean [rows]."""
    rows_of_test = int(test.sum())
    if not 0 < rows_of_test < len(test):
        return
    for name, near in found.items():
        sides = test[near.pairs]
        across = sides[:, 0] != sides[:, 1]
        if left is not None:
            across &= ~left[near.pairs].any(axis=1)
        seen = len(np.unique(near.pairs[across][sides[across]]))
        if not seen:
            continue
        share = seen / rows_of_test
        book.finding(
            "split.near-duplicates",
            "note" if share < NOTED else "warning",
            f"{seen:,} of {rows_of_test:,} test rows ({share:.1%}) are nearly equal to a row to learn from"
            + (f" in {name!r}" if name else "")
            + ": on them the test shows memory, and not skill.",
            "Name what such rows share as `data.group`, or drop one of each in the source.",
            column=name or None,
            numbers={"rows": float(seen), "share": share},
        )
