"""A residual network for images (He et al., 2016), small enough to be trained from scratch on a processor.

Blocks of two convolutions with a way around them; the last batch norm of a block begins at zero, so that a
block begins as the identity (Goyal et al., 2017). The stem halves large images once or twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from modelwright.models.deep.intake import Given
from modelwright.models.deep.nets.small_cnn import (
    LARGE,
    SMALLEST,
    Pixels,
    Pooled,
    by_channels,
    convolution,
    initialise,
)

INITIALISATION = "convolutions normal by He et al. (fan-out); the last norm of each block 0; head uniform"


class Block(nn.Module):
    """Two 3x3 convolutions; around them the input itself, or its 1x1 convolution where the shape changes."""

    def __init__(self, inward: int, outward: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*convolution(inward, outward, stride=stride))
        self.second = nn.Conv2d(outward, outward, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outward)
        nn.init.zeros_(self.norm.weight)
        self.around: nn.Module = nn.Identity()
        if stride > 1 or inward != outward:
            # The mean of two by two, not every second pixel: nothing is thrown away (He et al., 2019).
            mean = [nn.AvgPool2d(stride, ceil_mode=True)] if stride > 1 else []
            self.around = nn.Sequential(
                *mean, nn.Conv2d(inward, outward, 1, bias=False), nn.BatchNorm2d(outward)
            )

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.norm(self.second(self.first(maps)))
        return torch.relu(inner + self.around(maps))


class ResNet(nn.Module):
    """Features [n, width] of images [n, channels, height, width]; ``base`` channels in the first stage."""

    initialisation = INITIALISATION

    def __init__(self, shape: tuple[int, ...], base: int, blocks: int = 1) -> None:
        super().__init__()
        channels, height, width = shape
        side = min(height, width)
        layers: list[nn.Module] = [Pixels(channels)]
        stride = 2 if side >= LARGE else 1
        layers += convolution(channels, base, size=5 if stride == 2 else 3, stride=stride)
        side = -(-side // stride)
        if side >= LARGE:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
            side = -(-side // 2)
        inward, outward, stride = base, base, 1
        while True:
            for number in range(blocks):
                layers.append(Block(inward, outward, stride if number == 0 else 1))
                inward = outward
            if side < 2 * SMALLEST:
                break
            side, stride, outward = -(-side // 2), 2, min(2 * outward, 8 * base)
        self.layers = nn.Sequential(*layers, Pooled())
        self.width = 2 * inward
        initialise(self)
        by_channels(self)

    def forward(self, image: Tensor) -> Tensor:
        return cast(Tensor, self.layers(image))


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    return ResNet(given.shape, int(config.get("base", 24)), int(config.get("blocks", 1)))
