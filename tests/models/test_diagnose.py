from __future__ import annotations

import pytest

from modelwright.models.diagnose import ADVICE, diagnose

NAN = float("nan")


@pytest.mark.parametrize(
    ("held_out", "training", "baseline", "best", "named"),
    [
        # Learned well, and keeps what it learned.
        ([0.90], [0.92], 0.5, 0.90, "healthy"),
        ([0.89, 0.90, 0.91], [0.93, 0.92, 0.92], 0.5, 0.92, "healthy"),
        # Knows its training rows by heart; a half of it is lost elsewhere.
        ([0.70], [1.00], 0.5, 0.72, "overfitting"),
        ([0.70, 0.71, 0.69], [1.0, 1.0, 1.0], 0.5, 0.9, "overfitting"),
        # No better than the baseline, neither where it learned nor elsewhere.
        ([0.50], [0.505], 0.5, 0.9, "underfitting"),
        ([0.45], [0.49], 0.5, 0.9, "underfitting"),
        # Much learned, nothing kept: no underfitting, although no better than the baseline.
        ([0.50], [0.95], 0.5, 0.9, "overfitting"),
        # The folds disagree by more than half of what was gained.
        ([0.55, 0.70, 0.85], [0.75, 0.75, 0.75], 0.5, 0.8, "unstable"),
        # Two folds are too few to call it that.
        ([0.60, 0.80], [0.75, 0.75], 0.5, 0.8, "healthy"),
        # Losses, with their sign turned.
        ([-0.31], [-0.30], -0.69, -0.31, "healthy"),
        ([-0.60], [-0.01], -0.69, -0.31, "overfitting"),
        ([], [], 0.5, 0.9, ""),
        ([NAN], [0.9], 0.5, 0.9, ""),
        ([0.9], [0.9], NAN, 0.9, ""),
    ],
)
def test_cases(
    held_out: list[float], training: list[float], baseline: float, best: float, named: str
) -> None:
    assert diagnose(held_out, training, baseline, best) == (named, ADVICE[named])


def test_whatever_is_wrong_has_advice() -> None:
    assert [name for name, text in ADVICE.items() if not text] == ["healthy", ""]
