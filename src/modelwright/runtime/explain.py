"""Why a row got its prediction: Shapley values by sampling, from the bundle alone.

A column's contribution is how much the answer moves, on average, when its value becomes known, over all
orders in which the columns could become known (Shapley, 1953). The average is estimated by walking through
random orders (Štrumbelj and Kononenko, "Explaining prediction models and individual predictions with feature
contributions", 2014), each order also backwards (antithetic; Mitchell et al., 2022), with a standard error.

A column that is not known yet has a value drawn from ``reference.json``, each column by itself: it says what
the model does, not what the world does, and where columns go together it tries rows that do not occur.
An image, a sound or a series counts as one column: how much the answer moves when it becomes known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadData
from modelwright.runtime.model import Arrays, Model
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME

WALKS: Final = 64
EVALUATIONS: Final = 8192
"""Passes through the graph for one row at most, whatever ``walks`` says (but never fewer than four walks)."""
RARE: Final = "\x00rare"
"""A category that no vocabulary holds: it stands for the values too rare to be listed."""
_AT_ONCE: Final = 200_000
"""Cells of the rows that are tried in one piece; bounds the memory."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Contributions of the input columns to the answers of n rows.

    ``values[i] == base[i] + contributions[i].sum()`` up to rounding: the contributions share out the
    difference between the row's answer and the average answer.
    """

    columns: tuple[str, ...]
    of: tuple[str, ...]
    """What is explained, row by row: the class whose probability it is, or "value"."""
    values: npt.NDArray[np.float64]
    """[n]: probability of that class, or the predicted value."""
    base: npt.NDArray[np.float64]
    """[n]: the average answer over the values drawn from the reference."""
    contributions: npt.NDArray[np.float64]
    """[n, columns], in units of the answer."""
    errors: npt.NDArray[np.float64]
    """[n, columns]: standard errors of the contributions, from the sampling alone."""
    walks: int
    method: str

    def top(self, row: int, most: int = 5) -> list[tuple[str, float, float]]:
        """The columns that moved one row's answer most: (name, contribution, standard error)."""
        order = np.argsort(-np.abs(self.contributions[row]), kind="stable")[:most]
        return [
            (self.columns[j], float(self.contributions[row, j]), float(self.errors[row, j])) for j in order
        ]


