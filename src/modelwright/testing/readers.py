"""The tests that every reader of files passes, shipped for readers of other packages.

Subclass, supply a good file and bad ones, inherit every test::

    from modelwright.testing.readers import ReaderConformance
    from my_package import MyReader

    class TestMine(ReaderConformance):
        reader = MyReader()

        def good(self, folder):
            path = folder / "birds.dat"
            path.write_text(...)
            return path, [{"species": "Adelie", "mass": "3700"}, ...]

        def bad(self, folder):
            return [...]
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelwright.core.errors import BadData
from modelwright.core.records.data import ROW
from modelwright.data.read.reader import Read, Reader


class ReaderConformance:
    """What every reader of files must hold to. Supply ``reader``, ``good`` and ``bad``."""

    reader: Reader

    def good(self, folder: Path) -> tuple[Path, list[dict[str, Any]]]:
        """A file written into ``folder``, of three rows or more, and the rows that are to be read of it."""
        raise NotImplementedError("write a good file, and say which rows it holds")

    def bad(self, folder: Path) -> list[Path]:
        """Files with the reader's own suffix, written into ``folder``, that are to be refused."""
        raise NotImplementedError("write files that are to be refused: damaged, of another format, ...")

    def broken(self, folder: Path) -> tuple[Path, int] | None:
        """A good file with broken rows, and how many; None for a format in which no row can be broken."""
        return None

    def test_knows_its_files_by_name_alone(self, tmp_path: Path) -> None:
        path, _ = self.good(tmp_path)
        assert self.reader.name
        assert self.reader.suits(str(path))
        assert self.reader.suits(f"nowhere/{path.stem.upper()}{path.suffix}"), "the file need not be there"
        assert not self.reader.suits("birds.unknown-suffix")
        assert not self.reader.suits(f"postgresql://host/{path.name}")

    def test_reads_every_row_in_order(self, tmp_path: Path) -> None:
        path, rows = self.good(tmp_path)
        assert len(rows) >= 3, "three rows or more, so that order shows"
        made = self.reader.read(str(path))
        assert made.frame.to_dicts() == rows
        assert made.quarantine == ()

    def test_says_what_it_read(self, tmp_path: Path) -> None:
        path, rows = self.good(tmp_path)
        facts = self.reader.read(str(path)).facts
        assert facts.name == path.name, "the name alone: reports leave this machine, and folders stay"
        assert facts.format
        assert (facts.rows, facts.columns) == (len(rows), len(rows[0]))
        assert facts.bytes == path.stat().st_size
        assert facts.digest

    def test_names_are_unique_and_not_empty(self, tmp_path: Path) -> None:
        path, _ = self.good(tmp_path)
        names = self.reader.read(str(path)).frame.columns
        assert len(set(names)) == len(names)
        assert all(name.strip() for name in names)
        assert ROW not in names, "this name is modelwright's own"

    def test_same_file_same_answer(self, tmp_path: Path) -> None:
        path, _ = self.good(tmp_path)
        self._same(self.reader.read(str(path)), self.reader.read(str(path)))

    def test_digest_is_of_the_content(self, tmp_path: Path) -> None:
        path, _ = self.good(tmp_path)
        copy = tmp_path / f"copy{path.suffix}"
        shutil.copyfile(path, copy)
        digest = self.reader.read(str(path)).facts.digest
        assert self.reader.read(str(copy)).facts.digest == digest

    def test_passes_through_in_parts(self, tmp_path: Path) -> None:
        batches = getattr(self.reader, "batches", None)
        if batches is None:
            pytest.skip(f"{self.reader.name} reads files whole")
        path, rows = self.good(tmp_path)
        parts = [part.frame for part in batches(str(path), 2)]
        assert len(parts) > 1
        assert pl.concat(parts, how="vertical_relaxed").to_dicts() == rows

    def test_broken_rows_are_kept_aside(self, tmp_path: Path) -> None:
        given = self.broken(tmp_path)
        if given is None:
            pytest.skip(f"no row of {self.reader.name} can be broken by itself")
        path, count = given
        made = self.reader.read(str(path))
        assert len(made.quarantine) == count
        for row in made.quarantine:
            assert row.source == path.name
            assert row.line >= 1
            assert row.reason
        assert made.facts.rows == made.frame.height

    def test_refuses_what_is_not_a_table(self, tmp_path: Path) -> None:
        path, _ = self.good(tmp_path)
        empty = tmp_path / f"empty{path.suffix}"
        empty.write_bytes(b"")
        folder = tmp_path / f"folder{path.suffix}"
        folder.mkdir()
        missing = tmp_path / f"missing{path.suffix}"
        for bad in [empty, folder, missing, *self.bad(tmp_path)]:
            with pytest.raises(BadData) as caught:
                self.reader.read(str(bad))
            assert bad.name in caught.value.message, "the message says which file"
            assert str(tmp_path) not in caught.value.message
            assert caught.value.hint, "the error says how to mend it"

    def _same(self, first: Read, second: Read) -> None:
        assert first.frame.equals(second.frame)
        assert first.frame.schema == second.frame.schema
        assert (first.facts, first.quarantine, first.notes) == (second.facts, second.quarantine, second.notes)
