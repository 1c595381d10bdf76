"""A convolutional network on log-mel spectrograms, for sounds, from scratch.

See :mod:`modelwright.models.deep.nets.spectrogram`. The extra: ``pip install 'modelwright[deep]'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import DeepFamily, deep_tags
from modelwright.models.deep.intake import Given
from modelwright.models.family import DataFacts, Float, Int, Machine, Space, Task

if TYPE_CHECKING:
    from torch import nn

    from modelwright.models.deep.settings import Settings

HEARD = 24_000
"""Clips that are gone through in a training, about; few are gone through more often."""
FEWEST_EPOCHS, MOST_EPOCHS = 10, 100


def epochs_for(rows: int) -> int:
    """Passes over the rows where no deadline makes them fewer."""
    return max(FEWEST_EPOCHS, min(MOST_EPOCHS, round(HEARD / max(1, rows))))


class SpectrogramFamily(DeepFamily):
    name = "spectrogram"
    title = "Convolutional network on log-mel spectrograms"
    version = 2
    kind = "audio"
    tags = deep_tags(("audio",))

    def why(self, task: Task, facts: DataFacts) -> str:
        return "sounds as pictures of frequency over time: what is said matters, and not when or how loud"

    def cost(self, task: Task, facts: DataFacts, machine: Machine) -> float:
        return 5.0 + 2e-3 * facts.rows * epochs_for(facts.rows)

    def space(self, task: Task, facts: DataFacts) -> Space:
        base: dict[str, Any] = {
            "width": 24,
            "rate": 2e-3,
            "decay": 0.02,
            "augment": 1.0,
            "warp": 0.07,
            "tone": 3.0,
            "tempo": 0.2,
            "masks": 1.0,
            "smoothing": 0.1 if task.problem != "regression" else 0.0,
            "mixup": 0.0,
            "dropout": 0.05,
        }
        return Space(
            ranges={
                "width": Int(12, 48, log=True),
                "rate": Float(3e-4, 1e-2, log=True),
                "decay": Float(1e-3, 0.3, log=True),
                "augment": Float(0.0, 2.0),
                "warp": Float(0.0, 0.3),
                "tone": Float(0.0, 8.0),
                "tempo": Float(0.0, 0.4),
                "masks": Float(0.0, 1.5),
                "mixup": Float(0.0, 0.6),
                "dropout": Float(0.0, 0.4),
            },
            starts=(base,),
        )

    def settings(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> Settings:
        from modelwright.models.deep.images import quick_bfloat16
        from modelwright.models.deep.settings import Settings

        return Settings.of(
            dict(config),
            epochs=epochs_for(rows),
            batch=64 if rows >= 4000 else 32 if rows >= 1500 else 16,
            optimiser="adamw",
            schedule="one-cycle",
            ema=0.99,
            precision="bfloat16" if quick_bfloat16() else "auto",
        )

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        from modelwright.models.deep.nets.spectrogram import encoder

        return encoder(given, rows, config)


FAMILY = SpectrogramFamily()
