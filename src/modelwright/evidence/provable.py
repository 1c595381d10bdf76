"""Whether criteria can be proven: :mod:`modelwright.goal.provable` (split, a layer below, asks it too)."""

from __future__ import annotations

from modelwright.goal.provable import Provable, best_test_size, plausible, provable

__all__ = ["Provable", "best_test_size", "plausible", "provable"]
