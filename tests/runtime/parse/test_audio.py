"""Sound files: every bad one is a clear answer, and a good one becomes the same samples every time."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.runtime.parse import ColumnSpec, OperationSpec, apply_counted, audio, sounds
from modelwright.runtime.parse.resample import resample

soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")

OPTIONS = {"rate": 8000, "samples": 7200}


def encoded(samples: Any, rate: int = 8000, form: str = "WAV", subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


def tone(seconds: float = 0.5, rate: int = 8000, pitch: float = 440.0) -> Any:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)


@pytest.fixture(scope="module")
def digit(shared_data: Path) -> bytes:
    folder = shared_data / "audio_classification" / "free_spoken_digits" / "recordings"
    return (folder / "0_george_0.wav").read_bytes()


def test_samples_of_the_learned_rate_come_through_unchanged(digit: bytes) -> None:
    made = audio.build(OPTIONS)(digit)
    assert made is not None
    assert (str(made.dtype), made.shape) == ("int16", (7200,))
    samples, _ = soundfile.read(io.BytesIO(digit), dtype="int16")
    start = (7200 - len(samples)) // 2
    assert np.array_equal(made[start : start + len(samples)], samples)
    assert not made[:start].any()
    assert not made[start + len(samples) :].any()
    assert audio.look(digit) == audio.Look("", "wav", 8000, 1, len(samples) / 8000, audio.look(digit).peak)


@pytest.mark.parametrize(
    ("form", "subtype"),
    [("WAV", "FLOAT"), ("WAV", "PCM_24"), ("FLAC", None), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None)],
)
def test_each_format_is_read_and_known(form: str, subtype: str | None) -> None:
    data = encoded(tone(), form=form, subtype=subtype)
    seen = audio.look(data)
    assert (seen.problem, seen.format, seen.rate, seen.truncated) == ("", form.lower(), 8000, False)
    made = audio.build(OPTIONS)(data)
    assert made is not None
    assert 0.4 < np.abs(made).max() / 32768 < 0.6
    assert audio.misnamed(f"a.{form.lower()}", seen.format) is False


def test_wrong_extension() -> None:
    seen = audio.look(encoded(tone(), form="FLAC"))
    assert audio.misnamed("clips/one.wav", seen.format)
    assert not audio.misnamed("clips/one.FLAC", seen.format)
    assert not audio.misnamed("clips/one", seen.format)


def test_stereo_is_averaged() -> None:
    data = encoded(np.stack([tone(), 0 * tone()], axis=1))
    assert audio.look(data).channels == 2
    made = audio.build(OPTIONS)(data)
    assert made is not None
    assert np.abs(made).max() == pytest.approx(0.25 * 32768, abs=20)


@pytest.mark.parametrize("rate", [44_100, 48_000, 16_000, 11_025, 6_000])
def test_another_rate_is_resampled(rate: int) -> None:
    made = audio.build({"rate": 8000, "samples": 4000})(encoded(tone(0.5, rate), rate, subtype="FLOAT"))
    assert made is not None
    wanted = np.rint(tone(0.5, 8000) * 32768)
    assert np.abs(made - wanted)[100:-100].max() <= 4


def test_what_lies_above_the_new_rate_does_not_fold_back() -> None:
    high = np.sin(2 * np.pi * 6000 * np.arange(44_100) / 44_100)
    assert np.abs(resample(high, 44_100, 8000))[50:-50].max() < 1e-3


def test_silent() -> None:
    seen = audio.look(encoded(np.zeros(4000)))
    assert seen.silent
    assert not seen.problem
    assert not audio.look(encoded(tone())).silent
    made = audio.build(OPTIONS)(encoded(np.zeros(4000)))
    assert made is not None
    assert not made.any()


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG"])
def test_truncated(form: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 40_000)
    data = encoded(noise, form=form)
    seen = audio.look(data[: 2 * len(data) // 3])
    assert seen.truncated
    assert not seen.problem
    assert 0 < seen.seconds < 5.0
    assert audio.build(OPTIONS)(data[: 2 * len(data) // 3]) is not None
    assert audio.look(data[:30]).problem.startswith(f"the {form.lower()} file is damaged")


def test_written_into_a_pipe_is_not_truncated() -> None:
    data = bytearray(encoded(tone()))
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    assert audio.look(bytes(data)).truncated is False


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (b"", "the file is empty"),
        (b"hello, this is a text and no sound", "this is not a sound file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "this is not a sound file"),
        (
            b"\x00\x00\x00\x18ftypM4A " + bytes(40),
            "this is m4a, which is not read (WAV, FLAC, OGG and MP3 are)",
        ),
        (b"RIFF\x24\x00\x00\x00WAVE" + bytes(40), "the wav file is damaged or cut off: it cannot be opened"),
        ("a text", "this is not a sound file"),
        (np.array(["a"]), "this is not a sound file"),
        (np.array([], dtype=np.int16), "there are no samples"),
        ((tone(), 5), "the samples claim a rate of 5 a second"),
        (None, "there is no file"),
    ],
)
def test_what_cannot_be_heard(cell: Any, why: str) -> None:
    assert audio.look(cell).problem == why
    assert audio.build(OPTIONS)(cell) is None


def test_no_samples() -> None:
    assert audio.look(encoded(np.zeros(0))).problem == "the file has no samples"


def header(rate: int, channels: int, size: int) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2 & 0xFFFFFFFF, channels * 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 0x7FFFFFF0)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + (b"data" + struct.pack("<I", size))
    )


def test_a_header_that_claims_too_much() -> None:
    hours = header(8000, 1, 0x7FFFEF00) + tone().astype("<i2").tobytes()
    seen = audio.look(hours)
    assert seen.seconds < 1
    assert seen.truncated
    assert sounds.decode(header(8000, 1000, 4000) + bytes(4000), 1.0) == "the file claims 1000 channels"
    fast = sounds.decode(header(1_000_000, 1, 4000) + bytes(4000), 1.0)
    assert fast == "the file claims 1000000 samples a second"


def test_a_long_file_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(np.zeros(8000 * 600), form="FLAC")  # ten minutes of nothing: some kilobytes
    asked: list[int] = []
    real = soundfile.SoundFile.read

    def read(self: Any, frames: int, **more: Any) -> Any:
        asked.append(frames)
        return real(self, frames, **more)

    monkeypatch.setattr(soundfile.SoundFile, "read", read)
    seen = audio.look(data)
    assert seen.seconds == 600.0
    assert sum(asked) <= 8000 * audio.LOOKED_AT
    asked.clear()
    assert audio.build(OPTIONS)(data) is not None
    assert sum(asked) <= 8000 * audio.LEAST_LISTENED


def test_of_a_longer_sound_the_loudest_stretch() -> None:
    quiet = np.zeros(20_000)
    quiet[12_000:14_000] = tone(0.25)
    made = audio.build({"rate": 8000, "samples": 2000})(encoded(quiet))
    assert made is not None
    assert np.count_nonzero(made) > 1900


def test_arrays_in_python() -> None:
    read = audio.build({"rate": 8000, "samples": 4000})
    whole = (tone() * 32768).astype(np.int16)
    made = read((whole, 8000))
    assert made is not None
    assert np.array_equal(made, whole)
    for cell in (tone(), np.stack([tone(), tone()]), (np.stack([tone(), tone()], axis=1), 8000)):
        other = read(cell)
        assert other is not None
        assert np.abs(other - made).max() <= 1
    assert read((tone(0.5, 16_000), 16_000)) is not None


def test_the_form_of_a_column(digit: bytes) -> None:
    clips = [encoded(tone(0.3 + 0.01 * i)) for i in range(50)]
    assert audio.plan(clips) == {"rate": 8000, "samples": 6400}
    assert audio.plan([encoded(tone(0.3, 44_100), 44_100)]) == {"rate": 16_000, "samples": 4800}
    assert audio.plan([encoded(np.zeros(8000 * 40), form="FLAC")])["samples"] == 80_000
    assert audio.plan([b"no"]) == {"rate": 16_000, "samples": 16_000}
    assert audio.plan([digit, b""]) == {"rate": 8000, "samples": 2400}
    assert audio.form(OPTIONS) == ((7200,), "int16")


def test_a_column_counts_what_it_cannot_hear(digit: bytes) -> None:
    spec = ColumnSpec("clip", "audio", "input", (OperationSpec("audio", OPTIONS),))
    made, counts = apply_counted(spec, [digit, None, b"no sound"])
    assert made.shape == (3, 7200)
    assert made.dtype == np.int16
    assert not made[1:].any()
    assert counts.unread == 1
