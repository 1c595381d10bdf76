"""The net of the family ``realmlp``: forward, backward and graph, in numpy.

Follows RealMLP (Holzmüller, Grinsztajn, Steinwart: "Better by default", NeurIPS 2024, arXiv 2407.04491):
numbers robustly scaled and smoothly clipped, each with a few trained periodic features beside itself (PBLD:
Gorishniy et al., 2022, in the dense form of that paper), a trained factor for every input, wide layers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.models.families.common import Matrix, Values

Activation = Literal["selu", "silu"]

SELU_SCALE, SELU_ALPHA = np.float32(1.0507009873554805), np.float32(1.6732632423543772)
FAR = 1e3
"""Inputs are brought within so many deviations before anything else, so that infinities stay finite."""
BEND = 3.0
"""Where the smooth clip bends: numbers end within this many interquartile ranges of the median."""
MOST_EMBEDDED = 100
"""Columns with periodic features; their cost grows with each."""
SAME = 0.95
"""A column that has one value in more than this share of rows gets no periodic features."""
CHUNK = 4096
"""Rows that go through the net at once in prediction, to bound memory."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Which columns are numbers and how they are scaled; all others are taken as they are (marks, one-hot).

    ``numbers`` and ``others`` int64 places in the matrix; ``centre`` and ``factor`` float32 for numbers.
    """

    numbers: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    centre: Matrix
    factor: Matrix

    @classmethod
    def of(cls, x: Matrix, seed_rows: int = 10_000) -> Inputs:
        """Medians and interquartile ranges of (at most ``seed_rows`` evenly spaced) training rows."""
        some = np.clip(x[:: max(1, -(-len(x) // seed_rows))], -FAR, FAR)
        spread = [_kind(some[:, j]) for j in range(x.shape[1])]
        found = [j for j, kind in enumerate(spread) if kind]
        # Where there are too many, those with the most different values are the most like numbers.
        found = sorted(sorted(found, key=lambda j: (-spread[j], j))[:MOST_EMBEDDED])
        numbers = np.array(found, dtype=np.int64)
        others = np.setdiff1d(np.arange(x.shape[1]), numbers)
        if not found:
            return cls(numbers, others, np.zeros(0, np.float32), np.zeros(0, np.float32))
        low, centre, high = np.quantile(some[:, numbers], [0.25, 0.5, 0.75], axis=0)
        reach = high - low
        # A quarter of the whole range where the middle half is one value, as in the paper's appendix.
        whole = 0.5 * (some[:, numbers].max(axis=0) - some[:, numbers].min(axis=0))
        factor = 1.0 / np.where(reach > 1e-6, reach, np.maximum(whole, 1e-6))
        return cls(numbers, others, centre.astype(np.float32), factor.astype(np.float32))

    def parts(self, x: Matrix) -> tuple[Matrix, Matrix]:
        """(numbers scaled and smoothly clipped, the other columns)."""
        x = np.clip(x, np.float32(-FAR), np.float32(FAR))
        scaled = (x[:, self.numbers] - self.centre) * self.factor
        bent = scaled / np.sqrt(1.0 + (scaled * np.float32(1.0 / BEND)) ** 2)
        return bent, x[:, self.others]

    def to_graph(self, graph: GraphBuilder, x: str) -> tuple[str, str]:
        """The names of both parts; "" where a part has no column."""
        x = layers.clip(graph, x, -FAR, FAR)
        bent, rest = "", ""
        if len(self.numbers):
            part = graph.node("Gather", [x, graph.constant(self.numbers, "int64")], axis=1)
            part = graph.node("Sub", [part, graph.constant(self.centre, "float32")])
            part = graph.node("Mul", [part, graph.constant(self.factor, "float32")])
            small = graph.node("Mul", [part, graph.constant([1.0 / BEND], "float32")])
            square = graph.node("Mul", [small, small])
            root = graph.node("Sqrt", [graph.node("Add", [square, graph.constant([1.0], "float32")])])
            bent = graph.node("Div", [part, root])
        if len(self.others):
            rest = graph.node("Gather", [x, graph.constant(self.others, "int64")], axis=1)
        return bent, rest


def _kind(values: Matrix) -> int:
    """How many values a column has, if it is worth periodic features; else 0."""
    _, count = np.unique(values, return_counts=True)
    return len(count) if len(count) > 3 and count.max() <= SAME * len(values) else 0


class Net:
    """All weights in one float32 vector ``flat`` with a view for each part; ``slope`` alike.

    ``rates`` holds the factor of the learning rate of each weight (layers in neural-tangent scaling,
    expressed as rates), ``decays`` which weights are drawn towards zero.
    """

    def __init__(
        self, numbers: int, others: int, outputs: int, width: int, depth: int, frequencies: int, extra: int
    ) -> None:
        self.numbers, self.extra = numbers, extra if numbers and frequencies else 0
        f, q = frequencies, self.extra
        inside = numbers * (1 + q) + others
        shapes: dict[str, tuple[int, ...]] = {"scale": (inside,)}
        if q:
            shapes |= {
                "w1": (numbers, 1, f),
                "b1": (numbers, 1, f),
                "w2": (numbers, f, q),
                "b2": (numbers, 1, q),
            }
        sizes = [inside, *[width] * depth, outputs]
        for number in range(depth + 1):
            shapes[f"w{number}_"] = (sizes[number], sizes[number + 1])
            shapes[f"bias{number}"] = (sizes[number + 1],)
        self.depth, self.sizes = depth, sizes
        self.flat = np.zeros(sum(math.prod(s) for s in shapes.values()), dtype=np.float32)
        self.slope, self.rates, self.decays = (np.zeros_like(self.flat) for _ in range(3))
        self.part, self.down, self.rate, self.decay = (
            dict(_views(v, shapes)) for v in (self.flat, self.slope, self.rates, self.decays)
        )

    def initialise(self, rng: np.random.Generator, bias: Values, spread: float) -> None:
        """The paper's: weights of neural-tangent scaling, random biases, a last layer of zeros at
        ``bias``. ``spread`` is the deviation of the frequencies."""

        def put(name: str, value: Any, rate: float, decay: float) -> None:
            self.part[name][...] = value
            self.rate[name][...] = rate
            self.decay[name][...] = decay

        normal = rng.standard_normal
        put("scale", 1.0, 6.0, 0.0)
        if self.extra:
            f = self.part["w1"].shape[2]
            turn, small = 2.0 * math.pi, 1.0 / math.sqrt(f)
            put("w1", turn * spread * normal(self.part["w1"].shape), 0.1 * turn, 1.0)
            put("b1", rng.uniform(-math.pi, math.pi, self.part["b1"].shape), 0.1, 0.0)
            put("w2", rng.uniform(-small, small, self.part["w2"].shape), 0.1, 1.0)
            put("b2", rng.uniform(-small, small, self.part["b2"].shape), 0.1, 0.0)
        for number in range(self.depth + 1):
            last, name = number == self.depth, f"w{number}_"
            root = 1.0 / math.sqrt(self.sizes[number])
            put(name, 0.0 if last else root * normal(self.part[name].shape), root, 1.0)
            put(f"bias{number}", bias if last else normal(self.sizes[number + 1]), 0.1, 0.0)

    def inside(self, numbers: Matrix, others: Matrix, kept: dict[str, Any] | None = None) -> Matrix:
        """Inputs of the first layer [n, inside] before their factors: numbers, periodic features, others."""
        if not self.extra:
            return np.hstack([numbers, others])
        p = self.part
        # One feature after the other: [numbers, n, frequencies].
        column = np.ascontiguousarray(numbers.T)[:, :, None]
        phase = column * p["w1"]
        phase += p["b1"]
        wave = np.cos(phase)
        mixed = np.matmul(wave, p["w2"])
        mixed += p["b2"]
        if kept is not None:
            kept |= {"column": column, "phase": phase, "wave": wave}
        flat = mixed.transpose(1, 0, 2).reshape(len(numbers), -1)
        return np.concatenate([numbers, flat, others], axis=1)

    def forward(self, numbers: Matrix, others: Matrix, activation: Activation) -> Matrix:
        """Scores [n, outputs] without dropout."""
        x: Matrix = self.inside(numbers, others) * self.part["scale"]
        for number in range(self.depth + 1):
            x = x @ self.part[f"w{number}_"]
            x += self.part[f"bias{number}"]
            if number < self.depth:
                x, _ = _activate(x, activation)
        return x

    def backward(
        self,
        numbers: Matrix,
        others: Matrix,
        activation: Activation,
        slope_of: Any,
        masks: Iterator[Matrix] | None,
    ) -> float:
        """One pass forward and back over a batch; fills ``slope``; returns the batch's loss. ``masks`` yields
        [at least n, width] factors of dropout."""
        kept: dict[str, Any] = {}
        first = self.inside(numbers, others, kept)
        x: Matrix = first * self.part["scale"]
        inputs, bends = [x], []
        for number in range(self.depth):
            x = x @ self.part[f"w{number}_"]
            x += self.part[f"bias{number}"]
            x, bend = _activate(x, activation)
            if masks is not None:
                mask = next(masks)[: len(x)]
                x *= mask
                bend *= mask
            inputs.append(x)
            bends.append(bend)
        x = x @ self.part[f"w{self.depth}_"]
        x += self.part[f"bias{self.depth}"]
        loss, down = slope_of(x)
        for number in range(self.depth, -1, -1):
            np.matmul(inputs[number].T, down, out=self.down[f"w{number}_"])
            down.sum(axis=0, out=self.down[f"bias{number}"])
            down = down @ self.part[f"w{number}_"].T
            if number:
                down *= bends[number - 1]
        np.einsum("ij,ij->j", down, first, out=self.down["scale"])
        if self.extra:
            self._backward_waves(down, kept)
        return float(loss)

    def _backward_waves(self, down: Matrix, kept: dict[str, Any]) -> None:
        m, q = self.numbers, self.extra
        into = slice(m, m * (1 + q))
        mixed = down[:, into] * self.part["scale"][into]
        mixed = np.ascontiguousarray(mixed.reshape(len(down), m, q).transpose(1, 0, 2))
        np.matmul(kept["wave"].transpose(0, 2, 1), mixed, out=self.down["w2"])
        mixed.sum(axis=1, keepdims=True, out=self.down["b2"])
        wave = np.matmul(mixed, self.part["w2"].transpose(0, 2, 1))
        wave *= np.sin(kept["phase"], out=kept["phase"])
        np.negative(wave, out=wave)
        wave.sum(axis=1, keepdims=True, out=self.down["b1"])
        np.matmul(kept["column"].transpose(0, 2, 1), wave, out=self.down["w1"])

    def to_graph(self, graph: GraphBuilder, bent: str, rest: str, activation: Activation, sign: Any) -> str:
        """Scores [N, outputs], the last layer's columns times ``sign`` [outputs, k]."""
        p = self.part
        parts = [bent] if bent else []
        if self.extra:
            column = graph.node("Unsqueeze", [graph.node("Transpose", [bent], perm=[1, 0]), _one(graph, 2)])
            phase = graph.node("Mul", [column, graph.constant(p["w1"], "float32")])
            wave = graph.node("Cos", [graph.node("Add", [phase, graph.constant(p["b1"], "float32")])])
            mixed = graph.node("MatMul", [wave, graph.constant(p["w2"], "float32")])
            mixed = graph.node("Add", [mixed, graph.constant(p["b2"], "float32")])
            mixed = graph.node("Transpose", [mixed], perm=[1, 0, 2])
            shape = graph.constant([-1, self.numbers * self.extra], "int64")
            parts.append(graph.node("Reshape", [mixed, shape]))
        if rest:
            parts.append(rest)
        x = parts[0] if len(parts) == 1 else graph.node("Concat", parts, axis=1)
        for number in range(self.depth + 1):
            weights, bias = p[f"w{number}_"], p[f"bias{number}"]
            if number == 0:
                weights = p["scale"][:, None] * weights
            if number == self.depth:
                weights, bias = weights @ sign, bias @ sign
            x = layers.gemm(graph, x, weights, bias)
            if number < self.depth:
                x = _activate_nodes(graph, x, activation)
        return x


