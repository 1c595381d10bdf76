"""Any text encoder of ``transformers``, fine-tuned: from the folder that the goal names.

See :mod:`modelwright.models.deep.pretrained` and :mod:`modelwright.models.deep.tokens`. Extras:
``pip install 'modelwright[deep,pretrained]'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import deep_tags
from modelwright.models.deep.intake import Direct, Given, Intake, Several
from modelwright.models.deep.pretrained import INSTALL, kind_of, with_slow_bodies
from modelwright.models.deep.texts import TextFamily
from modelwright.models.deep.tokens import Tokens
from modelwright.models.family import (
    Choice,
    DataFacts,
    Declines,
    Float,
    Machine,
    Rows,
    Space,
    Suits,
    Task,
)

if TYPE_CHECKING:
    from torch import nn

    from modelwright.models.deep.settings import Precision, Settings

READS = ("vocab_size", "hidden_size")
"""What the config of a text encoder has both of."""
SHOWN_IN_ALL = 14_000
"""Texts that are gone through in a fine-tuning, about."""
FROZEN = 0.34
"""Share of the lower layers that stay as they are, with the embeddings: what they know of words serves any
task, and without them a step takes two thirds of the time."""


class Encoder(TextFamily):
    name = "encoder"
    title = "Pretrained text encoder, fine-tuned"
    version = 1
    tags = deep_tags(("text",), extra="pretrained")
    fewest = 10

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if not facts.texts:
            return Declines("there is no column of text")
        if "pretrained" not in machine.installed:
            return Declines("the package transformers is not installed", INSTALL)
        if not facts.pretrained:
            return Declines(
                "the goal names no pretrained model", "name its folder: `search: {pretrained: FOLDER}`"
            )
        told = kind_of(facts.pretrained)
        if told and not all(name in told for name in READS):
            return Declines(f"the pretrained model ({told.get('model_type', 'unknown')}) is not one of texts")
        return super().suits(task, facts, machine)

    def why(self, task: Task, facts: DataFacts) -> str:
        return "has read many texts before: needs far fewer of these"

    def cost(self, task: Task, facts: DataFacts, machine: Machine) -> float:
        return 30.0 + 0.02 * min(3 * facts.rows, SHOWN_IN_ALL)

    def space(self, task: Task, facts: DataFacts) -> Space:
        base = {
            "rate": 1e-3,
            "body_rate": 0.1,
            "dropout": 0.1,
            "smoothing": 0.0,
            "tune": "full",
            "frozen": FROZEN,
            "pretrained": facts.pretrained,
        }
        return Space(
            ranges={
                "rate": Float(3e-4, 3e-3, log=True),
                "body_rate": Float(0.03, 0.3, log=True),
                "frozen": Float(0.0, 0.5),
                "tune": Choice(("full", "head", "lora")),
            },
            starts=(base, {**base, "tune": "lora"}, {**base, "tune": "head", "rate": 3e-3}),
        )

    def intake(self, task: Task, train: Rows, config: Mapping[str, Any]) -> Intake:
        assert train.typed is not None
        words = Tokens.learn(str(config["pretrained"]), train.typed)
        return Several((words, Direct.of(train.x.shape[1], train.typed)))

    def augment(self, *_: Any, **__: Any) -> None:
        """None: what a pretrained model knows of words is not to be unlearned."""

    def settings(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> Settings:
        from modelwright.models.deep.images import quick_bfloat16

        usual = super().settings(task, given, rows, config)
        epochs = int(config.get("epochs", max(2, min(20, round(SHOWN_IN_ALL / max(1, rows))))))
        precision: Precision = "bfloat16" if quick_bfloat16() else "auto"
        return usual.but(epochs=epochs, batch=32, warm_up=0.1, precision=precision)

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.pretrained_text import PretrainedText

        return PretrainedText(
            str(config["pretrained"]), str(config["tune"]), float(config.get("frozen", 0.0))
        )

    def network(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> nn.Module:
        names = [one.name for one in given if one.kind == self.kind]
        return with_slow_bodies(super().network(task, given, rows, config), names, config)


FAMILY = Encoder()
