"""A way in which images, sounds, series or texts go wrong where a model is used, at a few strengths.

The probes themselves are in the modalities, one tuple ``PROBES`` for each kind of column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.registry import Registry

Cells = npt.NDArray[Any]
Change = Callable[[Cells, float, np.random.Generator], Cells]


@dataclass(frozen=True, slots=True)
class Probe:
    """``change(cells, strength, rng)`` gives changed cells of the same shape and dtype, and leaves those it
    is given as they are. Cells are [n, *shape] as in the graph's input of the column, or texts object [n].
    All chance comes from ``rng``; strength 0 changes nothing."""

    name: str
    levels: tuple[tuple[float, str], ...]
    """Strengths, mildest first, each with its name: ``(0.1, "noise at 20 dB")``."""
    change: Change


PROBES: Registry[tuple[Probe, ...]] = Registry(
    "set of probes",
    "modelwright.probes",
    {kind: f"modelwright.modalities.{kind}.probe:PROBES" for kind in ("image", "text", "audio", "series")},
)
"""By kind of column."""
