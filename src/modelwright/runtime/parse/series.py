"""``series``: a sequence of numbers, of one channel or several, becomes a matrix of one form.

A cell is a list of numbers, a list of lists (one a channel, or one a step), an array, or the text of these:
``1 2 3``, ``1;2;3``, ``1, 2, 3``, ``[1, 2, 3]``, ``[[1, 2], [3, 4]]``. Options: ``channels``, ``steps``, and
``axis`` (``channels`` where the outer list holds channels, ``steps`` where it holds steps). The newest steps
are kept, at the end; what is not there (before a short sequence, or a gap in it) is NaN, which the networks
take for "not there".
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

LONGEST: Final = 4096
"""Steps a column has at most."""
MOST_CHANNELS: Final = 64
COVERED: Final = 0.98
"""Share of the cells that are not cut."""
MOST_TEXT: Final = 4_000_000
"""Characters of a text that is read."""
GAPS: Final = frozenset({"", "nan", "null", "none", "na", "n/a", "?", "-"})

_SPLIT = re.compile(r"[;,\s]+", re.ASCII)
_HOLES = re.compile(r"\s*[;,]\s*|\s+", re.ASCII)

Made = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of one cell. ``problem`` says why it cannot be read, and is empty otherwise."""

    problem: str = ""
    outer: int = 0
    """Lists in the outer list; 1 where it holds numbers."""
    inner: int = 0
    """Numbers in each of them."""
    gaps: float = 0.0
    """Share of numbers that are not there."""
    constant: bool = False


def form(options: dict[str, Any]) -> tuple[tuple[int, ...], str]:
    """Shape and dtype of one cell: float32 [channels, steps]."""
    return (int(options["channels"]), int(options["steps"])), "float32"


def build(options: dict[str, Any]) -> Callable[[Any], Made | None]:
    """The function from a cell to float32 [channels, steps]; ``None`` where it cannot be read, or has another
    number of channels than the column."""
    channels, steps = int(options["channels"]), int(options["steps"])
    turned = options.get("axis", "channels") == "steps"

    def read(cell: Any) -> Made | None:
        values = matrix(cell)
        if isinstance(values, str):
            return None
        if turned and values.shape[0] > 0 and not _flat(cell):
            values = values.T
        if values.shape[0] != channels or not values.shape[1]:
            return None
        made = np.full((channels, steps), np.nan, dtype=np.float32)
        kept = values[:, -steps:]
        with np.errstate(over="ignore"):
            made[:, steps - kept.shape[1] :] = kept
        made[~np.isfinite(made)] = np.nan
        return made if not np.isnan(made).all() else None

    return read


def _flat(cell: Any) -> bool:
    """Whether a cell is one list of numbers, which is one channel whatever the axis."""
    if isinstance(cell, str):
        return "[" not in cell.strip()[1:]
    if isinstance(cell, np.ndarray):
        return cell.ndim == 1
    return not any(isinstance(one, (list, tuple, np.ndarray)) for one in cell)


def matrix(cell: Any) -> Values | str:
    """float64 [outer, inner] with NaN for gaps, or why the cell cannot be read, for a person."""
    if cell is None:
        return "there is no sequence"
    if isinstance(cell, (bytes, bytearray)):
        cell = bytes(cell).decode("utf-8", errors="replace")
    if isinstance(cell, str):
        made = _text(cell)
        if isinstance(made, str):
            return made
        cell = made
    elif hasattr(cell, "to_list"):  # a list cell of polars
        cell = cell.to_list()
    if isinstance(cell, np.ndarray):
        if cell.dtype.kind not in "iufb" or cell.ndim not in (1, 2):
            return "this is not a sequence of numbers"
        values = np.atleast_2d(cell).astype(np.float64)
    elif isinstance(cell, (list, tuple)):
        if not cell:
            return "the sequence is empty"
        rows = cell if not _flat(cell) else [cell]
        if not all(isinstance(row, (list, tuple, np.ndarray)) for row in rows):
            return "some of the outer list are lists and some are numbers"
        if len({len(row) for row in rows}) > 1:
            return "the inner lists differ in length"
        lists: list[list[float]] = []
        for row in rows:
            numbers = [_number(value) for value in row]
            if any(number is None for number in numbers):
                return "some of the values are no numbers"
            lists.append([value for value in numbers if value is not None])
        values = np.array(lists, dtype=np.float64)
    else:
        return "this is not a sequence of numbers"
    if not values.size:
        return "the sequence is empty"
    values[~np.isfinite(values)] = np.nan
    return "none of the values is there" if np.isnan(values).all() else values


