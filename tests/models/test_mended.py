"""What is compared where people have mended labels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from modelwright.models.mended import as_before


def test_a_fit_that_the_clock_ended_is_not_compared() -> None:
    part = SimpleNamespace(train=np.arange(20), valid=np.arange(20, 30))
    learning: Any = SimpleNamespace(y=np.zeros(30), before=np.ones(30), part=lambda _: part)
    trial: Any = SimpleNamespace(
        family="logistic",
        config={},
        folds=(0, 1),
        entries=dict.fromkeys((0, 1), SimpleNamespace(cut_short=True)),
    )
    nothing: Any = None
    assert as_before(trial, learning, nothing, nothing, nothing, None, 0) is None