def explain(
    model: Model,
    rows: Any,
    *,
    of: str | None = None,
    walks: int = WALKS,
    seed: int = 0,
    reference: dict[str, Any] | None = None,
) -> Explanation:
    """Explain the predictions of rows (in any form that :class:`Model` takes).

    ``of``: the class whose probability is explained (default: each row's predicted class). ``walks``: random
    orders, an even number of at least four; a row costs ``walks * (columns + 1)`` passes through the graph,
    at most about ``EVALUATIONS``. All rows share the same orders and draws, so they can be compared and the
    answer depends on the seed alone. ``reference``: another ``reference.json`` than the bundle's.

    Raises :class:`BadData` for a class that the model does not have, or for rows it cannot take.
    """
    if of is not None and of not in model.classes:
        names = ", ".join(model.classes) or "none: it predicts values"
        raise BadData(
            f"the model has no class {of!r}",
            code="explain.class",
            hint=f"its classes are {names}",
        )
    feeds = model.typed(rows)
    n = len(next(iter(feeds.values())))
    made = model.predict_typed(feeds)
    tensors = model.tensors
    columns = tensors.names
    d = len(columns)
    pairs = max(2, min(walks, EVALUATIONS // (d + 1)) // 2)
    rng = np.random.default_rng(seed)
    ranks = np.empty((2 * pairs, d), dtype=np.int64)
    for pair in range(pairs):
        rank = rng.permutation(d)
        ranks[2 * pair], ranks[2 * pair + 1] = rank, d - 1 - rank
    drawn = _draw(model, reference or model.bundle.json("reference.json"), pairs, rng)
    background = {name: np.repeat(array, 2, axis=0) for name, array in drawn.items()}
    # known[w, step, column]: whether the column has the row's own value at that step of that walk.
    known = ranks[:, None, :] < np.arange(d + 1)[None, :, None]
    codes = _codes(model, made, of, n)
    values, base = np.empty(n), np.empty(n)
    contributions, errors = np.empty((n, d)), np.empty((n, d))
    for row in range(n):
        answers = _answers(model, {k: v[row] for k, v in feeds.items()}, background, known, int(codes[row]))
        steps = np.diff(answers, axis=1)
        moved = np.take_along_axis(steps, ranks, axis=1).reshape(pairs, 2, d).mean(axis=1)
        values[row], base[row] = answers[0, -1], answers[:, 0].mean()
        contributions[row] = moved.mean(axis=0)
        errors[row] = moved.std(axis=0, ddof=1) / np.sqrt(pairs)
    return Explanation(
        columns=columns,
        of=tuple(model.classes[c] for c in codes) if model.classes else ("value",) * n,
        values=values,
        base=base,
        contributions=contributions,
        errors=errors,
        walks=2 * pairs,
        method=(
            f"Shapley values by sampling (Štrumbelj and Kononenko, 2014): {2 * pairs} walks, each order also "
            "backwards; columns not yet known take values of the reference, each by itself; texts, media "
            f"and personal columns are then missing; seed {seed}"
        ),
    )


def _codes(model: Model, made: Arrays, of: str | None, n: int) -> npt.NDArray[np.int64]:
    """The class that is explained for each row; 0 for regression."""
    if not model.classes:
        return np.zeros(n, dtype=np.int64)
    if of is not None:
        return np.full(n, model.classes.index(of), dtype=np.int64)
    return made["label"].astype(np.int64)


def _answers(
    model: Model, row: Arrays, background: Arrays, known: npt.NDArray[np.bool_], code: int
) -> npt.NDArray[np.float64]:
    """The answers along all walks of one row: float64 [walks, columns + 1], from nothing known to all.

    A cell of media that is not known is missing: a reference holds none, and none can be drawn from it.
    """
    walks, steps, d = known.shape
    size = max(1, _AT_ONCE // (steps * max(d, sum(tensor.size for tensor in model.tensors.tensors))))
    parts = []
    for at in range(0, walks, size):
        some = slice(at, min(at + size, walks))
        feeds: Arrays = {}
        start = 0
        for name, own in row.items():
            if name.startswith("tensor_"):
                there = known[some, :, start].reshape(-1, *[1] * own.ndim)
                start += 1
                feeds[name] = np.where(there, own, np.zeros((), dtype=own.dtype))
                continue
            end = start + len(own)
            mixed = np.where(known[some, :, start:end], own, background[name][some, None, :])
            feeds[name] = np.ascontiguousarray(mixed.reshape(-1, len(own)))
            start = end
        made = model.predict_typed(feeds)
        answer = made["probabilities"][:, code] if model.classes else made["prediction"]
        parts.append(answer.astype(np.float64).reshape(-1, steps))
    return np.concatenate(parts)


def _draw(model: Model, reference: dict[str, Any], pairs: int, rng: np.random.Generator) -> Arrays:
    """Values of the reference: ``pairs`` for each column, as the graph's tensors."""
    entries = reference["columns"]
    tensors = model.tensors
    made: Arrays = {}
    if tensors.numbers:
        numbers = [_spread(entries[name], pairs, rng, float("nan")) for name in tensors.numbers]
        made["numbers"] = np.array(numbers, dtype=np.float64).T
    if tensors.strings:
        strings = np.empty((pairs, len(tensors.strings)), dtype=object)
        for j, name in enumerate(tensors.strings):
            strings[:, j] = _spread(entries[name], pairs, rng, NULL_TEXT)
        made["strings"] = strings
    if tensors.times:
        times = [_spread(entries[name], pairs, rng, NULL_TIME) for name in tensors.times]
        made["times"] = np.array(times, dtype=np.int64).T
    return made


def _spread(entry: dict[str, Any], pairs: int, rng: np.random.Generator, null: Any) -> list[Any]:
    """Values of one column in the shares that the reference gives, in random order.

    Stratified (evenly spaced quantiles of the shares), so that few draws already look like the reference.
    """
    choices: list[Any] = [null]
    counts: list[float] = [float(entry["missing"])]
    if entry.get("private") or entry["kind"] == "text":
        choices, counts = [null], [1.0]
    elif "values" in entry:
        choices += [value for value, _ in entry["values"]] + [RARE if entry["kind"] == "category" else null]
        counts += [float(count) for _, count in entry["values"]] + [float(entry["other"])]
    else:
        choices += [int(m) if entry["kind"] == "date" else float(m) for m in entry["means"]]
        counts += [float(count) for count in entry["counts"]]
    shares = np.cumsum(counts)
    if not shares[-1] > 0:
        return [null] * pairs
    points = (np.arange(pairs) + rng.random(pairs)) / pairs * shares[-1]
    places = np.minimum(np.searchsorted(shares, points, side="right"), len(choices) - 1)
    return [choices[int(p)] for p in rng.permutation(places)]