def _one(graph: GraphBuilder, axis: int) -> str:
    return graph.constant([axis], "int64")


def _views(vector: Matrix, shapes: dict[str, tuple[int, ...]]) -> Iterator[tuple[str, Matrix]]:
    start = 0
    for name, shape in shapes.items():
        yield name, vector[start : start + math.prod(shape)].reshape(shape)
        start += math.prod(shape)


def _activate(z: Matrix, activation: Activation) -> tuple[Matrix, Matrix]:
    """(values, slopes). SELU (Klambauer et al., 2017) or SiLU (Elfwing et al., 2018)."""
    if activation == "silu":
        half = np.float32(0.5)
        gate = np.tanh(z * half)
        gate *= half
        gate += half
        z *= gate
        slope = np.float32(1.0) - gate
        slope *= z
        slope += gate
        return z, slope
    above = z > 0
    bend = np.minimum(z, np.float32(0.0))
    np.exp(bend, out=bend)
    bend *= SELU_SCALE * SELU_ALPHA
    np.maximum(z, np.float32(0.0), out=z)
    z *= SELU_SCALE
    z += bend
    z -= SELU_SCALE * SELU_ALPHA
    # Above zero the exponential is one: take away what it has too much there.
    bend -= above * (SELU_SCALE * SELU_ALPHA - SELU_SCALE)
    return z, bend


def _activate_nodes(graph: GraphBuilder, x: str, activation: Activation) -> str:
    if activation == "silu":
        return graph.node("Mul", [x, graph.node("Sigmoid", [x])])
    return graph.node("Selu", [x], alpha=float(SELU_ALPHA), gamma=float(SELU_SCALE))
