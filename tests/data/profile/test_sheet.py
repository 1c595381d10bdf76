"""The contact sheet: a strip for each class, in the report's profile."""

from __future__ import annotations

import base64
import io

import numpy as np
import polars as pl
from PIL import Image

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, CleanOperation, Column, Labelled
from modelwright.core.records.pictures import Gallery
from modelwright.data.profile.stage import profile

SHAPE = (1, 8, 8)


def labelled(counts: dict[str, int]) -> Labelled:
    codes = np.repeat(np.arange(len(counts)), list(counts.values()))
    shades = np.repeat((codes * 100 + 20).astype(np.uint8)[:, None], 64, axis=1)
    frame = pl.DataFrame(
        [
            pl.Series(ROW, np.arange(len(codes)), dtype=pl.Int64),
            pl.Series("photo", shades, dtype=pl.Array(pl.UInt8, 64)),
            pl.Series("y", [list(counts)[code] for code in codes]),
            pl.Series("__target__", codes, dtype=pl.Int64),
        ]
    )
    options = {"mode": "L", "height": 8, "width": 8}
    columns = (
        Column("photo", "image", "input", True, (CleanOperation("image", options, ""),)),
        Column("y", "category", "target", False),
    )
    names = tuple(counts)
    return Labelled(Blob.of(frame, "table"), len(codes), columns, "multiclass", "y", names, None, False, 0, 0)


def sheet(counts: dict[str, int]) -> Gallery:
    book = Book()
    profile(labelled(counts), book)
    [found] = [item for item in book.items if isinstance(item, Gallery)]
    return found


def test_a_strip_for_each_class_largest_first() -> None:
    found = sheet({"rare": 3, "usual": 30, "other": 9})
    assert [picture.caption for picture in found.pictures] == [
        "usual: 30 images", "other: 9 images", "rare: 3 images",
    ]  # fmt: skip
    assert found.rows == (("usual", 30, 0.7143), ("other", 9, 0.2143), ("rare", 3, 0.0714))
    first, *_, last = found.pictures
    assert first.alt == "8 images of usual"
    with Image.open(io.BytesIO(base64.b64decode(first.data.partition(",")[2]))) as strip:
        assert strip.size == (first.width, first.height) == (8 * 66 - 2, 64)
        assert abs(strip.getpixel((30, 30))[0] - 120) < 4  # type: ignore[index]
    assert last.width == 3 * 66 - 2


def test_the_same_rows_give_the_same_sheet() -> None:
    assert sheet({"a": 20, "b": 20}) == sheet({"a": 20, "b": 20})


def test_many_classes_are_bounded_and_said() -> None:
    found = sheet({f"class {k}": 2 for k in range(30)})
    assert len(found.pictures) == 24
    assert "6 smaller classes are not shown" in found.note
