"""On which parts of a picture, a sound, a series or a text an answer rests: what becomes of the answer
without each part, through the released graph.

Which parts there are and how they are drawn is said in the modalities (:mod:`modelwright.evidence.showing`).
What an answer loses without a part is no share of it: parts that stand for each other both seem to matter
little.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.records.data import ROW
from modelwright.core.records.pictures import Gallery
from modelwright.evidence.showing import EXPLAINS, Parts, Shown
from modelwright.evidence.testing.answers import Opened, Oracle
from modelwright.evidence.testing.hardest import said, typical
from modelwright.evidence.testing.losses import errors, surprise
from modelwright.features.typed import Typed
from modelwright.goal.metrics.scored import Scored

WRONG, RIGHT = 4, 4
"""Rows that are explained: of the largest loss, and of a usual one."""
TOP = 3
"""Parts of each row in the table."""
_WHAT = {
    "image": "Beside each picture: blue where covering it lowers the answer (it speaks for it), orange where "
    "covering it raises the answer.",
    "text": "Blue words speak for the answer: without them it is lower. Orange words, underlined, speak "
    "against it.",
    "audio": "Below each spectrogram (time to the right, low frequencies below): blue where silence lowers "
    "the answer (it speaks for it), orange where silence raises it.",
    "series": "Blue stretches speak for the answer: flat, they lower it. Orange ones speak against it.",
}


def choose(column: Shown, rows: Opened, scored: Scored, worst: list[int]) -> list[int]:
    """Positions: of usual rows, right ones where there are, and of those it gets most wrong, in turn; rows
    whose cell is missing are left out."""
    cells = column.cells(rows.typed)
    wrong = [p for p in worst if column.is_there(cells[p])][:WRONG]
    right = errors(scored) == 0
    usual = [p for p in typical(scored, 6 * RIGHT) if p not in wrong and column.is_there(cells[p])]
    if scored.values is None:
        # A poor model is usually wrong: then the right answers that it was least surprised by.
        best = np.argsort(surprise(scored), kind="stable")[: 2 * RIGHT].tolist()
        there = [int(p) for p in best if right[p] and column.is_there(cells[p])]
        usual = [p for p in usual if right[p]] or there
    spread = usual[:: max(1, len(usual) // RIGHT)][:RIGHT]
    return [p for pair in zip(spread, wrong, strict=False) for p in pair] + (
        spread[len(wrong) :] if len(spread) > len(wrong) else wrong[len(spread) :]
    )


def size(column: Shown, rows: Opened, chosen: list[int]) -> int:
    """Rows of the graph that one explanation costs, at most."""
    cells = column.cells(rows.typed)
    parts = EXPLAINS.get(column.kind).parts
    longest = sorted(chosen, key=lambda p: -len(cells[p]))[:1]  # texts differ in length, arrays do not
    return 1 + max((len(parts(cells[p], column.tensor).names) for p in longest), default=0)


def weights(
    oracle: Oracle, column: Shown, row: Typed, parts: Parts, code: int | None
) -> tuple[float, npt.NDArray[np.float64]]:
    """The answer to one row (the probability of class ``code``, or the value), and how much lower it is
    without each part: float64 [p]."""
    count = len(parts.names)
    many = row.take(np.zeros(count + 1, dtype=np.int64))
    changed = _with(many, column, parts.cells)
    made = oracle.outputs_of(changed)
    answers = made["value"] if code is None else made["probabilities"][:, code]
    answers = answers.astype(np.float64).reshape(-1)
    return float(answers[0]), answers[0] - answers[1:]


def _with(many: Typed, column: Shown, cells: npt.NDArray[Any]) -> Typed:
    """The first row as it is, the others with the cells in place of the column's."""
    if column.tensor is None:
        strings = many.strings.copy()
        strings[1:, column.place] = cells
        return replace(many, strings=strings)
    tensor = many.tensors[column.place].copy()
    tensor[1:] = cells
    tensors = (*many.tensors[: column.place], tensor, *many.tensors[column.place + 1 :])
    return replace(many, tensors=tensors)


def report(
    oracle: Oracle, column: Shown, rows: Opened, scored: Scored, chosen: list[int], book: Book
) -> None:
    """The gallery ``explained`` of one column, with the strongest parts as its table."""
    explain = EXPLAINS.get(column.kind)
    cells = column.cells(rows.typed)
    shown, lines = [], []
    for position in chosen:
        cell = cells[position]
        parts = explain.parts(cell, column.tensor)
        code = None if scored.labels is None else int(scored.labels[position])
        row = rows.typed.take(np.array([position], dtype=np.int64))
        answer, lost = weights(oracle, column, row, parts, code)
        words = said(rows, scored, position)
        strongest = [int(i) for i in np.argsort(-np.abs(lost), kind="stable")[:TOP]]
        named = ", ".join(f"{parts.names[i]} ({-lost[i]:+.3g} without it)" for i in strongest)
        shown.append(explain.picture(cell, column.tensor, lost, f"{words}; strongest: {named}", words))
        of = "value" if code is None else rows.classes[code]
        lines += [
            (rows.frame[ROW][position], of, answer, parts.names[i], float(answer - lost[i]), float(-lost[i]))
            for i in strongest
        ]
    book.gallery(
        Gallery(
            f"explained-{column.kind}:{column.name}",
            f"What the answers rest on in {column.name}",
            tuple(shown),
            note=f"{_WHAT[column.kind]} Each has its own scale. Of parts that stand for each other "
            "each seems to matter little.",
            columns=("row", "answer", "is", "part", "without it", "change"),
            rows=tuple(lines),
        )
    )
