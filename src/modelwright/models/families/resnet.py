"""A residual network for images, from scratch.

See :mod:`modelwright.models.deep.nets.resnet`. The extra: ``pip install 'modelwright[deep]'``.
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


class ResNet(ImageFamily):
    name = "resnet"
    title = "Residual network"
    version = 1
    tags = deep_tags(("image",))

    def why(self, task: Task, facts: DataFacts) -> str:
        return "convolutions with ways around them: deeper than the small one, for pictures of things"

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {**common_start(facts), "base": 24, "blocks": 1}
        return Space(
            ranges={**common_ranges(), "base": Int(12, 32, log=True), "blocks": Int(1, 2)},
            starts=(base, {**base, "blocks": 2, "augment": 1.3, "mixup": 0.2}),
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.resnet import encoder

        return encoder(given, rows, config)


FAMILY = ResNet()
