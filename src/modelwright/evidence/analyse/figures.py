"""Figures of relations: how strong each input is alone, and how the target moves along the strongest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from modelwright.core.records.evidence import Figure, Series
from modelwright.evidence.analyse.bins import bins_of
from modelwright.evidence.analyse.facts import Facts
from modelwright.stats.intervals import normal_quantile

BARS = 25
SHOWN = 8
PLACES = 10
CURVES = 5


def relation_figures(facts: Facts) -> Iterator[Figure]:
    """``relations``, then ``relation.<column>`` for the strongest columns."""
    ranked = sorted(facts.strengths.items(), key=lambda item: (-item[1].score, item[0]))
    if not ranked:
        return
    top = ranked[:BARS]
    series = Series("alone", tuple(name for name, _ in top), tuple(round(s.score, 4) for _, s in top))
    note = "What each input says of the target when it is the only one, out of fold: 0 nothing, 1 everything."
    yield Figure(
        "relations", "Strength of each input alone", "bar", "input", top[0][1].method, (series,), note=note
    )
    for name, strength in ranked[:SHOWN]:
        if strength.score > 0:
            yield _along(facts, name)


def _along(facts: Facts, name: str) -> Figure:
    column = next(c for c in facts.inputs if c.name == name)
    bins = bins_of(facts.sample[name], column.kind, most=PLACES)
    rows = np.bincount(bins.codes, minlength=bins.count).astype(np.float64)
    kept = [i for i in range(bins.count) if rows[i] > 0]
    names = tuple(bins.names[i] for i in kept)
    series = []
    z = normal_quantile(0.95)
    if facts.regression:
        mean = np.bincount(bins.codes, weights=facts.target, minlength=bins.count) / np.maximum(rows, 1)
        square = np.bincount(bins.codes, weights=facts.target**2, minlength=bins.count) / np.maximum(rows, 1)
        error = np.sqrt(np.maximum(square - mean**2, 0) / np.maximum(rows - 1, 1))
        series.append(_series("mean", names, kept, mean, mean - z * error, mean + z * error))
        label = f"mean of {facts.development.target}"
    else:
        codes = facts.target.astype(np.int64)
        wanted = [1] if facts.development.problem == "binary" else _commonest(codes, len(facts.classes))
        for code in wanted:
            hits = np.bincount(bins.codes, weights=(codes == code).astype(np.float64), minlength=bins.count)
            share = hits / np.maximum(rows, 1)
            low, high = _wilson(hits, rows, z)
            series.append(_series(facts.classes[code], names, kept, share, low, high))
        label = "share of rows"
    title = f"{facts.development.target} along {name}"
    kind: Literal["line", "bar"] = "bar" if column.kind == "category" else "line"
    return Figure(
        f"relation.{name}", title, kind, name, label, tuple(series), note="Bands are 95% intervals."
    )


def _commonest(codes: np.ndarray, classes: int) -> list[int]:
    counts = np.bincount(codes, minlength=classes)
    return sorted(int(c) for c in np.argsort(-counts, kind="stable")[:CURVES])


def _wilson(hits: np.ndarray, rows: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval for shares (1927, Journal of the American Statistical Association 22:209-212)."""
    n = np.maximum(rows, 1)
    p = hits / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return middle - half, middle + half


def _series(
    name: str, names: tuple[str, ...], kept: list[int], y: np.ndarray, low: np.ndarray, high: np.ndarray
) -> Series:
    def chosen(values: np.ndarray) -> tuple[float, ...]:
        return tuple(round(float(values[i]), 6) for i in kept)

    return Series(name, names, chosen(y), chosen(low), chosen(high))
