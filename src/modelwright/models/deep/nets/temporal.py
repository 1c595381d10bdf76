"""Temporal convolution on sequences of numbers, after Bai, Kolter and Koltun (2018, arXiv 1803.01271).

Residual blocks of convolutions whose reach doubles from block to block. Unlike the paper's they look to both
sides: the whole sequence is known when the answer is given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor, nn
from torch.nn import functional

from modelwright.models.deep.intake import Given
from modelwright.models.deep.nets.series import VIEWS, Scaled, pooled


class Block(nn.Module):
    """Two dilated convolutions around a shortcut, [n, width, steps] to the same."""

    def __init__(self, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        reach = dilation * (kernel // 2)
        self.first = nn.Conv1d(width, width, kernel, padding=reach, dilation=dilation, bias=False)
        self.second = nn.Conv1d(width, width, kernel, padding=reach, dilation=dilation, bias=False)
        self.one, self.two = nn.BatchNorm1d(width), nn.BatchNorm1d(width)
        self.drop = nn.Dropout1d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        found = self.drop(functional.relu(self.one(self.first(x))))
        return functional.relu(x + self.two(self.second(found)))


class Temporal(nn.Module):
    """float32 [n, channels, steps] with NaN for gaps, to features float32 [n, width]."""

    def __init__(self, channels: int, steps: int, base: int, kernel: int, most: int, dropout: float) -> None:
        super().__init__()
        self.scaled = Scaled(channels)
        stride = max(1, -(-steps // most))
        self.begin = nn.Sequential(
            nn.Conv1d(VIEWS * channels, base, max(kernel, stride), stride=stride, padding=kernel // 2),
            nn.BatchNorm1d(base),
            nn.ReLU(),
        )
        # As many blocks as it takes for the last to see the whole sequence.
        reach = max(2.0, min(steps, most) / (2 * (kernel - 1)))
        blocks = min(6, max(2, math.ceil(math.log2(reach)) + 1))
        self.blocks = nn.Sequential(*(Block(base, kernel, 2**i, dropout) for i in range(blocks)))
        self.width = 3 * base

    def forward(self, x: Tensor) -> Tensor:
        return pooled(cast(Tensor, self.blocks(self.begin(self.scaled(x)))))


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    """For a column of sequences, from the keys ``width``, ``kernel``, ``most_steps``, ``dropout``."""
    channels, steps = given.shape
    return Temporal(
        channels,
        steps,
        int(config.get("width", 64)),
        int(config.get("kernel", 5)),
        int(config.get("most_steps", 256)),
        float(config.get("dropout", 0.1)),
    )
