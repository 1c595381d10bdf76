"""The trade-off in the evidence book: accuracy against size and latency, drawn, as a table, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import onnx

from modelwright.core.book import Book
from modelwright.core.records.evidence import Figure, Series, Table
from modelwright.core.records.models import Member, TradePoint
from modelwright.graph.price import single_row_us
from modelwright.models.ensemble import Kind
from modelwright.models.families import FAMILIES
from modelwright.models.race import Trial
from modelwright.models.tradeoff import Limits, Price, Settled, total

LOSSES: dict[Kind, str] = {
    "log": "log loss",
    "square": "root mean squared error",
    "absolute": "mean absolute error",
}
NOTE = (
    "Lower is better. Losses are of held-out rows; those of ensembles of rows that had no part in choosing "
    "members or weights, with normal 95% intervals that see the rows' luck alone. Sizes and microseconds are "
    "counted from the graphs, not timed, and take no account of parts that members share."
)


def price_of(trial: Trial, rows: int) -> Price:
    """What a candidate would cost when it is fitted on all ``rows``: trees, and rows that are kept, grow with
    what they learn from; networks do not."""
    results = trial.results
    grown = (
        1.0
        if FAMILIES.get(trial.family).tags.gradient
        else max(1.0, rows / max(1, min(r.rows for r in results)))
    )
    known = [r.single_us for r in results if r.single_us == r.single_us]
    size = max(r.size for r in results)
    return Price(size * grown, max(known) * grown if known else 20.0 + size / 5e4)


def made(settled: Settled, members: Sequence[Member], limits: Limits) -> Settled:
    """What ships at the price of the graphs that were made of it: fits on all rows, or several of folds."""
    graphs = [member.graph.get() for member in members]
    prices = [Price(len(graph), single_row_us(onnx.load_from_string(graph))) for graph in graphs]
    size, microseconds = total(prices, limits.columns)
    fits = limits.within(prices)

    def at_cost(point: TradePoint) -> TradePoint:
        if not point.chosen:
            return point
        return replace(point, size=round(size), microseconds=round(microseconds, 1), fits=fits)

    return replace(settled, points=tuple(at_cost(p) for p in settled.points))


def show(settled: Settled, kind: Kind, limits: Limits, book: Book) -> None:
    """Write down what was weighed, and what the limits cost where they cost something."""
    points = settled.points
    loss = LOSSES[kind]
    both = f"{limits.size_said}; {limits.latency_said}"
    if len(points) > 2:
        for code, title, label, values in (
            ("tradeoff.size", "What size buys", "MB", [p.size / 1e6 for p in points]),
            ("tradeoff.latency", "What time buys", "microseconds a row", [p.microseconds for p in points]),
        ):
            book.figure(Figure(code, title, "scatter", label, loss, _series(points, values), note=NOTE))
        rows = [(_said(p), p.loss, p.low, p.high, p.size / 1e6, p.microseconds, _fits(p)) for p in points]
        columns = ("model", loss, "low", "high", "MB", "microseconds a row", "within the limits")
        book.table(Table("tradeoff", "What accuracy costs", columns, tuple(rows), note=f"Limits: {both}."))
    shipped = next(p for p in points if p.chosen)
    if settled.nothing_fits:
        book.finding(
            "train.nothing-fits",
            "warning",
            f"no candidate is within the limits ({both}): the nearest one ships, {_cost(shipped)}",
            "allow more, or name lighter families: `search: {families: [logistic, lightgbm]}`",
        )
    gain, low, high = settled.gain
    if low > 0:
        wide = max((p for p in points if not p.fits), key=lambda p: (len(p.members), p.size))
        book.finding(
            "train.limits-cost-accuracy",
            "note",
            f"an ensemble {_cost(wide)} would lower the {loss} of {shipped.loss:.4g} on held-out rows by "
            f"{gain:.2g} ({low:.2g} to {high:.2g}); it is beyond the limits ({both})",
            "where that is worth it, allow it with a criterion: `size <= 200MB`, `latency_p99 <= 50ms`",
            numbers={"gain": gain, "low": low, "high": high, "bytes": float(wide.size)},
        )


def _series(points: Sequence[TradePoint], values: Sequence[float]) -> tuple[Series, ...]:
    groups: dict[str, list[tuple[TradePoint, float]]] = {}
    for point, value in zip(points, values, strict=True):
        kind = "what ships" if point.chosen else "ensembles" if len(point.members) > 1 else "single members"
        groups.setdefault(kind, []).append((point, value))
    return tuple(
        Series(
            name,
            tuple(value for _, value in some),
            tuple(p.loss for p, _ in some),
            tuple(p.low for p, _ in some),
            tuple(p.high for p, _ in some),
        )
        for name, some in groups.items()
    )


def _said(point: TradePoint) -> str:
    return point.name if len(point.members) == 1 else f"{point.name}: {', '.join(point.members)}"


def _cost(point: TradePoint) -> str:
    return f"of about {point.size / 1e6:.3g} MB and {point.microseconds:.0f} microseconds a row"


def _fits(point: TradePoint) -> str:
    return "yes" if point.fits else "no"
