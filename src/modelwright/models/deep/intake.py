"""The inputs of a network: which there are, their arrays for some rows, and their tensors in the graph.

What is learned before the network itself (the vocabulary of a text, say) is part of an intake, which is
fitted on training rows alone. Names: ``x`` for the matrix, then the kind and a number: ``image_0``,
``audio_0``, ``series_0``, ``tokens_0``, ``text_0``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs

Arrays = dict[str, npt.NDArray[Any]]
MATRIX = "x"


@dataclass(frozen=True, slots=True)
class Given:
    """One input: an array [n, *shape] of ``dtype``. ``vocabulary`` counts the ids of a text, ``rate`` the
    samples a second of a sound (0 elsewhere)."""

    name: str
    kind: str
    """``matrix``, ``image``, ``audio``, ``series``, ``tokens`` or ``text``."""
    shape: tuple[int, ...]
    dtype: str
    vocabulary: int = 0
    rate: int = 0


class Intake(Protocol):
    """Fitted. The order of ``given`` is the order in which a network takes its inputs."""

    @property
    def given(self) -> tuple[Given, ...]: ...

    def arrays(self, x: npt.NDArray[np.float32], typed: Typed) -> Arrays:
        """The input arrays by name, for any rows."""
        ...

    def to_graph(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> dict[str, str]:
        """Names of tensors in the graph by name of the input."""
        ...


@dataclass(frozen=True, slots=True)
class Direct:
    """The matrix, where it has columns, and media tensors as they come. ``places`` are the positions of the
    tensors in :attr:`Typed.tensors`."""

    given: tuple[Given, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, columns: int, typed: Typed, kinds: tuple[str, ...] | None = None) -> Direct:
        """For a matrix of so many columns and the tensors of these kinds (None: all)."""
        seen: Counter[str] = Counter()
        places, given = [], []
        for place, tensor in enumerate(typed.signature.tensors):
            if kinds is None or tensor.kind in kinds:
                name = f"{tensor.kind}_{seen[tensor.kind]}"
                seen[tensor.kind] += 1
                given.append(Given(name, tensor.kind, tuple(tensor.shape), tensor.dtype, rate=tensor.rate))
                places.append(place)
        matrix = [Given(MATRIX, "matrix", (columns,), "float32")] if columns else []
        return cls((*given, *matrix), tuple(places))

    def arrays(self, x: npt.NDArray[np.float32], typed: Typed) -> Arrays:
        found: Arrays = {}
        for given, place in zip(self.given, self.places, strict=False):
            found[given.name] = typed.tensors[place]
        if len(self.given) > len(self.places):
            found[MATRIX] = x
        return found

    def to_graph(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> dict[str, str]:
        names = {
            given.name: inputs.tensors[place] for given, place in zip(self.given, self.places, strict=False)
        }
        if len(self.given) > len(self.places):
            assert x is not None
            names[MATRIX] = x
        return names


@dataclass(frozen=True, slots=True)
class Several:
    """Intakes side by side: their inputs one after the other."""

    parts: tuple[Intake, ...]

    @property
    def given(self) -> tuple[Given, ...]:
        return tuple(given for part in self.parts for given in part.given)

    def arrays(self, x: npt.NDArray[np.float32], typed: Typed) -> Arrays:
        found: Arrays = {}
        for part in self.parts:
            found |= part.arrays(x, typed)
        return found

    def to_graph(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in self.parts:
            found |= part.to_graph(graph, x, inputs)
        return found
