"""What a bundle tells of the columns it was trained on: enough to check inputs and see drift, never rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelwright.core.records.data import Column
from modelwright.core.records.evidence import Finding
from modelwright.data.clean import personal
from modelwright.data.clean.apply import spec_of
from modelwright.data.given import example_of
from modelwright.features.typed import tensor_of
from modelwright.release.histogram import LEAST, histogram, usual
from modelwright.runtime.describe import InputColumn
from modelwright.runtime.parse import MEDIA, ColumnParser, measures, tensor_form
from modelwright.runtime.signature import Tensor

if TYPE_CHECKING:
    import polars as pl

LISTED = 50
"""Categories that ``model.json`` lists at most."""
KEPT = 200
"""Categories that ``reference.json`` counts at most."""


def personal_columns(
    columns: Sequence[Column], frame: pl.DataFrame, findings: Sequence[Finding]
) -> frozenset[str]:
    """Columns with personal data: found by pattern in these rows or by an earlier stage, or masked since."""
    found = {f.column for f in findings if "personal" in f.code and f.column}
    masked = {c.name for c in columns if any(op.name == "mask" for op in c.operations)}
    looks = {c.name for c in columns if c.kind in ("category", "text") and personal.kinds(frame[c.name])}
    return frozenset(found | masked | looks)


def sensitive_columns(columns: Sequence[Column], declared: Sequence[str]) -> frozenset[str]:
    """Columns that the goal declares sensitive, and keys: both say who a row is about."""
    return frozenset({c.name for c in columns if c.role in ("sensitive", "key")} | set(declared))


def describe(column: Column, series: pl.Series, private: bool) -> InputColumn:
    """The signature's entry of one typed column of the development rows."""
    n = len(series)
    present = series.drop_nulls()
    missing = round((n - len(present)) / n, 4) if n else 0.0
    if column.kind in MEDIA:
        options = column.operations[-1].options
        tensor = tensor_form(column.name, column.kind, options)
        return InputColumn(
            column.name,
            column.kind,
            missing=missing,
            example=example_of(tensor, options),
            private=private,
            form=form_of(tensor),
        )
    if private:
        return InputColumn(column.name, column.kind, column.unit, missing, private=True)
    if column.kind in ("number", "date"):
        values = _numbers(present)
        span = usual(values)
        if span is None:
            return InputColumn(column.name, column.kind, column.unit, missing)
        low, high, coverage = span
        middle = float(np.median(values))
        if column.kind == "date":
            example = _date_example(column, middle)
            return InputColumn(
                column.name, "date", "", missing, _iso(low), _iso(high), coverage, example=example
            )
        whole = bool((values == np.round(values)).all())
        shown = float(round(middle)) if whole else float(f"{middle:.4g}")
        return InputColumn(column.name, "number", column.unit, missing, low, high, coverage, example=shown)
    if column.kind == "boolean":
        return InputColumn(column.name, "boolean", missing=missing, example=1.0)
    if column.kind == "text":
        return InputColumn(column.name, "text", missing=missing)
    counted = _counted(present)
    listed = tuple(value for value, _ in counted[:LISTED])
    more = len(listed) < present.n_unique()
    example = listed[0] if listed else None
    return InputColumn(
        column.name, "category", missing=missing, categories=listed, more_categories=more, example=example
    )


def form_of(tensor: Tensor) -> str:
    """The one form of the cells of a column, for a person."""
    if tensor.kind == "image":
        channels, height, width = tensor.shape
        return f"{'grey' if channels == 1 else 'colour'}, {width} x {height} pixels"
    if tensor.kind == "audio":
        length = f"{tensor.shape[0] / tensor.rate:.3g} s" if tensor.rate else f"{tensor.shape[0]} samples"
        return f"one channel of {length} at {tensor.rate:,} Hz" if tensor.rate else f"one channel of {length}"
    channels, steps = tensor.shape
    return f"{channels} channel{'s' if channels > 1 else ''} of {steps} steps"


def reference(column: Column, series: pl.Series, withheld: bool) -> dict[str, Any]:
    """The entry of ``reference.json``: how the column was spread over the development rows.

    Numbers and dates (in microseconds) as histograms, booleans and categories as counts (those with at
    least 5 rows, the rest as ``other``), texts as a histogram of their length in words. A column with
    personal data has its share of missing values alone. Of media the histograms are of what is measured of
    each cell (``runtime/parse/measures.py``): no cell can be made again from them.
    """
    n = len(series)
    present = series.drop_nulls()
    entry: dict[str, Any] = {"kind": column.kind, "rows": n, "missing": n - len(present)}
    if withheld:
        return {**entry, "private": True}
    if column.kind in MEDIA:
        tensor = tensor_form(column.name, column.kind, column.operations[-1].options)
        found = measures.measure(tensor, tensor_of(present, tensor))
        held = {name: histogram(found[:, j]).to_json() for j, name in enumerate(measures.names(tensor))}
        return {**entry, "measures": held}
    if column.kind in ("number", "date"):
        return {**entry, **histogram(_numbers(present)).to_json()}
    if column.kind == "text":
        words = present.str.count_matches(r"\S+").cast(float).to_numpy()
        return {**entry, **histogram(np.asarray(words, dtype=np.float64)).to_json()}
    values: list[list[float | str | int]]
    if column.kind == "boolean":
        values = [[v, c] for v, c in ((v, int((present == v).sum())) for v in (0.0, 1.0)) if c >= LEAST]
    else:
        values = [[v, c] for v, c in _counted(present)[:KEPT]]
    return {**entry, "values": values, "other": len(present) - sum(int(count) for _, count in values)}


def _numbers(present: pl.Series) -> npt.NDArray[np.float64]:
    return np.asarray(present.to_numpy(), dtype=np.float64)


def _counted(present: pl.Series) -> list[tuple[str, int]]:
    """Values with at least ``LEAST`` rows, most frequent first, ties by name."""
    counts = present.value_counts()
    pairs = [(str(v), int(c)) for v, c in counts.iter_rows() if c >= LEAST]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def _moment(microseconds: float) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(microseconds))


def _iso(microseconds: float) -> str | None:
    try:
        return _moment(microseconds).isoformat(timespec="seconds")
    except OverflowError:
        return None


def _date_example(column: Column, middle: float) -> str | None:
    """A date as the bundle reads it: in the first of its own formats that comes back as a date."""
    parser = ColumnParser(spec_of(column))
    formats = [str(f) for op in column.operations for f in op.options.get("formats", ())]
    try:
        moment = _moment(middle).replace(microsecond=0)
    except OverflowError:
        return None
    for form in (*formats, "%Y-%m-%d"):
        text = moment.strftime(form)
        if isinstance(parser.text(text), int):
            return text
    return None
