"""A source that changes while it is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.data import collect as collecting
from modelwright.data.collect import collect
from modelwright.goal.sections import SourceSection


def appended(path: Path) -> None:
    with path.open("a") as file:
        file.write("3,c\n")


def cut(path: Path) -> None:
    os.truncate(path, 0)


def replaced(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_text("n,x\n1,a\n2,c\n")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.rename(path)


def taken(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (appended, "a.csv grew while it was read"),
        (cut, "a.csv was cut short while it was read"),
        (replaced, "a.csv was written to while it was read"),
        (taken, "a.csv was taken away while it was read"),
    ],
)
@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("source", ["a.csv", "*.csv"])
def test_a_change(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    says: str,
    early: bool,
    source: str,
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n,x\n1,a\n2,b\n")
    (tmp_path / "b.csv").write_text("n,x\n1,a\n2,b\n")
    read = collecting.read

    def slowly(*given: Any) -> Any:
        """Reads, and the source changes before or after the bytes were taken."""
        if early:
            change(path)
        made = read(*given)
        if not early:
            change(path)
        return made

    section = SourceSection(str(tmp_path / source))
    assert collect(section, Book()).rows in (2, 4)
    monkeypatch.setattr(collecting, "read", slowly)
    with pytest.raises(BadData, match=says) as caught:
        collect(section, Book())
    assert caught.value.code == "data.changed-while-read"
