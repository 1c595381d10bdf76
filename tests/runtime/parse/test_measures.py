"""What is measured of cells of media: known cells give known numbers, and missing ones none."""

from __future__ import annotations

import numpy as np
import pytest

from modelwright.runtime.parse import measures
from modelwright.runtime.parse.sent import arrived, content
from modelwright.runtime.signature import Tensor

COLOUR = Tensor("photo", "image", (3, 8, 6), "uint8")
GREY = Tensor("scan", "image", (1, 8, 6), "uint8")
SOUND = Tensor("word", "audio", (8000,), "int16", 8000)
TRACE = Tensor("trace", "series", (2, 10), "float32")


def one(tensor: Tensor, cell: object) -> dict[str, float]:
    cells = np.asarray(cell, dtype=tensor.dtype)[None]
    return dict(zip(measures.names(tensor), measures.measure(tensor, cells)[0].tolist(), strict=True))


def test_pictures() -> None:
    white = one(COLOUR, np.full(COLOUR.shape, 255))
    assert white == {"brightness": 255.0, "contrast": 0.0, "sharpness": 0.0, "colourfulness": 0.0} | {
        "brightness": pytest.approx(255.0)
    }
    red = np.zeros(COLOUR.shape)
    red[0] = 200
    assert one(COLOUR, red)["colourfulness"] == 200.0
    assert one(COLOUR, red)["brightness"] == pytest.approx(0.299 * 200, abs=1e-3)
    stripes = np.zeros(GREY.shape)
    stripes[0, ::2] = 100
    told = one(GREY, stripes)
    assert list(told) == ["brightness", "contrast", "sharpness"]
    assert told["brightness"] == 50.0
    assert told["contrast"] == 50.0
    assert told["sharpness"] == pytest.approx(100 * 42 / 82)  # 42 pairs downwards, 40 sideways that are alike


def test_sounds() -> None:
    time = np.arange(8000) / 8000
    tone = one(SOUND, np.rint(16384 * np.sin(2 * np.pi * 100 * time + 0.1)))
    assert tone["loudness"] == pytest.approx(-9.03, abs=0.01)  # half of full scale, by the root of two
    assert tone["peak"] == pytest.approx(-6.02, abs=0.01)
    assert tone["crossings"] == pytest.approx(200 / 8000, abs=2 / 8000)
    silent = one(SOUND, np.zeros(8000))
    assert silent == {"loudness": -100.0, "peak": -100.0, "silence": 1.0, "crossings": 0.0}


def test_series() -> None:
    steps = np.stack([np.arange(10.0), np.full(10, np.nan)])
    told = one(TRACE, steps)
    assert told["level"] == 4.5
    assert told["roughness"] == 1.0
    assert told["gaps"] == 0.5
    assert told["spread"] == pytest.approx(np.std(np.arange(10)))
    nothing = one(TRACE, np.full((2, 10), np.nan))
    assert nothing == {"level": 0.0, "spread": 0.0, "roughness": 0.0, "gaps": 1.0}


def test_missing_cells_have_no_measures() -> None:
    cells = np.full((3, *GREY.shape), 7, dtype=np.uint8)
    made = measures.measure(GREY, cells, np.array([False, True, False]))
    assert np.isnan(made[1]).all()
    assert made[[0, 2], 0].tolist() == [7.0, 7.0]
    assert measures.measure(GREY, cells[:0]).shape == (0, 3)
    assert measures.columns(GREY)[0] == "brightness of scan"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aGVsbG8=", b"hello"),
        ("aGVsbG8", b"hello"),
        ("aGVs\nbG8=\n", b"hello"),
        ("data:image/png;base64,aGVsbG8=", b"hello"),
        ("data:audio/wav;rate=8;base64,aGVsbG8=", b"hello"),
        ("-_-_", b"\xfb\xff\xbf"),
        ("", None),
        ("data:image/png;base64,", None),
        ("no base64!", None),
        ("aGVsbG8=aGVs", None),
        ("grüße", None),
    ],
)
def test_base64(text: str, expected: bytes | None) -> None:
    assert content(text) == expected


def test_lists_of_pixels_are_arrays_and_ragged_ones_nothing() -> None:
    assert arrived("image", [[1, 2], [3, 4]]).shape == (2, 2)
    assert arrived("image", [[1, 2], [3]]) is None
    assert arrived("image", [["a"]]) is None
    assert arrived("series", [1, 2]) == [1, 2]
    assert arrived("audio", "aGVsbG8=") == b"hello"
