"""Recurrent networks over the words of a text: LSTM (Hochreiter and Schmidhuber, 1997) or GRU (Cho et al.,
2014), forwards and backwards, and the largest value of each state over the words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from modelwright.models.deep.intake import Given
from modelwright.models.deep.nets.bag import mean

LEAST = -1e4
"""Stands for "not there" where the largest is taken."""


class Recurrent(nn.Module):
    """Ids int64 [n, length] (0: padding at the end) to features [n, 4 * hidden].

    The way backwards is a way forwards over the words turned round, so that padding never changes a state.
    """

    trims = True
    initialisation = "embeddings normal with deviation 0.1; recurrent weights uniform by their width"

    def __init__(self, vocabulary: int, size: int, hidden: int, cell: str, dropout: float) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, size)
        nn.init.normal_(self.words.weight, std=0.1)
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.forwards = kind(size, hidden, batch_first=True)
        self.backwards = kind(size, hidden, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.width = 4 * hidden

    def forward(self, ids: Tensor) -> Tensor:
        there = (ids > 0).to(self.words.weight.dtype)
        steps = torch.arange(ids.shape[1], device=ids.device).unsqueeze(0)
        lengths = (ids > 0).sum(1, keepdim=True)
        turned = torch.where(steps < lengths, lengths - 1 - steps, steps)
        parts = []
        for way, order in ((self.forwards, ids), (self.backwards, torch.gather(ids, 1, turned))):
            states, _ = way(self.drop(self.words(order)))
            parts += [
                mean(states, there),
                (states + LEAST * (1.0 - there).unsqueeze(2)).amax(1).clamp(min=-1.0),
            ]
        return cast(Tensor, self.drop(torch.cat(parts, dim=1)))


def encoder(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    """For a column of text, by ``cell`` (lstm or gru), ``size``, ``hidden``, ``dropout``."""
    return Recurrent(
        given.vocabulary,
        int(config.get("size", 64)),
        int(config.get("hidden", 64)),
        str(config.get("cell", "lstm")),
        float(config.get("dropout", 0.4)),
    )
