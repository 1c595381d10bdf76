"""What the families of text networks share: words as inputs, and how long they train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import DeepFamily
from modelwright.models.deep.intake import Direct, Given, Intake, Several
from modelwright.models.deep.words import Words
from modelwright.models.family import Choice, DataFacts, Declines, Float, Int, Machine, Rows, Suits, Task

if TYPE_CHECKING:
    from modelwright.models.deep.settings import Settings

SHOWN_IN_ALL = 100_000
"""Texts that are gone through in a training, about."""
FEWEST_EPOCHS, MOST_EPOCHS = 6, 40


def epochs_for(rows: int) -> int:
    """Passes over the rows where no deadline makes them fewer."""
    return max(FEWEST_EPOCHS, min(MOST_EPOCHS, round(SHOWN_IN_ALL / max(1, rows))))


def common_ranges() -> dict[str, Float | Int | Choice]:
    """What is tuned whatever the network."""
    return {
        "rate": Float(5e-4, 2e-2, log=True),
        "augment": Float(0.0, 2.0),
        "smoothing": Float(0.0, 0.2),
        "dropout": Float(0.1, 0.6),
    }


class TextFamily(DeepFamily):
    kind = "text"

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        answer = super().suits(task, facts, machine)
        if isinstance(answer, Suits) and not facts.texts:
            return Declines("there is no column of text")
        return answer

    def cost(self, task: Task, facts: DataFacts, machine: Machine) -> float:
        return 6.0 + 2e-4 * facts.rows * epochs_for(facts.rows) * facts.texts

    def intake(self, task: Task, train: Rows, config: Mapping[str, Any]) -> Intake:
        assert train.typed is not None
        return Several((Words.learn(train.typed), Direct.of(train.x.shape[1], train.typed)))

    def settings(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> Settings:
        from modelwright.models.deep.settings import Settings

        return Settings.of(
            dict(config),
            epochs=epochs_for(rows),
            batch=64 if rows >= 1000 else 32 if rows >= 200 else 16,
            optimiser="adamw",
            schedule="one-cycle",
            warm_up=0.2,
            decay=0.01,
        )
