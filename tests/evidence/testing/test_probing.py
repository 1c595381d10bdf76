"""Probes, parts and pictures of test rows of media, through a model whose ground is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.records.data import ROW
from modelwright.core.records.evidence import Figure, Finding, Table
from modelwright.core.records.pictures import Gallery
from modelwright.evidence.showing import shown_columns
from modelwright.evidence.testing import hardest, part_explanations, probing
from modelwright.evidence.testing.answers import Opened, Oracle
from modelwright.features.typed import Typed
from modelwright.goal.metrics import metric
from modelwright.goal.metrics.scored import Scored
from modelwright.runtime.signature import NULL_TEXT, Signature, Tensor

PHOTO = Tensor("photo", "image", (1, 16, 16), "uint8")
Probabilities = npt.NDArray[np.float64]


class Known(Oracle):
    """Answers by a function of the typed rows: the probability of the class 1."""

    def __init__(self, answer: Callable[[Typed], Probabilities]) -> None:
        self.answer = answer

    def outputs_of(self, typed: Typed) -> dict[str, npt.NDArray[Any]]:
        p = self.answer(typed)
        return {"label": (p >= 0.5).astype(np.int64), "probabilities": np.stack([1 - p, p], axis=1)}


def bright(typed: Typed) -> Probabilities:
    """Looks at one corner of the picture, at its absolute level."""
    level = typed.tensors[0][:, 0, :4, :4].mean(axis=(1, 2)) / 255
    return np.asarray(1 / (1 + np.exp(-20 * (level - 0.5))))


def polite(typed: Typed) -> Probabilities:
    return np.array([0.95 if "please" in text.split(" ") else 0.05 for text in typed.strings[:, 0]])


def rows_of(typed: Typed, truth: npt.NDArray[np.int64]) -> Opened:
    frame = pl.DataFrame({ROW: np.arange(len(truth)) + 100})
    return Opened(frame, typed, truth, None, None, False, "binary", ("no", "yes"), None)


@pytest.fixture(scope="module")
def photos() -> Opened:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200)
    cells = rng.integers(60, 100, (200, 1, 16, 16)).astype(np.uint8)
    cells[:, :, :4, :4] += (truth * 90).astype(np.uint8)[:, None, None, None]
    cells[7] = 0  # missing
    none = np.empty((200, 0))
    typed = Typed(Signature(tensors=(PHOTO,)), none, none.astype(object), none.astype(np.int64), (cells,))
    return rows_of(typed, truth)


@pytest.fixture(scope="module")
def letters() -> Opened:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 300)
    words = np.array(["send", "the", "report", "today", "to", "all", "of", "us"])
    texts = [" ".join([*rng.permutation(words)[:6], *(["please"] if t else [])]) for t in truth]
    strings = np.array([[text] for text in texts], dtype=object)
    strings[0, 0] = NULL_TEXT
    none = np.empty((300, 0))
    typed = Typed(Signature(strings=("letter",), texts=("letter",)), none, strings, none.astype(np.int64))
    return rows_of(typed, truth)


def guess(rows: Opened) -> Scored:
    half = np.full((rows.rows, 2), 0.5)
    return Scored(truth=rows.truth, classes=rows.classes, positive=1, labels=np.zeros(rows.rows, np.int64),
                  probabilities=half)  # fmt: skip


def measured(rows: Opened, answer: Callable[[Typed], Probabilities]) -> dict[str, probing.Change]:
    ((name, kind),) = probing.columns(rows.typed)
    _, found = probing.measure(Known(answer), rows, name, kind, metric("accuracy"), guess(rows), 0.95, 0)
    return {c.words: c for c in found}


def test_what_the_model_looks_at_decides_what_hurts_it(photos: Opened) -> None:
    found = measured(photos, bright)
    assert len(found) == probing.plan_size(photos.typed) == 18
    assert found["60% darker"].gap.high < 0
    assert found["60% darker"].lost > 0.8
    assert found["noise of 5%"].gap.value == pytest.approx(0, abs=0.02)


def test_a_missing_picture_stays_missing(photos: Opened) -> None:
    for _, _, _, typed in probing.probed(photos.typed, "photo", "image", 0):
        assert not typed.tensors[0][7].any()


def test_words_that_decide_are_missed_when_they_are_misspelt(letters: Opened) -> None:
    found = measured(letters, polite)
    assert found["slips in 30%"].lost > found["slips in 10%"].lost > 0
    assert found["in any order"].gap.value == 0


def test_the_same_seed_probes_alike(photos: Opened) -> None:
    assert measured(photos, bright) == measured(photos, bright)


class Guess:
    """Stands for a baseline, whose answers are known."""


def report_of(rows: Opened, answer: Callable[[Typed], Probabilities], monkeypatch: Any) -> Book:
    monkeypatch.setattr(probing, "member_scored", lambda member, rows: guess(rows))
    book = Book()
    probing.report(Known(answer), rows, metric("accuracy"), Guess(), 0.95, 0, book)  # type: ignore[arg-type]
    return book


def test_a_probe_that_takes_much_is_a_finding(photos: Opened, monkeypatch: Any) -> None:
    book = report_of(photos, bright, monkeypatch)
    (finding,) = [i for i in book.items if isinstance(i, Finding)]
    assert (finding.code, finding.column) == ("robustness.image", "photo")
    assert finding.numbers["lost"] >= probing.MILD
    (figure,) = [i for i in book.items if isinstance(i, Figure)]
    (table,) = [i for i in book.items if isinstance(i, Table)]
    assert len(figure.series[0].x) == len(table.rows) == 18


def test_a_model_that_bears_it_gives_no_finding(photos: Opened, monkeypatch: Any) -> None:
    def sure(typed: Typed) -> Probabilities:
        return np.where(np.resize(photos.truth, typed.rows) == 1, 0.9, 0.1)

    book = report_of(photos, sure, monkeypatch)
    assert [i for i in book.items if isinstance(i, Finding)] == []


def test_rows_without_media_or_texts_have_no_probes() -> None:
    none = np.empty((3, 0))
    typed = Typed(Signature(numbers=("x",)), np.zeros((3, 1)), none.astype(object), none.astype(np.int64))
    assert probing.plan_size(typed) == 0


def test_the_part_that_an_answer_rests_on_is_told(photos: Opened) -> None:
    oracle = Known(bright)
    scored = oracle.scored(photos)
    (column,) = shown_columns(photos.typed.signature, frozenset())
    worst = hardest.hardest(scored)
    chosen = part_explanations.choose(column, photos, scored, worst)
    assert 7 not in chosen
    assert part_explanations.size(column, photos, chosen) == 50
    book = Book()
    part_explanations.report(oracle, column, photos, scored, chosen, book)
    (gallery,) = book.items
    assert isinstance(gallery, Gallery)
    yes = [row for row in gallery.rows if row[1] == "yes"]
    assert yes[0][3] == "rows 0 to 3, columns 0 to 3"
    assert isinstance(yes[0][5], float)
    assert yes[0][5] < 0
    assert len(gallery.pictures) == len(chosen) == len(gallery.rows) // part_explanations.TOP


def test_hard_rows_are_shown_and_private_columns_are_not(letters: Opened) -> None:
    scored = Known(lambda typed: 1 - polite(typed)).scored(letters)
    book = Book()
    hardest.report(letters, scored, [], frozenset(), book)
    (gallery,) = [i for i in book.items if isinstance(i, Gallery)]
    texts = [p.words[0][0] for p in gallery.pictures if p.words]
    assert len(texts) >= hardest.ROWS - 1
    assert set(texts) <= set(letters.typed.strings[:, 0])
    assert all(p.caption.startswith("row ") for p in gallery.pictures)
    hidden = Book()
    hardest.report(letters, scored, [], frozenset({"letter"}), hidden)
    assert [i for i in hidden.items if isinstance(i, Gallery)] == []
