"""Archives: members by name and by pattern; what leads out of them, and what swells, is refused."""

from __future__ import annotations

import contextlib
import io
import resource
import tarfile
import tracemalloc
import warnings
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadData, BadInput, Stopped
from modelwright.data.read import batches, read
from modelwright.data.read.changed import changed

FILES = {"2023/a.csv": "n,x\n1,a\n2,b\n", "2024/b.csv": "n,x\n3,c\n", "readme.md": "words"}


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def tarred(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("name", ["data.zip", "data.tar.gz", "data.tgz"])
def test_members(tmp_path: Path, name: str) -> None:
    path = (zipped if name.endswith("zip") else tarred)(tmp_path / name, FILES)
    one = read(f"{path}#2024/b.csv")
    assert one.frame.rows() == [("3", "c")]
    assert one.facts.name == f"{name}#2024/b.csv"
    assert one.facts.bytes == path.stat().st_size
    both = read(f"{path}#*.csv")
    assert both.frame["n"].to_list() == ["1", "2", "3"]
    assert both.facts.details["archive"] == name
    assert pl.concat([b.frame for b in batches(f"{path}#*.csv", 1)]).equals(both.frame)
    assert changed(f"{path}#*.csv", both.facts) == ""
    (zipped if name.endswith("zip") else tarred)(path, {"2024/b.csv": "n,x\n9,z\n"})
    assert changed(f"{path}#*.csv", both.facts) == f"{name}#*.csv has another content now"
    with pytest.raises(BadData, match="holds no file") as caught:
        read(f"{path}#c.csv")
    assert "2024/b.csv" in caught.value.hint


def test_what_is_meant_has_to_be_plain(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="files of several kinds") as caught:
        read(str(zipped(tmp_path / "a.zip", FILES)))
    assert "a.zip#*.csv" in caught.value.hint
    alike = {name: text for name, text in FILES.items() if name.endswith("csv")}
    assert read(str(tarred(tmp_path / "b.tar.gz", alike | {"__MACOSX/x.csv": "?"}))).frame.height == 3
    assert read(str(zipped(tmp_path / "one.csv.zip", {"a.csv": "n\n1\n2\n"}))).frame.height == 2


@pytest.mark.parametrize(
    "name", ["../out.csv", "/etc/out.csv", "a/../../out.csv", "C:\\out.csv", "..\\out.csv"]
)
@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_path_that_leaves_the_archive(tmp_path: Path, name: str, make: object) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = (
        zipped(folder / "a.zip", {name: "n\n1\n", "b.csv": "n\n1\n"})
        if make is zipped
        else tarred(folder / "a.tar.gz", {name: "n\n1\n", "b.csv": "n\n1\n"})
    )
    with pytest.raises(BadData, match="leads out of the archive") as caught:
        read(f"{path}#b.csv")
    assert caught.value.code == "data.archive-path"
    assert not (tmp_path / "out.csv").exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("people.csv")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(BadData, match="a link or a device"):
        read(str(path))


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_bombs(tmp_path: Path, name: str) -> None:
    big = "0" * 40_000_000
    path = (zipped if name == "a.zip" else tarred)(tmp_path / name, {"a.csv": big, "b.csv": big})
    with pytest.raises(BadData, match="unpacks to more than") as caught:
        read(str(path))
    assert caught.value.code == "data.too-large"


def test_a_cut_archive(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a.tar.gz", FILES)
    path.write_bytes(path.read_bytes()[:80])
    with pytest.raises(BadData, match="not a whole archive"):
        read(f"{path}#*.csv")


@pytest.mark.parametrize("make", [zipped, tarred])
def test_files_in_folders_that_begin_with_a_dot_are_read(tmp_path: Path, make: Any) -> None:
    files = {".2023/a.csv": "n\n1\n", "2024/.b/b.csv": "n\n2\n", "c.csv": "n\n3\n", ".d.csv": "n\n4\n"}
    path = make(tmp_path / ("a.zip" if make is zipped else "a.tar.gz"), files)
    assert read(str(path)).frame["n"].to_list() == ["1", "2", "3"]
    assert pl.concat([b.frame for b in batches(str(path), 10)])["n"].to_list() == ["1", "2", "3"]


@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_name_that_is_a_file_and_a_folder(tmp_path: Path, make: Any) -> None:
    files = {"a.csv": "n\n1\n", "a.csv/b.csv": "n\n2\n"}
    path = make(tmp_path / ("a.zip" if make is zipped else "a.tar.gz"), files)
    assert read(str(path)).frame["n"].to_list() == ["1", "2"]


def test_headers_of_a_tar_archive_do_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a.csv")
        info.pax_headers = {"comment": "x" * 20_000_000}
        archive.addfile(info)
    tracemalloc.start()
    try:
        with pytest.raises(BadData, match="more than 1 MB about one of its files") as caught:
            read(str(path))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert caught.value.code == "data.too-large"


def test_long_names_in_a_tar_archive(tmp_path: Path) -> None:
    folders = "/".join(["folder"] * 60)
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        with tarfile.open(tmp_path / "a.tar", "w", format=form) as archive:
            for name, text in ((f"{folders}/b.csv", b"n\n2\n"), (f"{folders}/a.csv", b"n\n1\n")):
                info = tarfile.TarInfo(name)
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text))
        assert read(str(tmp_path / "a.tar")).frame["n"].to_list() == ["1", "2"]
    with pytest.raises(BadData, match="name is too long"):
        read(str(tarred(tmp_path / "b.tar.gz", {"a" * 300 + ".csv": "n\n1\n"})))


def test_no_room_is_no_damage(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": "n\n" + "1\n" * 100_000, "b.csv": "n\n1\n"})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(Stopped, match=r"a\.zip cannot be unpacked: File too large"):
            read(str(path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _with(path: Path, at: int, value: int) -> Path:
    """The archive with a field (two bytes) of all headers set: 8 flags, 10 method (central directory)."""
    data = bytearray(path.read_bytes())
    for mark, off in ((b"PK\x03\x04", at - 2), (b"PK\x01\x02", at)):
        found = data.find(mark)
        while found >= 0:
            data[found + off : found + off + 2] = value.to_bytes(2, "little")
            found = data.find(mark, found + 4)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("files", [{"a.csv": "n\n1\n"}, {"a.csv": "n\n1\n", "b.csv": "n\n2\n"}])
def test_zip_archives_of_other_kinds(tmp_path: Path, files: dict[str, str]) -> None:
    deflate64 = _with(zipped(tmp_path / "a.csv.zip", files), 10, 9)
    for source in (str(deflate64), f"{deflate64}#a.csv"):
        with pytest.raises(BadData, match="packed in a way that cannot be read here") as caught:
            read(source)
        assert caught.value.code == "data.compressed"
    encrypted = _with(zipped(tmp_path / "b.csv.zip", files), 8, 1)
    for source in (str(encrypted), f"{encrypted}#a.csv"):
        with pytest.raises(BadData, match=r"b\.csv\.zip: a\.csv is encrypted") as caught:
            read(source)
        assert caught.value.code == "data.encrypted"


@given(st.data())
def test_a_damaged_archive_is_never_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    make = data.draw(st.sampled_from([zipped, tarred]))
    path = make(folder / ("a.zip" if make is zipped else "a.tar.gz"), {"a.csv": "n\n1\n", "b.csv": "n\n2\n"})
    whole = bytearray(path.read_bytes())
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=4)
    ):
        whole[place] = byte
    path.write_bytes(whole[: data.draw(st.integers(1, len(whole)))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(BadInput):
            read(str(path))
