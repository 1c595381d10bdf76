"""A few numbers that say how cells of media are spread: for drift, for logs and for tables, never the cell.

They are taken from the array that the graph sees, so that training, serving and watching measure the same
thing whatever file it came in. Each is cheap, bounded and means something to a person.

====== ============= ==========================================================================
image  brightness    mean grey level, 0 (black) to 255 (white); luma weights of ITU-R BT.601
       contrast      standard deviation of the grey levels
       sharpness     mean absolute difference of neighbouring grey levels
       colourfulness mean distance between a pixel's largest and smallest channel; colour alone
audio  loudness      root mean square in decibels of full scale, -100 at least
       peak          the largest sample in decibels of full scale, -100 at least
       silence       share of the samples below -60 dB of full scale
       crossings     share of neighbouring samples between which the sign changes
series level         mean of what is there
       spread        standard deviation of what is there
       roughness     mean absolute difference of neighbouring steps
       gaps          share of the steps that are not there
====== ============= ==========================================================================
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.runtime.signature import Tensor

Floats = npt.NDArray[np.float64]
FLOOR: Final = -100.0
"""Decibels of silence."""
_QUIET: Final = 32.768
"""Samples below it are 60 dB below full scale."""
_AT_ONCE: Final = 4_000_000
"""Values that are measured in one piece; bounds the memory."""


def names(tensor: Tensor) -> tuple[str, ...]:
    """What is measured of the column's cells, in the order of :func:`measure`."""
    if tensor.kind == "image":
        grey = ("brightness", "contrast", "sharpness")
        return (*grey, "colourfulness") if tensor.shape[0] == 3 else grey
    if tensor.kind == "audio":
        return ("loudness", "peak", "silence", "crossings")
    return ("level", "spread", "roughness", "gaps") if tensor.kind == "series" else ()


def called(measure: str, column: str) -> str:
    """The name of a column's measure among other columns: "brightness of image"."""
    return f"{measure} of {column}"


def columns(tensor: Tensor) -> tuple[str, ...]:
    """Names of the measures, as columns of numbers."""
    return tuple(called(name, tensor.name) for name in names(tensor))


def measure(tensor: Tensor, cells: npt.NDArray[Any], missing: npt.NDArray[np.bool_] | None = None) -> Floats:
    """float64 [n, k] of cells [n, *shape]; NaN for missing cells (bool [n])."""
    n = len(cells)
    made = np.full((n, len(names(tensor))), np.nan)
    of = {"image": _images, "audio": _sounds, "series": _series}.get(tensor.kind)
    if of is None:
        return made
    there = np.arange(n) if missing is None else np.flatnonzero(~missing)
    size = max(1, _AT_ONCE // max(tensor.size, 1))
    for at in range(0, len(there), size):
        some = there[at : at + size]
        made[some] = of(np.ascontiguousarray(cells[some]))
    return made


def _images(cells: npt.NDArray[Any]) -> Floats:
    pixels = cells.astype(np.float32)
    if cells.shape[1] == 3:
        grey = 0.299 * pixels[:, 0] + 0.587 * pixels[:, 1] + 0.114 * pixels[:, 2]
    else:
        grey = pixels[:, 0]
    told = [grey.mean(axis=(1, 2)), grey.std(axis=(1, 2)), _steps(grey)]
    if cells.shape[1] == 3:
        told.append((pixels.max(axis=1) - pixels.min(axis=1)).mean(axis=(1, 2)))
    return np.stack(told, axis=1).astype(np.float64)


def _steps(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Mean absolute difference of neighbours, sideways and downwards."""
    total = np.zeros(len(grey), dtype=np.float32)
    pairs = 0
    for axis in (1, 2):
        if grey.shape[axis] > 1:
            apart = np.abs(np.diff(grey, axis=axis))
            total += apart.sum(axis=(1, 2))
            pairs += apart[0].size
    made: npt.NDArray[np.float32] = (total / max(pairs, 1)).astype(np.float32)
    return made


def _sounds(cells: npt.NDArray[Any]) -> Floats:
    heard = cells.astype(np.float32)
    loud = np.sqrt(np.square(heard, dtype=np.float64).mean(axis=1))
    size = np.abs(heard)
    sign = heard >= 0
    crossings = (sign[:, 1:] != sign[:, :-1]).mean(axis=1) if heard.shape[1] > 1 else np.zeros(len(heard))
    told = [_decibels(loud), _decibels(size.max(axis=1)), (size < _QUIET).mean(axis=1), crossings]
    return np.stack(told, axis=1).astype(np.float64)


def _decibels(amplitude: npt.NDArray[Any]) -> Floats:
    share = np.asarray(amplitude, dtype=np.float64) / 32768.0
    return np.asarray(20.0 * np.log10(np.maximum(share, 10.0 ** (FLOOR / 20.0))))


def _series(cells: npt.NDArray[Any]) -> Floats:
    values = cells.astype(np.float64)
    gone = np.isnan(values)
    there = np.maximum((~gone).sum(axis=(1, 2)), 1)
    filled = np.where(gone, 0.0, values)
    level = filled.sum(axis=(1, 2)) / there
    away = np.where(gone, 0.0, values - level[:, None, None])
    spread = np.sqrt(np.square(away).sum(axis=(1, 2)) / there)
    apart = np.abs(np.diff(values, axis=2))
    known = ~np.isnan(apart)
    rough = np.where(known, apart, 0.0).sum(axis=(1, 2)) / np.maximum(known.sum(axis=(1, 2)), 1)
    return np.stack([level, spread, rough, gone.mean(axis=(1, 2))], axis=1)
