"""A recurrent network over the words of a text, forwards and backwards.

See :mod:`modelwright.models.deep.nets.recurrent`. The extra: ``pip install 'modelwright[deep]'``.
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


class RecurrentText(TextFamily):
    name = "recurrent"
    title = "Recurrent network on words"
    version = 1
    tags = deep_tags(("text",))

    def why(self, task: Task, facts: DataFacts) -> str:
        return "reads word after word, so that their order counts"

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {"rate": 3e-3, "dropout": 0.4, "augment": 1.0, "smoothing": 0.0, "cell": "lstm", "hidden": 64}
        return Space(
            ranges={**common_ranges(), "cell": Choice(("lstm", "gru")), "hidden": Int(32, 128, log=True)},
            starts=(base, {**base, "cell": "gru"}),
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.recurrent import encoder

        return encoder(given, rows, config)


FAMILY = RecurrentText()
