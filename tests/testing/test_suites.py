"""The suites that ship for other packages, on members of our own: what they ask for is what we keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from modelwright.data.read.csv import CsvReader
from modelwright.data.read.jsonl import JsonLinesReader
from modelwright.data.read.parquet import ParquetReader
from modelwright.evidence.analyse.check import CHECKS
from modelwright.evidence.analyse.facts import Facts
from modelwright.testing.checks import CheckConformance, facts_of
from modelwright.testing.readers import ReaderConformance


class TestCsv(ReaderConformance):
    reader = CsvReader()

    def good(self, folder: Path) -> tuple[Path, list[dict[str, Any]]]:
        path = folder / "birds.csv"
        path.write_text("species,mass\nAdelie,3700\nGentoo,\nAdelie,3450\n")
        masses = ["3700", "", "3450"]
        return path, [
            {"species": s, "mass": m} for s, m in zip(["Adelie", "Gentoo", "Adelie"], masses, strict=True)
        ]

    def bad(self, folder: Path) -> list[Path]:
        path = folder / "picture.csv"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        return [path]

    def broken(self, folder: Path) -> tuple[Path, int]:
        path = folder / "ragged.csv"
        path.write_text("a,b\n" + "1,2\n" * 20 + "1,2,3,4\n")
        return path, 1


class TestJsonLines(ReaderConformance):
    reader = JsonLinesReader()

    def good(self, folder: Path) -> tuple[Path, list[dict[str, Any]]]:
        path = folder / "birds.jsonl"
        path.write_text('{"a": 1, "b": "x"}\n{"a": 2, "b": null}\n{"a": 3, "b": "y"}\n')
        return path, [{"a": 1, "b": "x"}, {"a": 2, "b": None}, {"a": 3, "b": "y"}]

    def bad(self, folder: Path) -> list[Path]:
        path = folder / "text.jsonl"
        path.write_text("these are\nno records\n")
        return [path]

    def broken(self, folder: Path) -> tuple[Path, int]:
        path = folder / "broken.jsonl"
        path.write_text('{"a": 1}\n{"a": 2}\n{"a": 3\n')
        return path, 1


class TestParquet(ReaderConformance):
    reader = ParquetReader()

    def good(self, folder: Path) -> tuple[Path, list[dict[str, Any]]]:
        path = folder / "birds.parquet"
        rows: list[dict[str, Any]] = [{"a": 1, "b": "x"}, {"a": None, "b": "y"}, {"a": 3, "b": "z"}]
        pl.DataFrame(rows).write_parquet(path)
        return path, rows

    def bad(self, folder: Path) -> list[Path]:
        path = folder / "text.parquet"
        path.write_text("a,b\n1,2\n")
        return [path]


class TestRareCategories(CheckConformance):
    check = CHECKS.get("analyse.rare-categories")

    def table(self, **columns: object) -> Facts:
        y = np.random.default_rng(0).integers(0, 2, 400)
        return facts_of(pl.DataFrame({**columns, "y": np.where(y == 1, "yes", "no")}), "y")

    def fires(self) -> Facts:
        return self.table(city=["Oslo"] * 199 + ["Rome"] * 199 + ["Bern", "Lima"])

    def quiet(self) -> Facts:
        return self.table(city=["Oslo"] * 200 + ["Rome"] * 200)

    def elsewhere(self) -> Facts:
        return self.table(size=np.linspace(0.0, 1.0, 400))
