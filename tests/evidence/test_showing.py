from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from modelwright.evidence.showing import as_given, pictures, png, shown_columns, wav
from modelwright.runtime.parse import audio, image, series
from modelwright.runtime.signature import NULL_TEXT, Signature, Tensor

PHOTO = Tensor("photo", "image", (3, 20, 30), "uint8")
SOUND = Tensor("sound", "audio", (800,), "int16", 8000)
TRACE = Tensor("trace", "series", (2, 40), "float32")
SIGNATURE = Signature(strings=("town", "story"), texts=("story",), tensors=(PHOTO, SOUND, TRACE))


@given(arrays(np.uint8, st.sampled_from([(1, 1), (7, 5), (3, 9, 3), (1, 4, 3)])))
def test_png_is_read_as_it_was_written(pixels: npt.NDArray[np.uint8]) -> None:
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(pixels)))), pixels)


def test_png_of_smooth_pictures_is_small() -> None:
    y, x = np.mgrid[:96, :96]
    smooth = np.stack([y, x, y + x], axis=2).astype(np.uint8)
    assert len(png(smooth)) < 1500


def test_wav_is_read_as_it_was_written() -> None:
    samples = np.array([0, 1, -1, 32767, -32768], np.int16)
    with wave.open(io.BytesIO(wav(samples, 8000))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert np.array_equal(np.frombuffer(file.readframes(9), "<i2"), samples)


def test_cells_as_users_send_them_are_read_back() -> None:
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, PHOTO.shape).astype(np.uint8)
    options: dict[str, Any] = {"mode": "RGB", "height": 20, "width": 30}
    read = image.build(options)(as_given(photo, PHOTO))
    assert np.array_equal(read, photo)
    sound = rng.integers(-9000, 9000, 800).astype(np.int16)
    heard = audio.build({"rate": 8000, "samples": 800})(as_given(sound, SOUND))
    assert heard is not None
    assert np.abs(heard.astype(int) - sound).max() <= 1
    trace = rng.standard_normal(TRACE.shape).astype(np.float32)
    trace[0, 3] = np.nan
    kept = series.build({"channels": 2, "steps": 40})(as_given(trace, TRACE))
    assert np.array_equal(kept, trace, equal_nan=True)
    assert as_given(np.zeros(PHOTO.shape, np.uint8), PHOTO) is None


def test_private_columns_are_never_shown() -> None:
    every = shown_columns(SIGNATURE, frozenset(), most=9)
    assert [(c.name, c.kind) for c in every] == [
        ("photo", "image"), ("sound", "audio"), ("trace", "series"), ("story", "text"),
    ]  # fmt: skip
    assert [c.name for c in shown_columns(SIGNATURE, frozenset({"photo", "story"}))] == ["sound", "trace"]


def test_a_missing_cell_is_said_to_be_missing() -> None:
    (photo, *_, story) = shown_columns(SIGNATURE, frozenset(), most=9)
    for column, nothing in ((photo, np.zeros(PHOTO.shape, np.uint8)), (story, NULL_TEXT)):
        (shown,) = pictures(column, [nothing], ["row 3"])
        assert (shown.caption, shown.data, shown.words) == ("row 3 (nothing is there)", "", ())


@pytest.mark.parametrize("place", range(4))
def test_every_kind_is_shown(place: int) -> None:
    rng = np.random.default_rng(1)
    column = shown_columns(SIGNATURE, frozenset(), most=9)[place]
    cells = {
        "image": rng.integers(0, 256, PHOTO.shape).astype(np.uint8),
        "audio": rng.integers(-9000, 9000, 800).astype(np.int16),
        "series": rng.standard_normal(TRACE.shape).astype(np.float32),
        "text": "a long story " * 500,
    }
    (shown,) = pictures(column, [cells[column.kind]], ["row 3"])
    assert 0 < shown.size < 60_000
    assert bool(shown.sound) == (column.kind == "audio")
    if column.kind == "text":
        assert shown.words[0][0].endswith("… (6,500 characters)")
    else:
        assert shown.data.startswith("data:image/")
        assert shown.width > 0
