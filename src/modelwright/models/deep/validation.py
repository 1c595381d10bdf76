"""Held-out rows after an epoch: their loss, and the goal's own metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from modelwright.models.deep.batches import answers, probabilities
from modelwright.models.deep.devices import Devices
from modelwright.models.deep.examples import Examples
from modelwright.models.deep.losses import PerRow
from modelwright.models.family import Task
from modelwright.models.score import score


@dataclass(frozen=True, slots=True)
class Held:
    """Held-out rows with the loss and the scale of the target."""

    examples: Examples
    task: Task
    loss: PerRow
    centre: float = 0.0
    spread: float = 1.0

    def warm_up(self) -> None:
        """Call the metric once, on answers that know nothing: what it imports is no time of an epoch."""
        k = 1 if self.task.problem == "regression" else self.task.classes
        known_nothing = np.full((self.examples.rows, k), self.centre if k == 1 else 1.0 / k)
        score(self.task.metric, self.task.problem, self.examples.y, known_nothing, self.examples.weights)

    def judge(self, module: nn.Module, devices: Devices) -> tuple[float, float]:
        """(mean loss, the metric, larger is better) of the module as it is; NaN and minus infinity where its
        answers are not finite."""
        given = self.examples
        raw = answers(module, given.inputs, device=devices.device)
        if not np.isfinite(raw).all():
            return float("nan"), float("-inf")
        weights = np.ones(given.rows) if given.weights is None else given.weights
        if self.task.problem == "regression":
            y = torch.from_numpy((given.y - self.centre) / self.spread)
            scores = raw * self.spread + self.centre
        else:
            y = torch.from_numpy(given.y.astype(np.int64))
            scores = probabilities(raw)
        rows = self.loss(torch.from_numpy(raw), y).numpy().astype(np.float64)
        value = score(self.task.metric, self.task.problem, given.y, scores, weights)
        return float(np.average(rows, weights=weights)), value
