"""Columns from file names, through the folder reader and by themselves."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from modelwright.core.errors import BadData
from modelwright.data.read.folder import FolderReader
from modelwright.data.read.named import Pattern, add_columns
from modelwright.goal.sections import ReadingSection


@pytest.mark.parametrize(
    ("pattern", "path", "values"),
    [
        ("{digit}_{speaker}_{}.wav", "7_theo_12.wav", ("7", "theo")),
        ("{digit}_{speaker}_{}.wav", "recordings/7_theo_12.wav", ("7", "theo")),
        ("{digit}_{speaker}_{}.wav", "7_theo.wav", None),
        ("{a}-{b}.wav", "x-y-z.wav", ("x", "y-z")),
        ("{who}/{}.wav", "a/ann/1.wav", ("ann",)),
        ("{who}/{}.wav", "1.wav", None),
        ("s{n}.(wav)", "s1.(wav)", ("1",)),
        ("{a}", "été.wav", ("été.wav",)),
    ],
)
def test_parts_of_names(pattern: str, path: str, values: tuple[str, ...] | None) -> None:
    assert Pattern(pattern).values(path) == values


@pytest.mark.parametrize("pattern", ["a.wav", "{}.wav", "{a}{b}", "{a}_{a}", "{a", "a}", "{ a}"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Pattern(pattern)


def test_time_is_in_proportion_to_the_length() -> None:
    assert Pattern("{a}_{b}_{c}_{d}_{e}.wav").values("_" * 300 + ".wa") is None


def test_some_files_are_named_otherwise() -> None:
    frame = pl.DataFrame({"file": ["1_ann.wav", "2_bob.wav", "noise.wav"]})
    made, (said,) = add_columns(frame, "{digit}_{speaker}.wav")
    assert made["speaker"].to_list() == ["ann", "bob", None]
    assert said.code == "collect.name-pattern"
    assert "1 of 3 files" in said.message


def test_hardly_any_file_is_named_so() -> None:
    frame = pl.DataFrame({"file": ["a.wav", "b.wav", "1_x.wav"]})
    with pytest.raises(BadData, match=r"2 of 3 files are not named so, such as 'a\.wav'"):
        add_columns(frame, "{digit}_{speaker}.wav")


def test_a_name_that_is_taken() -> None:
    with pytest.raises(BadData, match="there already"):
        add_columns(pl.DataFrame({"file": ["a_b.wav"]}), "{file}_{b}.wav")


def test_a_folder_of_sounds(tmp_path: Path) -> None:
    for name in ("1_ann_0.wav", "2_bob_0.wav", "2_bob_1.wav"):
        (tmp_path / name).write_bytes(b"RIFF" + name.encode())
    reader = FolderReader()
    wishes = ReadingSection(name="{digit}_{speaker}_{}.wav")
    read = reader.read_all([str(tmp_path)], wishes)
    assert read.frame.columns == ["file", "audio", "digit", "speaker"]
    assert read.frame["digit"].to_list() == ["1", "2", "2"]
    assert read.plan == {"media": "audio", "name": "{digit}_{speaker}_{}.wav"}
    # New rows, which the model is asked about, are read by the same pattern, and may be named otherwise.
    (tmp_path / "new.wav").write_bytes(b"RIFFnew")
    (batch,) = reader.planned(str(tmp_path), 10, read.plan)
    assert batch.frame["speaker"].to_list() == ["ann", "bob", "bob", None]
