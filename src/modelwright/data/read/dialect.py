"""How a CSV file is written: delimiter, quote, line ends, header; found from its beginning."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from dataclasses import dataclass, replace

from modelwright.runtime.parse.number import PLAIN

# In a tie the rarer ones win: a comma is often inside values (decimal commas, texts), a tab hardly ever.
DELIMITERS = ("\t", ";", "|", ",")
NAMES = {"\t": "tab", ";": "semicolon", "|": "pipe", ",": "comma"}
_RECORDS = 300


@dataclass(frozen=True, slots=True)
class Dialect:
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    width: int = 1
    row_names: bool = False
    """The header has one name less than rows have fields: the first field is a row name (R writes so)."""
    skip_space: bool = False
    """A space after the delimiter stands before quotes: ``"a", "b"``."""
    old_mac: bool = False
    """Lines end in a lone carriage return."""
    wrapped: bool = False
    """Each line is one quoted cell that holds the real line (a CSV saved as CSV once more)."""


def find(sample: str, whole: bool) -> Dialect:
    """The dialect of a text from its first lines; ``whole``: the sample is the whole file."""
    old_mac = "\n" not in sample and "\r" in sample
    if old_mac:
        sample = sample.replace("\r", "\n")
    if not whole and "\n" in sample:
        sample = sample[: sample.rindex("\n") + 1]
    found = _delimited(sample)
    if found.width == 1:
        lines = [line for line in sample.splitlines() if line.strip()][:_RECORDS]
        if lines and all(len(line) > 1 and line[0] == line[-1] == '"' for line in lines):
            inner = _delimited("\n".join(unwrap(line) for line in lines))
            if inner.width > 1:
                found = replace(inner, wrapped=True)
    return replace(found, old_mac=old_mac)


def unwrap(line: str) -> str:
    """The line inside a cell that holds a line."""
    line = line.rstrip("\r")
    return line[1:-1].replace('""', '"') if len(line) > 1 and line[0] == line[-1] == '"' else line


def records(sample: str, dialect: Dialect) -> list[list[str]]:
    """The first records of a sample, without blank ones."""
    made: list[list[str]] = []
    reader = csv.reader(
        sample.splitlines(keepends=True),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        skipinitialspace=dialect.skip_space,
    )
    try:
        for record in reader:
            if record:
                made.append(record)
            if len(made) >= _RECORDS:
                break
    except csv.Error:
        pass
    return made


def _delimited(sample: str) -> Dialect:
    best: tuple[tuple[bool, float, int], Dialect, list[list[str]]] | None = None
    for delimiter in DELIMITERS:
        quote = '"'
        if '"' not in sample and sample.count(f"'{delimiter}'") > sample.count("\n") // 2 > 0:
            quote = "'"
        skip_space = f"{quote}{delimiter} {quote}" in sample
        tried = Dialect(delimiter, quote, skip_space=skip_space)
        rows = records(sample, tried)
        if not rows:
            continue
        widths = Counter(len(row) for row in (rows[1:] or rows))
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        if width == 1 and max(len(row) for row in rows) > 1:
            continue
        share = count / len(rows[1:] or rows)
        fits = len(rows[0]) in (width, width - 1) and width > 1
        # A mark inside of every cell of a text splits as evenly, but leaves the header whole.
        exact = len(rows[0]) == width
        score = (fits, round(share, 1) if fits else 0.0, int(exact) if fits else width)
        if width > 1 and (best is None or score > best[0]):
            best = (score, replace(tried, width=width), rows)
    if best is None:
        only = Dialect(",")
        rows = records(sample, only)
        return replace(only, header=has_header(rows), width=1)
    _, dialect, rows = best
    row_names = len(rows[0]) == dialect.width - 1 and len(rows) > 1
    return replace(dialect, header=row_names or has_header(rows), row_names=row_names)


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first record names the columns.

    It does not if a cell of it is a number (unless they are years that go up), or if its cells come again
    below; a file of words alone is taken to have names.
    """
    if not rows:
        return False
    first, body = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    cells = [cell.strip() for cell in first]
    numbers = [cell for cell in cells if PLAIN.fullmatch(cell)]
    if numbers:
        years = [int(n) for n in numbers if n.isdigit() and 1900 <= int(n) <= 2100]
        going_up = all(a < b for a, b in itertools.pairwise(years))
        if len(numbers) == len(cells) or len(years) < len(numbers) or len(years) < 2 or not going_up:
            return False
    if not body:
        return True
    for place in range(len(first)):
        column = [row[place].strip() for row in body if row[place].strip()]
        if column and cells[place] and sum(1 for c in column if PLAIN.fullmatch(c)) >= 0.8 * len(column):
            return True
    named = [place for place, cell in enumerate(cells) if cell]
    again = sum(1 for place in named if any(row[place].strip() == cells[place] for row in body))
    return again * 2 < max(1, len(named))
