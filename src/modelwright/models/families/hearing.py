"""An audio model of ``transformers``, fine-tuned: from the folder that the goal names.

See :mod:`modelwright.models.deep.pretrained` and :mod:`modelwright.models.deep.nets.pretrained_audio`.
Extras: ``pip install 'modelwright[audio,deep,pretrained]'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import DeepFamily, deep_tags
from modelwright.models.deep.intake import Given
from modelwright.models.deep.pretrained import HEARD, INSTALL, kind_of, with_slow_bodies
from modelwright.models.family import Choice, DataFacts, Declines, Float, Machine, Space, Suits, Task

if TYPE_CHECKING:
    from torch import nn

    from modelwright.models.deep.settings import Settings

OTHERS = ("clap", "wav2vec2-bert", "wav2vec2-conformer", "sew", "sew-d", "speecht5", "encodec", "mimi", "dac")
"""Audio models that are known and not taken: the first hear through feature extractors of their own that are
not written here, the last are codecs."""


class Hearing(DeepFamily):
    name = "hearing"
    title = "Pretrained audio model, fine-tuned"
    version = 1
    kind = "audio"
    tags = deep_tags(("audio",), extra="pretrained")
    fewest = 10

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if "pretrained" not in machine.installed:
            return Declines("the package transformers is not installed", INSTALL)
        if not facts.pretrained:
            return Declines(
                "the goal names no pretrained model", "name its folder: `search: {pretrained: FOLDER}`"
            )
        told = kind_of(facts.pretrained)
        kind = str(told.get("model_type", "unknown"))
        if told and kind in OTHERS:
            return Declines(
                f"the pretrained model ({kind}) hears in a way that cannot be a part of the graph yet",
                f"name a folder with one of these: {', '.join(HEARD)}",
            )
        if told and kind not in HEARD:
            return Declines(f"the pretrained model ({kind}) is not one of sounds")
        return super().suits(task, facts, machine)

    def why(self, task: Task, facts: DataFacts) -> str:
        return "has heard many sounds before: needs far fewer of these"

    def cost(self, task: Task, facts: DataFacts, machine: Machine) -> float:
        return 30.0 + 0.2 * facts.rows

    def space(self, task: Task, facts: DataFacts) -> Space:
        base: dict[str, Any] = {
            "rate": 1e-3,
            "body_rate": 0.1,
            "decay": 0.02,
            "augment": 0.5,
            "smoothing": 0.1 if task.problem != "regression" else 0.0,
            "dropout": 0.1,
            "tune": "full",
            "pretrained": facts.pretrained,
        }
        return Space(
            ranges={
                "rate": Float(3e-4, 1e-2, log=True),
                "body_rate": Float(0.01, 1.0, log=True),
                "augment": Float(0.0, 1.5),
                "tune": Choice(("full", "head", "lora")),
            },
            # The head first: the quickest, and an hour's training of the rest may not fit.
            starts=(
                {**base, "tune": "head", "rate": 3e-3},
                base,
                {**base, "tune": "lora", "rate": 2e-3},
            ),
        )

    def settings(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> Settings:
        from modelwright.models.deep.images import quick_bfloat16
        from modelwright.models.deep.settings import Settings

        return Settings.of(
            dict(config),
            epochs=max(3, min(30, 20_000 // max(1, rows))),
            batch=32 if rows >= 1500 else 16,
            optimiser="adamw",
            schedule="one-cycle",
            precision="bfloat16" if quick_bfloat16() else "auto",
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.pretrained_audio import PretrainedAudio

        return PretrainedAudio(str(config["pretrained"]), given, str(config["tune"]))

    def network(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> nn.Module:
        names = [one.name for one in given if one.kind == self.kind]
        return with_slow_bodies(super().network(task, given, rows, config), names, config)


FAMILY = Hearing()
