"""Which ensemble ships: the best one within the limits on size and latency, and what a larger one would give.

Limits come from the goal's criteria, else from what a bundle should weigh and answer in by default. Sizes are
known from the fits and latencies counted from their graphs, so that no clock has a say in what is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.models import TradePoint
from modelwright.models.ensemble import MEMBERS, Blend, HeldOut
from modelwright.models.family import ProblemKind

Floats = npt.NDArray[np.float64]
Names = tuple[str, ...]

BYTES = 50_000_000
"""A bundle's limit where the goal names none."""
QUICK, MANY_CLASSES, SLOWER = 500.0, 6, 1500.0
"""Microseconds of a row where the goal names none: up to so many classes, and beyond."""
BYTES_OF_MEDIA, QUICK_OF_MEDIA = 5_000_000, 4000.0
"""The same with pictures, sounds or series, whose networks are small and slow; 5 ms with the decoding."""
BESIDE = 600_000
"""Bytes of a bundle that are not its graph: what the data looked like, cards."""
DOOR, COLUMN = 12.0, 1.5
"""Microseconds that a call spends outside the graph, and more for every input column."""
TOGETHER = 1.8
"""How much slower than the sum of their counts members are together: each is counted by itself, and together
they are too large for the caches, with rows that come now and then (benchmarks/LOG.md)."""
TAIL = 1.4
"""How much slower than the median the 99th percentile may be."""
PARTS = 5
BAGS = 8
"""Bags of each part when an ensemble is judged: fewer than when it is chosen, since nothing is."""
SINGLES = 8
"""Single members that are shown."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a member costs: bytes of its graph, microseconds of a row in it."""

    size: float
    microseconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    size: float
    microseconds: float
    size_said: str
    """The criterion that sets it, or how it came about."""
    latency_said: str
    columns: int = 0
    """Inputs, which cost time before the graph is reached."""

    def within(self, prices: Sequence[Price]) -> bool:
        """Whether an ensemble of such members is small and quick enough."""
        size, microseconds = total(prices, self.columns)
        return size <= self.size and microseconds <= self.microseconds

    def share(self, price: Price) -> float:
        """The larger of the parts of both limits that a member takes."""
        return max(price.size / self.size, price.microseconds / self.microseconds, 1e-9)


def total(prices: Sequence[Price], columns: int) -> tuple[float, float]:
    """Bytes and microseconds of the whole model: a little too much, since members share parts of graphs."""
    door = DOOR + COLUMN * columns
    return BESIDE + sum(p.size for p in prices), TOGETHER * (door + sum(p.microseconds for p in prices))


def limits_of(
    asked: Sequence[tuple[str, str, float]], classes: int, columns: int, media: bool = False
) -> Limits:
    """The goal's limits (``Shortlist.limits``) or the defaults; ``media``: whether there are columns of
    pictures, sounds or series. One on latency is given room for calls that take longer than the count."""
    most = BYTES_OF_MEDIA if media else BYTES
    size, size_said = float(most), f"the default of {most // 10**6} MB"
    quick = QUICK if classes <= MANY_CLASSES else SLOWER
    quick = QUICK_OF_MEDIA if media else quick
    # Rows of hundreds of inputs take longer to be read than models to answer: these get as long again.
    latency = max(quick, 2 * total((), columns)[1])
    latency_said = f"the default of {latency / 1000:.2g} ms a row" + (
        f" of {columns:,} inputs" if latency > quick else ""
    )
    sizes = [(threshold, text) for metric, text, threshold in asked if metric == "size"]
    if sizes:
        size, size_said = min(sizes)
    rooms = {"latency_p50": 1.0, "latency_p99": TAIL}
    calls = [(threshold * 1e6 / rooms[metric], text) for metric, text, threshold in asked if metric in rooms]
    if calls:
        latency, latency_said = min(calls)
    return Limits(size, latency, size_said, latency_said, columns)


