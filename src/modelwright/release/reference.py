"""``reference.json``: what the data and the predictions looked like at release, to see drift by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelwright.core.records.data import Development
from modelwright.features.typed import from_frame
from modelwright.release.columns import reference as column_reference
from modelwright.release.histogram import LEAST, histogram
from modelwright.release.joint import joint
from modelwright.runtime.parse import MEDIA, measures
from modelwright.runtime.session import open_graph
from modelwright.runtime.signature import Signature

if TYPE_CHECKING:
    import polars as pl

VERSION = 2
"""2 adds ``joint``; bundles of version 1 are watched without it."""
ROWS = 50_000
"""Rows that are predicted at most; a histogram of twenty bins gains nothing from more."""
CHUNK = 8192


def build(
    development: Development, signature: Signature, graph: bytes, personal: frozenset[str]
) -> dict[str, Any]:
    """Histograms of the input columns over all development rows, and of the shipped graph's predictions.

    Predictions are those of validation rows where a part of the rows was held for that (the members may
    have been fitted on them again, and be a little surer than on new rows), else of all development rows.
    """
    frame: pl.DataFrame = development.table.get()
    columns = {
        column.name: column_reference(column, frame[column.name], column.name in personal)
        for column in development.columns
        if column.is_input
    }
    return {
        "version": VERSION,
        "rows": frame.height,
        "of": "development rows",
        "least": LEAST,
        "columns": columns,
        "joint": _joint(frame, development, signature, personal),
        "predictions": _predictions(frame, development, signature, graph),
    }


def _joint(
    frame: pl.DataFrame, development: Development, signature: Signature, personal: frozenset[str]
) -> dict[str, Any]:
    """How the input columns go together; what is personal has no part in it."""
    typed = from_frame(frame, signature)
    held = {
        **{name: typed.numbers[:, j] for j, name in enumerate(signature.numbers)},
        **{name: typed.strings[:, j] for j, name in enumerate(signature.strings)},
        **{name: typed.times[:, j] for j, name in enumerate(signature.times)},
    }
    inputs = [c for c in development.columns if c.is_input and c.name not in personal]
    kinds: dict[str, str] = {c.name: c.kind for c in inputs if c.kind not in MEDIA}
    for tensor, cells in zip(signature.tensors, typed.tensors, strict=True):
        if tensor.name not in personal:
            found = measures.measure(tensor, cells, frame[tensor.name].is_null().to_numpy())
            for j, name in enumerate(measures.columns(tensor)):
                held[name] = found[:, j]
                kinds[name] = "number"
    return joint({name: held[name] for name in kinds}, kinds)


def _predictions(
    frame: pl.DataFrame, development: Development, signature: Signature, graph: bytes
) -> dict[str, Any]:
    of = "development rows"
    if development.scheme == "holdout":
        held = frame.filter(frame["__fold__"] == 1)
        if held.height >= 200:
            frame, of = held, "validation rows"
    if frame.height > ROWS:
        frame = frame.gather_every(-(-frame.height // ROWS))
    session = open_graph(graph)
    wanted = [i.name for i in session.get_inputs()]
    names = ["probabilities", "label"] if development.classes else ["value"]
    typed = from_frame(frame, signature)
    parts = []
    size = signature.at_once(CHUNK)
    for at in range(0, typed.rows, size):
        feeds = typed.take(slice(at, at + size)).feeds()
        parts.append(session.run(names, {name: feeds[name] for name in wanted}))
    answers = [np.concatenate(column) for column in zip(*parts, strict=True)]
    told: dict[str, Any] = {"rows": frame.height, "of": of}
    if not development.classes:
        return {**told, **histogram(answers[0].astype(np.float64)).to_json()}
    counts = np.bincount(answers[1], minlength=len(development.classes))
    return {
        **told,
        "labels": {name: int(n) for name, n in zip(development.classes, counts, strict=True)},
        "probabilities": {
            name: histogram(answers[0][:, code].astype(np.float64)).to_json()
            for code, name in enumerate(development.classes)
        },
    }
