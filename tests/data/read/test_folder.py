"""Folders and archives of images, sounds and documents; tables that name files."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import Collected
from modelwright.core.records.evidence import Finding
from modelwright.data.collect import collect
from modelwright.data.read.attach import contents, names_again
from modelwright.data.read.changed import changed
from modelwright.data.read.door import batches, read
from modelwright.goal.sections import SourceSection


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (8, 8), shade).save(out, "PNG")
    return out.getvalue()


def put(root: Path, *names: str) -> None:
    for k, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(k) if path.suffix == ".png" else f"text number {k}".encode())


def collected(source: Path, **more: str) -> tuple[Collected, dict[str, Finding]]:
    book = Book()
    made = collect(SourceSection(str(source), **more), book)  # type: ignore[arg-type]
    return made, {item.code: item for item in book.items if isinstance(item, Finding)}


def test_the_folder_of_a_file_is_its_label(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.png", "cat/2.png", "dog/1.png", "dog/deep/wolf/3.png")
    made = read(str(tmp_path))
    assert made.frame.columns == ["file", "image", "label"]
    assert made.frame["label"].to_list() == ["cat", "cat", "dog", "wolf"]
    assert made.frame["file"].to_list() == ["cat/1.png", "cat/2.png", "dog/1.png", "dog/deep/wolf/3.png"]
    assert made.frame["image"].dtype == pl.Binary


def test_train_and_test_above_the_classes_are_the_parts(tmp_path: Path) -> None:
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "test/dog/2.png", "Val/dog/3.png")
    made, found = collected(tmp_path, target="label")
    frame: pl.DataFrame = made.table.get()
    assert made.part == "part"
    assert set(made.beside) == {"file", "part"}
    assert dict(frame.group_by("part").len().iter_rows()) == {"train": 2, "test": 2, "validation": 1}
    assert "the 2 files of test/ are the test" in found["collect.parts"].message


def test_without_a_test_the_validation_folder_is_it(tmp_path: Path) -> None:
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "val/dog/2.png")
    made, found = collected(tmp_path)
    assert made.table.get()["part"].to_list() == ["train", "train", "test", "test"]
    assert "no folder test/ is there, so that one stands for it" in found["collect.parts"].message


def test_one_folder_is_no_class(tmp_path: Path) -> None:
    put(tmp_path, "images/1.png", "images/2.png")
    assert read(str(tmp_path)).frame.columns == ["file", "image"]


def test_a_table_of_labels_is_joined(tmp_path: Path) -> None:
    put(tmp_path, "images/1.png", "images/2.png", "images/3.png")
    (tmp_path / "labels.csv").write_text("id,kind\n1,a\n2,b\n9,c\n")
    made, found = collected(tmp_path, target="kind")
    frame: pl.DataFrame = made.table.get()
    assert frame["kind"].to_list() == ["a", "b", None]
    assert "1 rows of labels.csv name files that are not there: 9" in found["collect.media-missing"].message
    assert "1 of 3 files are not named in labels.csv" in found["collect.media-unnamed"].message


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(picture(1))
    put(tmp_path / "data", "cat/1.png", "dog/1.png")
    (tmp_path / "data" / "dog" / "2.png").symlink_to(tmp_path / "secret.png")
    made, found = collected(tmp_path / "data")
    assert made.rows == 2
    assert made.quarantined == 1
    assert "a link that leads out of the data folder" in found["collect.broken-rows"].message


def test_other_files_are_told(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.png", "dog/1.png", "notes.pdf")
    assert (
        "1 files that are no images were not read: notes.pdf"
        in collected(tmp_path)[1]["collect.other-files"].message
    )


def test_documents_are_texts_in_whatever_encoding(tmp_path: Path) -> None:
    put(tmp_path, "pos/1.txt", "neg/1.txt")
    (tmp_path / "pos" / "2.txt").write_bytes(
        "ein schönes Café, wie früher schöner als die Gärten".encode("cp1252")
    )
    (tmp_path / "neg" / "2.txt").write_bytes("\ufeffdrei\r\nvier".encode("utf-16"))
    (tmp_path / "neg" / "3.txt").write_bytes(b"\x00\x01\x02 no text")
    made, found = collected(tmp_path)
    texts = dict(made.table.get().select("file", "text").iter_rows())
    assert texts["pos/2.txt"].startswith("ein schönes Café")
    assert texts["neg/2.txt"].endswith("drei\nvier")
    assert made.quarantined == 1
    assert "2 documents are not UTF-8" in found["collect.encoding"].message


def test_an_empty_and_a_long_document_are_told_and_kept(tmp_path: Path) -> None:
    put(tmp_path, "pos/1.txt", "neg/1.txt")
    (tmp_path / "pos" / "2.txt").write_bytes(b" \n")
    (tmp_path / "neg" / "2.txt").write_text("word " * 200_000)
    (tmp_path / "neg" / "3.txt").write_text("x" * (9 * 1024**2))
    made, found = collected(tmp_path)
    assert made.rows == 4
    assert "1 documents hold no text at all: pos/2.txt" in found["collect.empty-documents"].message
    assert "one cell is larger than 8 MB" in found["collect.broken-rows"].message


def packed(folder: Path, kind: str, names: list[str]) -> Path:
    put(folder / "in", *names)
    path = folder / f"data.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.write(folder / "in" / name, name)
    else:
        with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as tar:
            for name in names:
                tar.add(folder / "in" / name, name)
    return path


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar"])
def test_archives_keep_their_folders(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind, ["top/pos/1.txt", "top/pos/2.txt", "top/neg/1.txt", "README"])
    made = read(str(path))
    assert made.frame["label"].to_list() == ["neg", "pos", "pos"]
    assert made.facts.name == f"data.{kind}"
    assert changed(str(path), made.facts) == ""
    again = pl.concat([batch.frame for batch in batches(str(path), 2, made.plan)])
    assert again["file"].to_list() == made.frame["file"].to_list()


def test_members_of_an_archive_can_be_named(tmp_path: Path) -> None:
    path = packed(tmp_path, "zip", ["a/x/1.png", "a/y/1.png", "b/z/1.png"])
    assert read(f"{path}#a/*").frame["label"].to_list() == ["x", "y"]


def test_a_folder_that_changes_is_noticed(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.png", "dog/1.png")
    facts = read(str(tmp_path)).facts
    assert changed(str(tmp_path), facts) == ""
    (tmp_path / "cat" / "1.png").rename(tmp_path / "dog" / "2.png")
    assert "another content" in changed(str(tmp_path), facts)


def test_a_pattern_of_pictures_is_a_source(tmp_path: Path) -> None:
    put(tmp_path, "1.png", "2.png")
    made = read(str(tmp_path / "*.png"))
    assert made.frame["file"].to_list() == ["1.png", "2.png"]
    assert changed(str(tmp_path / "*.png"), made.facts) == ""


def test_tables_win_over_pictures_beside_them(tmp_path: Path) -> None:
    put(tmp_path, "plot.png")
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadData, match="is a folder, and not a file of rows"):
        read(str(tmp_path))


def test_a_column_of_names_holds_what_the_files_hold(tmp_path: Path) -> None:
    put(tmp_path, "pictures/1.png", "pictures/2.png", "pictures/3.png")
    (tmp_path / "rows.csv").write_text(
        "price,photo\n1,pictures/1.png\n2,pictures\\2.png\n3,pictures/gone.png\n4,\n5,./pictures/3.png\n6,3.png\n"
    )
    made, found = collected(tmp_path / "rows.csv", target="price")
    frame: pl.DataFrame = made.table.get()
    assert frame["photo"].dtype == pl.Binary
    assert [cell is not None for cell in frame["photo"].to_list()] == [True, True, False, False, True, False]
    assert frame["photo.file"].to_list()[0] == "pictures/1.png"
    assert made.beside == ("photo.file",)
    assert "'photo' names files" in found["collect.media-attached"].message
    assert "pictures/gone.png" in found["collect.media-missing"].message
    assert made.rows == 6


@pytest.mark.parametrize("way", ["../secret.png", "/{root}/secret.png", "link.png", "a/../../secret.png"])
def test_a_name_that_leads_out_is_not_opened(tmp_path: Path, way: str) -> None:
    (tmp_path / "secret.png").write_bytes(picture(9))
    put(tmp_path / "data", "1.png", "2.png")
    (tmp_path / "data" / "link.png").symlink_to(tmp_path / "secret.png")
    name = way.replace("/{root}", str(tmp_path))
    (tmp_path / "data" / "rows.csv").write_text(f"y,photo\n1,1.png\n2,2.png\n3,{name}\n")
    made, found = collected(tmp_path / "data" / "rows.csv")
    assert made.table.get()["photo"].to_list()[2] is None
    assert "lead out of data/" in found["collect.media-refused"].message
    assert (
        "secret.png" in found["collect.media-refused"].message
        or "link.png" in found["collect.media-refused"].message
    )


def test_names_of_members_of_an_archive_beside(tmp_path: Path) -> None:
    packed(tmp_path, "zip", ["train/1.png", "train/2.png"])
    (tmp_path / "rows.csv").write_text("y,photo\n1,train/1.png\n2,train/2.png\n")
    for path in (tmp_path / "in").rglob("*.png"):
        path.unlink()
    assert collected(tmp_path / "rows.csv")[0].table.get()["photo"].null_count() == 0


def test_names_of_no_file_stay_names(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("y,photo\n1,a.png\n2,b.png\n")
    made, found = collected(tmp_path / "rows.csv")
    assert made.table.get()["photo"].to_list() == ["a.png", "b.png"]
    assert "2 of 2 names in 'photo' are of no file" in found["collect.media-missing"].message


def test_addresses_are_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("y,photo\n1,https://example.org/a.png\n2,https://example.org/b.png\n")
    assert "nothing was fetched" in collected(tmp_path / "rows.csv")[1]["collect.media-address"].message


SHARED = {
    "image_classification/leaf_species_30": (300, "species", 30),
    "image_classification/leaf_species_30/labels.csv": (300, "species", 30),
    "image_classification/grocery_produce_8class": (336, "label", 8),
    "label_noise/cifar10n_subset/images.zip": (5000, "label", 10),
    "label_noise/cifar10n_subset/labels.csv": (5000, "aggre_label", 10),
    "text_classification/review_polarity/review_polarity.tar.gz": (2000, "label", 2),
    "audio_classification/free_spoken_digits": (900, None, 0),
}


@pytest.mark.slow  # thousands of files are read
@pytest.mark.parametrize("source", SHARED)
def test_the_shared_sets_are_read_by_their_name_alone(shared_data: Path, source: str) -> None:
    rows, target, classes = SHARED[source]
    made, _ = collected(shared_data / source)
    frame: pl.DataFrame = made.table.get()
    assert frame.height == rows
    assert target is None or frame[target].n_unique() == classes
    assert any(dtype == pl.Binary for dtype in frame.schema.values()) or "text" in frame.columns


def test_new_rows_name_files_too_and_those_that_are_not_there_are_counted(tmp_path: Path) -> None:
    put(tmp_path, "1.png")
    given = pl.DataFrame({"photo": ["1.png", "gone.png", "../out.png", None], "id": ["a", "b", "c", "d"]})
    made = contents(given, str(tmp_path / "new.csv"), {"photo": "image"})
    assert made["photo"].to_list() == [picture(0), b"gone.png", b"../out.png", None]
    back = names_again(made.with_columns(prediction=pl.lit("x")), given)
    assert back.columns == ["photo", "id", "prediction"]
    assert back["photo"].to_list() == given["photo"].to_list()


def test_base64_in_a_table_stays_as_it_is(tmp_path: Path) -> None:
    given = pl.DataFrame({"photo": ["aGVsbG8=", "d29ybGQ="]})
    assert contents(given, str(tmp_path / "new.csv"), {"photo": "image"}).equals(given)


def test_documents_of_new_rows_are_read(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "b.txt")
    given = pl.DataFrame({"body": ["a.txt", "b.txt"]})
    made = contents(given, str(tmp_path / "new.csv"), {"body": "text"})
    assert made["body"].to_list() == ["text number 0", "text number 1"]