def _text(text: str) -> Sequence[Any] | str:
    text = text.strip()
    if not text:
        return "the text is empty"
    if len(text) > MOST_TEXT:
        return f"the text has {len(text)} characters, more than {MOST_TEXT}"
    if text[0] in "[(" and text[-1] in "])":
        try:
            found = json.loads(_json(text))
        except (ValueError, RecursionError):
            return "the text is not a list of numbers"
        return found if isinstance(found, list) else "the text is not a list of numbers"
    if ";" in text and "," in text:
        # "1,5;2,5": the comma is the decimal mark.
        return [part.strip().replace(",", ".") for part in text.split(";")]
    return _HOLES.split(text) if ";" in text or "," in text else _SPLIT.split(text)


def _json(text: str) -> str:
    """JSON of a list as Python or numpy print it: round brackets, NaN written in several ways."""
    text = text.replace("(", "[").replace(")", "]")
    text = re.sub(r"\b(?:nan|none|null|na)\b", "null", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[\d.\]l])\s+(?=[-+\d.\[n])", ", ", text)  # as numpy prints: no commas
    text = re.sub(r"(?<=\d)\.(?=[\s,\]])", ".0", text)
    return re.sub(r",\s*\]", "]", text)


def _number(value: Any) -> float | None:
    """A double; NaN for a gap; ``None`` where there is something else."""
    if value is None:
        return math.nan
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        try:
            return float(value)
        except OverflowError:
            return math.nan
    if isinstance(value, str):
        text = value.strip()
        if text.casefold() in GAPS:
            return math.nan
        if "_" in text:
            return None
        try:
            return float(text)
        except ValueError:
            return None
    return None


def look(cell: Any) -> Look:
    """The facts of a cell. Never fails."""
    values = matrix(cell)
    if isinstance(values, str):
        return Look(values)
    there = values[~np.isnan(values)]
    gaps = 1.0 - there.size / values.size
    return Look("", values.shape[0], values.shape[1], gaps, bool(there.min() == there.max()))


def plan(cells: Iterable[Any]) -> dict[str, Any]:
    """The one form of a column, from its cells: see :func:`plan_of`."""
    return plan_of([look(cell) for cell in cells])


def plan_of(looks: Iterable[Look]) -> dict[str, Any]:
    """``axis``: the dimension that is the same in all cells holds the channels (the smaller, where both are);
    ``channels``: the most frequent; ``steps``: as many as 98% of the cells have, 4,096 at most."""
    read = [one for one in looks if not one.problem]
    if not read:
        return {"channels": 1, "steps": 1, "axis": "channels"}
    outer, inner = Counter(one.outer for one in read), Counter(one.inner for one in read)
    common_outer = min(outer, key=lambda value: (-outer[value], value))
    common_inner = min(inner, key=lambda value: (-inner[value], value))
    steadier = inner[common_inner] - outer[common_outer]
    turned = common_outer > 1 and (
        common_inner <= MOST_CHANNELS and (steadier > 0 or (steadier == 0 and common_inner < common_outer))
    )
    if common_outer > MOST_CHANNELS:
        turned = True
    channels = common_inner if turned else common_outer
    lengths = [one.outer if turned else one.inner for one in read]
    steps = int(np.quantile(lengths, COVERED, method="higher"))
    return {
        "channels": channels,
        "steps": min(LONGEST, max(1, steps)),
        "axis": "steps" if turned else "channels",
    }
