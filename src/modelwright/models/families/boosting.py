"""What the boosted families share: how many rounds, and when to stop."""

from __future__ import annotations

import math
import time
from typing import Any

from modelwright.graph import layers
from modelwright.graph.link import Link
from modelwright.models.families.common import Scale, Values
from modelwright.models.family import Deadline, OutOfTime, Task, Watch

ABSOLUTE = frozenset({"mae", "median_error", "median_absolute_error", "mape", "smape"})
"""Metrics that the least absolute deviation serves better than the least squares."""

MOST_ROUNDS = 3000
"""Rounds at most where early stopping decides."""


def rounds_of(config: dict[str, Any], early_stopping: bool) -> tuple[int, bool]:
    """(most rounds, exactly that many): ``config["rounds"]``, or up to the most, or a number by the learning
    rate where there are no validation rows to stop by."""
    if "rounds" in config:
        return max(1, int(config["rounds"])), True
    if early_stopping:
        return int(config.get("most_rounds", MOST_ROUNDS)), False
    return max(20, min(MOST_ROUNDS, round(10.0 / float(config["learning_rate"])))), False


class Progress:
    """Follows one fit: the curve, the best round so far, and why it should end.

    Patience grows with the rounds already made (a slow learner may pause longer), and with a small learning
    rate.
    """

    def __init__(self, most: int, exact: bool, deadline: Deadline, watch: Watch, rate: float) -> None:
        self.most = most
        self.exact = exact
        self.deadline = deadline
        self.watch = watch
        self.patience = max(20.0, min(100.0, 2.0 / rate))
        self.best = 0
        self.best_loss = math.inf
        self.curve: list[tuple[int, float, float]] = []
        self.stopped = ""
        self._begun = time.monotonic()
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the first round")

    def wants_train(self, step: int) -> bool:
        """The loss on training rows is looked at every tenth round: it costs a pass over them."""
        return not self.exact and (step % 10 == 0 or step == 1)

    def over(self, step: int, train_loss: float, valid_loss: float) -> bool:
        """Take note of a finished round; True when it should be the last."""
        self.curve.append((step, train_loss, valid_loss))
        if self.exact or math.isnan(valid_loss):
            self.best = step
        elif valid_loss < self.best_loss:
            self.best, self.best_loss = step, valid_loss
        if self.watch(step, train_loss, valid_loss):
            self.stopped = "watch"
        elif not self.exact and step - self.best >= self.patience + 0.2 * self.best:
            self.stopped = "early stopping"
        # The next round will take about as long as the mean of those before it.
        elif step < self.most and self.deadline.left() < (time.monotonic() - self._begun) / step:
            self.stopped = "deadline"
        return bool(self.stopped)

    def demand(self) -> None:
        """Raise ``OutOfTime`` where the deadline left nothing usable: an exact refit that was cut short is
        not the model that was asked for."""
        if self.stopped == "deadline" and self.exact and len(self.curve) < self.most:
            raise OutOfTime(f"{len(self.curve)} of {self.most} rounds were made before the deadline")


def link(task: Task) -> Link:
    links: dict[str, Link] = {"binary": "logistic", "multiclass": "softmax", "regression": "none"}
    return links[task.problem]


def answer(task: Task, raw: Values, scale: Scale) -> Values:
    """Raw sums of a boosted model as probabilities [n, classes] or values [n, 1]."""
    if task.problem == "binary":
        return layers.pair_values(raw)
    if task.problem == "multiclass":
        return layers.softmax_values(raw)
    return scale.back(raw.reshape(-1, 1))
