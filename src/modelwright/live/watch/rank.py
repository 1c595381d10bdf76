"""Drift by what it does to the prediction, and not by its size.

For each column recent rows pass the model with the column's live values in another order, and with values of
the reference in their place, the lowest for the lowest, up to the highest for the highest. All else is equal,
and in both the column is independent of the others, so that the difference of the average answers is what the
column's own drift does. Its standard error holds the sampling of live and reference rows: the variance of
what the column by itself does to the answer is the covariance of two passes which have nothing else in common
(Sobol's pick-freeze estimator).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.live.watch.rows import Batch, feeds
from modelwright.live.watch.streams import as_numbers
from modelwright.runtime.model import Arrays, Model
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME

ROWS: Final = 1000
"""Recent rows that are passed through the model for each column, at most."""
CELLS: Final = 2_000_000
"""Rows times columns of all passes together, at most: bounds the time for wide tables."""
MOVES: Final = 0.01
"""A column moves the prediction where it changes the class shares by one in a hundred, or the mean of numbers
by one hundredth of their spread, with two standard errors to spare."""
RARE: Final = "\x00rare"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one column's drift does to the average answer.

    ``size``: classes: total variation between the average probabilities, 0 to 1; numbers: the absolute change
    of the mean, in units of the target. ``scaled``: the same as a share (of the predictions' spread).
    """

    size: float
    error: float
    scaled: float
    moves: bool


def effects(model: Model, reference: dict[str, Any], batch: Batch, *, seed: int = 0) -> dict[str, Effect]:
    """The effect of each input column on recent rows; columns that the log does not hold are left out.

    Costs three passes a column of at most ``ROWS`` rows through the graph. None for models with columns of
    media: the log does not hold their cells, and without them the model would answer something else.
    """
    if model.tensors.tensors:
        return {}
    n = len(batch)
    columns = batch.typed()
    usable = [
        name
        for name in model.tensors.names
        if name in columns and name in reference["columns"] and _known(reference["columns"][name])
    ]
    if n < 20 or not usable:
        return {}
    rng = np.random.default_rng(seed)
    most = max(50, min(ROWS, CELLS // (3 * len(usable))))
    rows = rng.permutation(n)[:most] if n > most else np.arange(n)
    held = {name: values[rows] for name, values in columns.items()}
    base = _answers(model, feeds(model, held, len(rows)))
    spread = float(base.std()) if not model.classes else 1.0
    made = {}
    for name in usable:
        entry = reference["columns"][name]
        m = len(rows)
        every = np.sort(_live(entry, columns[name], batch, name))
        live = every[((np.arange(m) + 0.5) / m * n).astype(np.int64)]
        drawn = np.sort(draw(entry, m, rng))
        one, two = rng.permutation(m), rng.permutation(m)
        passes = [
            _answers(model, feeds(model, {**held, name: values[order]}, m))[np.argsort(order)]
            for values, order in ((live, one), (live, two), (drawn, one))
        ]
        made[name] = _effect(passes, bool(model.classes), spread, n, int(entry["rows"]))
    return made


def _effect(passes: list[Floats], classes: bool, spread: float, n: int, reference: int) -> Effect:
    """From the answers [m, k] to the live values in two orders of the other columns, and to the reference's;
    ``n`` live rows and ``reference`` rows are behind them."""
    live, again, drawn = passes
    mean = (live - drawn).mean(axis=0)
    towards = np.sign(mean) / 2 if classes else np.ones(1)
    a, b, gap = live @ towards, again @ towards, (live - drawn) @ towards
    size = float(np.abs(mean).sum()) / 2 if classes else float(abs(mean[0]))
    scaled = size if classes else size / spread if spread > 0 else 0.0
    # The covariance of a weak column drowns in the others' noise: its own standard error is added.
    own = max(float(np.cov(a, b)[0, 1]), 0.0) + float(a.std() * b.std()) / math.sqrt(len(a))
    error = math.sqrt(own * (1 / n + 1 / reference) + float(gap.var(ddof=1)) / len(gap))
    sure = size - 2 * error
    floor = MOVES if classes else MOVES * spread
    return Effect(size, error, scaled, bool(sure > floor))


def _answers(model: Model, given: Arrays) -> Floats:
    made = model.predict_typed(given)
    if model.classes:
        return made["probabilities"].astype(np.float64)
    return made["prediction"].astype(np.float64)[:, None]


def draw(entry: dict[str, Any], n: int, rng: np.random.Generator) -> npt.NDArray[Any]:
    """n values in the shares of the reference, evenly spread over them, in random order."""
    null, choices, counts = _choices(entry)
    shares = np.cumsum(counts)
    points = (np.arange(n) + rng.random(n)) / n * shares[-1]
    places = np.minimum(np.searchsorted(shares, points, side="right"), len(choices) - 1)
    dtype: Any = {"category": object, "date": np.int64}.get(entry["kind"], np.float64)
    values = np.empty(len(choices), dtype=dtype)
    values[:] = [null if c is None else c for c in choices]
    return np.asarray(values[rng.permutation(places)])


def _known(entry: dict[str, Any]) -> bool:
    """Whether values can be drawn at all."""
    if entry.get("private") or entry["kind"] == "text":
        return False
    return sum(_choices(entry)[2]) > 0


def _choices(entry: dict[str, Any]) -> tuple[Any, list[Any], list[float]]:
    null: Any = {"category": NULL_TEXT, "date": NULL_TIME}.get(entry["kind"], np.nan)
    choices: list[Any] = [None]
    counts = [float(entry["missing"])]
    if "values" in entry:
        rare = RARE if entry["kind"] == "category" else None
        choices += [*(value for value, _ in entry["values"]), rare]
        counts += [*(float(count) for _, count in entry["values"]), float(entry["other"])]
    else:
        choices += [int(m) if entry["kind"] == "date" else float(m) for m in entry["means"]]
        counts += [float(count) for count in entry["counts"]]
    return null, choices, counts


def _live(
    entry: dict[str, Any],
    values: npt.NDArray[Any],
    batch: Batch,
    name: str,
) -> npt.NDArray[Any]:
    """Live values, inner ones as the mean of their bin: the reference knows no more of its own."""
    if "edges" not in entry or len(entry["edges"]) < 2:
        return values
    numbers = as_numbers(batch.columns[name], entry["kind"])
    edges, means = np.asarray(entry["edges"], dtype=np.float64), np.asarray(entry["means"], dtype=np.float64)
    inner = (numbers > edges[0]) & (numbers <= edges[-1])
    places = np.searchsorted(edges, np.where(inner, numbers, edges[0]), side="left")
    made = values.copy()
    made[inner] = means[places[inner]].astype(values.dtype)
    return made
