"""A stream's test: it holds its level, sees drift, and does not care who looks how often."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from modelwright.release.histogram import histogram
from modelwright.stats import bets
from modelwright.stats.cells import Cells, from_counts, from_histogram
from modelwright.stats.conformal import seed_of
from modelwright.stats.shuffle import shuffled
from modelwright.stats.streams import StreamTest

NORMAL = from_histogram(histogram(np.random.default_rng(5).normal(size=2000)).to_json())
ALARM = math.log(100 * 30)
"""A level of 1% over 30 streams."""


def rows_until(test: StreamTest, codes: np.ndarray, step: int = 20, alarm: float = ALARM) -> int | None:
    for at in range(0, len(codes), step):
        test.update_codes(codes[at : at + step])
        if test.log_most >= alarm:
            return at + step
    return None


@given(st.lists(st.integers(0, 700), max_size=12), st.integers(0, 9))
@settings(deadline=None, max_examples=40)
def test_batches_and_looks_make_no_difference(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0.3, 1, sum(sizes))
    whole, parts = StreamTest(NORMAL, seed=seed), StreamTest(NORMAL, seed=seed)
    at = 0
    for size in sizes:
        parts.update(values[at : at + size])
        if size % 3 == 0:  # a look in between, and a restart of the process
            parts = StreamTest.from_json(json.loads(json.dumps(parts.to_json())), NORMAL)
        at += size
    told = whole.update(values)
    assert json.dumps(parts.to_json()) == json.dumps(whole.to_json())
    assert whole.rows == len(values)
    if len(told):
        assert whole.log_e == told[-1]


def test_rows_one_by_one_and_a_long_batch() -> None:
    values = np.random.default_rng(0).normal(size=40_000)
    whole, parts = StreamTest(NORMAL, seed=1), StreamTest(NORMAL, seed=1)
    whole.update(values)
    for value in values[:700]:
        parts.update([value])
    parts.update(values[700:17_001])
    parts.update(values[17_001:])
    assert json.dumps(parts.to_json()) == json.dumps(whole.to_json())


def test_the_state_is_of_its_cells() -> None:
    told = StreamTest(NORMAL, seed=1).to_json()
    with pytest.raises(ValueError, match="other cells"):
        StreamTest.from_json(told, from_counts({"a": 1}))
    with pytest.raises(ValueError, match="tolerance"):
        StreamTest(NORMAL, seed=1, tolerance=1.0)


def most_of_stable(worlds: int, reference: int, rows: int, kind: str) -> np.ndarray:
    """The most log evidence of each of some stable streams, each with a reference of its own."""
    most = []
    for world in range(worlds):
        rng = np.random.default_rng([world, reference])
        if kind == "number":
            cells = from_histogram(histogram(rng.standard_t(2, reference)).to_json())
            codes = cells.codes(rng.standard_t(2, rows))
        else:
            shares = [0.001, 0.6, 0.3, 0.099]
            cells = Cells("category", tuple(rng.multinomial(reference, shares)), names=("a", "b"))
            codes = rng.choice(4, size=rows, p=shares)
        test = StreamTest(cells, seed=seed_of(kind, world))
        test.update_codes(codes)
        most.append(test.log_most)
    return np.array(most)


def assert_level(most: np.ndarray) -> None:
    for level in (0.5, 0.2, 0.05, 0.01):
        false = int((most >= -math.log(level)).sum())
        # What a rate of exactly `level` would exceed once in ten thousand times.
        assert false <= stats.binom.ppf(1 - 1e-4, len(most), level)


@pytest.mark.slow  # hundreds of streams
@pytest.mark.parametrize(("kind", "reference"), [("number", 200), ("category", 50)])
def test_stable_streams_seldom_alarm(kind: str, reference: int) -> None:
    assert_level(most_of_stable(250, reference, 1500, kind))


@pytest.mark.slow  # 600 streams of 6,000 rows
@pytest.mark.parametrize(
    ("kind", "reference"), [("number", 200), ("number", 5000), ("category", 100), ("category", 20_000)]
)
def test_stable_streams_seldom_alarm_at_length(kind: str, reference: int) -> None:
    assert_level(most_of_stable(600, reference, 6000, kind))


@pytest.mark.parametrize("stable", [0, 3000, 60_000])
@pytest.mark.parametrize(
    ("mean", "scale", "within"), [(1.0, 1.0, 250), (-0.4, 1.0, 900), (0.0, 2.0, 400), (0.0, 0.4, 400)]
)
def test_shifts_are_found_early_and_late(stable: int, mean: float, scale: float, within: int) -> None:
    rng = np.random.default_rng(2)
    test = StreamTest(NORMAL, seed=3)
    test.update(rng.normal(size=stable))
    assert test.log_most < ALARM
    rows = rows_until(test, NORMAL.codes(rng.normal(mean, scale, within)))
    assert rows is not None


def test_what_was_never_there_is_found_after_a_few_rows() -> None:
    cells = from_counts({"a": 6000, "b": 4000})
    for code in (0, cells.missing):
        test = StreamTest(cells, seed=3)
        test.update_codes(np.random.default_rng(0).choice([1, 2], size=2000, p=[0.6, 0.4]))
        codes = np.random.default_rng(1).choice([code, 1, 2], size=600, p=[0.05, 0.57, 0.38])
        rows = rows_until(test, codes)
        assert rows is not None
        assert (codes[:rows] == code).sum() <= 15


@pytest.mark.parametrize("code", [0, 3])
def test_what_was_never_there_is_found_with_a_small_reference(code: int) -> None:
    cells = from_counts({"a": 300, "b": 200})
    assert cells.missing == 3
    codes = np.random.default_rng(1).choice([code, 1, 2], size=500, p=[0.05, 0.57, 0.38])
    test = StreamTest(cells, seed=3)
    assert rows_until(test, codes) is not None
    assert "rising" in test.leading


def test_a_mixture_that_no_shape_fits_is_learned() -> None:
    names = {f"c{i:02}": 300 for i in range(20)}
    cells = from_counts(names)
    rng = np.random.default_rng(4)
    shares = np.where(np.arange(20) % 2 == 0, 0.075, 0.025)
    test = StreamTest(cells, seed=3)
    assert rows_until(test, rng.choice(np.arange(1, 21), size=3000, p=shares)) is not None
    assert test.leading.startswith("learned")
    assert test.leading in bets.NAMES


def test_constant_columns_and_empty_references_say_nothing() -> None:
    for cells in (from_counts({"a": 1000}), from_counts({"a": 0})):
        test = StreamTest(cells, seed=1)
        test.update(["a"] * 5000)
        assert test.log_most < math.log(20)


def test_a_tolerance_overlooks_what_is_small() -> None:
    cells = from_histogram(histogram(np.random.default_rng(0).normal(size=50_000)).to_json())
    codes = cells.codes(np.random.default_rng(1).normal(0.05, 1, 60_000))
    strict, lenient = StreamTest(cells, seed=1), StreamTest(cells, seed=1, tolerance=0.05)
    strict.update_codes(codes)
    lenient.update_codes(codes)
    assert strict.log_most >= ALARM > math.log(20) > lenient.log_most
    lenient = lenient.again(pooled=False)
    assert lenient.tolerance == 0.05
    assert rows_until(lenient, cells.codes(np.random.default_rng(2).normal(0.5, 1, 2000))) is not None


def test_again_keeps_or_forgets_the_rows_so_far() -> None:
    test = StreamTest(NORMAL, seed=1)
    test.update(np.random.default_rng(0).normal(3, 1, 1000))
    pooled, alone = test.again(pooled=True), test.again(pooled=False)
    assert pooled.rows == alone.rows == 0
    assert pooled.number == alone.number == test.number == 1000
    assert sum(pooled.seen) == sum(test.seen) == 1000
    assert sum(alone.seen) == 0
    values = np.random.default_rng(1).normal(3, 1, 300)
    pooled.update(values)
    alone.update(values)
    assert alone.log_most > ALARM
    assert pooled.log_most < alone.log_most


def test_a_daily_cycle_alarms_in_order_and_not_shuffled_by_whole_days() -> None:
    # A reference over whole days; later the same days, whose mornings are unlike their evenings.
    rng = np.random.default_rng(0)

    def day() -> np.ndarray:
        return rng.normal(np.sin(np.arange(400) / 400 * 2 * np.pi), 1)

    cells = from_histogram(histogram(np.concatenate([day() for _ in range(20)])).to_json())
    ordered, mixed = StreamTest(cells, seed=1), StreamTest(cells, seed=1)
    for _ in range(30):
        codes = cells.codes(day())
        ordered.update_codes(codes)
        counts = np.bincount(codes, minlength=len(cells.counts)).tolist()
        order = shuffled(counts, seed=1, first=mixed.number)
        assert np.array_equal(np.bincount(order, minlength=len(cells.counts)), counts)
        assert np.array_equal(order, shuffled(counts, seed=1, first=mixed.number))
        mixed.update_codes(order)
    assert ordered.log_most > ALARM
    assert mixed.log_most < math.log(20)
