"""A column of images, sounds or series: the one form that its cells get, and what is told of the others."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import polars as pl

from modelwright.core.records.data import CleanOperation
from modelwright.data.clean.infer.notes import Note
from modelwright.data.media import Media


def inspect(series: pl.Series, kind: Media) -> tuple[dict[str, Any], list[Note]]:
    """Options of the operation of that name for the column's cells, and findings about them."""
    options: dict[str, Any] = import_module(f"modelwright.runtime.parse.{kind}").plan(series.drop_nulls())
    return options, []


def operation(kind: Media, options: dict[str, Any], read: int) -> CleanOperation:
    """The one operation of the column's recipe, in a sentence."""
    return CleanOperation(kind, options, sentence(kind, options), read)


def sentence(kind: Media, options: dict[str, Any]) -> str:
    """What becomes of every cell."""
    if kind == "image":
        colours = "grey" if options["mode"] == "L" else "colour"
        return f"Read images as {colours}, {options['width']} x {options['height']} pixels"
    shape, _ = import_module(f"modelwright.runtime.parse.{kind}").form(options)
    if kind == "audio":
        return f"Read sounds as one channel of {shape[0]:,} samples at {options['rate']:,} Hz"
    return f"Read series as {shape[0]} x {shape[1]} numbers (channels x steps)"