@dataclass(frozen=True, slots=True)
class Settled:
    """What ships, and what was weighed against it."""

    blend: Blend
    points: tuple[TradePoint, ...]
    gain: tuple[float, float, float]
    """By how much the best ensemble without limits lowers the loss of what ships, with its 95% interval;
    zeros where that one is within them."""
    nothing_fits: bool = False
    """Not one candidate is within the limits: the smallest of them ships."""


def settle(
    candidates: Mapping[str, Floats],
    y: npt.NDArray[Any],
    weights: Floats | None,
    metric: str,
    problem: ProblemKind,
    prices: Mapping[str, Price],
    limits: Limits,
    seed: int,
) -> Settled:
    """Choose among ``candidates`` (held-out scores float64 [n, k] by name) what is best within the limits."""
    held = HeldOut.of(candidates, y, weights, metric, problem)
    price = [prices[name] for name in held.names]
    alone_fit = [limits.within([p]) for p in price]

    kept: dict[tuple[bool, int, bytes], Floats] = {}

    def free(some: HeldOut, bags: int) -> Floats:
        key = (True, bags, some.rows.tobytes())
        if key not in kept:
            kept[key] = some.weigh(some.contenders(), seed, bags)
        return kept[key]

    def bound(some: HeldOut, bags: int) -> Floats:
        key = (False, bags, some.rows.tobytes())
        if key not in kept:
            kept[key] = _within(some, price, alone_fit, limits, seed, bags)
        return kept[key]

    best = free(held, 0)
    wide = held.strongest(best, MEMBERS)
    fits = limits.within([price[i] for i in np.flatnonzero(wide)])
    chosen = wide if fits else bound(held, 0)
    blend = held.blend(chosen, candidates, seed)

    growing = _judged(held, lambda some: _grown(some, free(some, BAGS)), seed)
    ours = growing[-1] if fits else _judged(held, lambda some: [bound(some, BAGS)], seed)[0]
    gain = (0.0, 0.0, 0.0) if fits else _difference(held, ours, growing[-1])
    if blend.pool == "log":
        ours = _judged_blend(
            held, lambda some: free(some, BAGS) if fits else bound(some, BAGS), candidates, seed
        )

    def point(name: str, columns: Sequence[int], losses: Floats, is_chosen: bool = False) -> TradePoint:
        of = [price[i] for i in columns]
        size, microseconds = total(of, limits.columns)
        value, low, high = interval(held, losses)
        names = tuple(held.names[i] for i in columns)
        return TradePoint(
            name, names, value, low, high, round(size), round(microseconds, 1), limits.within(of), is_chosen
        )

    every = held.losses(held.table)
    shown = np.argsort(held.alone(), kind="stable")[:SINGLES]
    points = [point(held.names[i], [int(i)], every[:, i]) for i in shown]
    order = [int(i) for i in np.argsort(-best, kind="stable")]
    members = int((wide > 0).sum())
    for count in range(2, members + (0 if fits else 1)):
        points.append(point(f"the {count} that weigh most", order[:count], growing[count - 1]))
    own = [held.names.index(name) for name in blend.weights]
    points.append(point("what ships", own, ours, True))
    return Settled(blend, tuple(points), gain, not any(alone_fit))


def _grown(held: HeldOut, weights: Floats) -> list[Floats]:
    """Weights of the ensembles of the one, two, ... members that weigh most."""
    return [held.strongest(weights, count) for count in range(1, MEMBERS + 1)]


