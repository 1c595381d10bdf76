"""What it costs that bins and listed categories come from the reference's own rows: stable streams, by how
their cells were made. Level 0.05 for one stream alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.special import ndtri

from modelwright.release.histogram import LEAST, histogram
from modelwright.stats.cells import Cells, from_counts, from_histogram, from_reference, from_values
from modelwright.stats.conformal import seed_of
from modelwright.stats.streams import StreamTest

LEVEL = 0.05
ROWS = 10_000
_ZIPF = 1 / np.arange(1, 1001) / np.sum(1 / np.arange(1, 1001))
BINS = ("bins fixed beforehand", "bins by the reference's quantiles")
LISTS = ("1,000 categories by Zipf's law, as counted", "the same, corrected (from_reference)")


def listing(streams: int) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    for cells in (*BINS, *LISTS):
        for reference in (200, 2000, 20_000):
            for n in range(streams):
                yield f"{cells} ref {reference} world {n}", _job(cells, reference, n)


def _job(how: str, reference: int, n: int) -> Callable[[], dict[str, Any]]:
    def do() -> dict[str, Any]:
        rng = np.random.default_rng([n, reference])
        if how in BINS:
            past, now = rng.normal(size=reference), rng.normal(size=ROWS)
            if how == BINS[0]:
                cells = from_values(ndtri(np.arange(1, 20) / 20), past)
            else:
                cells = from_histogram(histogram(past).to_json())
            codes = cells.codes(now)
        else:
            cells = _listed(rng.multinomial(reference, _ZIPF), how == LISTS[1])
            places = cells.codes([f"c{i}" for i in range(len(_ZIPF))])
            codes = places[rng.choice(len(_ZIPF), size=ROWS, p=_ZIPF)]
        test = StreamTest(cells, seed=seed_of(how, n))
        test.update_codes(codes)
        return {"cells": how, "reference": reference, "alarm": test.log_most >= -float(np.log(LEVEL))}

    return do


def _listed(counts: np.ndarray[Any, Any], corrected: bool) -> Cells:
    often = [int(i) for i in np.argsort(-counts, kind="stable")[:200] if counts[i] >= LEAST]
    values = [[f"c{i}", int(counts[i])] for i in often]
    other = int(counts.sum() - counts[often].sum())
    if corrected:
        return from_reference({"kind": "category", "missing": 0, "values": values, "other": other})
    return from_counts({str(name): int(count) for name, count in values}, other)
