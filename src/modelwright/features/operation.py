"""What a recipe is made of: operations from typed columns to columns of a float32 matrix.

An operation is fitted on training rows alone, inside each fold; it is JSON both ways; it says in one
sentence what it does; and it adds itself to the graph, where it must give the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs

__all__ = ["FittedOperation", "GraphInputs", "Matrix", "OperationClass", "OperationKind", "Target"]

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Target:
    """What operations that look at the target may see: training rows only.

    ``values`` float64 [n, k]: one-hot classes (k = 1 for binary: 1.0 for the positive class), or [n, 1]
    numbers. ``weights`` float64 [n]. ``groups`` int64 [n] or None: rows of a group are kept together when an
    operation makes inner folds.
    """

    values: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    groups: npt.NDArray[np.int64] | None = None


class FittedOperation(Protocol):
    """A fitted operation. ``names`` are its output columns; ``categorical`` marks those that are codes."""

    kind: ClassVar[str]

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def categorical(self) -> tuple[bool, ...]: ...

    def apply(self, typed: Typed) -> Matrix:
        """float32 [n, len(names)] for any rows, seen or not."""
        ...

    def sentence(self) -> str: ...

    def to_json(self) -> dict[str, Any]: ...

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        """Add nodes; returns the name of a float32 tensor [N, len(names)]."""
        ...


class OperationKind(Protocol):
    """An operation before it is fitted: a frozen record of its columns and options.

    The registry holds these classes by ``kind``; ``version`` goes up when the same rows would give other
    numbers. Each class also has a static ``from_json(data) -> FittedOperation``.
    """

    kind: ClassVar[str]
    version: ClassVar[int]

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedOperation, Matrix]:
        """Fit on training rows. Also returns the matrix of those rows, which may differ from ``apply``
        where the target is used (cross-fitted inside), so that no row sees its own label."""
        ...


class OperationClass(Protocol):
    """What the registry holds: called with columns and options it makes an ``OperationKind``."""

    kind: str
    version: int

    def __call__(self, columns: tuple[str, ...], **options: Any) -> OperationKind: ...

    def from_json(self, data: dict[str, Any]) -> FittedOperation: ...
