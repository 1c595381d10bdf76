"""What readers of nested formats share: facts of several files, and the words for what was chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import SourceFacts
from modelwright.data.nested.plan import Choice
from modelwright.data.read.reader import Said
from modelwright.data.read.source import digest, modified

_SHOWN = 6


def facts_of(
    paths: Sequence[Path], format_: str, frame: pl.DataFrame, details: Mapping[str, str]
) -> SourceFacts:
    """Facts of files that were read as one source."""
    digests = [digest(path) for path in paths]
    whole = digests[0] if len(paths) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return SourceFacts(
        name=paths[0].name,
        format=format_,
        rows=frame.height,
        columns=frame.width,
        bytes=sum(path.stat().st_size for path in paths),
        digest=whole,
        modified=max(modified(path) for path in paths),
        details=dict(details),
    )


def said(choices: Sequence[Choice], taken: str) -> tuple[Said, ...]:
    """The choices as findings: what a row is by itself, the others of one kind together."""
    made = []
    rest: dict[str, list[Choice]] = {}
    for choice in choices:
        if choice.kind == "explode":
            made.append(
                Said(
                    "collect.nested",
                    "note",
                    f"{choice.why}.",
                    f"If a row is another thing, name it: `reading: {{records: {choice.path}}}` in data.",
                )
            )
        else:
            rest.setdefault(choice.kind, []).append(choice)
    for kind, several in rest.items():
        shown = "; ".join(f"{choice.path}: {choice.why}" for choice in several[:_SHOWN])
        more = f"; and {len(several) - _SHOWN} more" if len(several) > _SHOWN else ""
        made.append(
            Said(
                "collect.nested",
                "note",
                f"{_KINDS[kind]} in {taken}: {shown}{more}.",
                f"Say otherwise for one of them: `reading: {{nested: {{{several[0].path}: text}}}}` in data; "
                "besides text there are summarise, join, first, count, columns, fold, ignore, and "
                "explode for the one whose items are to be the rows.",
            )
        )
    return tuple(made)


_KINDS = {
    "join": "Lists of texts were joined",
    "numbers": "Lists of numbers were summarised",
    "parts": "Several numbers in one place were parted",
    "first": "The first was taken",
    "summary": "Lists of records were summarised",
    "map": "Keys were taken as data",
    "count": "Only the count was kept",
    "text": "Nested values were kept as text",
    "ignore": "Something was left out",
    "record": "Keys were taken as columns",
}


def no_rows(name: str) -> BadData:
    return BadData(
        f"{name} holds no records", code="data.no-rows", hint="write the data again, or name another file"
    )
