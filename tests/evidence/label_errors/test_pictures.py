"""Doubted labels of rows of media: shown as pictures, and never written as numbers into the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, CleanOperation, Column, Development
from modelwright.core.records.evidence import Table
from modelwright.core.records.models import Analysis, Member, Trained
from modelwright.core.records.pictures import Gallery
from modelwright.core.stage import Work
from modelwright.evidence.label_errors.stage import FILE, doubt
from modelwright.goal.sections import RolesSection
from modelwright.labels.begin import begin
from modelwright.labels.pixels import size_of
from modelwright.labels.project import Asked, asked, joined

WRONG = (3, 40, 77)
OPTIONS = {"mode": "L", "height": 4, "width": 5}
PHOTO = Column("photo", "image", "input", True, (CleanOperation("image", OPTIONS, "Read images"),))


def doubted(folder: Path, roles: RolesSection, *more: Column) -> Book:
    """Rows of pictures alone, three of them labelled wrongly."""
    truth = np.arange(100) % 2
    labels = truth.copy()
    labels[list(WRONG)] = 1 - labels[list(WRONG)]
    pixels = np.random.default_rng(0).integers(0, 256, (100, 20)).astype(np.uint8)
    frame = pl.DataFrame(
        {
            "photo": pl.Series(pixels, dtype=pl.Array(pl.UInt8, 20)),
            **{c.name: np.arange(100.0) for c in more},
            ROW: np.arange(100),
            "__target__": labels,
        }
    )
    columns = (PHOTO, *more, Column("y", "category", "target", False))
    development = Development(
        Blob.of(frame, "table"),
        100,
        columns,
        "binary",
        "y",
        ("cat", "dog"),
        None,
        False,
        "cv",
        5,
        1,
        None,
        None,
    )
    chances = np.where(truth == 1, 0.95, 0.05) + np.linspace(-0.01, 0.01, 100)
    scores = np.column_stack([1 - chances, chances])
    member = Member("m", "m", Blob("bytes"), 1.0)
    validation = Blob.of({"row": np.arange(100), "scores": scores}, "arrays")
    trained = Trained((), (member,), member, (), validation, "log_loss", 0.0, 1, 0.0, "trials")
    book = Book()
    doubt(roles, development, Analysis(100, ()), trained, Work(folder), book)
    return book


def galleries(book: Book) -> list[Gallery]:
    return [item for item in book.items if isinstance(item, Gallery)]


def test_the_first_suspects_are_shown(tmp_path: Path) -> None:
    (gallery,) = galleries(doubted(tmp_path, RolesSection()))
    captions = sorted(picture.caption for picture in gallery.pictures)
    assert captions == [
        "row 3: labelled cat, rather dog",
        "row 40: labelled dog, rather cat",
        "row 77: labelled cat, rather dog",
    ]
    assert all(picture.data.startswith("data:image/png") for picture in gallery.pictures)


def test_pixels_are_in_no_table_and_no_file(tmp_path: Path) -> None:
    book = doubted(tmp_path, RolesSection(), Column("x", "number", "input", True))
    (table,) = [i for i in book.items if isinstance(i, Table) and i.code == "label-errors"]
    assert table.columns == ("row", "given", "rather", "why", "x")
    head, *lines = (tmp_path / FILE).read_text("utf-8").splitlines()
    assert head == "row,given,instead,suspicion,reason,correct,x,photo"
    assert sorted(line.rsplit(",", 1)[1] for line in lines) == [f"files/0-{row}.png" for row in WRONG]


def test_the_labelling_pages_show_what_is_to_be_judged(tmp_path: Path) -> None:
    doubted(tmp_path, RolesSection())
    wish = asked({"classes": ["cat", "dog"], "id": "row", "order": "given"}, Path(), "a test")
    begun = begin(joined(wish, Asked({}, str(tmp_path / FILE))), str(tmp_path / "mend.labels"))
    try:
        assert (begun.added, begun.project.item, begun.project.content) == (3, "image", "photo")
        root = begun.store.root()
        assert root is not None
        assert size_of(root / "files" / "0-3.png") == (5, 4)
    finally:
        begun.store.close()


def test_private_pictures_are_not_shown(tmp_path: Path) -> None:
    assert galleries(doubted(tmp_path, replace(RolesSection(), sensitive=("photo",)))) == []
    assert not (tmp_path / "files").exists()
    assert "photo" not in (tmp_path / FILE).read_text("utf-8")
