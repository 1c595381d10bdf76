"""Temporal convolution on sequences of numbers, from scratch.

See :mod:`modelwright.models.deep.nets.temporal`. The extra: ``pip install 'modelwright[deep]'``.
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


class TemporalFamily(SeriesFamily):
    name = "temporal"
    title = "Temporal convolution"
    version = 1
    tags = deep_tags(("series",))

    def why(self, task: Task, facts: DataFacts) -> str:
        return "shapes of any length anywhere in the sequence, all steps at once: quick"

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {**common_start(task), "kernel": 5}
        return Space(
            ranges={**common_ranges(), "kernel": Int(3, 9)},
            starts=(base,),
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.temporal import encoder

        return encoder(given, rows, config)


FAMILY = TemporalFamily()
