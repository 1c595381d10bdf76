"""A recurrent network (GRU or LSTM) on sequences of numbers.

GRU: Cho et al. (2014); LSTM: Hochreiter and Schmidhuber (1997). Both directions; long sequences are first
shortened by a strided convolution, since a recurrent layer takes its steps one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from modelwright.models.deep.intake import Given
from modelwright.models.deep.nets.series import VIEWS, Scaled


class RecurrentSeries(nn.Module):
    """float32 [n, channels, steps] with NaN for gaps, to features float32 [n, width]."""

    def __init__(
        self, channels: int, steps: int, base: int, layers: int, cell: str, most: int, dropout: float
    ) -> None:
        super().__init__()
        self.scaled = Scaled(channels)
        stride = max(1, -(-steps // most))
        self.begin = nn.Sequential(
            nn.Conv1d(VIEWS * channels, base, max(3, stride), stride=stride, padding=1), nn.ReLU()
        )
        kind = {"gru": nn.GRU, "lstm": nn.LSTM}[cell]
        self.cell = kind(
            base,
            base,
            num_layers=layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,
        )
        self.base = base
        self.width = 6 * base

    def forward(self, x: Tensor) -> Tensor:
        out, _ = self.cell(self.begin(self.scaled(x)).transpose(1, 2))
        # The last state of each direction, and the mean and the maximum over the steps.
        ends = torch.cat([out[:, -1, : self.base], out[:, 0, self.base :]], dim=1)
        return torch.cat([ends, out.mean(dim=1), out.amax(dim=1)], dim=1)


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    """For a column of sequences, by ``width``, ``layers``, ``cell``, ``most_steps``, ``dropout``."""
    channels, steps = given.shape
    return RecurrentSeries(
        channels,
        steps,
        int(config.get("width", 64)),
        int(config.get("layers", 1)),
        str(config.get("cell", "gru")),
        int(config.get("most_steps", 128)),
        float(config.get("dropout", 0.1)),
    )
