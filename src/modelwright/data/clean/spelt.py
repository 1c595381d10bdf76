"""What is told of spelling variants: what was written as one, and what is put to the person."""

from __future__ import annotations

import json
from collections.abc import Sequence

from modelwright.core.book import Book
from modelwright.core.records.evidence import Table
from modelwright.data.clean.infer.variants import Variant, Variants

Line = tuple[str | float | int | None, ...]
HEAD = ("column", "written", "cells", "read as", "cells before", "cells after", "how", "state")
MOST_LINES = 400
_SHOWN = 5


def tell(name: str, found: Variants, book: Book) -> list[Line]:
    """Findings on one column; gives the lines of the table on it."""
    if found.merged:
        book.finding(
            "clean.variants",
            "note",
            f"{_many(found.merged, 'spelling')} of {_values(found.merged)} in {name!r} "
            f"{_be(found.merged)} written as one: "
            f"{_shown(found.merged)}.",
            "If one is a value of its own, say so: "
            f"`columns: {{{name}: {{spellings: {_yaml(found.merged[:1], own=True)}}}}}`, or "
            f'`clean: {{off: ["variants:{name}"]}}`.',
            column=name,
            numbers={"values": float(len(found.merged)), "cells": float(sum(v.rows for v in found.merged))},
        )
    if found.proposed:
        book.finding(
            "clean.variants-proposed",
            "warning" if any(v.how != "misspelling" for v in found.proposed) else "note",
            f"{_many(found.proposed, 'value')} of {name!r} may be other spellings of "
            f"{_values(found.proposed)}, and {_left(found.proposed)}: {_shown(found.proposed)}.",
            f"Confirm with `columns: {{{name}: {{spellings: {_yaml(found.proposed[:_SHOWN])}}}}}` (or all of "
            f"them: `columns: {{{name}: {{variants: all}}}}`); say that a value is one of its own by naming "
            "it for itself.",
            column=name,
            numbers={
                "values": float(len(found.proposed)),
                "cells": float(sum(v.rows for v in found.proposed)),
            },
        )
    return [*_lines(name, found.merged, "written as one"), *_lines(name, found.proposed, "left, proposed")]


def table(lines: Sequence[Line], book: Book) -> None:
    """The table of all columns, where there is anything to show."""
    if lines:
        more = len(lines) - MOST_LINES
        note = "Cells after cleaning count all spellings of the value." + (
            f" {more:,} more lines are not shown." if more > 0 else ""
        )
        book.table(Table("clean.variants", "Spelling variants", HEAD, tuple(lines[:MOST_LINES]), note))


def _lines(name: str, found: Sequence[Variant], state: str) -> list[Line]:
    gained: dict[str, int] = {}
    for v in found:
        gained[v.to] = gained.get(v.to, 0) + v.rows
    left = state != "written as one"
    return [
        (name, v.text, v.rows, v.to, v.to_rows, v.to_rows + (0 if left else gained[v.to]), v.how, state)
        for v in found
    ]


def _many(found: Sequence[Variant], word: str) -> str:
    return f"1 {word}" if len(found) == 1 else f"{len(found):,} {word}s"


def _be(found: Sequence[Variant]) -> str:
    return "was" if len(found) == 1 else "were"


def _left(found: Sequence[Variant]) -> str:
    return "was left as it is" if len(found) == 1 else "were left as they are"


def _values(found: Sequence[Variant]) -> str:
    count = len({v.to for v in found})
    return "1 value" if count == 1 else f"{count:,} values"


def _shown(found: Sequence[Variant]) -> str:
    several = sorted(found, key=lambda v: (-v.rows, v.text))
    said = [f"{v.text!r} ({v.rows:,}) as {v.to!r} ({v.to_rows:,})" for v in several[:_SHOWN]]
    return ", ".join(said) + (", ..." if len(several) > _SHOWN else "")


def _yaml(found: Sequence[Variant], *, own: bool = False) -> str:
    """A flow mapping to paste into the goal; JSON's quoted texts are YAML's."""
    pairs = {v.text: v.text if own else v.to for v in found}
    return json.dumps(pairs, ensure_ascii=False)
