from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from modelwright.core.book import Book
from modelwright.core.records.evidence import Figure, Finding
from modelwright.models import curves
from modelwright.models.afterwards import SHARES
from modelwright.models.board import fold_interval
from modelwright.models.fit import Job, Product
from modelwright.models.inline import InlinePool
from modelwright.models.journal import Entry, Journal, key_of
from modelwright.models.race import Trial
from modelwright.models.rows import Learning, Place

Places = Callable[..., Place]


def fitted(place: Place, folder: Path) -> tuple[Trial, InlinePool]:
    """A trial of the toy family, fitted on its first fold."""
    pool = InlinePool(folder)
    trial = Trial(1, "toy", {"shrink": 0.0}, False, (0,), 1)
    job = Job("toy", trial.config, 0, 0)
    key = key_of(place, job, 1)
    pool.submit(key, place, job)
    pool.wait(0)
    entry = Journal(folder).read(key)
    assert entry is not None
    trial.entries[0] = entry
    return trial, pool


def drawn(place: Place, folder: Path, ends_at: float | None = None) -> Book:
    trial, pool = fitted(place, folder)
    book = Book()
    learning = Learning.read(place)
    curves.learning_curve(trial, learning, place, Journal(folder), pool, book, ends_at, 0)
    return book


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc"])
def test_a_learning_curve_by_rows(places: Places, tmp_path: Path, metric: str) -> None:
    place = places(rows=400, metric=metric)
    (figure,) = [item for item in drawn(place, tmp_path / "fits").items if isinstance(item, Figure)]
    assert figure.code == "learning-curve"
    assert [s.name for s in figure.series] == ["training rows", "held-out rows"]
    for series in figure.series:
        assert series.x == (75.0, 150.0, 225.0, 300.0)
        assert all(0 < float(y) < 1.5 for y in series.y)
    held = figure.series[1].y
    assert (held[-1] > 0.8) if metric == "roc_auc" else (held[-1] < 0.6)


def test_few_rows_and_no_time_give_no_curve(places: Places, tmp_path: Path) -> None:
    assert drawn(places(rows=100), tmp_path / "a").items == ()
    assert drawn(places(rows=400), tmp_path / "b", ends_at=0.0).items == ()


@pytest.mark.parametrize(
    ("held_out", "helps"), [((0.5, 0.7, 0.8, 0.9), True), ((0.5, 0.7, 0.71, 0.72), False)]
)
def test_rows_that_would_help_are_named(
    places: Places, tmp_path: Path, held_out: tuple[float, ...], helps: bool
) -> None:
    """A journal that holds a curve of known shape: rising to its end, or flat before it."""
    place = places(rows=400)
    trial, pool = fitted(place, tmp_path / "fits")
    journal, book = Journal(tmp_path / "fits"), Book()
    whole = trial.entries[0].result
    for share, score in zip(SHARES, held_out, strict=False):
        key = key_of(place, Job("toy", trial.config, 0, 0, sample=share), 1)
        result = replace(whole, rows=int(300 * share), score=score)
        journal.write(key, Product(result, b"", np.zeros((1, 2))))
    trial.entries[0] = Entry(trial.entries[0].folder, replace(whole, score=held_out[-1]))
    curves.learning_curve(trial, Learning.read(place), place, journal, pool, book, None, 0)
    found = [item for item in book.items if isinstance(item, Finding)]
    assert [f.code for f in found] == (["train.more-rows-would-help"] if helps else [])
    assert not helps or "from 150 to 300" in found[0].message


def test_the_interval_of_folds_is_the_corrected_one(places: Places) -> None:
    """Nadeau and Bengio (2003): wider than the naive interval, because folds share training rows."""
    learning = Learning.read(places(rows=200, folds=5))
    scores = [0.80, 0.82, 0.78, 0.85, 0.75]
    low, high = fold_interval(scores, [160] * 5, learning)
    spread = float(np.std(scores, ddof=1))
    half = float(stats.t.ppf(0.975, 4)) * spread * math.sqrt(1 / 5 + 40 / 160)
    assert (low, high) == pytest.approx((0.80 - half, 0.80 + half))
    naive = float(stats.t.ppf(0.975, 4)) * spread * math.sqrt(1 / 5)
    assert half > naive
    assert all(map(math.isnan, fold_interval([0.8], [160], learning)))
    assert all(map(math.isnan, fold_interval([0.8, 0.9], [160, 160], learning))), "two folds say nothing"
    assert all(map(math.isnan, fold_interval([0.8, float("-inf")], [160, 160], learning)))
