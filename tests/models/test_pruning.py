"""The median rule over epochs: what it asks of a fit, and when it asks nothing."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from modelwright.models.family import never_stop
from modelwright.models.pruning import FIRST, bar_of, below

GOOD = [(step, 1.0 / step, 1.0 / step) for step in range(1, 11)]
FAIR = [(step, 2.0 / step, 2.0 / step) for step in range(1, 11)]
POOR = [(step, 3.0 / step, 3.0 / step) for step in range(1, 11)]


def test_one_earlier_fit_is_no_median() -> None:
    assert bar_of([]) == bar_of([GOOD]) == ()
    assert bar_of([GOOD, [(1, math.nan, math.nan)]]) == ()


def test_the_bar_is_the_median_of_the_best_so_far() -> None:
    wavy = [(step, 0.0, loss) for step, loss in [(1, 1.0), (2, 0.5), (3, 4.0), (4, 4.0)]]
    bar = dict(bar_of([GOOD, FAIR, wavy]))
    assert min(bar) == FIRST
    assert bar[3] == 0.5  # of 1/3, 2/3 and the 1/2 that was reached before it got worse
    assert bar[10] == 0.2  # of 1/10, 2/10 and the 1/2 that the short one ended with


def test_a_fit_ends_where_it_falls_behind_and_not_before() -> None:
    watch = below(bar_of([GOOD, FAIR]), never_stop)
    assert [watch(*point) for point in POOR].index(True) == FIRST - 1
    watch = below(bar_of([GOOD, FAIR]), never_stop)
    assert not any(watch(*point) for point in GOOD)


def test_a_stop_that_was_asked_for_passes_through() -> None:
    watch = below(bar_of([GOOD, FAIR]), lambda step, train, valid: step == 2)
    assert [watch(*point) for point in GOOD[:3]] == [False, True, False]


@given(st.lists(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=20), min_size=2, max_size=6))
def test_the_better_half_is_never_ended(losses: list[list[float]]) -> None:
    length = min(len(line) for line in losses)
    curves = [[(i + 1, 0.0, loss) for i, loss in enumerate(line[:length])] for line in losses]
    bar = bar_of(curves)
    best = [(step, 0.0, min(curve[step - 1][2] for curve in curves)) for step in range(1, length + 1)]
    watch = below(bar, never_stop)
    assert not any(watch(*point) for point in best)
