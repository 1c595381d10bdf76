"""A program that trains a small network and keeps its weights: the tests kill it, and start it twice."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from modelwright.models.deep.average import copied
from modelwright.models.deep.examples import Examples
from modelwright.models.deep.loop import Training, train
from modelwright.models.deep.settings import Settings
from modelwright.models.family import Deadline, Task


class Net(nn.Module):
    """Dropout, statistics of a norm (``batch_norm``), a layer that is frozen."""

    takes = ("x",)

    def __init__(self, batch_norm: bool) -> None:
        super().__init__()
        self.first = nn.Linear(6, 24)
        self.norm = nn.BatchNorm1d(24) if batch_norm else nn.LayerNorm(24)
        self.fixed = nn.Linear(24, 24).requires_grad_(False)
        self.drop = nn.Dropout(0.2 if batch_norm else 0.0)
        self.last = nn.Linear(24, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(torch.relu(self.norm(self.first(x))))
        scores: Tensor = self.last(torch.relu(self.fixed(x)))
        return scores


def examples(rows: int, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] ** 2 > 1).astype(np.int64) + (x[:, 2] > 1)
    return Examples({"x": x}, y, rng.uniform(0.5, 2.0, rows))


def main() -> None:
    """``kept.py OUT NOTES SETTINGS BATCH_NORM [PROGRESS KILL_AT]``."""
    out, notes, settings, batch_norm = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]), sys.argv[4]
    if len(sys.argv) > 5:
        die_at = int(sys.argv[5])
        real = Training.gradients

        def gradients(self: Training, step: int) -> Tensor:
            if step == die_at:
                os.kill(os.getpid(), 9)
            return real(self, step)

        Training.gradients = gradients  # type: ignore[method-assign]
    outcome = train(
        lambda: Net(batch_norm == "1"),
        examples(300, 1),
        examples(100, 2),
        Settings(**settings),
        task=Task("multiclass", 3, "accuracy"),
        seed=3,
        threads=1,
        deadline=Deadline(),
        notes=Path(notes) if notes != "-" else None,
    )
    if os.environ.get("RANK", "0") == "0":
        # Not in the order of a checkpoint: the weights alone.
        save_file({k: v.contiguous() for k, v in copied(outcome.module).items()}, out)
        print(json.dumps({"curve": outcome.curve, "events": outcome.events, "facts": outcome.facts}))


if __name__ == "__main__":
    main()
