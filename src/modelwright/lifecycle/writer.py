"""Predictions on their way into a file: CSV, JSON lines or Parquet, whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import IO, TYPE_CHECKING

from modelwright.core.errors import BadData
from modelwright.store import atomic

if TYPE_CHECKING:
    import polars as pl


class Writer:
    """Writes frames one after the other into one file that appears when it is finished.

    Text cannot hold the content of a file: in CSV and JSON lines such a cell is told by its digest, by which
    the same content is known again. Parquet keeps it.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        token = secrets.token_hex(4)
        self._temporary = output.with_name(f".{output.name}.{token}.tmp")
        self._parts = output.with_name(f".{output.name}.{token}.parts")
        self._file: IO[bytes] | None = None
        self._count = 0

    def write(self, frame: pl.DataFrame) -> None:
        from modelwright.data.fingerprint import fingerprints

        if self.output.suffix == ".parquet":
            self._parts.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(self._parts / f"{self._count:08d}.parquet")
        else:
            if self._file is None:
                self.output.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._temporary.open("wb")
            frame = fingerprints(frame)
            if self.output.suffix == ".csv":
                frame.write_csv(self._file, include_header=self._count == 0)
            else:
                frame.write_ndjson(self._file)
        self._count += 1

    def finish(self) -> None:
        """Give the file its name."""
        import polars as pl

        if self._count == 0:
            raise BadData("the input has no rows", code="predict.empty", hint="check the file")
        if self.output.suffix == ".parquet":
            parts = [self._parts / f"{i:08d}.parquet" for i in range(self._count)]
            pl.scan_parquet(parts).sink_parquet(self._temporary)
        else:
            assert self._file is not None
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        os.replace(self._temporary, self.output)
        atomic.sync_folder(self.output.parent)

    def discard(self) -> None:
        """Remove what is unfinished; after ``finish`` there is nothing."""
        if self._file is not None and not self._file.closed:
            self._file.close()
        self._temporary.unlink(missing_ok=True)
        shutil.rmtree(self._parts, ignore_errors=True)
