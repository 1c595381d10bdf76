"""Rows whose picture, sound or series is there and cannot be used: they are broken, as a server refuses them,
and not rows with something missing. A model that never met a missing picture would answer anything to one."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from modelwright.core.errors import BadData
from modelwright.live.serve.media import why
from modelwright.runtime import Model
from modelwright.runtime.parse import MEDIA

if TYPE_CHECKING:
    import polars as pl

    from modelwright.data.read.reader import BrokenRow

ROWS = 250
"""Rows of files in memory at a time: each may be megabytes before it is read, and its array large after."""


def unusable(
    model: Model, named: pl.DataFrame, given: pl.DataFrame, ready: pl.DataFrame, source: str, before: int
) -> dict[int, BrokenRow]:
    """The rows that cannot be answered, by their position in the frame.

    ``given`` holds the cells, ``named`` what the ``source`` had in their place (the same, or file names);
    ``before`` rows of the source came earlier.
    """
    # Not at the top: an image that serves has the commands, and nothing of reading data.
    from modelwright.data.read.attach import absent
    from modelwright.data.read.reader import BrokenRow

    found: dict[int, BrokenRow] = {}
    for tensor in model.tensors.tensors:
        if tensor.kind not in MEDIA:
            continue
        lost = given[tensor.name].is_not_null() & ready[tensor.name].is_null()
        for at in lost.arg_true().to_list():
            cell = given[tensor.name][at]
            name = named[tensor.name][at]
            text = name if isinstance(name, str) else _beside(named, at)
            if isinstance(cell, (str, bytes)) and not cell[:64].strip():
                if name is None or (isinstance(name, str) and not name.strip()):
                    continue  # nothing was given
                said = "there is nothing in the file"
            elif isinstance(name, str) and cell == name.encode():
                said = absent(name, source)
            else:
                said = why(tensor, _plain(cell))
            reason = f"{tensor.name!r} cannot be used: {said}"
            found.setdefault(at, BrokenRow(PurePath(source).name, before + at + 1, reason, text[:200]))
    return found


def refuse(row: BrokenRow) -> BadData:
    what = f" ({row.text})" if row.text else ""
    return BadData(
        f"{row.source}, row {row.line}{what}: {row.reason}",
        code="predict.broken-row",
        hint="mend the file, or keep broken rows aside with --quarantine FILE",
    )


def _plain(cell: Any) -> Any:
    return cell.to_list() if hasattr(cell, "to_list") else cell


def _beside(frame: pl.DataFrame, at: int) -> str:
    """The name of the file, where the reader of folders told it."""
    value = frame["file"][at] if "file" in frame.columns else ""
    return value if isinstance(value, str) else ""
