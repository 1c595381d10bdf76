"""A transformer over the words of a text, from scratch (Vaswani et al., 2017).

The norm comes in front (Xiong et al., 2020), places are learned, and the mean over the words is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from modelwright.models.deep.intake import Given
from modelwright.models.deep.nets.bag import mean

LEAST = -1e4
"""Added to what must not be looked at."""


class Block(nn.Module):
    """Self-attention and a feed-forward part, each after a norm and around a shortcut: [n, length, width]."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixed, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.layers = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
        """``hidden`` [n, 1, 1, length] is added to the scores of attention."""
        n, length, width = x.shape
        parts = self.mixed(self.before(x)).reshape(n, length, 3, self.heads, self.size)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(2, 3) * self.size**-0.5 + hidden
        seen = (scores.softmax(3) @ v).transpose(1, 2).reshape(n, length, width)
        x = x + self.drop(self.out(seen))
        return cast(Tensor, x + self.drop(self.layers(self.between(x))))


class TextTransformer(nn.Module):
    """Ids int64 [n, length] (0: padding) to features [n, width]."""

    trims = True
    initialisation = "embeddings normal with deviation 0.1 and 0.02; linear layers uniform by their width"

    def __init__(
        self, vocabulary: int, length: int, width: int, layers: int, heads: int, dropout: float
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.words.weight, std=0.1)
        self.places = nn.Parameter(torch.randn(1, length, width) * 0.02)
        self.blocks = nn.ModuleList([Block(width, heads, dropout) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)
        self.width = width

    def forward(self, ids: Tensor) -> Tensor:
        there = (ids > 0).to(self.words.weight.dtype)
        hidden = LEAST * (1.0 - there)[:, None, None, :]
        x = self.drop(self.words(ids) + self.places[:, : ids.shape[1]])
        for block in self.blocks:
            x = block(x, hidden)
        return mean(self.norm(x), there)


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    """For a column of text, by ``width``, ``layers``, ``heads``, ``dropout``."""
    return TextTransformer(
        given.vocabulary,
        given.shape[0],
        int(config.get("width", 96)),
        int(config.get("layers", 2)),
        int(config.get("heads", 4)),
        float(config.get("dropout", 0.3)),
    )
