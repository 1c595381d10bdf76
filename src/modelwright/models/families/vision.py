"""Any image model of ``transformers``, fine-tuned: from the folder that the goal names.

See :mod:`modelwright.models.deep.pretrained`. Extras: ``pip install 'modelwright[deep,pretrained]'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import deep_tags
from modelwright.models.deep.images import ImageFamily, common_ranges, common_start
from modelwright.models.deep.intake import Given
from modelwright.models.deep.pretrained import HEARD, INSTALL, kind_of, with_slow_bodies
from modelwright.models.family import Choice, DataFacts, Declines, Float, Machine, Space, Suits, Task

if TYPE_CHECKING:
    from torch import nn

    from modelwright.models.deep.settings import Settings

SEES = ("image_size", "num_channels", "patch_size", "embedding_size", "hidden_sizes")
"""What the config of an image model has one of."""


class Vision(ImageFamily):
    name = "vision"
    title = "Pretrained image model, fine-tuned"
    version = 1
    tags = deep_tags(("image",), extra="pretrained")
    fewest = 10

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if "pretrained" not in machine.installed:
            return Declines("the package transformers is not installed", INSTALL)
        if not facts.pretrained:
            return Declines(
                "the goal names no pretrained model", "name its folder: `search: {pretrained: FOLDER}`"
            )
        told = kind_of(facts.pretrained)
        if told and (told.get("model_type") in HEARD or not any(name in told for name in SEES)):
            return Declines(
                f"the pretrained model ({told.get('model_type', 'unknown')}) is not one of images"
            )
        return super().suits(task, facts, machine)

    def why(self, task: Task, facts: DataFacts) -> str:
        return "has seen pictures before: needs far fewer of these"

    def cost(self, task: Task, facts: DataFacts, machine: Machine) -> float:
        return 20.0 + 0.05 * facts.rows

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {
            **common_start(facts),
            "rate": 1e-3,
            "body_rate": 0.1,
            "tune": "full",
            "pretrained": facts.pretrained,
        }
        return Space(
            ranges={
                **common_ranges(),
                "body_rate": Float(0.01, 1.0, log=True),
                "tune": Choice(("full", "head", "lora")),
            },
            starts=(base, {**base, "tune": "head", "rate": 3e-3}, {**base, "tune": "lora", "rate": 2e-3}),
        )

    def settings(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> Settings:
        usual = super().settings(task, given, rows, config)
        return usual.but(epochs=int(config.get("epochs", max(3, min(30, 20_000 // max(1, rows))))), ema=None)

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.pretrained_image import PretrainedImage

        return PretrainedImage(str(config["pretrained"]), given.shape, str(config["tune"]))

    def network(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> nn.Module:
        names = [one.name for one in given if one.kind == self.kind]
        return with_slow_bodies(super().network(task, given, rows, config), names, config)


FAMILY = Vision()
