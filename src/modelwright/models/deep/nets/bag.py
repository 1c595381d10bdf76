"""A bag of embeddings: means over the words of a text and over pairs of neighbours (Joulin et al., 2017).

Pairs share a table of fixed size: a pair's place is ``(left * 1,000,003 + right) mod buckets`` of the ids
of its words, arithmetic on whole numbers that every runtime does alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from modelwright.models.deep.intake import Given

PRIME = 1_000_003
BUCKETS = 20_000


class Bag(nn.Module):
    """Ids int64 [n, length] (0: padding) to features [n, 2 * width]."""

    trims = True
    initialisation = "embeddings normal with deviation 0.1"

    def __init__(self, vocabulary: int, size: int, pairs: int, dropout: float) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, size)
        self.pairs = nn.Embedding(pairs + 1, size) if pairs else None
        self.buckets = pairs
        self.drop = nn.Dropout(dropout)
        self.width = size * (2 if pairs else 1)
        for table in (self.words, self.pairs):
            if table is not None:
                nn.init.normal_(table.weight, std=0.1)

    def forward(self, ids: Tensor) -> Tensor:
        there = (ids > 0).to(self.words.weight.dtype)
        parts = [mean(self.words(ids), there)]
        if self.pairs is not None:
            # One column of padding more, so that a text of one word has a pair, which does not count.
            after = torch.nn.functional.pad(ids, (0, 1))
            left, right = after[:, :-1], after[:, 1:]
            number = (left * PRIME + right) % self.buckets
            parts.append(mean(self.pairs(number), ((left > 0) & (right > 0)).to(there.dtype)))
        return cast(Tensor, self.drop(torch.cat(parts, dim=1)))


def mean(values: Tensor, there: Tensor) -> Tensor:
    """[n, width]: the mean of values [n, length, width] where ``there`` [n, length] is 1; zeros where none
    is."""
    total = (values * there.unsqueeze(2)).sum(1)
    return total / there.sum(1, keepdim=True).clamp(min=1.0)


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    """For a column of text, by ``size``, ``pairs`` (buckets; 0: none), ``dropout``."""
    return Bag(
        given.vocabulary,
        int(config.get("size", 64)),
        int(config.get("pairs", BUCKETS)),
        float(config.get("dropout", 0.3)),
    )
