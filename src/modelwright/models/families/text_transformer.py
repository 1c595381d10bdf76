"""A transformer over the words of a text, from scratch.

See :mod:`modelwright.models.deep.nets.transformer`. The extra: ``pip install 'modelwright[deep]'``.
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


class TransformerText(TextFamily):
    name = "text_transformer"
    title = "Transformer on words"
    version = 1
    tags = deep_tags(("text",))

    def why(self, task: Task, facts: DataFacts) -> str:
        return "each word looks at all others: wants many rows"

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {"rate": 1e-3, "dropout": 0.3, "augment": 1.0, "smoothing": 0.0, "width": 96, "layers": 2}
        return Space(
            ranges={**common_ranges(), "layers": Int(1, 4), "width": Choice((64, 96, 128))},
            starts=(base, {**base, "layers": 1, "width": 64}),
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.transformer import encoder

        return encoder(given, rows, config)


FAMILY = TransformerText()
