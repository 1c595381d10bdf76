"""A contact sheet: a few pictures of each class, side by side, as a model will see them."""

from __future__ import annotations

import base64
import io

import numpy as np
import numpy.typing as npt
import polars as pl

from modelwright.core.records.data import Column, Labelled
from modelwright.core.records.pictures import Gallery, Picture
from modelwright.data.label import TARGET
from modelwright.runtime.parse import image

ACROSS = 8
CLASSES = 24
SIDE = 64
"""Pixels of the longer side of one picture."""
_SALT = 0xC0217AC7
_GAP = 2


def contact_sheet(labelled: Labelled, column: Column) -> Gallery | None:
    """A strip of up to 8 pictures, drawn by lot, for each of the 24 largest classes; of numbers, for each

    quarter of the target's values. None where no picture is there.
    """
    frame: pl.DataFrame = labelled.table.get()
    shape, _ = image.form(column.operations[-1].options)
    known = frame[column.name].is_not_null().to_numpy()
    groups = _groups(labelled, frame[TARGET], known)
    rng = np.random.default_rng(_SALT)
    pictures, rows = [], []
    for name, places in groups:
        chosen = np.sort(rng.permutation(places)[:ACROSS])
        cells = frame[column.name].gather(chosen.tolist()).explode().to_numpy().reshape(-1, *shape)
        data, width, height = _strip(cells)
        words = f"{name}: {len(places):,} images"
        pictures.append(Picture(f"{len(chosen)} images of {name}", words, data, width, height))
        rows.append((name, len(places), round(len(places) / max(1, int(known.sum())), 4)))
    if not pictures:
        return None
    left = len(labelled.classes) - len(groups) if labelled.classes else 0
    return Gallery(
        f"contact-sheet.{column.name}",
        f"Images of {column.name}",
        tuple(pictures),
        f"Drawn by lot, {shape[2]} x {shape[1]} pixels, as the models see them."
        + (f" {left} smaller classes are not shown." if left > 0 else ""),
        (labelled.target, "images", "share"),
        tuple(rows),
        across=1,
    )


def _groups(
    labelled: Labelled, target: pl.Series, known: npt.NDArray[np.bool_]
) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Names and places of rows, largest first for classes, in their order for numbers."""
    values = target.to_numpy()
    if labelled.classes:
        found = [
            (name, np.flatnonzero(known & (values == code))) for code, name in enumerate(labelled.classes)
        ]
        found.sort(key=lambda group: -len(group[1]))
        return [group for group in found[:CLASSES] if len(group[1])]
    edges = np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0))
    made = []
    for low, high, last in zip(edges[:-1], edges[1:], (False, False, False, True), strict=True):
        inside = (values >= low) & ((values <= high) if last else (values < high))
        if len(places := np.flatnonzero(known & inside)):
            made.append((f"{labelled.target} of {low:.4g} to {high:.4g}", places))
    return made


def _strip(cells: npt.NDArray[np.uint8]) -> tuple[str, int, int]:
    """Pictures [n, channels, height, width] side by side: the address of their data, width and height."""
    from PIL import Image

    n, channels, height, width = cells.shape
    scale = SIDE / max(height, width)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    strip = Image.new("RGB", (n * (across + _GAP) - _GAP, down), (255, 255, 255))
    for k, cell in enumerate(cells):
        one = Image.fromarray(cell[0] if channels == 1 else np.ascontiguousarray(cell.transpose(1, 2, 0)))
        how = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR
        strip.paste(one.convert("RGB").resize((across, down), how), (k * (across + _GAP), 0))
    out = io.BytesIO()
    strip.save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode(), strip.width, strip.height
