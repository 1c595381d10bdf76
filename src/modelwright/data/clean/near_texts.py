"""Texts that are nearly equal: copied and changed a little.

Shingles of three words, MinHash (Broder 1997) in bands for locality-sensitive hashing (Leskovec, Rajaraman
and Ullman, "Mining of Massive Datasets", chapter 3), and every pair is then measured by the Jaccard index of
its shingles.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.data.clean.near_pairs import ALIKE, NOTHING, SALT, Ints, Near, Words, groups, jaccard

LEAST_WORDS = 8
"""Shorter texts are too often alike by chance."""
_SHINGLE = 3
_BANDS, _ROWS_A_BAND = 12, 5
"""Two texts with an index of 0.8 share a band with a chance of 0.99, of 0.85 with one of 0.999."""
_AT_ONCE = 1_500_000
"""Shingles that are hashed at once: bounds the memory to some 50 MB."""
_MOST_COPIES = 2_000
"""Members of one bucket that are compared with its first: longer ones are boilerplate."""


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
        (int(a), int(b)) for a, b in _candidates(signatures) if jaccard(shingles(a), shingles(b)) >= ALIKE
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
    rng = np.random.default_rng(SALT)
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
        words = column[begin:end].str.split(" ").explode().hash(SALT).to_numpy()
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
        for group in groups(joined):
            first = int(group[0])
            for one, other in zip(
                group[:_MOST_COPIES].tolist(), group[1:_MOST_COPIES].tolist(), strict=False
            ):
                found.add((first, other))
                found.add((one, other))
    return sorted(found)
