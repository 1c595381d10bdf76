"""A recurrent network on sequences of numbers, from scratch.

See :mod:`modelwright.models.deep.nets.recurrent_series`. The extra: ``pip install 'modelwright[deep]'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import deep_tags
from modelwright.models.deep.intake import Given
from modelwright.models.deep.sequences import SeriesFamily, common_ranges, common_start
from modelwright.models.family import Choice, DataFacts, Int, Space, Task

if TYPE_CHECKING:
    from torch import nn


class RecurrentSeriesFamily(SeriesFamily):
    name = "recurrent_series"
    title = "Recurrent network on sequences"
    version = 1
    tags = deep_tags(("series",))

    def why(self, task: Task, facts: DataFacts) -> str:
        return "reads the sequence step by step, in both directions"

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {**common_start(task), "cell": "gru", "layers": 1}
        return Space(
            ranges={**common_ranges(), "cell": Choice(("gru", "lstm")), "layers": Int(1, 2)},
            starts=(base,),
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.recurrent_series import encoder

        return encoder(given, rows, config)


FAMILY = RecurrentSeriesFamily()
