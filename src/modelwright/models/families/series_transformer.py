"""A transformer on sequences of numbers, from scratch.

See :mod:`modelwright.models.deep.nets.series_transformer`. The extra: ``pip install 'modelwright[deep]'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import deep_tags
from modelwright.models.deep.intake import Given
from modelwright.models.deep.sequences import SeriesFamily, common_ranges, common_start
from modelwright.models.family import DataFacts, Int, Space, Task

if TYPE_CHECKING:
    from torch import nn


class SeriesTransformerFamily(SeriesFamily):
    name = "series_transformer"
    title = "Transformer on sequences"
    version = 1
    tags = deep_tags(("series",))

    def why(self, task: Task, facts: DataFacts) -> str:
        return "every stretch of the sequence looks at every other: for long reaches and many rows"

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {**common_start(task), "layers": 3, "rate": 2e-3}
        return Space(
            ranges={**common_ranges(), "layers": Int(1, 5)},
            starts=(base,),
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.series_transformer import encoder

        return encoder(given, rows, config)


FAMILY = SeriesTransformerFamily()
