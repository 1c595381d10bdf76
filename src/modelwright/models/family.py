"""One kind of algorithm behind one small interface, and the small typed answers it gives."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs

ProblemKind = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True, slots=True)
class Task:
    """What is learned: ``classes`` is 0 for regression, 2 for binary."""

    problem: ProblemKind
    classes: int
    metric: str
    interpretable: bool = False


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What a family may know of the training rows before it sees them."""

    rows: int
    numbers: int
    categories: int
    dates: int
    texts: int
    missing: float
    """Share of cells that are missing."""
    largest_cardinality: int = 0
    images: int = 0
    audios: int = 0
    series: int = 0
    smallest_class: int = 0
    """Rows of the rarest class (0 for regression)."""
    pretrained: str = ""
    """The goal's pretrained model: a folder, or ``hub:NAME``; empty for none."""
    named: bool = False
    """Whether the goal names the families to try: what is possible suits then, even where it is not likely to
    be best."""
    weighted: bool = False
    grouped: bool = False
    ordered: bool = False

    @property
    def plain(self) -> int:
        """Columns that become columns of a matrix."""
        return self.numbers + self.categories + self.dates + self.texts

    @property
    def media(self) -> int:
        return self.images + self.audios + self.series

    @property
    def columns(self) -> int:
        return self.plain + self.media


@dataclass(frozen=True, slots=True)
class Machine:
    cores: int
    memory: int
    """Bytes that may be used."""
    installed: frozenset[str] = frozenset()
    """Optional packages that can be imported, such as ``catboost``."""


@dataclass(frozen=True, slots=True)
class Suits:
    why: str
    cost: float = 1.0
    """Rough seconds of one fit on these rows with these cores, for ordering and for not starting in vain."""


@dataclass(frozen=True, slots=True)
class Declines:
    why: str
    remedy: str = ""
    """Such as the line that installs a missing extra."""


@dataclass(frozen=True, slots=True)
class Float:
    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class Int:
    low: int
    high: int
    log: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    values: tuple[str | int | float | bool | None, ...]


RECIPE = "recipe"
"""Key of a configuration, for families that take the recipe of trees: ``plain`` (also without the key), or
``wide``. It is for whoever prepares the rows; the family itself passes over it."""


@dataclass(frozen=True, slots=True)
class Space:
    """Tunable ranges by name, and good starting points (complete configurations, best first)."""

    ranges: dict[str, Float | Int | Choice]
    starts: tuple[dict[str, Any], ...] = ({},)


@dataclass(frozen=True, slots=True)
class Rows:
    """A matrix of features with its target.

    ``x`` float32 [n, m], C-contiguous (m may be 0 for families with ``tags.typed``); ``y`` int64 [n] class
    codes, or float64 [n]; ``weights`` float64 [n] or None (all equal). ``categorical`` are the columns of x
    that hold codes (non-negative whole numbers; 0 is "missing or unseen").
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[Any]
    weights: npt.NDArray[np.float64] | None = None
    names: tuple[str, ...] = ()
    categorical: tuple[int, ...] = ()
    typed: Typed | None = None
    """The same rows as typed columns, for families with ``tags.typed``; None for all others."""


class OutOfTime(Exception):
    """A fit that reached its deadline with nothing usable."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, or never."""

    at: float | None = None

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        return cls(None if seconds is None else time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds left; infinity when there is no deadline."""
        return float("inf") if self.at is None else self.at - time.monotonic()

    def passed(self) -> bool:
        return self.left() <= 0.0


Watch = Callable[[int, float, float], bool]
"""``watch(step, train_loss, valid_loss) -> stop``: told of each round or epoch (NaN where not known); a
True answer ends the fit with what it has (pruning)."""


def never_stop(step: int, train_loss: float, valid_loss: float) -> bool:
    return False


class Fitted(Protocol):
    """A fitted model on the matrix of its recipe."""

    rounds: int
    """Trees, epochs or iterations in use; 1 where there is no such thing."""
    curve: tuple[tuple[int, float, float], ...]
    """(step, train loss, validation loss) as it went; empty where there is none."""
    stopped: str
    """"" | "early stopping" | "deadline" | "watch": why the fit ended before its last round."""

    def predict(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """float64 [n, classes] probabilities that sum to one, or [n, 1] values."""
        ...

    def to_graph(self, graph: GraphBuilder, x: str) -> str:
        """Add nodes that turn the float32 tensor ``x`` [N, m] into float32 [N, classes] probabilities or
        [N, 1] values; returns the tensor's name. Agrees with ``predict`` within the family's tolerance."""
        ...


class FittedOnColumns(Protocol):
    """A fitted model of a family with ``tags.typed``: it sees the columns beside the matrix."""

    rounds: int
    curve: tuple[tuple[int, float, float], ...]
    stopped: str

    def predict_typed(self, x: npt.NDArray[np.float32], typed: Typed) -> npt.NDArray[np.float64]:
        """As ``Fitted.predict``; ``x`` float32 [n, m] and ``typed`` are the same rows."""
        ...

    def to_graph_typed(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> str:
        """As ``Fitted.to_graph``; ``x`` is None where the matrix has no columns."""
        ...


@dataclass(frozen=True, slots=True)
class Tags:
    """What a family can and cannot do, declared; the conformance suite reads these."""

    problems: tuple[ProblemKind, ...] = ("binary", "multiclass", "regression")
    recipe: Literal["trees", "dense"] = "trees"
    """``trees``: numbers as they are with NaN, codes for categories. ``dense``: imputed, scaled, one-hot."""
    typed: bool = False
    """Is given the typed columns beside the matrix, and learns from texts and media themselves: the matrix is
    then made of numbers, categories and dates alone. Its fits are ``FittedOnColumns``."""
    media: tuple[Literal["text", "image", "audio", "series"], ...] = ()
    """Kinds of columns that a family with ``typed`` learns from; of others it sees nothing."""
    keeps: bool = False
    """Takes ``notes=Path``, a folder of the fit, and goes on from what a killed fit left there."""
    baseline: bool = False
    stoppable: bool = False
    """Looks at the deadline while fitting. Others run in a worker that can be killed."""
    gradient: bool = False
    """Trained by gradients in epochs: initialisation, forward, loss, backward, optimiser."""
    rounds: bool = False
    """Grows in rounds or epochs that early stopping can cut."""
    interpretable: bool = False
    weights: bool = True
    """Takes sample weights."""
    tolerance: float = 1e-5
    """Largest allowed difference between ``predict`` and the graph, on probabilities or relative values."""
    extra: str = ""
    """The extra that it needs, such as ``catboost``."""


class Family(Protocol):
    name: str
    title: str
    version: int
    tags: Tags

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines: ...

    def space(self, task: Task, facts: DataFacts) -> Space: ...

    def fit(
        self,
        task: Task,
        train: Rows,
        valid: Rows | None,
        config: dict[str, Any],
        *,
        seed: int,
        threads: int,
        deadline: Deadline,
        watch: Watch = never_stop,
    ) -> Fitted:
        """Fit on ``train``; ``valid`` serves early stopping alone. ``config`` may hold ``rounds`` to fit
        exactly that many (refit on all rows). Raises ``OutOfTime`` when the deadline leaves nothing usable,
        ``BadData`` for rows it cannot learn from."""
        ...


FAMILIES_GROUP = "modelwright.families"


@dataclass(frozen=True, slots=True)
class FitFacts:
    """What is remembered of one fit besides its graph and predictions."""

    rounds: int = 1
    stopped: str = ""
    curve: tuple[tuple[int, float, float], ...] = field(default_factory=tuple)
