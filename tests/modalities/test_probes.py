"""Every probe of every kind of column: shape and dtype stay, the seed decides, strength 0 changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.evidence.testing.probe import PROBES, Probe
from modelwright.modalities.audio import probe as audio
from modelwright.modalities.image import probe as image
from modelwright.modalities.series import probe as series
from modelwright.modalities.text import probe as text
from modelwright.runtime.signature import NULL_TEXT

KINDS = ("image", "text", "audio", "series")
EVERY = [(kind, probe) for kind in KINDS for probe in PROBES.get(kind)]
Cells = npt.NDArray[Any]


def cells_of(kind: str, seed: int) -> Cells:
    """Cells of every kind, of odd sizes, with what is missing among them."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    if kind == "image":
        shape = (n, int(rng.choice([1, 3])), *(int(s) for s in rng.integers(2, 30, 2)))
        return rng.integers(0, 256, shape).astype(np.uint8)
    if kind == "audio":
        made = rng.integers(-32768, 32768, (n, int(rng.integers(2, 400)))).astype(np.int16)
        made[0, : made.shape[1] // 2] = 0
        return made
    if kind == "series":
        values = rng.standard_normal((n, int(rng.integers(1, 4)), int(rng.integers(2, 60)))).astype(
            np.float32
        )
        values[rng.random(values.shape) < 0.1] = np.nan
        return values
    made = np.empty(n + 2, dtype=object)
    letters = list("abcdefghijklmnopqrstuvwxyzäß漢0")
    for i in range(n):
        words = [
            "".join(rng.choice(letters, int(rng.integers(1, 8)))) for _ in range(int(rng.integers(1, 12)))
        ]
        made[i] = " ".join(words)
    made[n], made[n + 1] = NULL_TEXT, ""
    return made


def same(a: Cells, b: Cells) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


@pytest.mark.parametrize(("kind", "probe"), EVERY, ids=[f"{kind}-{probe.name}" for kind, probe in EVERY])
@given(seed=st.integers(0, 10_000))
def test_a_probe_keeps_the_form_and_is_drawn_by_its_seed(kind: str, probe: Probe, seed: int) -> None:
    cells = cells_of(kind, seed)
    before = cells.copy()
    assert len(probe.levels) == 2
    for strength, _ in probe.levels:
        made = probe.change(cells, strength, np.random.default_rng(seed))
        assert made.shape == cells.shape
        assert made.dtype == cells.dtype
        assert same(made, probe.change(cells, strength, np.random.default_rng(seed)))
        if kind == "text":
            assert made[-2] == NULL_TEXT
            assert made[-1] == ""
            assert all(made[:-2])
    assert same(cells, before), "what is given stays as it is"
    assert same(probe.change(cells, 0.0, np.random.default_rng(seed)), cells)


@pytest.mark.parametrize(("kind", "probe"), EVERY, ids=[f"{kind}-{probe.name}" for kind, probe in EVERY])
def test_no_rows_are_no_rows(kind: str, probe: Probe) -> None:
    cells = cells_of(kind, 1)[:0]
    assert probe.change(cells, probe.levels[0][0], np.random.default_rng(0)).shape == cells.shape


def picture(side: int = 30) -> Cells:
    """A bright square on a dark ground."""
    made = np.full((1, 3, side, side), 20, np.uint8)
    made[:, :, side // 4 : side // 2, side // 4 : side // 2] = 220
    return made


def test_stronger_changes_more() -> None:
    for probe in PROBES.get("image"):
        far = [
            np.abs(probe.change(picture(), s, np.random.default_rng(0)).astype(int) - picture()).mean()
            for s, _ in probe.levels
        ]
        assert 0 < far[0] < far[1], probe.name


def test_blur_keeps_the_mean_and_lowers_the_contrast() -> None:
    made = image.blur(picture(), 0.05, np.random.default_rng(0))
    assert abs(made.mean() - picture().mean()) < 1
    assert made.std() < picture().std()


def test_a_quarter_turn_is_exact() -> None:
    cells = cells_of("image", 3)[:, :, :12, :12]
    side = min(cells.shape[2:])
    cells = cells[:, :, :side, :side]
    made = image.rotation(cells, 90.0, np.random.default_rng(0))
    turns = [np.rot90(cells, k, (2, 3)) for k in (1, 3)]
    assert all(any(np.array_equal(row, turned[i]) for turned in turns) for i, row in enumerate(made))


def test_jpeg_is_what_pillow_makes_of_grey_pictures() -> None:
    import io

    from PIL import Image

    rng = np.random.default_rng(0)
    cells = image.blur(rng.integers(0, 256, (1, 1, 32, 24)).astype(np.uint8), 0.05, rng)
    for quality in (50, 15):
        file = io.BytesIO()
        Image.fromarray(cells[0, 0]).save(file, "JPEG", quality=quality)
        theirs = np.asarray(Image.open(io.BytesIO(file.getvalue()))).astype(int)
        ours = image.jpeg(cells, 1 - quality / 100, rng)[0, 0].astype(int)
        assert np.abs(ours - theirs).max() <= 3


def test_noise_has_the_level_that_it_says() -> None:
    tone = (8000 * np.sin(np.arange(8000) / 5)).astype(np.int16)[None]
    for decibels in (20, 10):
        changed = audio.noise(tone, 10 ** (-decibels / 20), np.random.default_rng(0))
        noise = changed.astype(float) - tone
        ratio = 20 * np.log10(np.sqrt((tone.astype(float) ** 2).mean()) / np.sqrt((noise**2).mean()))
        assert ratio == pytest.approx(decibels, abs=0.5)


def test_faster_is_higher() -> None:
    tone = (8000 * np.sin(2 * np.pi * np.arange(8000) * 100 / 8000)).astype(np.int16)[None]
    for change, expected in ((audio.faster, 110), (audio.slower, 90)):
        heard = np.abs(np.fft.rfft(change(tone, 0.1, np.random.default_rng(0))[0].astype(float)))
        assert abs(int(heard.argmax()) - expected) <= 1


def test_silence_stays_silent() -> None:
    for probe in PROBES.get("audio"):
        assert not probe.change(
            np.zeros((2, 50), np.int16), probe.levels[1][0], np.random.default_rng(0)
        ).any()


def test_a_gap_is_as_long_as_it_says() -> None:
    made = series.gaps(np.ones((3, 2, 50), np.float32), 0.3, np.random.default_rng(0))
    assert np.isnan(made).sum(axis=2).tolist() == [[15, 15]] * 3


def test_words_in_any_order_are_the_same_words() -> None:
    cells = np.array(["the plot is thin but the actors are wonderful"], dtype=object)
    made = text.order(cells, 1.0, np.random.default_rng(1))
    assert made[0] != cells[0]
    assert sorted(made[0].split()) == sorted(cells[0].split())


def test_typos_hit_the_share_of_words_that_they_say() -> None:
    cells = np.array([" ".join(["wonderful"] * 1000)], dtype=object)
    words = text.typos(cells, 0.3, np.random.default_rng(0))[0].split()
    assert len(words) == 1000
    assert sum(word != "wonderful" for word in words) == pytest.approx(300, abs=60)


def test_neighbours_of_keys() -> None:
    assert set(text.NEIGHBOURS["g"]) == set("tyfhvb")
    assert all(key in text.NEIGHBOURS[other] for key, near in text.NEIGHBOURS.items() for other in near)
