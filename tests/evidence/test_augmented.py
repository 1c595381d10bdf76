"""Training rows beside their changed versions."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, CleanOperation, Column, Development
from modelwright.core.records.models import Member, Trained
from modelwright.core.records.pictures import Gallery
from modelwright.evidence import augmented

OPTIONS = {"mode": "RGB", "height": 12, "width": 12}
PHOTO = Column("photo", "image", "input", True, (CleanOperation("image", OPTIONS, "Read images"),))


def trained(*members: Member) -> Trained:
    nothing = Blob("arrays")
    return Trained((), members, members[0], (), nothing, "log_loss", 0.0, 1, 0.0, "trials")


def member(family: str, weight: float = 1.0, **config: object) -> Member:
    return Member(f"{family}-1", family, Blob("bytes"), weight, dict(config))


def test_the_heaviest_network_is_asked() -> None:
    some = trained(
        member("majority"), member("small_cnn", 0.2), member("resnet", 0.7), member("unheard-of", 2.0)
    )
    found = augmented.wanted(some)
    assert found is not None
    assert found.family == "resnet"
    assert augmented.wanted(trained(member("majority"))) is None


@pytest.fixture
def development() -> Development:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 256, (60, 3, 12, 12)).astype(np.uint8)
    cells[0] = 0
    frame = pl.DataFrame(
        {
            "photo": pl.Series(cells.reshape(60, -1), dtype=pl.Array(pl.UInt8, 432)),
            ROW: np.arange(60) * 10,
            "__target__": np.arange(60) % 2,
        }
    )
    columns = (PHOTO, Column("y", "category", "target", False))
    return Development(
        Blob.of(frame, "table"),
        60,
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


def galleries(development: Development, one: Member, private: frozenset[str] = frozenset()) -> list[Gallery]:
    book = Book()
    augmented.report(development, trained(one), private, 0, book)
    return [item for item in book.items if isinstance(item, Gallery)]


@pytest.mark.slow  # imports torch
@pytest.mark.skipif(find_spec("torch") is None, reason="the extra deep is not installed")
def test_rows_stand_beside_their_versions(development: Development) -> None:
    (gallery,) = galleries(development, member("small_cnn", augment=1.0))
    assert gallery.across == 5
    assert len(gallery.pictures) == 30
    lines = [gallery.pictures[i : i + 5] for i in range(0, 30, 5)]
    assert all(line[0].caption in ("cat, as it is", "dog, as it is") for line in lines)
    assert all(len({picture.data for picture in line}) == 5 for line in lines)
    assert not any("row 0," in picture.alt for picture in gallery.pictures), "nothing is there in row 0"
    assert galleries(development, member("small_cnn", augment=1.0)) == [gallery]


@pytest.mark.slow  # imports torch
@pytest.mark.skipif(find_spec("torch") is None, reason="the extra deep is not installed")
def test_without_augmentation_or_for_private_columns_nothing_is_shown(development: Development) -> None:
    assert galleries(development, member("small_cnn", augment=0.0)) == []
    assert galleries(development, member("small_cnn"), frozenset({"photo"})) == []
    plain = replace(development, columns=(replace(PHOTO, is_input=False), development.columns[1]))
    assert galleries(plain, member("small_cnn")) == []
