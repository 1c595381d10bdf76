"""Parquet: typed columns, read as they are typed."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import names as column_names
from modelwright.data.read.frame import flat
from modelwright.data.read.reader import Batch, Read
from modelwright.data.read.source import digest, existing, modified, plain_suffix


class ParquetReader:
    """Nested columns become JSON text."""

    name = "parquet"

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(source) in (".parquet", ".pq")

    def read(self, source: str, query: str | None = None) -> Read:
        path = existing(source)
        try:
            with path.open("rb") as file:
                frame = pl.read_parquet(file)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _damaged(path.name, error) from error
        if not frame.height or not frame.width:
            raise BadData(
                f"{path.name} has {frame.height} rows and {frame.width} columns",
                code="data.no-rows",
                hint="write the data again, or name another file",
            )
        names, notes = column_names.settle(frame.columns)
        frame = flat(frame.rename(dict(zip(frame.columns, names, strict=True))))
        facts = SourceFacts(
            name=path.name,
            format="parquet",
            rows=frame.height,
            columns=frame.width,
            bytes=path.stat().st_size,
            digest=digest(path),
            modified=modified(path),
        )
        return Read(frame, facts, (), tuple(notes))

    def batches(self, source: str, rows: int) -> Iterator[Batch]:
        path = existing(source)
        try:
            lazy = pl.scan_parquet(path, glob=False)
            old = lazy.collect_schema().names()
            names, _ = column_names.settle(old)
            total = int(lazy.select(pl.len()).collect().item())
            for start in range(0, total, rows):
                part = lazy.slice(start, rows).collect()
                yield Batch(flat(part.rename(dict(zip(old, names, strict=True)))))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _damaged(path.name, error) from error


def _damaged(name: str, error: Exception) -> BadData:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BadData(
        f"{name} cannot be read as Parquet: {first}",
        code="data.parquet",
        hint="the file is damaged, cut short, or no Parquet file; write it again",
    )
