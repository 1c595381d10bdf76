"""A smaller network that learns from the answers of the chosen ones (distillation; Hinton et al., 2015).

The teacher's probabilities of the training rows are the student's target: a row counts once for each class
that the teacher thinks possible, with that probability as its weight, which makes the cross entropy with the
teacher's whole answer out of that with one class. The student never learns from the held-out rows of the fold
that it is measured on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.errors import ModelwrightError, Stopped
from modelwright.core.records.blob import Blob
from modelwright.core.records.models import Member, Shrunk
from modelwright.features.told import told
from modelwright.graph.pooling import pooled
from modelwright.models.families import FAMILIES
from modelwright.models.family import Deadline, OutOfTime, Rows
from modelwright.models.fit import Bench, graph_of, run_graph
from modelwright.models.rows import Learning, Place

SHARE = 0.3
"""Part of the time that is kept for the student."""
POSSIBLE = 0.02
"""Probabilities below this are not learned: they would be rows of hardly any weight."""
ALLOWED = 0.01
"""Part of the held-out score that a student may be behind."""
WIDTHS = ("base", "width", "channels", "hidden")
"""Keys of a configuration that say how wide a network is; half of it is the student's."""
NARROWEST = 8
CALLS = 40
"""Single rows that are timed, each with another row."""

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Student:
    """What may ship in place of the chosen: one member, and its held-out scores of the rows at ``rows``."""

    members: tuple[Member, ...]
    rows: npt.NDArray[np.int64]
    scores: Scores
    ships: bool
    measured: tuple[Shrunk, ...]
    """The chosen ones, and itself."""


def smaller(config: dict[str, Any]) -> dict[str, Any] | None:
    """The configuration of a network of half the width; None where it says nothing of widths."""
    halves = {key: max(NARROWEST, int(config[key]) // 2) for key in WIDTHS if key in config}
    if not halves or all(halves[key] == config[key] for key in halves):
        return None
    return {key: value for key, value in {**config, **halves}.items() if key != "rounds"}


def taught(rows: Rows, answers: Scores) -> Rows:
    """``rows`` with the teacher's answers, float64 [n, classes] or [n, 1], as their target."""
    if answers.shape[1] == 1:
        return replace(rows, y=answers[:, 0])
    possible = answers >= min(POSSIBLE, float(answers.max(axis=1).min()))
    places, codes = np.nonzero(possible)
    weights = answers[places, codes]
    if rows.weights is not None:
        weights = weights * rows.weights[places]
    return replace(
        rows,
        x=np.ascontiguousarray(rows.x[places]),
        y=codes.astype(np.int64),
        weights=weights,
        typed=None if rows.typed is None else rows.typed.take(places),
    )


def distilled(
    members: tuple[Member, ...],
    pool: Any,
    learning: Learning,
    place: Place,
    held: tuple[npt.NDArray[np.int64], Scores],
    *,
    seed: int,
    threads: int,
    ends_at: float | None,
    book: Book,
) -> Student | None:
    """The student of ``members``, or None where there is no network among them, or no time. It ships unless
    it is behind by more than :data:`ALLOWED`.

    ``held``: positions of held-out rows and what the chosen answered for them.
    """
    networks = [m for m in members if FAMILIES.get(m.family).tags.keeps]
    config = smaller(max(networks, key=lambda m: m.weight).config) if networks else None
    if config is None:
        book.finding(
            "train.not-distilled",
            "note",
            "there is no network among the chosen that could be half as wide",
            "leave `search.distil` out, or name families of networks in `search.families`",
        )
        return None
    lead = max(networks, key=lambda m: m.weight)
    family = FAMILIES.get(lead.family)
    bench = Bench(lambda _: learning)
    ready = bench.prepared(place, family.tags.recipe, 0, 1.0, seed, "beside")
    known = learning.typed.take(ready.part.train)
    answers = pooled([run_graph(m.graph.get(), known) for m in members], [m.weight for m in members], pool)
    deadline = Deadline.after(None if ends_at is None else ends_at - time.monotonic())
    try:
        model = family.fit(
            place.task,
            taught(ready.train, answers),
            ready.valid,
            config,
            seed=seed,
            threads=threads,
            deadline=deadline,
        )
    except Stopped:
        raise
    except (OutOfTime, ModelwrightError, ValueError) as error:
        book.finding(
            "train.not-distilled",
            "note",
            f"the smaller network was not trained: {error}",
            "give more time, or leave `search.distil` out",
        )
        return None
    outputs = max(1, place.classes)
    graph = graph_of(ready.recipe, model, learning.typed, outputs)
    rows = ready.part.valid
    scores = run_graph(graph, learning.typed.take(rows))
    where = {row: at for at, row in enumerate(held[0].tolist())}
    both = np.array([where[row] for row in rows.tolist() if row in where], dtype=np.int64)
    teacher = right(held[1][both], learning.y[held[0][both]])
    student = right(scores, learning.y[rows])
    ships = student >= teacher - ALLOWED * abs(teacher)
    graphs = [m.graph.get() for m in members]
    y = learning.y[held[0][both]]
    measured = (
        Shrunk(
            "the chosen ones",
            sum(len(one) for one in graphs),
            abs(teacher),
            log_loss(held[1][both], y),
            single_ms(graphs, learning, rows),
            len(both),
            not ships,
        ),
        Shrunk(
            f"half as wide, taught by them ({lead.family})",
            len(graph),
            abs(student),
            log_loss(scores, learning.y[rows]),
            single_ms([graph], learning, rows),
            len(rows),
            ships,
        ),
    )
    how = f"distilled from {', '.join(m.name for m in members)}"
    recipe = () if ready.recipe is None else tuple(ready.recipe.sentences())
    columns = () if ready.recipe is None else told(ready.recipe, learning.typed.signature)
    member = Member(
        f"{lead.family}-small", lead.family, Blob.of(graph, "bytes"), 1.0, config, recipe, how, columns
    )
    return Student((member,), rows, scores, ships, measured)


def log_loss(scores: Scores, y: npt.NDArray[Any]) -> float:
    """Of probabilities; NaN for numbers."""
    if scores.shape[1] == 1:
        return float("nan")
    return float(-np.log(np.clip(scores[np.arange(len(y)), y], 1e-15, None)).mean())


def single_ms(graphs: list[bytes], learning: Learning, rows: npt.NDArray[np.int64]) -> float:
    """Median time of a row through all of the graphs."""
    from modelwright.graph.session import session

    runners = [session(graph) for graph in graphs]
    wanted = [{value.name for value in runner.get_inputs()} for runner in runners]
    times = []
    for row in rows[:CALLS]:
        feeds = learning.typed.take(np.array([row])).feeds()
        began = time.perf_counter()
        for runner, names in zip(runners, wanted, strict=True):
            runner.run(["scores"], {name: value for name, value in feeds.items() if name in names})
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1e3 if times else float("nan")


def right(scores: Scores, y: npt.NDArray[Any]) -> float:
    """Share of rows whose likeliest class is right, or minus the root of the mean squared error."""
    if scores.shape[1] == 1:
        return -float(np.sqrt(((scores[:, 0] - y) ** 2).mean()))
    return float((scores.argmax(axis=1) == y).mean())
