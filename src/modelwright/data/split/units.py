"""Units: rows that must stay on one side of every split, because they share a group or are exact copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from modelwright.data.fingerprint import fingerprints

Ints = npt.NDArray[np.int64]


def alike(frame: pl.DataFrame, columns: Sequence[str]) -> Ints:
    """For each row the number of its set of equal rows over ``columns``, counted by first appearance.

    int64 [n]. Missing values equal each other. Without columns every row is its own.
    """
    n = frame.height
    if not columns or n == 0:
        return np.arange(n, dtype=np.int64)
    sets = (
        fingerprints(frame.select(columns))
        .with_row_index("row#")
        .group_by(list(columns), maintain_order=True)
        .agg(pl.col("row#"))
        .select("row#")
        .with_row_index("set#")
        .explode("row#")
        .sort("row#")
    )
    return sets["set#"].to_numpy().astype(np.int64)


MANY = 0.1
"""Share of rows with a copy from which the question is asked whether they are copies at all."""
OFTEN = 0.05
"""Share of rows with equal inputs whose target is not the usual one of those inputs."""


def by_chance(copies: Ints, cells: Ints, target: Ints) -> bool:
    """Whether rows equal in inputs and target are different things that happen to be alike.

    ``cells`` are sets of rows equal in their inputs, ``target`` codes of the target's values. In a table of a
    few short columns most rows have an equal, and rows with equal inputs often differ in their target, which
    copies of one record never do. Binding such rows would put all "yes" rows of a cell on one side and its
    "no" rows on the other, so that a model learns the opposite of what it is tested on.
    """
    n = len(copies)
    if n == 0 or np.mean(np.bincount(copies)[copies] > 1) < MANY:
        return False
    repeated = np.bincount(cells)[cells] > 1
    pairs, counts = np.unique(np.column_stack([cells, target])[repeated], axis=0, return_counts=True)
    usual = np.zeros(int(cells.max()) + 1, dtype=np.int64)
    np.maximum.at(usual, pairs[:, 0], counts)
    return bool(1.0 - usual.sum() / max(1, int(repeated.sum())) >= OFTEN)


def groups(frame: pl.DataFrame, column: str | None) -> Ints | None:
    """For each row the number of its group; a row whose group is missing is a group of its own."""
    if column is None:
        return None
    codes = alike(frame, [column])
    missing = frame[column].is_null().to_numpy()
    codes[missing] = frame.height + np.flatnonzero(missing)
    return renumber(codes)


def joined(copies: Ints, group: Ints | None) -> Ints:
    """Units: rows that are copies or share a group, directly or through others, get one number."""
    if group is None:
        return renumber(copies)
    n = len(copies)
    offset = int(copies.max(initial=-1)) + 1
    size = offset + int(group.max(initial=-1)) + 1
    edges = coo_array((np.ones(n, dtype=np.int8), (copies, group + offset)), shape=(size, size))
    _, part = connected_components(edges, directed=False)
    return renumber(part[copies].astype(np.int64))


def renumber(codes: Ints) -> Ints:
    """The same partition with numbers 0, 1, ... in the order of first appearance."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def class_table(units: Ints, strata: Ints) -> Ints:
    """Rows of each unit in each stratum: int64 [units, strata]."""
    u, s = int(units.max(initial=-1)) + 1, int(strata.max(initial=0)) + 1
    return np.bincount(units * s + strata, minlength=u * s).reshape(u, s).astype(np.int64)
