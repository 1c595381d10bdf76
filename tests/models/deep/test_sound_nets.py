"""The networks on sounds and on sequences of numbers: real data, their graphs, and what they do not mind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("torch", reason="the extra deep is not installed")

from modelwright.features.typed import Typed
from modelwright.graph.session import session
from modelwright.models.families import FAMILIES
from modelwright.models.family import Deadline, FittedOnColumns, Rows, Task
from modelwright.models.fit import graph_of
from modelwright.runtime.parse import audio, series
from modelwright.runtime.signature import Signature, Tensor

pytestmark = pytest.mark.slow  # torch alone takes two seconds to be imported

SERIES = ("temporal", "recurrent_series", "series_transformer")


def rows_of(tensor: Tensor, cells: Any, y: Any) -> Rows:
    n = len(cells)
    typed = Typed(
        Signature(tensors=(tensor,)),
        np.empty((n, 0)),
        np.empty((n, 0), dtype=object),
        np.empty((n, 0), dtype=np.int64),
        (cells,),
    )
    return Rows(np.empty((n, 0), dtype=np.float32), y, typed=typed)


def fitted(name: str, task: Task, rows: Rows, valid: Rows | None, **config: Any) -> FittedOnColumns:
    family: Any = FAMILIES.get(name)
    made: FittedOnColumns = family.fit(
        task, rows, valid, config, seed=0, threads=1, deadline=Deadline.after(120.0)
    )
    return made


def agrees(model: FittedOnColumns, typed: Typed, outputs: int) -> float:
    graph = graph_of(None, model, typed, outputs)
    assert len(graph) < 5_000_000
    own = model.predict_typed(np.empty((typed.rows, 0), dtype=np.float32), typed)
    shown = session(graph).run(["scores"], typed.feeds())[0]
    return float(np.abs(own - shown).max())


@pytest.fixture(scope="module")
def digits(shared_data: Path) -> tuple[Rows, Rows]:
    """Zeros and ones of four speakers, and of two others."""
    folder = shared_data / "audio_classification" / "free_spoken_digits" / "recordings"
    files = sorted(file for file in folder.glob("[01]_*.wav") if int(file.stem.split("_")[2]) < 8)
    read = audio.build({"rate": 8000, "samples": 6400})
    read_cells: list[Any] = [read(file.read_bytes()) for file in files]
    cells = np.stack(read_cells)
    y = np.array([int(file.name[0]) for file in files])
    away = np.array([file.name.split("_")[1] in ("theo", "lucas") for file in files])
    tensor = Tensor("clip", "audio", (6400,), "int16", 8000)
    return rows_of(tensor, cells[~away], y[~away]), rows_of(tensor, cells[away], y[away])


def test_two_digits_of_speakers_never_heard(digits: tuple[Rows, Rows]) -> None:
    train, test = digits
    model = fitted("spectrogram", Task("multiclass", 2, "accuracy"), train, None, rounds=12, width=12)
    assert test.typed is not None
    p = model.predict_typed(test.x, test.typed)
    assert (p.argmax(axis=1) == test.y).mean() >= 0.85
    assert agrees(model, test.typed, 2) < 1e-4


def test_gain_and_place_do_not_matter_much(digits: tuple[Rows, Rows]) -> None:
    train, _ = digits
    assert train.typed is not None
    model = fitted("spectrogram", Task("multiclass", 2, "accuracy"), train, None, rounds=6, width=12)
    cells = train.typed.tensors[0]
    p = model.predict_typed(train.x, train.typed).argmax(axis=1)
    for changed in (cells // 4, np.roll(cells, 400, axis=1)):
        other = rows_of(train.typed.signature.tensors[0], changed.astype(np.int16), train.y)
        assert other.typed is not None
        assert (model.predict_typed(other.x, other.typed).argmax(axis=1) == p).mean() > 0.9


def test_silence_and_noise_have_an_answer(digits: tuple[Rows, Rows]) -> None:
    train, _ = digits
    model = fitted("spectrogram", Task("multiclass", 2, "accuracy"), train, None, rounds=2, width=12)
    assert train.typed is not None
    odd = np.zeros((4, 6400), dtype=np.int16)
    odd[1] = 32767
    odd[2] = np.random.default_rng(0).integers(-32768, 32767, 6400)
    odd[3, 3000] = 1
    rows = rows_of(train.typed.signature.tensors[0], odd, train.y[:4])
    assert rows.typed is not None
    assert np.isfinite(model.predict_typed(rows.x, rows.typed)).all()
    assert agrees(model, rows.typed, 2) < 1e-4


@pytest.fixture(scope="module")
def days(shared_data: Path) -> tuple[Rows, Rows]:
    """Stretches of 24 hours of a transformer's seven measurements: at which quarter of the day do
    they begin? The last third is the test."""
    frame = pl.read_csv(shared_data / "time_series" / "etth1" / "ETTh1.csv").drop("date")
    starts = 30 * np.arange(480)
    values = frame.to_numpy()[starts[:, None] + np.arange(24)].transpose(0, 2, 1)
    quarter = (starts % 24 // 6).astype(np.int64)
    read = series.build({"channels": 7, "steps": 24})
    read_cells: list[Any] = [read(day) for day in values]
    cells = np.stack(read_cells)
    tensor = Tensor("day", "series", (7, 24), "float32")
    return rows_of(tensor, cells[:320], quarter[:320]), rows_of(tensor, cells[320:], quarter[320:])


@pytest.mark.parametrize("name", SERIES)
def test_the_time_of_day_in_real_measurements(name: str, days: tuple[Rows, Rows]) -> None:
    train, test = days
    assert train.typed is not None
    assert test.typed is not None
    holes = train.typed.tensors[0].copy()
    holes[::7, 2, :5] = np.nan
    rows = rows_of(train.typed.signature.tensors[0], holes, train.y)
    model = fitted(name, Task("multiclass", 4, "accuracy"), rows, test, epochs=8, width=32)
    p = model.predict_typed(test.x, test.typed)
    assert p.shape == (160, 4)
    assert (p.argmax(axis=1) == test.y).mean() > 0.5
    assert agrees(model, test.typed, 4) < 1e-4
    hard = test.typed.tensors[0].copy()
    hard[0], hard[1], hard[2], hard[3, :, :-1] = 0.0, 1e6, np.nan, np.nan
    hard[4] = np.random.default_rng(0).uniform(-1e6, 1e6, hard[4].shape)
    odd = rows_of(test.typed.signature.tensors[0], hard, test.y)
    assert odd.typed is not None
    assert agrees(model, odd.typed, 4) < 1e-4


def test_the_next_value_of_a_real_series(days: tuple[Rows, Rows]) -> None:
    def with_next(rows: Rows) -> Rows:
        """The first 20 hours of each stretch, and the oil's temperature four hours later."""
        assert rows.typed is not None
        cells = rows.typed.tensors[0]
        tensor = Tensor("day", "series", (7, 20), "float32")
        return rows_of(tensor, np.ascontiguousarray(cells[:, :, :20]), cells[:, 6, 23].astype(np.float64))

    train, held = (with_next(rows) for rows in days)
    assert held.typed is not None
    model = fitted("temporal", Task("regression", 0, "rmse"), train, held, epochs=25, width=32)
    error = model.predict_typed(held.x, held.typed)[:, 0] - held.y
    assert np.sqrt((error**2).mean()) < 0.7 * held.y.std()
    assert agrees(model, held.typed, 1) < 1e-3


@pytest.mark.parametrize("name", ["spectrogram", *SERIES])
def test_the_same_seed_gives_the_same_bytes(
    name: str, digits: tuple[Rows, Rows], days: tuple[Rows, Rows]
) -> None:
    rows = digits[0] if name == "spectrogram" else days[0]
    task = Task("multiclass", 2 if name == "spectrogram" else 4, "accuracy")
    assert rows.typed is not None
    one, two = (fitted(name, task, rows, None, rounds=1, width=12 if rows is digits[0] else 24) for _ in "ab")
    assert np.array_equal(one.predict_typed(rows.x, rows.typed), two.predict_typed(rows.x, rows.typed))
