"""A small vision transformer, from scratch.

See :mod:`modelwright.models.deep.nets.vit`. The extra: ``pip install 'modelwright[deep]'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import deep_tags
from modelwright.models.deep.images import ImageFamily, common_ranges, common_start
from modelwright.models.deep.intake import Given
from modelwright.models.family import DataFacts, Declines, Int, Machine, Space, Suits, Task

if TYPE_CHECKING:
    from torch import nn

FEWEST = 20_000
"""Training pictures: attention has to learn what convolutions have built in. With fewer it is tried only
where the goal names it (5,000 pictures of 32 by 32, in the same time: 52% right; convolutions 69%)."""


class Vit(ImageFamily):
    name = "vit"
    title = "Vision transformer"
    version = 1
    tags = deep_tags(("image",))

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        answer = super().suits(task, facts, machine)
        if isinstance(answer, Suits) and facts.rows < FEWEST and not facts.named:
            return Declines(
                f"{facts.rows:,} pictures are few for a transformer from scratch ({FEWEST:,} are not)",
                "to try it, name it in `search.families`, or fine-tune another (`search.pretrained`)",
            )
        return answer

    def why(self, task: Task, facts: DataFacts) -> str:
        return "attention between patches: sees what belongs together across the picture"

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {**common_start(facts), "rate": 1e-3, "width": 96, "depth": 4}
        return Space(
            ranges={**common_ranges(), "width": Int(64, 128), "depth": Int(2, 6)},
            starts=(base, {**base, "depth": 6, "augment": 1.3, "mixup": 0.2}),
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.vit import encoder

        return encoder(given, rows, config)


FAMILY = Vit()
