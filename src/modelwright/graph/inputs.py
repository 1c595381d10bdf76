"""The graph's inputs, as the signature has them: at most three for plain columns, and one for each column of
tensors."""

from __future__ import annotations

from dataclasses import dataclass

from modelwright.graph.builder import GraphBuilder
from modelwright.runtime.signature import Signature, tensor_input


@dataclass(frozen=True, slots=True)
class GraphInputs:
    """Names of the graph's input tensors; None where the signature has no such columns."""

    numbers: str | None
    strings: str | None
    times: str | None
    tensors: tuple[str, ...] = ()

    def any(self) -> str:
        """One of the inputs, for nodes that only want to know how many rows there are."""
        for name in (self.numbers, self.times, self.strings, *self.tensors):
            if name is not None:
                return name
        raise ValueError("a graph needs at least one input column")


def add_inputs(graph: GraphBuilder, signature: Signature) -> GraphInputs:
    """Add ``numbers`` float64 [N, a], ``strings`` [N, b], ``times`` int64 [N, c] where there are columns, and
    ``tensor_<j>`` [N, *shape]."""

    def add(name: str, dtype: str, columns: tuple[str, ...]) -> str | None:
        return graph.input(name, dtype, len(columns)) if columns else None

    return GraphInputs(
        numbers=add("numbers", "float64", signature.numbers),
        strings=add("strings", "string", signature.strings),
        times=add("times", "int64", signature.times),
        tensors=tuple(
            graph.input(tensor_input(j), tensor.dtype, *tensor.shape)
            for j, tensor in enumerate(signature.tensors)
        ),
    )


def columns_of(graph: GraphBuilder, tensor: str, places: tuple[int, ...], width: int) -> str:
    """Columns ``places`` of ``tensor`` [N, width]; the tensor itself where that is all of them in order."""
    if places == tuple(range(width)):
        return tensor
    return graph.node("Gather", [tensor, graph.constant(places, "int64", "places")], axis=1)
