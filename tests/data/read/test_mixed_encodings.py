"""Lines of two encodings in one file: each is read as what it is, and it is said."""

from __future__ import annotations

from pathlib import Path

from modelwright.data.read import read
from modelwright.data.read.encoding import find


def test_lines_of_an_old_encoding_among_utf8(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    lines = ["label,text", *(f"{i % 2},price {i} £ für naïve" for i in range(40))]
    raw = "\n".join(lines).encode() + b"\n1,caf\xe9 na\xefve d\xe9j\xe0 vu\n0,cut off \xe2\x82\n"
    path.write_bytes(raw)
    assert find(path).name == "utf-8"
    assert find(path).lossy
    made = read(str(path))
    assert made.frame["text"].to_list()[0] == "price 0 £ für naïve"
    assert made.frame["text"].to_list()[40] == "café naïve déjà vu"
    assert made.frame["text"].to_list()[41] == "cut off \ufffd"


def test_a_file_of_an_old_encoding_alone_is_that(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes(
        "\n".join(["label,text", *(f"{i % 2},café naïve {i}" for i in range(40))]).encode("cp1252")
    )
    assert find(path).name != "utf-8"
    assert not find(path).lossy
