"""One fit: a family, a configuration, a fold. What comes out is a graph and its held-out predictions.

The predictions are the graph's own, so what is compared, chosen and calibrated on is what would ship; a fit
whose graph disagrees with its model is a failed fit.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from modelwright.core.errors import ModelwrightError, Stopped
from modelwright.features.defaults import Style, Variant, default_recipe
from modelwright.features.facts import column_facts
from modelwright.features.recipe import FittedRecipe
from modelwright.features.told import Told, told
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import add_inputs
from modelwright.graph.price import single_row_us
from modelwright.graph.session import session
from modelwright.models.families import FAMILIES
from modelwright.models.family import (
    RECIPE,
    Deadline,
    Fitted,
    FittedOnColumns,
    OutOfTime,
    Rows,
    Watch,
    never_stop,
)
from modelwright.models.pruning import Bar, below
from modelwright.models.rows import ALL, Learning, Part, Place
from modelwright.models.score import score

TRAIN_SCORE_ROWS = 2000
"""Training rows that are scored to tell over- from underfitting; more would not change the diagnosis."""
CLASS_WEIGHTS = "class_weights"
"""Key of a configuration, for any family: classes weigh the same while it is fitted."""
OURS = frozenset({CLASS_WEIGHTS, RECIPE})
"""Keys that are no business of the family."""
MOST_DENSE = 200_000
"""Training rows of families that take categories as columns of their own: a million rows of a hundred of
those are gigabytes, and more than such a family goes through in its time. Trees take all rows. What was
sampled is said (``train.sampled``)."""
CHUNK = 1024
"""Rows that pass a graph at once: distances to ten thousand rows, or answers of a thousand trees, are as many
numbers for each."""
CHECK_ROWS = 512
"""Rows on which graph and model are compared at each fit; all rows are compared before a release."""


@dataclass(frozen=True, slots=True)
class Job:
    """One fit to be made."""

    family: str
    config: dict[str, Any]
    fold: int
    seed: int
    threads: int = 1
    seconds: float | None = None
    """Of wall clock, from the moment the job begins; not a part of its key."""
    sample: float = 1.0
    """Share of the training rows to fit on (learning curves)."""
    before: bool = False
    """Whether to learn from the labels as they were before people mended some (``models/mended.py``)."""
    bar: Bar = ()
    """What its validation loss has to reach by which epoch; not a part of its key."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """What is remembered of a fit besides its graph and its predictions."""

    family: str
    config: dict[str, Any]
    fold: int
    rounds: int = 1
    stopped: str = ""
    curve: tuple[tuple[int, float, float], ...] = ()
    score: float = float("nan")
    """Of the held-out rows; larger is better."""
    train_score: float = float("nan")
    rows: int = 0
    seconds: float = 0.0
    predict_us: float = float("nan")
    size: int = 0
    single_us: float = float("nan")
    """Microseconds of a single row in the graph, counted and not timed."""
    recipe: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    """What the recipe does to each column."""
    features: int = 0
    difference: float = 0.0
    """Largest difference between graph and model on the rows compared."""
    error: str = ""
    """Why it failed; empty when it did not."""
    status: str = "fitted"
    settings: dict[str, Any] = field(default_factory=dict)
    """How a network was trained: settings, rates by epoch, what watchers saw (JSON)."""


@dataclass(frozen=True, slots=True)
class Product:
    """A finished fit: facts, graph, and predictions of the held-out rows (float64 [n, k])."""

    result: FitResult
    graph: bytes
    scores: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Prepared:
    recipe: FittedRecipe | None
    """None where there is nothing for a matrix: media alone."""
    train: Rows
    valid: Rows | None
    part: Part


class Bench:
    """Rows in memory and recipes fitted so far; lives as long as its process."""

    RECIPES = 12

    def __init__(self, read: Callable[[Place], Learning] = Learning.read) -> None:
        self._read = read
        self._learning: dict[str, Learning] = {}
        self._prepared: OrderedDict[tuple[Any, ...], _Prepared] = OrderedDict()

    def learning(self, place: Place) -> Learning:
        key = repr(place)
        if key not in self._learning:
            self._learning.clear()
            self._prepared.clear()
            self._learning[key] = self._read(place)
        return self._learning[key]

    def prepared(
        self,
        place: Place,
        style: Style,
        fold: int,
        sample: float,
        seed: int,
        variant: Variant = "plain",
        before: bool = False,
    ) -> _Prepared:
        """The recipe fitted on the training rows of a fold, and the matrices it makes."""
        learning = self.learning(place)
        if before and learning.before is not None:
            learning = replace(learning, y=learning.before)
        key = (place.digest, style, variant, fold, sample, seed, before)
        if key in self._prepared:
            self._prepared.move_to_end(key)
            return self._prepared[key]
        part = learning.part(fold)
        rows = part.train
        size = max(10, int(len(rows) * sample)) if sample < 1.0 else len(rows)
        if style == "dense" and variant != "beside":
            size = min(size, MOST_DENSE)
        if size < len(rows):
            rows = np.sort(np.random.default_rng(seed).permutation(rows)[:size])
        typed = learning.typed.take(rows)
        target = learning.target_of(rows)
        outputs = target.values.shape[1]
        recipe = default_recipe(style, typed.signature, column_facts(typed), outputs, variant)
        recipe = replace(recipe, winsorise=place.winsorise)
        fitted: FittedRecipe | None = None
        matrix = np.empty((len(rows), 0), dtype=np.float32)
        if recipe.steps or variant != "beside":
            fitted, matrix = recipe.fit(typed, target, seed)

        def made(
            x: npt.NDArray[np.float32], where: npt.NDArray[np.int64], typed: Typed, y: npt.NDArray[Any]
        ) -> Rows:
            weights = None if learning.weights is None else learning.weights[where]
            names, marks = ((), ()) if fitted is None else (fitted.names, fitted.categorical)
            columns = typed if variant == "beside" else None
            return Rows(np.ascontiguousarray(x), y[where], weights, names, marks, columns)

        valid = None
        if fold != ALL:
            held = learning.typed.take(part.valid)
            valid = made(matrix_of(fitted, held), part.valid, held, self.learning(place).y)
        result = _Prepared(fitted, made(matrix, rows, typed, learning.y), valid, Part(rows, part.valid))
        self._prepared[key] = result
        while len(self._prepared) > self.RECIPES:
            self._prepared.popitem(last=False)
        return result


def balanced(rows: Rows, classes: int) -> Rows:
    """The same rows, every class with the same total weight (King and Zeng 2001). Held-out rows keep theirs,
    so whether it helps is judged on the data as it is."""
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    totals = np.bincount(rows.y, weights=weights, minlength=classes)
    factors = np.divide(totals.sum() / max(classes, 1), totals, out=np.zeros(classes), where=totals > 0)
    return replace(rows, weights=weights * factors[rows.y])


def matrix_of(recipe: FittedRecipe | None, typed: Typed) -> npt.NDArray[np.float32]:
    """float32 [n, m]; without columns where there is no recipe."""
    return np.empty((typed.rows, 0), dtype=np.float32) if recipe is None else recipe.apply(typed)


def graph_of(
    recipe: FittedRecipe | None, model: Fitted | FittedOnColumns, typed: Typed, outputs: int
) -> bytes:
    """The subgraph from typed columns to ``scores`` float32 [N, outputs], as bytes."""
    graph = GraphBuilder("member")
    inputs = add_inputs(graph, typed.signature)
    x = None if recipe is None else recipe.to_graph(graph, inputs)
    if hasattr(model, "to_graph_typed"):
        scores = model.to_graph_typed(graph, x, inputs)
    else:
        assert x is not None
        scores = model.to_graph(graph, x)
    graph.output(scores, "scores", "float32", outputs)
    return bytes(graph.build().SerializeToString(deterministic=True))


def run_graph(graph: bytes, typed: Typed) -> npt.NDArray[np.float64]:
    """``scores`` float64 [n, k] of a member graph, in chunks so that memory stays bounded."""
    return _run(session(graph), typed)


def _run(runner: Any, typed: Typed) -> npt.NDArray[np.float64]:
    names = {i.name for i in runner.get_inputs()}
    chunks = []
    size = typed.signature.at_once(CHUNK)
    for start in range(0, max(typed.rows, 1), size):
        feeds = typed.take(slice(start, start + size)).feeds()
        chunks.append(runner.run(["scores"], {k: v for k, v in feeds.items() if k in names})[0])
    return np.concatenate(chunks).astype(np.float64)


def fit(
    bench: Bench, place: Place, job: Job, watch: Watch = never_stop, notes: Path | None = None
) -> Product:
    """Carry out a job. A fit that fails says why in ``result.error``; only defects raise.

    ``notes``: a folder of this fit, where families that can go on after a kill leave their checkpoints.
    """
    began = time.monotonic()
    deadline = Deadline.after(job.seconds)
    family = FAMILIES.get(job.family)
    learning = bench.learning(place)
    task = place.task
    outputs = 1 if task.problem == "regression" else task.classes

    def failed(why: str, status: str) -> Product:
        result = FitResult(
            job.family, job.config, job.fold, seconds=time.monotonic() - began, error=why, status=status
        )
        return Product(result, b"", np.empty((0, outputs)))

    try:
        # What a person is to read is made of the columns as they are.
        variant: Variant = "simple" if family.tags.interpretable else job.config.get(RECIPE, "plain")
        if family.tags.typed:
            variant = "beside"
        ready = bench.prepared(place, family.tags.recipe, job.fold, job.sample, job.seed, variant, job.before)
        if ready.train.x.shape[1] == 0 and not (family.tags.baseline or family.tags.typed):
            return failed("no usable feature", "failed")
        config = {name: value for name, value in job.config.items() if name not in OURS}
        more = {"notes": notes} if family.tags.keeps and notes is not None else {}
        model = family.fit(
            task,
            balanced(ready.train, task.classes) if job.config.get(CLASS_WEIGHTS) else ready.train,
            ready.valid,
            config,
            seed=job.seed,
            threads=job.threads,
            deadline=deadline,
            watch=below(job.bar, watch) if job.bar else watch,
            **more,
        )
        if job.bar and model.stopped == "watch":
            return failed("its validation loss was worse than the median of earlier fits", "pruned")
    except OutOfTime as error:
        return failed(str(error) or "out of time", "out of time")
    except Stopped:
        raise  # a signal, in a fit of this very process
    except ModelwrightError as error:
        return failed(error.message, "failed")
    except (ValueError, FloatingPointError, np.linalg.LinAlgError, MemoryError) as error:
        return failed(f"{type(error).__name__}: {error}", "failed")
    graph = graph_of(ready.recipe, model, learning.typed, outputs)
    held = ready.part.valid if job.fold != ALL else ready.part.train[:CHECK_ROWS]
    typed = learning.typed.take(held)
    runner = session(graph, job.threads)
    t0 = time.perf_counter()
    scores = _run(runner, typed)
    predict_us = (time.perf_counter() - t0) / max(len(held), 1) * 1e6
    difference = disagreement(ready.recipe, model, typed, scores)
    if not np.isfinite(scores).all():
        return failed("its predictions are not finite", "failed")
    if difference > family.tags.tolerance:
        return failed(f"its graph differs from its model by {difference:.2g}", "failed")
    held_score = train_score = float("nan")
    if job.fold != ALL:
        held_score = score(place.metric, task.problem, learning.y[held], scores, learning.weights_of(held))
        some = ready.part.train[:: max(1, len(ready.part.train) // TRAIN_SCORE_ROWS)]
        seen = _run(runner, learning.typed.take(some))
        train_score = score(place.metric, task.problem, learning.y[some], seen, learning.weights_of(some))
    result = FitResult(
        family=job.family,
        config=job.config,
        fold=job.fold,
        rounds=model.rounds,
        stopped=model.stopped,
        curve=thin(model.curve),
        settings=dict(getattr(model, "facts", {})),
        score=held_score,
        train_score=train_score,
        rows=len(ready.part.train),
        seconds=time.monotonic() - began,
        predict_us=predict_us,
        size=len(graph),
        single_us=single_row_us(onnx.load_from_string(graph)),
        recipe=() if ready.recipe is None else tuple(ready.recipe.sentences()),
        told=() if ready.recipe is None else told(ready.recipe, learning.typed.signature),
        features=int(ready.train.x.shape[1]),
        difference=difference,
    )
    return Product(result, graph, scores if job.fold != ALL else scores[:0])


def disagreement(
    recipe: FittedRecipe | None,
    model: Fitted | FittedOnColumns,
    typed: Typed,
    scores: npt.NDArray[np.float64],
) -> float:
    """Largest difference between the model and its graph on some rows: of probabilities, or of values
    relative to their spread."""
    some = slice(0, CHECK_ROWS)
    rows = typed.take(some)
    x = matrix_of(recipe, rows)
    direct = model.predict_typed(x, rows) if hasattr(model, "predict_typed") else model.predict(x)
    if direct.shape[0] == 0:
        return 0.0
    scale = 1.0 if direct.shape[1] > 1 else max(float(np.abs(direct).max()), 1e-12)
    return float(np.abs(direct - scores[some]).max() / scale)


def thin(
    curve: tuple[tuple[int, float, float], ...], most: int = 100
) -> tuple[tuple[int, float, float], ...]:
    """At most ``most`` points of a learning curve, the last one always among them."""
    if len(curve) <= most:
        return tuple(curve)
    step = -(-len(curve) // most)
    return (*curve[:-1:step], curve[-1])
