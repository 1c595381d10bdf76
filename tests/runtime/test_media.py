"""Rows with images, sounds and series in Python: every form of a cell gives the same answer."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.runtime import load
from modelwright.runtime.explain import explain
from modelwright.runtime.model import Model
from modelwright.testing import media_tables
from modelwright.testing.bundles import make_run

pytest.importorskip("PIL", reason="pictures are read with Pillow (the extra images)")


def _model(folder: Path, frame: pl.DataFrame, target: str) -> Model:
    return load(make_run(folder / "run", frame, target, families=("toy_media",)).bundle)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Pictures beside a number."""
    return _model(tmp_path_factory.mktemp("mixed"), media_tables.pictures(120, 0), "where")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Pictures and nothing else."""
    return _model(tmp_path_factory.mktemp("alone"), media_tables.pictures(120, 0).drop("size"), "where")


def pixels(content: bytes) -> Any:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(content)))


def test_every_form_of_a_picture_gives_the_same_answer(mixed: Model) -> None:
    from PIL import Image

    content = media_tables.pictures(1, 5)["picture"][0]
    expected = mixed.predict_proba({"picture": content, "size": 5.0})
    array, text = pixels(content), base64.b64encode(content).decode()
    for cell in (
        bytearray(content), text, f"data:image/png;base64,{text}", array, array.transpose(2, 0, 1),
        array.tolist(), Image.open(io.BytesIO(content)),
    ):  # fmt: skip
        assert np.array_equal(mixed.predict_proba({"picture": cell, "size": 5.0}), expected)
        assert np.array_equal(mixed.predict_proba([{"picture": cell, "size": 5.0}]), expected)
        two = mixed.predict_proba({"picture": [cell, cell], "size": [5.0, 5.0]})
        assert np.array_equal(two, np.concatenate([expected, expected]))


def test_frames_and_arrays_of_pictures_are_columns(mixed: Model, alone: Model) -> None:
    frame = media_tables.pictures(30, 8)
    truth = frame["where"].to_list()
    assert mixed.predict(frame).tolist() == truth
    assert mixed.predict(frame.to_pandas()).tolist() == truth
    stacked = np.stack([pixels(cell) for cell in frame["picture"]])
    assert mixed.predict({"picture": stacked, "size": frame["size"]}).tolist() == truth
    assert alone.predict(stacked).tolist() == truth
    assert alone.predict({"picture": stacked}).tolist() == truth
    assert alone.predict(stacked[3]).tolist() == truth[3:4]
    assert alone.predict({"picture": stacked[3]}).tolist() == truth[3:4]


def test_what_is_no_picture_is_missing_and_a_text_is_never_a_path(mixed: Model, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(media_tables.pictures(1, 5)["picture"][0])
    nothing = mixed.predict_proba({"picture": None, "size": 5.0})
    for cell in (str(path), "", b"", b"no picture", "../../etc/passwd", [[1, 2], [3]], [["a"]]):
        assert np.array_equal(mixed.predict_proba({"picture": cell, "size": 5.0}), nothing)


def test_a_picture_counts_as_one_column_of_an_explanation(mixed: Model) -> None:
    row = media_tables.pictures(1, 5).drop("where").to_dicts()
    found = explain(mixed, row)
    assert set(found.columns) == {"picture", "size"}
    assert found.top(0)[0][0] == "picture"
    assert found.values[0] == pytest.approx(found.base[0] + found.contributions[0].sum(), abs=1e-6)


def test_sounds_are_bytes_text_or_samples(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    model = _model(tmp_path, media_tables.sounds(120, 0), "when")
    frame = media_tables.sounds(10, 3)
    content = frame["sound"][0]
    samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")
    expected = model.predict_proba({"sound": content})
    for cell in (base64.b64encode(content).decode(), samples, (samples, rate)):
        assert np.array_equal(model.predict_proba({"sound": cell}), expected)
    assert model.predict(frame).tolist() == frame["when"].to_list()
    assert model.predict({"sound": frame["sound"].to_list()}).tolist() == frame["when"].to_list()


def test_series_are_lists_arrays_or_text(tmp_path: Path) -> None:
    model = _model(tmp_path, media_tables.traces(120, 0), "rises")
    frame = media_tables.traces(10, 3)
    cells = frame["trace"].to_list()
    expected = model.predict_proba({"trace": cells[0]})
    for cell in (np.array(cells[0]), json.dumps(cells[0]), tuple(cells[0])):
        assert np.array_equal(model.predict_proba({"trace": cell}), expected)
    for rows in (frame, {"trace": cells}, {"trace": np.array(cells)}, np.array(cells)):
        assert model.predict(rows).tolist() == model.predict(frame).tolist()
