"""Why single rows got their answers: Shapley values by sampling, through the released graph.

A column's contribution is how much the answer moves, on average, when its value becomes known, over random
orders of the columns (Shapley 1953; Strumbelj & Kononenko 2014), each order also backwards. Columns not yet
known have the values of one development row at a time, so that what goes together stays together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.records.data import ROW
from modelwright.core.records.evidence import Table
from modelwright.evidence.testing.answers import Opened, Oracle
from modelwright.evidence.testing.shown import cell
from modelwright.features.typed import Typed

PAIRS = 24
"""Random orders, each walked both ways."""
TOP = 5


@dataclass(frozen=True, slots=True)
class Explained:
    """``contributions`` and their standard ``errors`` [rows, columns] add up to ``values - base`` [rows]."""

    columns: tuple[str, ...]
    values: npt.NDArray[np.float64]
    base: npt.NDArray[np.float64]
    contributions: npt.NDArray[np.float64]
    errors: npt.NDArray[np.float64]


def explain(
    oracle: Oracle,
    typed: Typed,
    codes: npt.NDArray[np.int64] | None,
    background: Typed,
    seed: int,
    pairs: int = PAIRS,
) -> Explained:
    """Explain the answer to each row: the probability of class ``codes`` [n], or the value (None).

    Costs ``2 * pairs * (columns + 1)`` rows of the graph a row. ``background``: rows that stand for what is
    not known."""
    names = typed.signature.names
    d = len(names)
    rng = np.random.default_rng(seed)
    ranks = np.empty((2 * pairs, d), dtype=np.int64)
    for p in range(pairs):
        rank = rng.permutation(d)
        ranks[2 * p], ranks[2 * p + 1] = rank, d - 1 - rank
    behind = background.take(np.repeat(rng.integers(0, background.rows, pairs), 2 * (d + 1)))
    known = (ranks[:, None, :] < np.arange(d + 1)[None, :, None]).reshape(-1, d)
    values, base = np.empty(typed.rows), np.empty(typed.rows)
    contributions, errors = np.empty((typed.rows, d)), np.empty((typed.rows, d))
    for i in range(typed.rows):
        made = oracle.outputs_of(_mixed(typed, i, behind, known))
        answer = made["value"] if codes is None else made["probabilities"][:, codes[i]]
        walks = answer.astype(np.float64).reshape(2 * pairs, d + 1)
        steps = np.take_along_axis(np.diff(walks, axis=1), ranks, axis=1)
        moved = steps.reshape(pairs, 2, d).mean(axis=1)
        values[i], base[i] = walks[0, -1], walks[:, 0].mean()
        contributions[i] = moved.mean(axis=0)
        errors[i] = moved.std(axis=0, ddof=1) / np.sqrt(pairs)
    return Explained(names, values, base, contributions, errors)


def _mixed(typed: Typed, row: int, behind: Typed, known: npt.NDArray[np.bool_]) -> Typed:
    """The row where columns are known, and the background rows where they are not."""
    a, b = typed.numbers.shape[1], typed.numbers.shape[1] + typed.strings.shape[1]
    c = b + typed.times.shape[1]
    return Typed(
        typed.signature,
        np.where(known[:, :a], typed.numbers[row], behind.numbers),
        np.where(known[:, a:b], typed.strings[row], behind.strings),
        np.where(known[:, b:c], typed.times[row], behind.times),
        tuple(
            np.where(known[:, c + j].reshape(-1, *[1] * (tensor.ndim - 1)), tensor[row], behind.tensors[j])
            for j, tensor in enumerate(typed.tensors)
        ),
    )


def report(
    oracle: Oracle,
    rows: Opened,
    chosen: list[tuple[str, int]],
    background: Typed,
    private: frozenset[str],
    seed: int,
    book: Book,
) -> None:
    """The table ``explanations`` of the chosen rows (kind, position): what moved each answer most."""
    positions = np.array([p for _, p in chosen], dtype=np.int64)
    some = rows.take(positions)
    made = oracle.outputs_of(some.typed)
    codes = None if rows.problem == "regression" else made["label"].astype(np.int64)
    found = explain(oracle, some.typed, codes, background, seed)
    numbers = rows.frame[ROW].to_list()
    lines: list[tuple[str | float | int | None, ...]] = []
    for i, (kind, position) in enumerate(chosen):
        of = "value" if codes is None else rows.classes[int(codes[i])]
        for j in np.argsort(-np.abs(found.contributions[i]), kind="stable")[:TOP]:
            name = found.columns[j]
            shown = cell(rows.frame, position, name, private)
            moved, error = float(found.contributions[i, j]), float(found.errors[i, j])
            lines.append(
                (
                    numbers[position],
                    kind,
                    of,
                    float(found.values[i]),
                    float(found.base[i]),
                    name,
                    shown,
                    moved,
                    error,
                )
            )
    book.table(
        Table(
            "explanations",
            "Why these rows got their answers",
            (
                "row",
                "kind",
                "answer",
                "is",
                "on average",
                "column",
                "its value",
                "moved it by",
                "standard error",
            ),
            tuple(lines),
            note=f"Shapley values by sampling, {2 * PAIRS} walks a row, the {TOP} largest of each row. The "
            "answer is the probability of the predicted class, or the predicted value. Rows are counted from "
            "0 as collected.",
        )
    )
