"""A transformer on sequences of numbers: patches of steps are its tokens.

Overlapping patches after PatchTST (Nie et al., 2023, arXiv 2211.14730), with all channels in one token;
layers with the norm in front (Xiong et al., 2020); learned places; the mean over the tokens is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from modelwright.models.deep.intake import Given
from modelwright.models.deep.nets.series import VIEWS, Scaled


class Layer(nn.Module):
    """Self-attention and a feed-forward part, each after a norm and around a shortcut: [n, tokens, width]."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.three = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        tokens, width = x.shape[1], x.shape[2]
        q, k, v = (
            part.reshape(-1, tokens, self.heads, width // self.heads).transpose(1, 2)
            for part in self.three(self.before(x)).chunk(3, dim=2)
        )
        seen = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(-1, tokens, width)
        x = x + self.drop(self.out(seen))
        found: Tensor = x + self.drop(self.narrow(functional.gelu(self.wide(self.between(x)))))
        return found


class SeriesTransformer(nn.Module):
    """float32 [n, channels, steps] with NaN for gaps, to features float32 [n, width]."""

    def __init__(
        self, channels: int, steps: int, base: int, layers: int, heads: int, most: int, dropout: float
    ) -> None:
        super().__init__()
        self.scaled = Scaled(channels)
        patch = max(min(4, max(1, steps // 8)), -(-steps // most))
        tokens = -(-steps // patch)
        # A token sees the stretch before its own too, and bends what it sees: shapes are told at once, which
        # attention between single steps would have to learn from many rows.
        seen = 2 * patch
        self.before = (tokens - 1) * patch + seen - steps
        """Steps that are not there, put in front so that the patches come out even."""
        self.begin = nn.Sequential(
            nn.Conv1d(VIEWS * channels, base, seen, stride=patch), nn.GELU(), nn.Conv1d(base, base, 1)
        )
        self.places = nn.Parameter(torch.randn(1, tokens, base) * 0.02)
        self.drop = nn.Dropout(dropout)
        self.layers = nn.Sequential(*(Layer(base, heads, dropout) for _ in range(layers)))
        self.end = nn.LayerNorm(base)
        self.width = 2 * base

    def forward(self, x: Tensor) -> Tensor:
        scaled = functional.pad(self.scaled(x), (self.before, 0))
        tokens = self.begin(scaled).transpose(1, 2) + self.places
        found = self.end(self.layers(self.drop(tokens)))
        return torch.cat([found.mean(dim=1), found[:, -1]], dim=1)


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    """For a column of sequences, by ``width``, ``layers``, ``heads``, ``most_tokens``, ``dropout``."""
    channels, steps = given.shape
    return SeriesTransformer(
        channels,
        steps,
        int(config.get("width", 64)),
        int(config.get("layers", 3)),
        int(config.get("heads", 4)),
        int(config.get("most_tokens", 64)),
        float(config.get("dropout", 0.1)),
    )
