"""CSV text to rows, twice: at once with polars where the text is regular, record by record where it is not.

Both give the same rows where the text is regular; the test of that is in tests/data/read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np
import polars as pl

from modelwright.data.read.dialect import Dialect
from modelwright.data.read.reader import BrokenRow

_NEWLINE, _RETURN = 10, 13
_LONGEST = 1000
"""Lines that one record may have; a quote still open then is taken for a stray one."""
_STUCK = 16 * 1024**2


def split_records(parts: Iterator[bytes], dialect: Dialect) -> Iterator[bytes]:
    """The same bytes in pieces that end where a record ends, each with a line end."""
    held: list[bytes] = []
    size, odd = 0, False
    quote = ord(dialect.quote)
    for part in parts:
        if dialect.old_mac:
            part = part.replace(b"\r", b"\n")
        cut = _last_end(part, quote, odd)
        odd ^= bool(part.count(dialect.quote.encode()) % 2)
        if cut < 0 and size + len(part) > _STUCK:
            part, held, size = b"".join([*held, part]), [], 0
            cut = part.rfind(b"\n")
            odd = bool(part.count(dialect.quote.encode(), cut + 1) % 2)
        if cut >= 0:
            yield b"".join([*held, part[: cut + 1]])
            held, size, part = [], 0, part[cut + 1 :]
        held.append(part)
        size += len(part)
    rest = b"".join(held)
    if rest:
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def _last_end(text: bytes, quote: int, odd: bool) -> int:
    """Place of the last line end outside quotes; -1 if there is none. ``odd``: a quote is open before it."""
    if quote not in text:
        return -1 if odd else text.rfind(b"\n")
    bytes_ = np.frombuffer(text, dtype=np.uint8)
    inside = np.logical_xor.accumulate(bytes_ == quote) ^ odd
    ends = np.flatnonzero((bytes_ == _NEWLINE) & ~inside)
    return int(ends[-1]) if len(ends) else -1


def first_end(text: bytes, quote: str) -> int:
    """Place of the first line end outside quotes; the end of the text if there is none."""
    start, odd = 0, False
    while True:
        end = text.find(b"\n", start)
        if end < 0:
            return len(text)
        odd ^= bool(text.count(quote.encode(), start, end) % 2)
        if not odd:
            return end
        start = end + 1


def is_regular(text: bytes, dialect: Dialect) -> bool:
    """Whether every record has the right number of fields and every quote stands where quotes stand."""
    if dialect.skip_space or dialect.wrapped or not text.endswith(b"\n") or b"\x00" in text:
        return False
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return False
    bytes_ = np.frombuffer(text, dtype=np.uint8)
    ends = bytes_ == _NEWLINE
    separators = bytes_ == ord(dialect.delimiter)
    quote = ord(dialect.quote)
    if quote in text:
        quotes = bytes_ == quote
        inside = np.logical_xor.accumulate(quotes)
        if inside[-1] or not _quotes_stand_right(bytes_, quotes, inside, dialect):
            return False
        ends &= ~inside
        separators &= ~inside
    places = np.flatnonzero(ends)
    begins = np.concatenate(([0], places[:-1] + 1))
    lengths = places - begins - ((places > begins) & (bytes_[np.maximum(places - 1, 0)] == _RETURN))
    if (lengths == 0).any():
        return False
    counted = np.searchsorted(np.flatnonzero(separators), places)
    return bool((np.diff(counted, prepend=0) == dialect.width - 1).all())


def _quotes_stand_right(
    bytes_: np.ndarray,
    quotes: np.ndarray,
    inside: np.ndarray,
    dialect: Dialect,
) -> bool:
    """Opening quotes follow a separator, a line end or a quote; closing ones stand before one."""
    places = np.flatnonzero(quotes)
    opening = places[inside[places]]
    closing = places[~inside[places]]
    around = (ord(dialect.delimiter), _NEWLINE, ord(dialect.quote))
    before = np.where(opening > 0, bytes_[np.maximum(opening - 1, 0)], _NEWLINE)
    after = bytes_[closing + 1]
    ends_line = (after == _RETURN) & (bytes_[np.minimum(closing + 2, len(bytes_) - 1)] == _NEWLINE)
    return bool(np.isin(before, around).all() and (np.isin(after, around) | ends_line).all())


def read_fast(text: bytes, names: list[str], dialect: Dialect) -> pl.DataFrame:
    """Rows of a regular text, every value as text; an empty field is an empty text."""
    frame = pl.read_csv(
        text,
        has_header=False,
        new_columns=names,
        infer_schema=False,
        separator=dialect.delimiter,
        quote_char=dialect.quote,
    )
    return frame.select(pl.all().fill_null("")) if sum(s.null_count() for s in frame) else frame


def read_slow(
    text: bytes, names: list[str], dialect: Dialect, source: str, line: int
) -> tuple[pl.DataFrame, list[BrokenRow]]:
    """Rows of any text, and its broken rows; ``line`` is the number of the text's first line."""
    lines = text.decode("utf-8", errors="replace").split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    if dialect.wrapped:
        from modelwright.data.read.dialect import unwrap

        lines = [unwrap(one) for one in lines]
    odd = [one.count(dialect.quote) % 2 == 1 for one in lines]
    rows: list[list[str]] = []
    broken: list[BrokenRow] = []
    place = 0
    while place < len(lines):
        if not lines[place].rstrip("\r"):
            place += 1
            continue
        fields, used, reason = _record(lines, odd, place, dialect)
        if fields is None:
            broken.append(BrokenRow(source, line + place, reason, lines[place].rstrip("\r")))
        else:
            rows.append(fields)
        place += used
    columns = {name: [row[k] for row in rows] for k, name in enumerate(names)}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String)), broken


def _record(
    lines: list[str], odd: list[bool], place: int, dialect: Dialect
) -> tuple[list[str] | None, int, str]:
    """The fields of the record that begins at a line, and how many lines it has; or why it is broken."""
    last = place
    if odd[place]:
        last += 1
        while last < len(lines) and not odd[last] and last - place < _LONGEST:
            last += 1
        if last >= len(lines) or not odd[last]:
            last = -1
    if last >= 0:
        fields = _fields(lines[place : last + 1], dialect)
        if fields is not None and len(fields) == dialect.width:
            return fields, last - place + 1, ""
    if last != place:
        # A stray quote, such as 5" pipe: the line may be whole by itself.
        alone = _fields(lines[place : place + 1], dialect)
        if alone is not None and len(alone) == dialect.width and not _left_open(lines[place], dialect):
            return alone, 1, ""
        if last < 0:
            return None, 1, "a quote is opened and never closed"
    fields = _fields(lines[place : place + 1], dialect)
    if fields is None:
        return None, 1, "it cannot be parted into fields"
    counted = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
    return None, 1, f"{counted} where {dialect.width} are expected"


def _fields(lines: list[str], dialect: Dialect) -> list[str] | None:
    ended = [one + "\n" for one in lines]
    ended[-1] = ended[-1].rstrip("\n").removesuffix("\r")
    try:
        made = list(
            csv.reader(
                ended,
                delimiter=dialect.delimiter,
                quotechar=dialect.quote,
                skipinitialspace=dialect.skip_space,
            )
        )
    except csv.Error:
        return None
    return made[0] if len(made) == 1 else None


def _left_open(line: str, dialect: Dialect) -> bool:
    try:
        list(
            csv.reader(
                [line.removesuffix("\r")],
                delimiter=dialect.delimiter,
                quotechar=dialect.quote,
                skipinitialspace=dialect.skip_space,
                strict=True,
            )
        )
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False
