"""Does a graph give the numbers it should? Differences row by row, against what numpy or a family gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelwright.graph.session import session

Feeds = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How one output compares with what was expected.

    ``largest``: the largest difference, relative to ``max(1, |expected|)``. ``unlike``: cells where one side
    is NaN (or infinite) and the other is not, or that differ where equality was asked for. ``worst`` is the
    row of the largest difference, -1 without rows.
    """

    output: str
    rows: int
    largest: float
    unlike: int
    worst: int

    def within(self, tolerance: float) -> bool:
        return self.unlike == 0 and self.largest <= tolerance


def compare(output: str, got: npt.NDArray[np.generic], expected: npt.NDArray[np.generic]) -> Agreement:
    """Agreement of two arrays. Other shapes raise ``ValueError``. Whole numbers and truths must be equal."""
    if got.shape != expected.shape:
        raise ValueError(f"{output}: the graph gives shape {got.shape}, expected {expected.shape}")
    rows = int(got.shape[0]) if got.ndim else 0
    if got.size == 0:
        return Agreement(output, rows, 0.0, 0, -1)
    if not np.issubdtype(got.dtype, np.floating):
        unequal = (got != expected).reshape(rows, -1)
        found = int(unequal.sum())
        return Agreement(output, rows, 0.0, found, int(unequal.any(axis=1).argmax()) if found else -1)
    a = got.astype(np.float64).reshape(rows, -1)
    b = expected.astype(np.float64).reshape(rows, -1)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    finite = np.isfinite(a) & np.isfinite(b)
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.where(finite & ~same, np.abs(a - b) / np.maximum(1.0, np.abs(b)), 0.0)
    unlike = int((~same & ~finite).sum())
    broken = (~same & ~finite).any(axis=1)
    worst = int(broken.argmax()) if unlike else int(off.max(axis=1).argmax())
    return Agreement(output, rows, float(off.max()), unlike, worst)


def agree(
    model: bytes, feeds: Feeds, expected: Mapping[str, npt.NDArray[np.generic]], threads: int = 1
) -> dict[str, Agreement]:
    """Run the graph and compare the named outputs. Also a row at a time must give what the batch gave: that
    is checked by whoever cares with :func:`one_by_one`."""
    names = sorted(expected)
    got = session(model, threads).run(names, dict(feeds))
    return {name: compare(name, value, expected[name]) for name, value in zip(names, got, strict=True)}


def one_by_one(model: bytes, feeds: Feeds, rows: int) -> dict[str, Agreement]:
    """Do the first ``rows`` rows, each alone, give what they give in a batch? Agreement by output."""
    run = session(model)
    names = sorted(output.name for output in run.get_outputs())
    head = {name: value[:rows] for name, value in feeds.items()}
    whole = run.run(names, head)
    count = min(len(value) for value in head.values()) if head else 0
    if count == 0:
        return {name: Agreement(name, 0, 0.0, 0, -1) for name in names}
    alone = [run.run(names, {name: v[i : i + 1] for name, v in head.items()}) for i in range(count)]
    return {
        name: compare(name, np.concatenate([one[k] for one in alone]), whole[k])
        for k, name in enumerate(names)
    }
