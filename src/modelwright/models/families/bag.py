"""Means of embeddings of words and of pairs of words, learned with what is made of them.

See :mod:`modelwright.models.deep.nets.bag`. The extra: ``pip install 'modelwright[deep]'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import deep_tags
from modelwright.models.deep.intake import Given
from modelwright.models.deep.texts import TextFamily, common_ranges
from modelwright.models.family import Choice, DataFacts, Int, Space, Task

if TYPE_CHECKING:
    from torch import nn


class BagOfWords(TextFamily):
    name = "bag"
    title = "Bag of embeddings"
    version = 1
    tags = deep_tags(("text",))

    def why(self, task: Task, facts: DataFacts) -> str:
        return "what each word and pair says, learned together: quick, and good with many rows"

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {"rate": 5e-3, "dropout": 0.3, "augment": 1.0, "smoothing": 0.0, "size": 64, "pairs": 20_000}
        return Space(
            ranges={**common_ranges(), "size": Int(16, 128, log=True), "pairs": Choice((0, 20_000))},
            starts=(base, {**base, "pairs": 0, "size": 32}),
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.bag import encoder

        return encoder(given, rows, config)


FAMILY = BagOfWords()
