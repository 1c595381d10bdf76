"""A small vision transformer (Dosovitskiy et al., 2021) for images, from scratch.

The picture is cut into patches by a stem of convolutions, which learns from far fewer pictures than a
single cut does (Xiao et al., 2021); each patch gets a learned place; then blocks of attention and a two-layer
network, norms first; the features are the mean over patches. Attention is written out, so that the graph is
the same for any number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from modelwright.models.deep.intake import Given
from modelwright.models.deep.nets.small_cnn import Pixels, by_channels, convolution

PATCHES = 8
"""Patches along the shorter side, about: the stem halves the picture until there are under twice this."""
HEADS = 4
INITIALISATION = "attention and layers normal with deviation 0.02, cut at two deviations; places likewise"


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.mixed = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        _, length, width = tokens.shape
        parts = self.mixed(tokens).reshape(-1, length, 3, self.heads, self.size).permute(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        weights = torch.softmax(query @ key.transpose(-2, -1) * self.size**-0.5, dim=-1)
        found = (self.drop(weights) @ value).transpose(1, 2).reshape(-1, length, width)
        return cast(Tensor, self.out(found))


class Block(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.before, self.attention = nn.LayerNorm(width), Attention(width, heads, dropout)
        self.between = nn.LayerNorm(width)
        self.layers = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attention(self.before(tokens))
        return tokens + cast(Tensor, self.layers(self.between(tokens)))


class Vit(nn.Module):
    """Features [n, width] of images [n, channels, height, width]."""

    initialisation = INITIALISATION

    def __init__(
        self, shape: tuple[int, ...], width: int, depth: int, heads: int = HEADS, dropout: float = 0.0
    ) -> None:
        super().__init__()
        channels, height, width_of = shape
        if width % heads:
            raise ValueError(f"a width of {width} is not shared out to {heads} heads")
        sides, inward = [height, width_of], channels
        layers: list[nn.Module] = [Pixels(channels)]
        halvings = 0
        while min(sides) >= 2 * PATCHES or halvings == 0:
            sides = [-(-side // 2) for side in sides]
            halvings += 1
        for number in range(halvings):
            outward = max(16, width >> (halvings - number))
            layers += convolution(inward, outward, stride=2)
            inward = outward
        layers.append(nn.Conv2d(inward, width, 1))
        self.stem = nn.Sequential(*layers)
        self.places = nn.Parameter(torch.zeros(1, sides[0] * sides[1], width))
        self.blocks = nn.Sequential(*(Block(width, heads, dropout) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.width = width
        nn.init.trunc_normal_(self.places, std=0.02)
        for part in self.blocks.modules():
            if isinstance(part, nn.Linear):
                nn.init.trunc_normal_(part.weight, std=0.02)
                nn.init.zeros_(part.bias)
        by_channels(self.stem)

    def forward(self, image: Tensor) -> Tensor:
        patches = self.stem(image).flatten(2).transpose(1, 2)
        tokens = self.blocks(patches + self.places)
        return cast(Tensor, self.norm(tokens).mean(1))


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    width = max(HEADS, int(config.get("width", 96)) // HEADS * HEADS)
    return Vit(given.shape, width, int(config.get("depth", 4)), dropout=float(config.get("dropout", 0.0)))
