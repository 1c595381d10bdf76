"""Small files that speak of rows of the data: read whole, each line finding its row."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import polars as pl

from modelwright.core.errors import BadData

MOST_BYTES = 256 * 10**6

Bad = Callable[[str, str], BadData]
"""From a message and a hint to the error with the code of who asks."""


def lines_of(path: str, bad: Bad) -> tuple[list[dict[str, str]], list[str]]:
    """The lines of a CSV (in UTF-8) by the names of its columns, and these names."""
    file = Path(path)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise bad(f"{file.name} has more than {MOST_BYTES // 10**6} MB", "keep the lines that matter")
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            lines = list(reader)
            return lines, list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise bad(
            f"{file.name} cannot be read: {why}", "check the path, and that it is CSV in UTF-8"
        ) from error


def naming(
    name: str, columns: list[str], keys: tuple[str, ...], table: pl.DataFrame, bad: Bad
) -> Callable[[dict[str, str], int], int]:
    """What finds the row of a line (and its number, for messages): by ``row``, counted from 0 as collected,
    or by all ``keys`` of the goal. Raises what ``bad`` makes where neither is there; so does the finder for a
    row that there is not."""
    if "row" in columns:
        return _by_number(name, table.height, bad)
    if keys and all(k in columns for k in keys):
        return _by_keys(name, keys, table, bad)
    wanted = f"`row`, or the keys {', '.join(keys)}" if keys else "`row`, or name data.keys in the goal"
    raise bad(f"{name} does not say which rows it speaks of", f"give it a column {wanted}")


def _by_number(name: str, rows: int, bad: Bad) -> Callable[[dict[str, str], int], int]:
    def row_of(line: dict[str, str], number: int) -> int:
        text = (line["row"] or "").strip()
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise bad(f"{name}, line {number}: {text[:40]!r} is no row", "rows are counted from 0")
        if int(text) >= rows:
            raise bad(f"{name}, line {number}: there is no row {int(text)}; there are {rows}", "count from 0")
        return int(text)

    return row_of


def _by_keys(
    name: str, keys: tuple[str, ...], table: pl.DataFrame, bad: Bad
) -> Callable[[dict[str, str], int], int]:
    missing = [k for k in keys if k not in table.columns]
    if missing:
        raise bad(f"there is no column {missing[0]!r} to find rows by", "check data.keys")
    columns = [table[k].cast(pl.String).to_list() for k in keys]
    places: dict[tuple[str | None, ...], int] = {}
    twice = set()
    for place, values in enumerate(zip(*columns, strict=True)):
        if values in places:
            twice.add(values)
        places[values] = place

    def row_of(line: dict[str, str], number: int) -> int:
        values = tuple(line[k] for k in keys)
        shown = ", ".join(f"{k}={v!r}" for k, v in zip(keys, values, strict=True))
        if values in twice:
            raise bad(f"{name}, line {number}: several rows have {shown}", "name rows by a column `row`")
        if values not in places:
            raise bad(f"{name}, line {number}: no row has {shown}", "check the line, or leave it out")
        return places[values]

    return row_of
