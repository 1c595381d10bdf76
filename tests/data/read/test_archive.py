"""Archives: members by name and by pattern; what leads out of them, and what swells, is refused."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest

from modelwright.core.errors import BadData
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
