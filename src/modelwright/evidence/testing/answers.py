"""What the released graph says of rows, in the form that metrics take."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.data import Development
from modelwright.core.records.models import Member
from modelwright.features.measured import measured
from modelwright.features.typed import Typed, from_frame
from modelwright.goal.metrics.scored import Scored, cost_matrix
from modelwright.goal.sections import SuccessSection
from modelwright.graph.session import session
from modelwright.models.fit import run_graph
from modelwright.models.rows import signature_of

CHUNK = 1024
"""Rows that pass the graph at once, as when it predicts."""


@dataclass(frozen=True)
class Opened:
    """Rows with their truth, in the form of the graph's inputs. ``frame`` holds every column, and the
    measures of media ("brightness of image") as columns of numbers."""

    frame: Any
    typed: Typed
    truth: npt.NDArray[Any]
    weights: npt.NDArray[np.float64] | None
    groups: npt.NDArray[np.int64] | None
    time_order: bool
    """Whether rows stand in time order, so that neighbours are not independent."""
    problem: str
    classes: tuple[str, ...]
    costs: npt.NDArray[np.float64] | None

    @property
    def rows(self) -> int:
        return int(self.truth.shape[0])

    def take(self, rows: npt.NDArray[np.int64]) -> Opened:
        """Some of the rows, by positions."""
        return replace(
            self,
            frame=self.frame[rows.tolist()],
            typed=self.typed.take(rows),
            truth=self.truth[rows],
            weights=None if self.weights is None else self.weights[rows],
            groups=None if self.groups is None else self.groups[rows],
        )


def opened(frame: Any, development: Development, success: SuccessSection) -> Opened:
    """Rows of a frame with the columns of ``development.table``; put in time order where there is a time."""
    import polars as pl

    if development.time is not None:
        frame = frame.sort(development.time, maintain_order=True, nulls_last=True)
    truth = frame["__target__"].to_numpy()
    if development.problem != "regression":
        truth = truth.astype(np.int64)
    groups = None
    if development.group is not None:
        ranks = frame[development.group].cast(pl.String).rank("dense").fill_null(0)
        groups = ranks.cast(pl.Int64).to_numpy()
    signature = signature_of(development)
    return Opened(
        frame=frame.hstack(measured(frame, signature)),
        typed=from_frame(frame, signature),
        truth=truth,
        weights=frame["__weight__"].to_numpy() if development.weighted else None,
        groups=groups,
        time_order=development.time is not None,
        problem=development.problem,
        classes=development.classes,
        costs=cost_matrix(success.costs, development.classes) if success.costs else None,
    )


class Oracle:
    """The released graph, held open. ``threads`` answer chunks of rows side by side."""

    def __init__(self, graph: bytes, threads: int = 1) -> None:
        self._session = session(graph)
        self._threads = threads
        self._inputs = {i.name for i in self._session.get_inputs()}
        self.outputs = [o.name for o in self._session.get_outputs()]

    def outputs_of(self, typed: Typed) -> dict[str, npt.NDArray[Any]]:
        """Every output for every row, in chunks so that memory stays bounded."""
        size = typed.signature.at_once(CHUNK)
        starts = range(0, max(typed.rows, 1), size)

        def answer(start: int) -> list[npt.NDArray[Any]]:
            feeds = typed.take(slice(start, start + size)).feeds()
            taken = {name: value for name, value in feeds.items() if name in self._inputs}
            made: list[npt.NDArray[Any]] = self._session.run(self.outputs, taken)
            return made

        if self._threads == 1 or len(starts) == 1:
            parts = [answer(start) for start in starts]
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                parts = list(pool.map(answer, starts))
        return {name: np.concatenate([p[i] for p in parts]) for i, name in enumerate(self.outputs)}

    def scored(self, rows: Opened, typed: Typed | None = None) -> Scored:
        """The graph's answers to rows, or to changed versions of them (``typed``), with their truth."""
        made = self.outputs_of(rows.typed if typed is None else typed)
        if rows.problem == "regression":
            return _scored(rows, values=made["value"].astype(np.float64))
        return _scored(
            rows,
            labels=made["label"].astype(np.int64),
            probabilities=made["probabilities"].astype(np.float64),
        )


def member_scored(member: Member, rows: Opened) -> Scored:
    """What one member alone (a baseline, say) answers: its own scores, the likeliest class."""
    scores = run_graph(member.graph.get(), rows.typed)
    if rows.problem == "regression":
        return _scored(rows, values=scores[:, 0])
    labels = scores.argmax(axis=1)
    if rows.costs is not None:
        labels = (scores @ rows.costs).argmin(axis=1)
    return _scored(rows, labels=labels.astype(np.int64), probabilities=scores)


def _scored(rows: Opened, **said: Any) -> Scored:
    return Scored(
        truth=rows.truth,
        weights=rows.weights,
        classes=rows.classes,
        positive=1 if rows.problem == "binary" else None,
        costs=rows.costs,
        **said,
    )
