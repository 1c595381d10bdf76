"""Development rows as fits see them: typed columns, target, weights, and which rows a fold trains on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from modelwright.core.records.data import PARTED, ROW, Development
from modelwright.features.operation import Target
from modelwright.features.typed import Typed, from_frame
from modelwright.models.family import ProblemKind, Task
from modelwright.runtime.parse import MEDIA, tensor_form
from modelwright.runtime.signature import Signature

if TYPE_CHECKING:
    import polars as pl

ALL = -1
"""The "fold" of a fit on every development row (a refit): nothing is held out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows are and how to read them; JSON, so that it can be sent to a worker."""

    table: str
    """Path of the development table (Arrow IPC)."""
    digest: str
    signature: dict[str, Any]
    problem: ProblemKind
    classes: int
    metric: str
    weighted: bool
    group: str | None
    scheme: str
    folds: int
    repeats: int
    interpretable: bool = False
    winsorise: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """Columns of numbers to be drawn in, and the rule of each (``features/winsor.py``)."""

    @property
    def task(self) -> Task:
        return Task(self.problem, self.classes, self.metric, self.interpretable)


def group_codes(frame: pl.DataFrame, group: str) -> npt.NDArray[np.int64]:
    """int64 [n]: the group of each row."""
    import polars as pl

    codes: npt.NDArray[np.int64] = (
        frame[group].cast(pl.String).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    )
    return codes


def signature_of(development: Development) -> Signature:
    """The graph's inputs for the columns that are inputs."""
    inputs = [c for c in development.columns if c.is_input]
    return Signature(
        numbers=tuple(c.name for c in inputs if c.kind in ("number", "boolean")),
        strings=tuple(c.name for c in inputs if c.kind in ("category", "text")),
        times=tuple(c.name for c in inputs if c.kind == "date"),
        texts=tuple(c.name for c in inputs if c.kind == "text"),
        booleans=tuple(c.name for c in inputs if c.kind == "boolean"),
        tensors=tuple(
            tensor_form(c.name, c.kind, c.operations[-1].options) for c in inputs if c.kind in MEDIA
        ),
    )


def place_of(development: Development, metric: str, interpretable: bool) -> Place:
    """Raises ``ValueError`` when the table is not stored yet."""
    path = development.table.path
    if path is None:
        raise ValueError("the development table must be stored before fits can read it")
    return Place(
        str(path),
        development.table.digest,
        signature_of(development).to_json(),
        development.problem,
        len(development.classes),
        metric,
        development.weighted,
        development.group,
        development.scheme,
        development.folds,
        development.repeats,
        interpretable,
        tuple((c.name, c.winsorise) for c in development.columns if c.is_input and c.winsorise is not None),
    )


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one fit: positions in the table. ``valid`` is empty for a refit on every row."""

    train: npt.NDArray[np.int64]
    valid: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Learning:
    """The development rows in memory, read once by each process."""

    typed: Typed
    y: npt.NDArray[Any]
    """int64 [n] class codes or float64 [n]."""
    weights: npt.NDArray[np.float64] | None
    groups: npt.NDArray[np.int64] | None
    row: npt.NDArray[np.int64]
    folds: tuple[npt.NDArray[np.int64], ...]
    """One array [n] per repeat."""
    place: Place
    before: npt.NDArray[Any] | None = None
    """Like ``y``: the labels before people mended some; None where nobody did."""

    @classmethod
    def read(cls, place: Place) -> Learning:
        import polars as pl

        return cls.of(pl.read_ipc(Path(place.table)), place)

    @classmethod
    def of(cls, frame: pl.DataFrame, place: Place) -> Learning:
        """From the development table, wherever it came from."""
        import polars as pl

        signature = Signature.from_json(cast(Any, place.signature))
        target = frame["__target__"]
        y = target.to_numpy() if place.problem == "regression" else target.cast(pl.Int64).to_numpy()
        groups = None
        if place.group is not None:
            groups = group_codes(frame, place.group)
        names = ["__fold__", *(f"__fold_{r}__" for r in range(1, place.repeats))]
        return cls(
            typed=from_frame(frame, signature),
            y=np.ascontiguousarray(y),
            weights=frame["__weight__"].to_numpy() if place.weighted else None,
            groups=groups,
            row=frame[ROW].to_numpy(),
            folds=tuple(frame[n].cast(pl.Int64).to_numpy() for n in names),
            place=place,
            before=_before(frame, y, place),
        )

    @property
    def rows(self) -> int:
        return int(self.y.shape[0])

    def part(self, fold: int) -> Part:
        """The rows of a fold. With "holdout" the one fold is 0; with "cv" fold f of repeat r is
        ``r * folds + f``."""
        every = np.arange(self.rows, dtype=np.int64)
        if fold == ALL:
            return Part(every, every[:0])
        if self.place.scheme == "holdout":
            held = self.folds[0] == 1
        else:
            held = self.folds[fold // self.place.folds] == fold % self.place.folds
        return Part(every[~held], every[held])

    @property
    def fold_numbers(self) -> tuple[int, ...]:
        if self.place.scheme == "holdout":
            return (0,)
        return tuple(range(self.place.folds * self.place.repeats))

    def weights_of(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.ones(len(rows)) if self.weights is None else self.weights[rows]

    def target_of(self, rows: npt.NDArray[np.int64]) -> Target:
        """What target-aware feature operations may see of training rows."""
        y = self.y[rows]
        if self.place.problem == "regression":
            values = y.astype(np.float64)[:, None]
        elif self.place.problem == "binary":
            values = (y == 1).astype(np.float64)[:, None]
        else:
            values = (y[:, None] == np.arange(self.place.classes)[None, :]).astype(np.float64)
        groups = None if self.groups is None else self.groups[rows]
        return Target(values, self.weights_of(rows), groups)


def _before(frame: pl.DataFrame, y: npt.NDArray[Any], place: Place) -> npt.NDArray[Any] | None:
    """The labels as they were; where there was none, or one that is no class any more, those of now."""
    if PARTED not in frame.columns:
        return None
    was = frame[PARTED].to_numpy()
    known = was == was if place.problem == "regression" else (was >= 0) & (was < place.classes)
    found = np.where(known, was, y).astype(y.dtype)
    return None if np.array_equal(found, y) else found
