"""What an answer rests on is found where it was planted, and what is shown is what is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from modelwright.evidence.showing import EXPLAINS
from modelwright.modalities.audio.spectrum import samples_of, spectrum
from modelwright.runtime.signature import Tensor

PHOTO = Tensor("photo", "image", (3, 24, 32), "uint8")
SOUND = Tensor("sound", "audio", (8000,), "int16", 8000)
TRACE = Tensor("trace", "series", (2, 64), "float32")
STORY = "the plot is thin but the actors are simply wonderful in every scene"


def cell_of(kind: str) -> Any:
    rng = np.random.default_rng(0)
    if kind == "image":
        return rng.integers(0, 256, PHOTO.shape).astype(np.uint8)
    if kind == "audio":
        return rng.integers(-5000, 5000, 8000).astype(np.int16)
    return rng.standard_normal(TRACE.shape).astype(np.float32) if kind == "series" else STORY


TENSORS = {"image": PHOTO, "audio": SOUND, "series": TRACE, "text": None}


@pytest.mark.parametrize("kind", sorted(TENSORS))
def test_parts_have_the_form_of_the_cell_and_a_name_each(kind: str) -> None:
    cell, tensor = cell_of(kind), TENSORS[kind]
    explain = EXPLAINS.get(kind)
    parts = explain.parts(cell, tensor)
    assert len(parts.cells) == len(parts.names) == len(set(parts.names)) or kind == "text"
    assert len(parts.cells) <= 64
    if tensor is not None:
        assert parts.cells.shape[1:] == cell.shape
        assert parts.cells.dtype == cell.dtype
        assert all(not np.array_equal(changed, cell) for changed in parts.cells)
    weights = np.linspace(-1, 1, len(parts.names))
    for each in (weights, np.zeros(len(parts.names))):
        shown = explain.picture(cell, tensor, each, "alt", "caption")
        assert (shown.alt, shown.caption) == ("alt", "caption")
        assert 0 < shown.size < 80_000


def test_the_patch_that_matters_is_found() -> None:
    cell = np.full(PHOTO.shape, 10, np.uint8)
    cell[:, 12:15, 8:12] = 255
    parts = EXPLAINS.get("image").parts(cell, PHOTO)
    lost = cell[:, 12:15, 8:12].mean() - parts.cells[:, :, 12:15, 8:12].mean(axis=(1, 2, 3))
    name = parts.names[int(lost.argmax())]
    top, bottom, left, right = (int(w) for w in name.replace(",", "").split() if w.isdigit())
    assert top <= 12
    assert bottom >= 14
    assert left <= 8
    assert right >= 11


def test_the_word_that_matters_is_found() -> None:
    explain = EXPLAINS.get("text")
    parts = explain.parts(STORY, None)
    lost = np.array([1.0 - float("wonderful" in text.split()) for text in parts.cells])
    assert parts.names[int(lost.argmax())] == "wonderful"
    shown = explain.picture(STORY, None, lost, "", "")
    assert " ".join(word for word, _ in shown.words) == STORY
    assert [word for word, weight in shown.words if weight] == ["wonderful"]


def test_long_texts_are_looked_at_in_pieces_and_cut() -> None:
    explain = EXPLAINS.get("text")
    text = " ".join(f"w{i}" for i in range(1000))
    parts = explain.parts(text, None)
    assert len(parts.names) == 60
    assert all(len(changed.split()) == 996 for changed in parts.cells)
    assert explain.picture(text, None, np.zeros(60), "", "").words[-1][0] == "… (760 more words)"


def test_the_time_and_pitch_that_matter_are_found() -> None:
    time = np.arange(8000) / 8000
    tone = np.where((time > 0.42) & (time < 0.48), 9000 * np.sin(2 * np.pi * 1000 * time), 0)
    hum = 3000 * np.sin(2 * np.pi * 120 * time)
    cell = (tone + hum).astype(np.int16)
    parts = EXPLAINS.get("audio").parts(cell, SOUND)

    def loud(samples: npt.NDArray[Any]) -> float:
        return float(np.abs(np.fft.rfft(samples.astype(float))[900:1100]).max())

    lost = np.array([loud(cell) - loud(changed) for changed in parts.cells])
    name = parts.names[int(lost.argmax())].replace(",", "").split()
    begins, ends, low, high = float(name[0]), float(name[2]), float(name[4]), float(name[6])
    assert begins <= 0.45 <= ends
    assert low <= 1000 <= high


def test_a_spectrum_gives_its_sound_back() -> None:
    sound = np.random.default_rng(0).standard_normal(1234) * 1000
    for size in (64, 256):
        assert np.allclose(samples_of(spectrum(sound, size), size, 1234), sound, atol=1e-6)


def test_the_stretch_that_matters_is_found() -> None:
    cell = np.zeros(TRACE.shape, np.float32)
    cell[1, 40:44] = 5.0
    parts = EXPLAINS.get("series").parts(cell, TRACE)
    lost = 5.0 - parts.cells[:, 1, 40:44].mean(axis=1)
    assert parts.names[int(lost.argmax())] == "steps 40 to 43 of channel 2"


def test_gaps_of_a_series_stay_gaps() -> None:
    cell = cell_of("series")
    cell[0, 5:20] = np.nan
    parts = EXPLAINS.get("series").parts(cell, TRACE)
    assert np.isnan(parts.cells[:, 0, 5:20]).all()
    assert np.isfinite(parts.cells[:, 1]).all()
