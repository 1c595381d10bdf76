"""A small convolutional network for images, from scratch.

See :mod:`modelwright.models.deep.nets.small_cnn`. The extra: ``pip install 'modelwright[deep]'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import deep_tags
from modelwright.models.deep.images import ImageFamily, common_ranges, common_start
from modelwright.models.deep.intake import Given
from modelwright.models.family import DataFacts, Int, Space, Task

if TYPE_CHECKING:
    from torch import nn


class SmallCnn(ImageFamily):
    name = "small_cnn"
    title = "Small convolutional network"
    version = 1
    tags = deep_tags(("image",))

    def why(self, task: Task, facts: DataFacts) -> str:
        return "small filters that are the same all over the picture: learns from few, and is quick"

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {**common_start(facts), "base": 16}
        return Space(
            ranges={**common_ranges(), "base": Int(8, 32, log=True)},
            starts=(base, {**base, "base": 24, "augment": 1.3, "smoothing": 0.1}),
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.small_cnn import encoder

        return encoder(given, rows, config)


FAMILY = SmallCnn()
