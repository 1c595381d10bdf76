"""A family that sees columns of media and fits in milliseconds, for tests of what surrounds such families:
hidden unless named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.features.typed import Typed
from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs
from modelwright.models.families.common import OPAQUE, Curve
from modelwright.models.families.linear import LinearFitted
from modelwright.models.family import (
    DataFacts,
    Deadline,
    Declines,
    Machine,
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)
from modelwright.runtime.signature import Tensor
from modelwright.testing.toy import FAMILY as TOY

BLOCKS = 16
"""Stretches of a flat cell whose mean and mean size are its features."""
_FULL = {"uint8": 255.0, "int16": 32768.0, "int32": 1.0, "float32": 1.0}


@dataclass(slots=True)
class OnColumns:
    """A linear model of the matrix and of the means of stretches of each cell."""

    tensors: tuple[Tensor, ...]
    linear: LinearFitted
    rounds: int = 1
    curve: Curve = ()
    stopped: str = ""

    def predict_typed(self, x: npt.NDArray[np.float32], typed: Typed) -> npt.NDArray[np.float64]:
        return self.linear.predict(features(x, typed))

    def to_graph_typed(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> str:
        parts = [] if x is None else [x]
        for tensor, name in zip(self.tensors, inputs.tensors, strict=True):
            blocks, length = _blocks(tensor)
            value = layers.cast(graph, name, "float32")
            value = graph.node("Reshape", [value, graph.constant([-1, tensor.size], "int64")])
            ends = [graph.constant([n], "int64") for n in (0, blocks * length, 1)]
            value = graph.node("Slice", [value, *ends])
            gap = graph.node("IsNaN", [value])
            value = graph.node("Where", [gap, graph.constant(0.0, "float32"), value])
            value = graph.node("Mul", [value, graph.constant(1.0 / _FULL[tensor.dtype], "float32")])
            value = graph.node("Reshape", [value, graph.constant([-1, blocks, length], "int64")])
            last = graph.constant([2], "int64")
            for part in (value, graph.node("Abs", [value])):
                parts.append(graph.node("ReduceMean", [part, last], keepdims=0))
        joined = parts[0] if len(parts) == 1 else graph.node("Concat", parts, axis=1)
        return self.linear.to_graph(graph, joined)


def features(x: npt.NDArray[np.float32], typed: Typed) -> npt.NDArray[np.float32]:
    """float32 [n, m + 2 * blocks of every column]."""
    parts = [x]
    for tensor, array in zip(typed.signature.tensors, typed.tensors, strict=True):
        blocks, length = _blocks(tensor)
        flat = array.reshape(len(array), tensor.size)[:, : blocks * length].astype(np.float32)
        flat = np.nan_to_num(flat, nan=0.0) / np.float32(_FULL[tensor.dtype])
        cut = flat.reshape(len(array), blocks, length)
        parts += [cut.mean(axis=2), np.abs(cut).mean(axis=2)]
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _blocks(tensor: Tensor) -> tuple[int, int]:
    blocks = min(BLOCKS, tensor.size)
    return blocks, tensor.size // blocks


class ToyMedia:
    """The toy on features of the cells."""

    name = "toy_media"
    title = "Toy (nearest mean of stretches of cells)"
    version = 1
    tags = Tags(
        recipe="dense",
        typed=True,
        media=("image", "audio", "series"),
        stoppable=True,
        tolerance=1e-4,
    )

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if task.interpretable:
            return OPAQUE
        return Suits("a toy, for tests of the machinery", 0.001)

    def space(self, task: Task, facts: DataFacts) -> Space:
        return TOY.space(task, facts)

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
    ) -> OnColumns:
        """As the toy, ``config["shrink"]`` included."""
        assert train.typed is not None
        plain = replace(train, x=features(train.x, train.typed), typed=None, names=(), categorical=())
        fitted = TOY.fit(
            task, plain, None, config, seed=seed, threads=threads, deadline=deadline, watch=watch
        )
        assert isinstance(fitted, LinearFitted)
        return OnColumns(train.typed.signature.tensors, fitted)


FAMILY = ToyMedia()
