"""What a wrong input does to the metric: one change, and how changes are drawn and listed.

Both kinds of robustness use it: fields that go wrong (:mod:`.robustness`), and media and texts that do
(:mod:`.probing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelwright.core.book import Book
from modelwright.core.records.evidence import Estimate, Figure, Series, Table
from modelwright.goal.metrics.spec import MetricSpec

GAIN = "The gain is the model's over the baseline's on the same rows."


@dataclass(frozen=True, slots=True)
class Effect:
    """``words``: what goes wrong. ``value``: the metric then. ``gap``: that minus the metric on the same rows
    as they are, paired. ``lost``: the share of the gain over the baseline that is gone; NaN without a gain.
    """

    words: str
    value: float
    gap: Estimate
    lost: float


def shown(
    code: str,
    title: str,
    drawn: Sequence[Effect],
    listed: Sequence[Effect],
    spec: MetricSpec,
    note: str,
    book: Book,
) -> None:
    """A figure of the effects ``drawn`` and a table of those ``listed``, both under one code."""
    book.figure(
        Figure(
            code,
            title,
            "bar",
            "what goes wrong",
            f"change of {spec.title}",
            (
                Series(
                    "change",
                    tuple(e.words for e in drawn),
                    tuple(e.gap.value for e in drawn),
                    tuple(e.gap.low for e in drawn),
                    tuple(e.gap.high for e in drawn),
                ),
            ),
            note=note,
        )
    )
    book.table(
        Table(
            code,
            title,
            ("what goes wrong", spec.name, "change", "low", "high", "share of the gain lost"),
            tuple((e.words, e.value, e.gap.value, e.gap.low, e.gap.high, known(e.lost)) for e in listed),
            note=GAIN,
        )
    )


def known(value: float) -> float | None:
    """The number, or None for NaN, which JSON has not."""
    return value if value == value else None
