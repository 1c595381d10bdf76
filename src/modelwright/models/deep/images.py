"""What the families of image networks share: how long and how they train, by the number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.models.deep.family import DeepFamily
from modelwright.models.deep.intake import Given
from modelwright.models.family import Choice, DataFacts, Float, Int, Machine, Task

if TYPE_CHECKING:
    from modelwright.models.deep.settings import Settings

SHOWN_IN_ALL, SHOWN_IN_GREY = 250_000, 150_000
"""Pictures that are gone through in a training, about; few rows are gone through more often. Grey ones
(signs, scans) vary less: digits are learned from 100,000 as well as ever (benchmarks/deep/LOG.md)."""
FEWEST_EPOCHS, MOST_EPOCHS = 15, 200


def epochs_for(rows: int, colour: bool = True) -> int:
    """Passes over the rows where no deadline makes them fewer."""
    shown = SHOWN_IN_ALL if colour else SHOWN_IN_GREY
    return max(FEWEST_EPOCHS, min(MOST_EPOCHS, round(shown / max(1, rows))))


def quick_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 quicker than float32, by an instruction of its own."""
    import torch

    told = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(told.get("amx_bf16") or told.get("amx_tile") or told.get("avx512_bf16"))


def common_ranges() -> dict[str, Float | Int | Choice]:
    """What is tuned whatever the network."""
    return {
        "rate": Float(3e-4, 2e-2, log=True),
        "decay": Float(1e-3, 0.3, log=True),
        "augment": Float(0.0, 2.0),
        "smoothing": Float(0.0, 0.2),
        "mixup": Float(0.0, 0.6),
        "dropout": Float(0.0, 0.5),
    }


def common_start(facts: DataFacts) -> dict[str, Any]:
    """The usual values of these."""
    return {"rate": 5e-3, "decay": 0.02, "augment": 1.0, "smoothing": 0.0, "mixup": 0.0, "dropout": 0.1}


class ImageFamily(DeepFamily):
    kind = "image"

    def cost(self, task: Task, facts: DataFacts, machine: Machine) -> float:
        return 5.0 + 1.5e-4 * facts.rows * epochs_for(facts.rows)

    def settings(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> Settings:
        from modelwright.models.deep.settings import Settings

        return Settings.of(
            dict(config),
            epochs=epochs_for(rows, any(one.kind == self.kind and one.shape[0] > 1 for one in given)),
            batch=64 if rows >= 1000 else 32 if rows >= 200 else 16,
            optimiser="adamw",
            schedule="one-cycle",
            warm_up=0.2,
            ema=0.99,
            precision="bfloat16" if quick_bfloat16() else "auto",
        )
