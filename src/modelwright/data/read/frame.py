"""Frames from Python: polars, pandas, Arrow, numpy, a dict of columns, a list of dicts."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data import media
from modelwright.data.fingerprint import fingerprints
from modelwright.data.read import names as column_names
from modelwright.data.read.reader import Read


def read_frame(frame: Any) -> Read:
    """Rows of a frame from Python. The object itself is never changed.

    Raises :class:`BadData` for a kind of object that is not known, and for a frame without rows or columns.
    """
    made, notes = to_polars(frame)
    made = flat(made)
    if not made.height or not made.width:
        raise BadData(
            f"the frame has {made.height} rows and {made.width} columns",
            code="data.no-rows",
            hint="pass a frame with at least one row and one column",
        )
    facts = SourceFacts(
        name="frame from Python",
        format=type(frame).__module__.partition(".")[0],
        rows=made.height,
        columns=made.width,
        bytes=int(made.estimated_size()),
        digest=content_digest(made),
    )
    return Read(made, facts, (), tuple(notes))


def to_polars(frame: Any) -> tuple[pl.DataFrame, list[str]]:
    """The same rows as a polars frame with settled names; a pandas index is left out."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame, []
    library = type(frame).__module__.partition(".")[0]
    if library == "pandas" and hasattr(frame, "columns"):
        names, notes = column_names.settle([str(name) for name in frame.columns])
        return pl.DataFrame([_pandas(frame.iloc[:, k], name) for k, name in enumerate(names)]), notes
    if library == "pyarrow" and hasattr(frame, "column_names"):
        names, notes = column_names.settle(frame.column_names)
        made = pl.from_arrow(frame.rename_columns(names))
        if not isinstance(made, pl.DataFrame):
            raise _unknown(frame)
        return made, notes
    if isinstance(frame, np.ndarray):
        if frame.ndim != 2:
            raise BadData(
                f"the array has {frame.ndim} dimensions where 2 are expected (rows, columns)",
                code="data.shape",
                hint="pass an array of shape [rows, columns]",
            )
        return pl.DataFrame([column_of(f"c{k}", frame[:, k].tolist()) for k in range(frame.shape[1])]), []
    if isinstance(frame, Mapping):
        columns = {str(name): _listed(values) for name, values in frame.items()}
        if len({len(values) for values in columns.values()}) > 1:
            raise BadData(
                "the columns differ in length: "
                + ", ".join(f"{name!r} has {len(values)}" for name, values in list(columns.items())[:5]),
                code="data.shape",
                hint="give every column one value a row",
            )
        return pl.DataFrame([column_of(name, values) for name, values in columns.items()]), []
    if isinstance(frame, Sequence) and not isinstance(frame, (str, bytes)):
        if frame and all(isinstance(row, Mapping) for row in frame):
            return from_records(frame), []
        if frame and all(isinstance(row, (list, tuple)) for row in frame):
            width = max(len(row) for row in frame)
            if any(len(row) != width for row in frame):
                raise BadData(
                    "the rows differ in length", code="data.shape", hint="give every row one value a column"
                )
            return pl.DataFrame([column_of(f"c{k}", [row[k] for row in frame]) for k in range(width)]), []
    raise _unknown(frame)


def from_records(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows given as dicts; a key that a row lacks is null in it."""
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(str(key) for key in record))
    return pl.DataFrame([column_of(name, [record.get(name) for record in records]) for name in names])


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame without nested columns: those become JSON text. Bytes that begin as files of images or sounds
    do stay bytes; others become text."""
    made = []
    for series in frame.get_columns():
        if series.dtype == pl.Binary and media.kind_of(series) is not None:
            made.append(series)
            continue
        if series.dtype.is_nested() or series.dtype in (
            pl.Binary,
            pl.Object,
            pl.Decimal,
            pl.Time,
            pl.Duration,
        ):
            series = column_of(series.name, series.to_list())
        made.append(series.rename(series.name.strip()) if series.name != series.name.strip() else series)
    return pl.DataFrame(made)


def content_digest(frame: pl.DataFrame) -> str:
    """sha256 over names, types and values."""
    out = io.BytesIO()
    out.write(json.dumps([[name, str(dtype)] for name, dtype in frame.schema.items()]).encode() + b"\n")
    fingerprints(frame).write_csv(out, null_value="\x00")
    return hashlib.sha256(out.getvalue()).hexdigest()


def _pandas(series: Any, name: str) -> pl.Series:
    """By way of Python values for objects, so that a column of mixed types is taken as it is."""
    kind = getattr(series.dtype, "kind", "O")
    if kind in "fiub" and isinstance(series.dtype, np.dtype):
        return pl.Series(name, series.to_numpy(), nan_to_null=True)
    return column_of(name, series.tolist())


def _listed(values: Any) -> list[Any]:
    if hasattr(values, "tolist"):
        return list(values.tolist())
    return list(values)


def column_of(name: str, values: list[Any]) -> pl.Series:
    """A column of Python values: of one type where they have one, else text as the parser writes it."""
    from datetime import date, datetime

    from modelwright.runtime.parse.values import plain, render

    of = set(map(type, values)) - {type(None)}
    if of == {str}:  # the same as below, at once
        return pl.Series(name, values, dtype=pl.String)
    made = values if of <= {int} or of == {bool} else [_scalar(value) for value in values]
    types = {type(value) for value in made if value is not None}
    if not types:
        return pl.Series(name, made, dtype=pl.Null)
    if types <= {int} and all(value is None or -(2**63) <= value < 2**63 for value in made):
        return pl.Series(name, made, dtype=pl.Int64)
    if types <= {int, float}:
        return pl.Series(name, [None if v is None else float(v) for v in made], dtype=pl.Float64)
    if types <= {bool}:
        return pl.Series(name, made, dtype=pl.Boolean)
    if types <= {date}:
        return pl.Series(name, made, dtype=pl.Date)
    if (
        types <= {datetime}
        and len({value.tzinfo is None for value in made if isinstance(value, datetime)}) == 1
    ):
        aware = any(isinstance(value, datetime) and value.tzinfo is not None for value in made)
        return pl.Series(name, made, dtype=pl.Datetime("us", "UTC" if aware else None))
    texts = [None if value is None else render(plain(value)) for value in made]  # type: ignore[arg-type]
    return pl.Series(name, texts, dtype=pl.String)


def _scalar(value: Any) -> Any:
    from modelwright.runtime.parse.values import plain

    if isinstance(value, (Mapping, list, tuple, set, frozenset, np.ndarray, pl.Series)):
        if isinstance(value, (set, frozenset)):
            value = sorted(value, key=str)
        elif hasattr(value, "tolist"):
            value = value.tolist()
        elif hasattr(value, "to_list"):
            value = value.to_list()
        return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
    made: Any = plain(value)
    # pandas' Timestamp is a datetime that polars does not take.
    return made.to_pydatetime() if hasattr(made, "to_pydatetime") else made


def _unknown(frame: Any) -> BadData:
    return BadData(
        f"a {type(frame).__module__}.{type(frame).__qualname__} cannot be read as rows and columns",
        code="data.frame",
        hint="pass a polars, pandas or Arrow frame, a 2-D numpy array, a dict of columns, or a list of dicts",
    )
