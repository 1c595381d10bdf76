"""Real recordings, one of them spoilt: each fault is told through collect and clean, and no row is lost."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.records.evidence import Finding
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.goal.sections import (
    CleanSection,
    ProblemSection,
    ReadingSection,
    RolesSection,
    SourceSection,
)

soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")

PROBLEM = ProblemSection(name="digits", problem="multiclass", target="digit")
ODD = "1_theo_99.wav"


def spoilt(fault: str, whole: bytes) -> bytes:
    samples, _ = soundfile.read(io.BytesIO(whole))
    out = io.BytesIO()
    if fault == "silent":
        soundfile.write(out, 0 * samples, 8000, format="WAV")
    elif fault == "channels":
        soundfile.write(out, np.stack([samples, samples], axis=1), 8000, format="WAV")
    elif fault == "rate":
        times = np.arange(int(len(samples) * 44_100 / 8000)) * 8000 / 44_100
        soundfile.write(out, np.interp(times, np.arange(len(samples)), samples), 44_100, format="WAV")
    elif fault == "extension":
        soundfile.write(out, samples, 8000, format="FLAC")
    elif fault == "duration":
        soundfile.write(out, np.tile(samples, 40), 8000, format="WAV")
    return {
        "truncated": whole[: len(whole) // 2],
        "empty": b"",
        "unreadable": b"<html>404</html>",
    }.get(fault, out.getvalue())


LOST = ("empty", "unreadable")


@pytest.fixture(scope="module")
def recordings(shared_data: Path) -> list[Path]:
    folder = shared_data / "audio_classification" / "free_spoken_digits" / "recordings"
    names = [f"{digit}_{who}_{n}.wav" for digit in "01" for who in ("theo", "lucas") for n in range(15)]
    return [folder / name for name in names]


@pytest.mark.parametrize(
    "fault",
    ["silent", "channels", "rate", "extension", "duration", "truncated", "empty", "unreadable"],
)
def test_a_fault_is_told_and_no_row_is_lost(tmp_path: Path, recordings: list[Path], fault: str) -> None:
    for file in recordings:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / ODD).write_bytes(spoilt(fault, recordings[16].read_bytes()))
    book = Book()
    reading = ReadingSection(name="{digit}_{speaker}_{}.wav")
    found = collect(SourceSection(str(tmp_path), target="digit", reading=reading), book)
    made = clean(CleanSection(), RolesSection(group="speaker"), PROBLEM, found, book)
    findings = {item.code: item for item in book.items if isinstance(item, Finding)}
    assert ODD in findings[f"clean.media-{fault}"].message
    assert made.rows == 61
    table = made.table.get()
    assert table["audio"].null_count() == int(fault in LOST)
    assert isinstance(table["audio"].dtype, pl.Array)
    [column] = [c for c in made.columns if c.name == "audio"]
    assert column.kind == "audio"
    assert column.operations[-1].options["rate"] == 8000
