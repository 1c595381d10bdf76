"""What predictions cost, through the door that users call: a bundle's model, built here from its parts."""

from __future__ import annotations

import datetime as dt
import gc
import json
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.records.data import Development
from modelwright.core.records.evidence import Estimate
from modelwright.core.records.models import Compressed
from modelwright.data.clean.apply import preprocess_of
from modelwright.evidence.estimate import estimate_calls, estimate_exact
from modelwright.evidence.showing import as_given
from modelwright.evidence.testing.answers import Opened
from modelwright.goal.metrics import metric as spec_of
from modelwright.models.rows import signature_of
from modelwright.runtime.bundle import Bundle
from modelwright.runtime.model import Model

CALLS = 600
"""Enough for a bounded interval of the 99th percentile (368 at 95%, 473 at 98%)."""
WARM = 50
BATCH = 2000
BATCHES = 3
SECONDS = 2.0
"""What a batch may take: of a model that is slow, fewer rows are timed at once."""


def served(development: Development, compressed: Compressed) -> Model:
    """The model as its bundle will answer: parsing, graph and classes. Raises ``BadBundle`` where a release
    would."""
    inputs = [c for c in development.columns if c.is_input]
    manifest: dict[str, Any] = {
        "problem": development.problem,
        "classes": list(development.classes),
        "threshold": compressed.threshold,
        "inputs": [{"name": c.name, "kind": c.kind} for c in inputs],
        "outputs": [],
        "tensors": signature_of(development).to_json(),
    }
    preprocess = json.dumps(preprocess_of(inputs).to_json()).encode()
    files = {"model.onnx": compressed.graph.get(), "preprocess.json": preprocess}
    return Model(Bundle("under test", manifest, files, "not signed"), threads=1)


def plain_rows(rows: Opened, names: tuple[str, ...], most: int) -> list[dict[str, Any]]:
    """Rows as users give them: one dict a row, numbers, text, datetimes, files of media and None."""
    columns = plain_columns(rows, names, most)
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def plain_columns(rows: Opened, names: tuple[str, ...], most: int) -> dict[str, list[Any]]:
    """The same rows column by column."""
    signature = rows.typed.signature
    media = {tensor.name: place for place, tensor in enumerate(signature.tensors)}
    made: dict[str, list[Any]] = {}
    for name in names:
        if name in media:
            place = media[name]
            cells = rows.typed.tensors[place][:most]
            made[name] = [as_given(cell, signature.tensors[place]) for cell in cells]
        else:
            values = rows.frame[name][:most].to_list()
            made[name] = [_moment(v) for v in values] if name in signature.times else values
    return made


def _moment(microseconds: int | None) -> dt.datetime | None:
    if microseconds is None:
        return None
    try:
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
    except OverflowError:
        return None


class Cost:
    """Times a model on real rows, once: criteria and the book share the same calls."""

    def __init__(self, development: Development, compressed: Compressed, rows: Opened) -> None:
        self._development = development
        self._compressed = compressed
        self._rows = rows
        self._calls: npt.NDArray[np.float64] | None = None
        self._model: Model | None = None

    @property
    def model(self) -> Model:
        if self._model is None:
            self._model = served(self._development, self._compressed)
        return self._model

    def calls(self) -> npt.NDArray[np.float64]:
        """Seconds of single-row predictions, each a dict of plain values in and all answers out, in this
        process on one thread: [600]; empty without test rows. The rows are real and different, so that no
        cache makes a call cheaper than a user's."""
        if self._calls is not None:
            return self._calls
        if self._rows.rows == 0:
            self._calls = np.empty(0)
            return self._calls
        model = self.model
        singles = plain_rows(self._rows, model.signature.names, CALLS)
        for i in range(WARM):
            model.predict_all(singles[i % len(singles)])
        seconds = np.empty(CALLS)
        collected = gc.isenabled()
        gc.disable()
        try:
            for i in range(CALLS):
                row = singles[i % len(singles)]
                began = time.perf_counter()
                model.predict_all(row)
                seconds[i] = time.perf_counter() - began
        finally:
            if collected:
                gc.enable()
        self._calls = seconds
        return seconds

    def throughput(self) -> tuple[float, int]:
        """Rows a second of the fastest of a few batches of columns, on one thread, and rows a batch."""
        model, rows = self.model, min(self._rows.rows, BATCH)
        rows = max(1, min(rows, int(SECONDS / max(float(np.median(self.calls())), 1e-9))))
        columns: dict[str, Any] = plain_columns(self._rows, model.signature.names, rows)
        best = float("inf")
        for _ in range(BATCHES):
            began = time.perf_counter()
            model.predict_all(columns)
            best = min(best, time.perf_counter() - began)
        return rows / best, rows


def report(cost: Cost, size: int, level: float, book: Book) -> None:
    """Latency, throughput and size, into the book alone: a time never decides what is written of a run whose
    goal does not ask for it."""
    for name in ("latency_p50", "latency_p99"):
        book.metric(
            name, estimate_calls(spec_of(name), cost.calls(), level=level), about="single rows", unit="s"
        )
    rate, rows = cost.throughput()
    how = f"fastest of {BATCHES} batches on one thread"
    nothing = float("nan")
    book.metric(
        "throughput", Estimate(rate, nothing, nothing, rows, level, how), about="batches", unit="rows/s"
    )
    book.metric("size", estimate_exact(float(size), level=level), about="graph", unit="bytes")
