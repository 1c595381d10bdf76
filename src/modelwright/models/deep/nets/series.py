"""What the networks on sequences of numbers share: scaling, knowledge of gaps, pooling; the default encoder.

A sequence is float32 [n, channels, steps] with NaN where a step is not there. Each channel becomes three: its
values on the scale of the training rows, the same on the scale of the sequence itself (its own mean and
deviation; what remains is the shape), and whether the step is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from modelwright.models.deep.intake import Given

FAR = 20.0
"""Deviations beyond which a value counts as this far."""
LEAST = 0.01
"""Added to the deviation of a sequence, in deviations of the training rows: less is no shape but noise."""
VIEWS = 3


class Scaled(nn.Module):
    """float32 [n, channels, steps] with NaN to float32 [n, 3 * channels, steps] without."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # The average of all batches so far: the scale of a column does not change while it is learned.
        self.norm = nn.BatchNorm1d(channels, eps=1e-10, momentum=None, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        there = (~torch.isnan(x)).to(torch.float32)
        count = there.sum(dim=2, keepdim=True).clamp(min=1.0)
        known = torch.nan_to_num(x, nan=0.0)
        centre = known.sum(dim=2, keepdim=True) / count
        # A gap is filled with the mean of the rest, so that it weighs little in the column's scale.
        z = self.norm(torch.where(there > 0, known, centre)).clamp(-FAR, FAR)
        middle = (z * there).sum(dim=2, keepdim=True) / count
        away = (z - middle) * there
        spread = torch.sqrt(away.square().sum(dim=2, keepdim=True) / count + 1e-12)
        return torch.cat([z * there, away / (spread + LEAST), there], dim=1)


def pooled(x: Tensor) -> Tensor:
    """[n, width, steps] to [n, 3 * width]: mean, maximum, and the newest step."""
    return torch.cat([x.mean(dim=2), x.amax(dim=2), x[:, :, -1]], dim=1)


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    """For a series beside other columns: temporal convolution."""
    from modelwright.models.deep.nets.temporal import encoder as temporal

    return temporal(given, rows, config)
