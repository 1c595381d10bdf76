"""npz: arrays of numpy under names, one row of each for a row of the table.

An array [n] is a column, [n, steps] and [n, channels, steps] (or [n, steps, channels]) are sequences of
numbers, written as lists. Nothing is unpickled: arrays of Python objects are refused.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.read import names as column_names
from modelwright.data.read.limits import check_columns, check_media
from modelwright.data.read.reader import Read
from modelwright.data.read.source import digest, existing, modified, plain_suffix

DIGITS = 9
"""Significant digits of a number in a sequence: those of single precision."""


class NpzReader:
    """Arrays of the same length side by side."""

    name = "npz"

    def suits(self, source: str) -> bool:
        return "://" not in source and plain_suffix(source) == ".npz"

    def read(self, source: str, query: str | None = None) -> Read:
        path = existing(source)
        arrays = _arrays(path)
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length:,}" for name, length in list(lengths.items())[:6])
            raise BadData(
                f"the arrays of {path.name} have different numbers of rows: {told}",
                code="data.npz-lengths",
                hint="write one .npz for the rows to learn from and one for data.test, with the same names",
            )
        if not arrays or not next(iter(lengths.values())):
            raise BadData(
                f"{path.name} has no rows", code="data.no-rows", hint="write the data again, or name another"
            )
        check_columns(len(arrays), path.name)
        names, notes = column_names.settle(list(arrays))
        columns = [_column(new, array, path) for new, array in zip(names, arrays.values(), strict=True)]
        frame = pl.DataFrame(columns)
        facts = SourceFacts(
            name=path.name,
            format=self.name,
            rows=frame.height,
            columns=frame.width,
            bytes=path.stat().st_size,
            digest=digest(path),
            modified=modified(path),
        )
        return Read(frame, facts, (), tuple(notes))


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """In the order of the file. Sizes are looked at before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_media(sum(member.file_size for member in archive.infolist()), path.name)
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except ValueError as error:
        if "pickle" not in str(error):
            raise _damaged(path, error) from error
        raise BadData(
            f"{path.name} holds an array of Python objects, which is a pickle and can run code",
            code="data.npz-objects",
            hint="write numbers and texts as arrays of numbers and of str, sequences of one length as [n, "
            "steps]; sequences of several lengths go into JSON lines",
        ) from error
    except (OSError, EOFError, zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        raise _damaged(path, error) from error
    return {name: array for name, array in found.items() if array.ndim}


def _column(name: str, array: npt.NDArray[Any], path: Path) -> pl.Series:
    if array.ndim == 1:
        return pl.Series(name, array.tolist() if array.dtype.kind in "US" else array)
    if array.ndim > 3 or array.dtype.kind not in "iuf":
        raise BadData(
            f"the array {name!r} of {path.name} has {array.ndim} dimensions of {array.dtype}",
            code="data.npz-array",
            hint="an array is [n], a sequence [n, steps] or [n, channels, steps] of numbers; pictures are "
            "read from a folder, a table of paths or idx files",
        )
    return pl.Series(name, [_text(row) for row in array], dtype=pl.String)


def _text(row: npt.NDArray[Any]) -> str:
    if row.dtype.kind != "f":
        return json.dumps(row.tolist())
    if row.ndim > 1:
        return f"[{', '.join(_text(part) for part in row)}]"
    shown = (f"{value:.{DIGITS}g}" if np.isfinite(value) else "null" for value in row)
    return f"[{', '.join(shown)}]"


def _damaged(path: Path, error: Exception) -> BadData:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BadData(
        f"{path.name} cannot be read as npz: {first}",
        code="data.npz",
        hint="the file is damaged, cut short, or no archive of numpy; write it again with numpy.savez",
    )
