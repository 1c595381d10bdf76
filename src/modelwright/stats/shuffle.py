"""Rows of a whole period in random order: what makes daily cycles harmless for tests of exchangeability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelwright.stats.conformal import uniforms

Codes = NDArray[np.int64]


def shuffled(counts: Sequence[int], *, seed: int, first: int) -> Codes:
    """Codes [n] of a period whose cells held ``counts`` [k] rows, in an order that depends on the seed and on
    the number ``first`` of the period's first observation alone.

    Within a period rows then are exchangeable whatever the hour did to them, and periods are comparable with
    a reference that covers whole periods. The price: evidence comes once a period. Only counts need to be
    kept until it ends. Not mended by this: differences between periods (weekends with a period of a day), and
    runs of alike rows that make a period's mixture vary more than independent rows would; for those take one
    row of each client or request (thinning) before anything is counted.
    """
    codes = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
    order = np.argsort(uniforms(seed ^ 0x5DEECE66D, first, len(codes)), kind="stable")
    return codes[order]
