"""Columns of pictures: what is told of files that cannot be used, and pictures that are nearly equal."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import Cleaned
from modelwright.core.records.evidence import Finding, Table
from modelwright.data.clean import alike
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.data.label import label
from modelwright.data.split.stage import split
from modelwright.goal.sections import (
    CleanSection,
    ProblemSection,
    RolesSection,
    SourceSection,
    SplitSection,
    SuccessSection,
)

PROBLEM = ProblemSection("media", target="label")


def photo(seed: int, side: int = 48) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return coarse.resize((side, side), Image.Resampling.BICUBIC)


def bomb() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for k, name in enumerate(("cat", "dog")):
        (tmp_path / name).mkdir()
        for i in range(10):
            photo(100 * k + i).save(tmp_path / name / f"{i}.jpg", quality=90)
    return tmp_path


def cleaned(root: Path) -> tuple[Cleaned, dict[str, Finding], list[Table]]:
    book = Book()
    found = collect(SourceSection(str(root), target="label"), book)
    made = clean(CleanSection(), RolesSection(), PROBLEM, found, book)
    findings = {item.code: item for item in book.items if isinstance(item, Finding)}
    return made, findings, [item for item in book.items if isinstance(item, Table)]


def spoil(root: Path, name: str) -> None:
    """Writes one file of that kind of fault into the class of dogs."""
    whole = (root / "cat" / "0.jpg").read_bytes()
    out = io.BytesIO()
    options: dict[str, Any] = {}
    picture, form = photo(900), "PNG"
    if name == "animated":
        form, options = "GIF", {"save_all": True, "append_images": [photo(901)]}
    elif name == "depth":
        picture = Image.fromarray(np.random.default_rng(0).integers(0, 4096, (48, 48)).astype(np.uint16))
    elif name == "colours":
        picture, form = picture.convert("CMYK"), "JPEG"
    elif name == "size":
        picture = picture.resize((900, 20))
    elif name == "flat":
        picture = Image.new("RGB", (48, 48), (9, 9, 9))
    picture.save(out, form, **options)
    content = {
        "truncated": whole[: len(whole) // 2],
        "empty": b"",
        "unreadable": b"<html>404</html>",
        "bomb": bomb(),
        "extension": whole,
    }.get(name, out.getvalue())
    (root / "dog" / "odd.png").write_bytes(content)


LOST = "1 of 21 images of 'image' {} and are missing: dog/odd.png"
USED = "1 of 21 images of 'image' {}: dog/odd.png"
MESSAGES = {
    "truncated": LOST.format("are cut short") + " (a JPEG file that is cut short).",
    "empty": LOST.format("have no content at all (zero bytes)") + ".",
    "unreadable": LOST.format("cannot be used") + " (an HTML page, and no image).",
    "bomb": LOST.format("promise more pixels than are ever decoded") + " (more than 67,108,864 pixels).",
    "animated": USED.format("have several frames; only the first is looked at") + ".",
    "depth": USED.format("have more than 8 bits a pixel and are scaled to 8, all by one factor") + ".",
    "colours": "Of 21 images of 'image' some have other kinds of colour and were converted: "
    "1 CMYK (for print).",
    "size": USED.format("are far smaller, larger or longer than the others (the median has 48 pixels)") + ".",
    "flat": USED.format("are of one colour all over") + ".",
    "extension": USED.format("have the suffix of another format than they are; the content counts")
    + " (JPEG).",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_fault_is_told_and_no_row_is_lost(root: Path, name: str) -> None:
    spoil(root, name)
    made, found, _ = cleaned(root)
    assert found[f"clean.media-{name}"].message == MESSAGES[name]
    assert made.rows == 21
    missing = name in ("truncated", "empty", "unreadable", "bomb")
    assert made.table.get()["image"].null_count() == int(missing)


def test_sound_files_have_no_findings(root: Path) -> None:
    made, found, tables = cleaned(root)
    assert not [code for code in found if code.startswith("clean.media")]
    assert "clean.near-duplicates" not in found
    [column] = [c for c in made.columns if c.name == "image"]
    assert (column.kind, column.is_input) == ("image", True)
    assert made.table.get()["image"].dtype == pl.Array(pl.UInt8, 3 * 48 * 48)
    [table] = [t for t in tables if t.code == "profile.media.image"]
    assert ("width", "48 pixels") in table.rows
    [file] = [c for c in made.columns if c.name == "file"]
    assert (file.role, file.is_input) == ("ignored", False)


def test_nothing_but_broken_files_is_an_error(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(b"<html>404</html>")
    said = r"none of the 2 images of 'image' can be used; cat/1\.jpg: an HTML page"
    with pytest.raises(BadData, match=said):
        cleaned(tmp_path)


def saved_again(root: Path, count: int) -> None:
    for i in range(count):
        with Image.open(root / "cat" / f"{i}.jpg") as one:
            one.resize((43, 43)).save(root / "cat" / f"again{i}.jpg", quality=75)


def test_pictures_saved_again_are_found_and_stay_on_one_side(root: Path) -> None:
    saved_again(root, 5)
    book = Book()
    found = collect(SourceSection(str(root), target="label"), book)
    made = clean(CleanSection(), RolesSection(), PROBLEM, found, book)
    [near] = [i for i in book.items if isinstance(i, Finding) and i.code == "clean.near-duplicates"]
    assert near.message.startswith("10 pictures of 'image' are nearly equal to another (5 pairs)")
    assert "'file' is 'cat/0.jpg' and 'cat/again0.jpg'" in near.message
    labelled = label(PROBLEM, RolesSection(), SuccessSection(), made, book)
    for seed in range(3):
        parts = split(
            SplitSection(0.6, 0.2, 0.2, True), RolesSection(), PROBLEM, SuccessSection(), labelled, seed, book
        )
        test = set(parts.sealed.table.get()["file"].to_list())
        for i in range(5):
            assert (f"cat/{i}.jpg" in test) == (f"cat/again{i}.jpg" in test)


def test_simple_shapes_that_are_alike_by_chance_are_no_copies() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:28, 0:28]
    made = []
    for _ in range(400):  # ellipses of all sizes, as strokes of digits are
        cy, cx = rng.normal(14, 1.5, 2)
        ry, rx = rng.uniform(4, 11, 2)
        inside = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2
        made.append(np.clip(255 * (1.5 - inside), 0, 255).astype(np.uint8).ravel())
    series = pl.Series("image", np.stack(made), dtype=pl.Array(pl.UInt8, 784))
    assert len(alike.images(series, (1, 28, 28))) == 0


def test_hashes_do_not_see_brightness_or_size() -> None:
    one = np.asarray(photo(1, 64)).transpose(2, 0, 1)
    darker = (one * 0.7).astype(np.uint8)
    other = np.asarray(photo(2, 64)).transpose(2, 0, 1)
    series = pl.Series(
        "i", np.stack([c.ravel() for c in (one, darker, other)]), dtype=pl.Array(pl.UInt8, one.size)
    )
    codes = alike.hashes(alike.thumbnails(series, (3, 64, 64)))
    apart = np.bitwise_count(codes[:, None] ^ codes[None])
    assert apart[0, 1] <= 4
    assert apart[0, 2] > 16
    assert alike.images(series, (3, 64, 64)).tolist() == [[0, 1]]
