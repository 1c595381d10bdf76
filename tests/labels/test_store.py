"""What is no store is told, and left as it is."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from modelwright.core.errors import BadInput
from modelwright.labels.items import look
from modelwright.labels.project import Asked
from modelwright.labels.store import Store


@pytest.mark.parametrize("make", [False, True])
def test_nothing_is_written_into_the_database_of_somebody_else(tmp_path: Path, make: bool) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table mine (x)")
    before = file.read_bytes()
    with pytest.raises(BadInput, match="no store of labels"):
        Store.at(file, make=make)
    assert file.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["other.db"]


def test_a_store_that_was_begun_and_never_filled_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "t.labels").touch()
    Store.at(tmp_path / "t.labels").close()


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be kept there"):
        Store.at(tmp_path / "file" / "t.labels", make=True)


def test_a_file_whose_name_is_not_in_utf8(tmp_path: Path) -> None:
    try:
        with open(os.fsencode(tmp_path) + b"/b\xe4r.txt", "w", encoding="utf-8") as file:
            file.write("a text of a few words")
    except OSError:
        pytest.skip("this file system takes no such names")
    with pytest.raises(BadInput, match=r"b\?r\.txt is not in UTF-8"):
        look(str(tmp_path), Asked({}))