def _within(
    held: HeldOut, price: Sequence[Price], alone_fit: Sequence[bool], limits: Limits, seed: int, bags: int
) -> Floats:
    """Weights of the best ensemble within the limits: members are taken while there is room, once in the
    order of their weights and once in that of weight for what they cost; the better of the two."""
    if not any(alone_fit):
        found = np.zeros(len(price))
        found[min(range(len(price)), key=lambda i: (limits.share(price[i]), held.names[i]))] = 1.0
        return found
    weights = held.weigh(held.contenders(alone_fit), seed, bags)
    worth = weights / np.array([limits.share(p) for p in price])
    best: tuple[float, Floats] | None = None
    for order in (np.argsort(-weights, kind="stable"), np.argsort(-worth, kind="stable")):
        taken: list[int] = []
        for i in order:
            room = len(taken) < MEMBERS and weights[i] > 0
            if room and limits.within([price[k] for k in (*taken, int(i))]):
                taken.append(int(i))
        again = held.strongest(held.weigh(np.sort(np.array(taken)), seed, bags), MEMBERS)
        loss = held.mean_loss(held.losses(held.table @ again))
        if best is None or loss < best[0]:
            best = (loss, again)
    assert best is not None
    return best[1]


def _judged(held: HeldOut, make: Callable[[HeldOut], Sequence[Floats]], seed: int) -> list[Floats]:
    """Loss of each row float64 [n] of every ensemble that ``make`` gives, made each time without the part of
    the rows that the row is in: what its members and weights are worth on rows they were not chosen on."""
    n = len(held.table)
    if n < 2 * PARTS:
        return [held.losses(held.table @ weights) for weights in make(held)]
    part = np.random.default_rng(seed).permutation(n) % PARTS
    found: list[Floats] = []
    for number in range(PARTS):
        out = part == number
        for k, weights in enumerate(make(held.take(np.flatnonzero(~out)))):
            if k == len(found):
                found.append(np.empty(n))
            found[k][out] = held.losses(held.table[out] @ weights)
    return found


def _judged_blend(
    held: HeldOut, make: Callable[[HeldOut], Floats], candidates: Mapping[str, Floats], seed: int
) -> Floats:
    """As ``_judged``, of the one ensemble that ``make`` gives, put together as it would be: the weights of
    its second layer, too, are learnt without the part of the rows that they are judged on."""
    n = len(held.table)
    part = np.random.default_rng(seed).permutation(n) % PARTS if n >= 2 * PARTS else np.full(n, -1)
    found = np.empty(n)
    for number in np.unique(part):
        out = np.flatnonzero(part == number)
        some = held.take(np.flatnonzero(part != number)) if number >= 0 else held
        weights = make(some)
        blend = some.blend(some.strongest(weights, MEMBERS), candidates, seed)
        scores = blend.scores({name: candidates[name][held.rows[out]] for name in blend.weights})
        found[out] = -np.log(np.clip(scores[np.arange(len(out)), held.y[out]], 1e-15, 1.0))
    return found


def interval(held: HeldOut, losses: Floats) -> tuple[float, float, float]:
    """Mean of row losses with its normal 95% interval; of squared errors, the roots of these."""
    value = held.mean_loss(losses)
    error = 1.96 * _error(held, losses)
    low, high = max(value - error, 0.0), value + error
    if held.kind == "square":
        return math.sqrt(value), math.sqrt(low), math.sqrt(high)
    return value, low, high


def _error(held: HeldOut, values: Floats) -> float:
    """Standard error of a weighted mean of independent rows."""
    w = held.weights
    away = values - held.mean_loss(values)
    return float(np.sqrt(np.sum((w * away) ** 2)) / w.sum())


def _difference(held: HeldOut, ours: Floats, theirs: Floats) -> tuple[float, float, float]:
    """By how much the second lowers the loss, paired by rows, in the loss's own unit."""
    paired = ours - theirs
    value, error = held.mean_loss(paired), 1.96 * _error(held, paired)
    if held.kind != "square":
        return value, value - error, value + error
    # Of a root mean square: squared errors' difference over the sum of the roots.
    roots = math.sqrt(held.mean_loss(ours)) + math.sqrt(held.mean_loss(theirs)) or 1.0
    return value / roots, (value - error) / roots, (value + error) / roots
