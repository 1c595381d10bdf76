"""What ships is the best within the limits, and what the limits cost is said."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.evidence import Figure, Finding, Table
from modelwright.core.records.models import Member
from modelwright.graph.builder import GraphBuilder
from modelwright.models.tradebook import made, show
from modelwright.models.tradeoff import (
    BESIDE,
    TAIL,
    TOGETHER,
    Limits,
    Price,
    Settled,
    limits_of,
    settle,
    total,
)

Scores = npt.NDArray[np.float64]
Y = np.random.default_rng(0).normal(size=800)


def noisy(noise: float, seed: int) -> Scores:
    return (Y + noise * np.random.default_rng(seed).normal(size=len(Y)))[:, None]


MADE = {"big": noisy(0.3, 1), "slow": noisy(0.35, 2), "small": noisy(0.6, 3), "tiny": noisy(1.0, 4)}
PRICES = {"big": Price(40e6, 50), "slow": Price(1e6, 900), "small": Price(1e6, 20), "tiny": Price(2e3, 10)}


def settled(limits: Limits) -> Settled:
    return settle(MADE, Y, None, "rmse", "regression", PRICES, limits, 0)


def limits(size: float, microseconds: float) -> Limits:
    return Limits(size, microseconds, "size <= x", "latency_p50 <= y", 0)


def test_without_pressing_limits_the_best_ensemble_ships() -> None:
    found = settled(limits(1e9, 1e6))
    assert {"big", "slow"} <= set(found.blend.weights)
    assert found.gain == (0.0, 0.0, 0.0)
    assert [p.name for p in found.points if p.chosen] == ["what ships"]
    assert all(p.fits for p in found.points)


@pytest.mark.parametrize(
    ("size", "microseconds", "left_out"), [(20e6, 1e6, "big"), (1e9, 500.0, "slow"), (20e6, 500.0, "slow")]
)
def test_what_does_not_fit_is_left_out_and_its_worth_is_told(
    size: float, microseconds: float, left_out: str
) -> None:
    bounds = limits(size, microseconds)
    found = settled(bounds)
    assert left_out not in found.blend.weights
    cost = total([PRICES[name] for name in found.blend.weights], 0)
    assert cost[0] <= size
    assert cost[1] <= microseconds
    gain, low, high = found.gain
    assert 0 < low < gain < high
    shipped = next(p for p in found.points if p.chosen)
    assert shipped.fits
    widest = next(p for p in found.points if not p.chosen and len(p.members) > 2)
    assert not widest.fits
    assert shipped.loss - widest.loss == pytest.approx(gain, rel=0.05)


def test_room_that_is_left_is_used() -> None:
    """The best does not fit beside all others: what ships still has more than one member where that helps."""
    found = settled(limits(42e6 + BESIDE, TOGETHER * 100.0))
    assert {"big", "small"} <= set(found.blend.weights)


def test_where_nothing_fits_the_nearest_ships_and_that_is_said() -> None:
    bounds = limits(1000.0, 1e6)
    found = settled(bounds)
    assert found.blend.weights == {"tiny": 1.0}
    assert found.nothing_fits
    book = Book()
    show(found, "square", bounds, book)
    codes = [item.code for item in book.items if isinstance(item, Finding)]
    assert codes == ["train.nothing-fits", "train.limits-cost-accuracy"]


def test_the_curve_is_in_the_book() -> None:
    bounds = limits(20e6, 500.0)
    found, book = settled(bounds), Book()
    show(found, "square", bounds, book)
    figures = {item.code: item for item in book.items if isinstance(item, Figure)}
    assert set(figures) == {"tradeoff.size", "tradeoff.latency"}
    for figure in figures.values():
        assert {s.name for s in figure.series} == {"single members", "ensembles", "what ships"}
        for s in figure.series:
            assert all(a <= y <= b for a, y, b in zip(s.low, s.y, s.high, strict=True))
    (table,) = (item for item in book.items if isinstance(item, Table))
    assert len(table.rows) == len(found.points)
    (finding,) = (item for item in book.items if isinstance(item, Finding))
    assert finding.code == "train.limits-cost-accuracy"
    assert "size <= x; latency_p50 <= y" in finding.message


def test_intervals_hold_the_loss_of_fresh_rows() -> None:
    """The point of an ensemble is judged on rows that chose nothing: no more optimistic than chance."""
    inside = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = rng.normal(size=5200)
        made = {f"m{k}": (y + rng.normal(size=5200))[:, None] for k in range(10)}
        some = {name: scores[:200] for name, scores in made.items()}
        prices = dict.fromkeys(made, Price(1e5, 10))
        found = settle(some, y[:200], None, "rmse", "regression", prices, limits(1e9, 1e6), seed)
        point = next(p for p in found.points if p.chosen)
        rest = {name: scores[200:] for name, scores in made.items()}
        true = float(np.sqrt(np.mean((found.blend.scores(rest)[:, 0] - y[200:]) ** 2)))
        inside += point.low <= true <= point.high
    assert inside >= 16


def test_limits_come_from_the_goal_or_from_defaults() -> None:
    plain = limits_of((), 2, 10)
    assert (plain.size, plain.microseconds) == (50e6, 500.0)
    assert limits_of((), 7, 10).microseconds == 1500.0
    wide = limits_of((), 2, 3000)  # whose cells alone take longer than the usual default
    assert wide.within([Price(1e6, 1000.0)])
    assert wide.latency_said == "the default of 16 ms a row of 3,000 inputs"
    asked = limits_of(
        (("size", "size <= 2MB", 2e6), ("latency_p99", "latency_p99 <= 4ms", 4e-3)),
        2,
        10,
    )
    assert (asked.size, asked.microseconds) == (2e6, 4000.0 / TAIL)
    assert (asked.size_said, asked.latency_said) == ("size <= 2MB", "latency_p99 <= 4ms")


def test_what_ships_is_told_at_the_price_of_its_graphs() -> None:
    graph = GraphBuilder("member")
    graph.output(graph.input("x", "float32", 1), "scores", "float32", 1)
    content = graph.build().SerializeToString()
    bounds = limits(1e9, 1e6)
    found = settled(bounds)
    members = [Member(name, "toy", Blob.of(content, "bytes"), 1.0) for name in found.blend.weights]
    point = next(p for p in made(found, members, bounds).points if p.chosen)
    assert point.size == BESIDE + len(members) * len(content)
    assert 0 < point.microseconds < 100
    assert point.fits
    assert not next(p for p in made(found, members, limits(100.0, 1e6)).points if p.chosen).fits
