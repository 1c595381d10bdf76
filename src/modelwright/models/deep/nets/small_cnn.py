"""A small convolutional network for images, from scratch: two convolutions a stage, each stage half the size.

Convolution, batch norm (Ioffe and Szegedy, 2015) and rectifier, max pooling between the stages, the mean and
the maximum of the last one as features. Pixels are scaled by the batch norm that the input goes through
first, so the network takes them as they come: uint8 [n, channels, height, width].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from modelwright.models.deep.intake import Given

SMALLEST = 7
"""Sides of the last stage: a stage more halves it until it is below twice this."""
LARGE = 64
"""Sides from which the first convolution takes every second pixel; twice this is halved once more."""


def initialise(module: nn.Module) -> None:
    """He initialisation (He et al., 2015) of convolutions: normal, for the fan-out, for rectifiers."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")


def by_channels(module: nn.Module) -> None:
    """Keep the channels of a pixel side by side in memory: convolutions on processors are quicker so."""
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class Pixels(nn.Module):
    """uint8 [n, channels, height, width] to float32, every channel with mean 0 and deviation 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)

    def forward(self, image: Tensor) -> Tensor:
        scaled = image.to(torch.float32).contiguous(memory_format=torch.channels_last) * (1.0 / 255.0)
        return cast(Tensor, self.norm(scaled))


def convolution(inward: int, outward: int, *, size: int = 3, stride: int = 1) -> list[nn.Module]:
    """Convolution without bias, batch norm, rectifier."""
    return [
        nn.Conv2d(inward, outward, size, stride=stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outward),
        nn.ReLU(inplace=True),
    ]


class Pooled(nn.Module):
    """The mean and the maximum over all places, side by side: [n, c, h, w] to [n, 2 c]."""

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], dim=1)


class SmallCnn(nn.Module):
    """Features [n, width] of images [n, channels, height, width]; ``base`` channels in the first stage."""

    initialisation = "convolutions normal by He et al. (fan-out); norms 1 and 0; head uniform"

    def __init__(self, shape: tuple[int, ...], base: int, depth: int = 2) -> None:
        super().__init__()
        channels, height, width = shape
        side = min(height, width)
        layers: list[nn.Module] = [Pixels(channels)]
        inward, outward = channels, base
        if side >= LARGE:
            layers += convolution(inward, outward, size=5, stride=2)
            inward, side = outward, -(-side // 2)
            if side >= LARGE:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
                side = -(-side // 2)
        while True:
            for _ in range(depth):
                layers += convolution(inward, outward)
                inward = outward
            if side < 2 * SMALLEST:
                break
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
            side, outward = -(-side // 2), min(2 * outward, 8 * base)
        self.layers = nn.Sequential(*layers, Pooled())
        self.width = 2 * inward
        initialise(self)
        by_channels(self)

    def forward(self, image: Tensor) -> Tensor:
        return cast(Tensor, self.layers(image))


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    return SmallCnn(given.shape, int(config.get("base", 24)), int(config.get("depth", 2)))
