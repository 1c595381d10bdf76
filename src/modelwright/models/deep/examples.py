"""What a network learns from: arrays in memory, one for each input, with the target beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Examples:
    """``inputs``: arrays [n, ...] by the input's name (``x`` float32 [n, m], ``image_0`` uint8 [n, C, H, W],
    ``audio_0`` int16 [n, samples], ``series_0`` float32 [n, channels, steps], ``text_0`` int64 [n, length]).
    ``y`` int64 [n] class codes, or float64 [n]; ``weights`` float64 [n], or None where all are equal.
    """

    inputs: dict[str, npt.NDArray[Any]]
    y: npt.NDArray[Any]
    weights: npt.NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        lengths = {name: len(array) for name, array in self.inputs.items()}
        lengths["y"] = len(self.y)
        if self.weights is not None:
            lengths["weights"] = len(self.weights)
        if self.y.ndim != 1:
            raise ValueError(f"the target has the shape {self.y.shape}; it must be one number a row")
        if not self.inputs:
            raise ValueError("examples without an input")
        if len(set(lengths.values())) > 1:
            raise ValueError(f"inputs of different lengths: {lengths}")

    @property
    def rows(self) -> int:
        return len(self.y)

    def take(self, rows: npt.NDArray[np.int64] | slice) -> Examples:
        """The same inputs for some rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Examples({name: array[rows] for name, array in self.inputs.items()}, self.y[rows], weights)
