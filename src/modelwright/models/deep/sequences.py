"""What the families of networks on sequences of numbers share: how long and how they train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import DeepFamily
from modelwright.models.deep.intake import Given
from modelwright.models.family import Choice, DataFacts, Float, Int, Machine, Task

if TYPE_CHECKING:
    from modelwright.models.deep.settings import Settings

SEEN_IN_ALL = 30_000
"""Sequences that are gone through in a training, about; few are gone through more often."""
FEWEST_EPOCHS, MOST_EPOCHS = 10, 60


def epochs_for(rows: int) -> int:
    """Passes over the rows where no deadline makes them fewer."""
    return max(FEWEST_EPOCHS, min(MOST_EPOCHS, round(SEEN_IN_ALL / max(1, rows))))


def common_ranges() -> dict[str, Float | Int | Choice]:
    """What is tuned whatever the network."""
    return {
        "width": Int(24, 128, log=True),
        "rate": Float(2e-4, 1e-2, log=True),
        "decay": Float(1e-3, 0.3, log=True),
        "augment": Float(0.0, 2.0),
        "dropout": Float(0.0, 0.5),
    }


def common_start(task: Task) -> dict[str, Any]:
    """The usual values of these."""
    # A value that is to be forecast hangs on the very numbers that the augmentation changes.
    gentle = task.problem == "regression"
    return {"width": 64, "rate": 2e-3, "decay": 0.02, "augment": 0.0 if gentle else 0.5, "dropout": 0.1}


class SeriesFamily(DeepFamily):
    """The base of the families on columns of sequences."""

    kind = "series"
    step_seconds = 4e-4
    """Of one row in one epoch on one core, roughly."""

    def cost(self, task: Task, facts: DataFacts, machine: Machine) -> float:
        return 3.0 + self.step_seconds * facts.rows * epochs_for(facts.rows)

    def settings(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> Settings:
        from modelwright.models.deep.settings import Settings

        return Settings.of(
            dict(config),
            epochs=epochs_for(rows),
            batch=64 if rows >= 2000 else 32 if rows >= 400 else 16,
            optimiser="adamw",
            schedule="one-cycle",
            ema=0.99,
        )
