"""Pictures that are nearly equal: saved again, scaled, made brighter; by a perceptual hash, then measured.

The hash is the sign of the 64 lowest frequencies of a cosine transform of the grey picture at 32 x 32 pixels
(pHash: Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions"). Pairs whose hashes
differ in at most 8 bits are measured by the correlation of their pixels. Pictures of simple shapes (digits,
outlines of leaves) are alike by chance: where pairs just below a threshold are nearly as many as those above
it, they are no copies, and a higher threshold is tried.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.fft import dctn

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

SIDE = 32
BITS = 8
"""Bits in which the hashes of two pictures may differ."""
THRESHOLDS = (0.95, 0.97, 0.98, 0.99, 0.995)
"""Correlations from which a pair counts as nearly equal, tried in this order."""
CLEARLY = 2.0
"""So many times as many pairs lie above a threshold as in the band of equal width below it."""
LARGEST = 0.1
"""Share of all pictures beyond which a chain of nearly equal ones is no matter of copies."""
_ALL_PAIRS = 40_000
_MOST = 200_000
_BLOCK = 1_000
_ROWS = 100
"""Rows of the table of all pairs at once: it stays in the cache of the processor."""
_BUCKET = 300


def images(series: pl.Series, shape: tuple[int, int, int]) -> Ints:
    """Pairs of nearly equal pictures, int64 [pairs, 2]: places in the series, the smaller first.

    ``series``: Array(UInt8) of ``shape`` [channels, height, width]. Exactly equal ones count as one; those of
    one colour, and what is missing, take no part. Looks at up to 200,000.
    """
    places = np.flatnonzero(series.is_not_null().to_numpy())[:_MOST]
    if len(places) < 2:
        return np.empty((0, 2), dtype=np.int64)
    cells = series.gather(places.tolist())
    _, first = np.unique(_digests(cells), return_index=True)
    places, cells = places[np.sort(first)], cells.gather(np.sort(first).tolist())
    small = thumbnails(cells, shape)
    flat = small.reshape(len(small), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(flat, axis=1)
    seen = np.flatnonzero(norms > 1.0)
    if len(seen) < 2:
        return np.empty((0, 2), dtype=np.int64)
    unit = flat[seen] / norms[seen, None]
    pairs = np.concatenate([np.empty((0, 2), dtype=np.int64), *_near(hashes(small[seen]))])
    if not len(pairs):
        return pairs
    alike = np.concatenate(
        [
            np.einsum("ij,ij->i", unit[part[:, 0]], unit[part[:, 1]])
            for part in np.split(pairs, range(_BLOCK, len(pairs), _BLOCK))
        ]
    )
    threshold = _threshold(alike)
    if threshold is None:
        return np.empty((0, 2), dtype=np.int64)
    found = np.sort(places[seen[pairs[alike >= threshold]]], axis=1)
    return found[np.lexsort((found[:, 1], found[:, 0]))]


def thumbnails(cells: pl.Series, shape: tuple[int, int, int]) -> Floats:
    """Grey pictures of 32 x 32, each pixel the mean of the area it stands for: float32 [n, 32, 32]."""
    made = np.empty((len(cells), SIDE, SIDE), dtype=np.float32)
    down, across = _areas(shape[1]), _areas(shape[2])
    grey = np.array([0.299, 0.587, 0.114] if shape[0] == 3 else [1.0], dtype=np.float32)
    for begin in range(0, len(cells), _BLOCK):
        part = cells[begin : begin + _BLOCK]
        pixels = part.explode().to_numpy().reshape(len(part), *shape).astype(np.float32)
        made[begin : begin + len(part)] = down @ np.tensordot(pixels, grey, axes=([1], [0])) @ across.T
    return made


def hashes(small: Floats) -> Hashes:
    """pHash of grey pictures [n, 32, 32]: uint64 [n]."""
    low = dctn(small, axes=(1, 2), norm="ortho")[:, :8, :8].reshape(len(small), 64)
    low[:, 0] = 0.0  # the brightness of the whole
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint64)[:, 0]


def _threshold(alike: Floats) -> float | None:
    for threshold in THRESHOLDS:
        above = int((alike >= threshold).sum())
        below = int(((alike < threshold) & (alike >= 2 * threshold - 1)).sum())
        if above and above >= CLEARLY * below:
            return threshold
    return None


def _near(codes: Hashes) -> Iterator[Ints]:
    """Pairs of hashes that differ in few bits: all of them up to 40,000 pictures, beyond that those that

    share a quarter of their bits."""
    if len(codes) <= _ALL_PAIRS:
        for begin in range(0, len(codes), _ROWS):
            apart = np.bitwise_count(codes[begin : begin + _ROWS, None] ^ codes[None, begin:])
            one, other = np.nonzero(apart <= BITS)
            later = other > one
            yield np.column_stack([one[later] + begin, other[later] + begin]).astype(np.int64)
        return
    found: set[tuple[int, int]] = set()
    for band in range(4):
        keys = (codes >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        order = np.argsort(keys, kind="stable")
        for bucket in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            some = np.sort(bucket)[:_BUCKET]
            one, other = np.triu_indices(len(some), 1)
            near = np.bitwise_count(codes[some[one]] ^ codes[some[other]]) <= BITS
            found.update(zip(some[one[near]].tolist(), some[other[near]].tolist(), strict=True))
    yield np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


def _areas(size: int) -> Floats:
    """How much each of ``size`` pixels gives to each of 32: float32 [32, size], rows sum to one."""
    edges = np.arange(SIDE + 1) * size / SIDE
    starts = np.arange(size)
    overlap = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    made = np.clip(overlap, 0.0, None)
    return np.asarray(made / made.sum(axis=1, keepdims=True), dtype=np.float32)


def _digests(cells: pl.Series) -> npt.NDArray[np.str_]:
    from modelwright.data.fingerprint import fingerprint

    return fingerprint(cells).to_numpy().astype(str)
