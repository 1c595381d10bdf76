"""Arrays of numpy as a table: columns, sequences; what is no table, and what could run code, is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.core.errors import BadData
from modelwright.data.read.door import read


def written(tmp_path: Path, **arrays: Any) -> str:
    place = tmp_path / "days.npz"
    np.savez_compressed(place, **arrays)
    return str(place)


def test_arrays_are_columns_and_sequences(tmp_path: Path) -> None:
    load = np.arange(24, dtype=np.float32).reshape(4, 2, 3) / 7
    load[0, 1, 2] = np.nan
    made = read(
        written(
            tmp_path,
            load=load,
            steps=np.arange(12).reshape(4, 3),
            quarter=np.array(["a", "b", "a", "b"]),
            size=np.array([1.5, 2.5, np.nan, 4.0]),
        )
    )
    assert made.frame.columns == ["load", "steps", "quarter", "size"]
    assert made.facts.format == "npz"
    cells = [json.loads(cell) for cell in made.frame["load"].to_list()]
    assert cells[0][1][2] is None
    assert np.array_equal(np.array(cells[1:], dtype=np.float32), load[1:])
    assert json.loads(made.frame["steps"][3]) == [9, 10, 11]
    assert made.frame["quarter"].to_list() == ["a", "b", "a", "b"]


def refused(source: str) -> BadData:
    with pytest.raises(BadData) as caught:
        read(source)
    return caught.value


def test_arrays_of_several_lengths(tmp_path: Path) -> None:
    error = refused(written(tmp_path, x_train=np.zeros(3), x_test=np.zeros(2)))
    assert error.code == "data.npz-lengths"
    assert "x_train 3" in error.message


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    assert refused(written(tmp_path, x=np.array([{}, []], dtype=object))).code == "data.npz-objects"


def test_pictures_are_no_sequences(tmp_path: Path) -> None:
    assert refused(written(tmp_path, x=np.zeros((2, 3, 4, 4), np.uint8))).code == "data.npz-array"


def test_no_rows(tmp_path: Path) -> None:
    assert refused(written(tmp_path, x=np.zeros(0))).code == "data.no-rows"


def test_a_damaged_file(tmp_path: Path) -> None:
    place = Path(written(tmp_path, x=np.arange(1000)))
    place.write_bytes(place.read_bytes()[:-200])
    assert refused(str(place)).code == "data.npz"
