"""Findings in the making: what is told of how one column was read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from modelwright.data.clean.infer.distinct import Distinct
from modelwright.data.clean.infer.number import Numbers

_SHOWN = 5
_MOST_WORDS = 10


@dataclass(frozen=True, slots=True)
class Note:
    """A finding in the making."""

    code: str
    severity: Literal["note", "warning"]
    message: str
    remedy: str
    numbers: dict[str, float] = field(default_factory=dict)


def cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def unread(left: Distinct, texts: Sequence[str], what: str) -> list[Note]:
    """Texts of a column that could not be read as its kind."""
    if not texts:
        return []
    count = left.cells_of(set(texts))
    return [
        Note(
            "clean.unreadable",
            "warning",
            f"{cells(count)} of {left.name!r} could not be read as a {what}, and so "
            f"{'is' if count == 1 else 'are'} missing: " + _listed(texts),
            "Give their spellings in data.columns, or another kind for the column.",
            {"cells": float(count), "share": count / max(1, left.cells)},
        )
    ]


def units(name: str, numbers: Numbers) -> list[Note]:
    """Units that were turned into another one."""
    if not numbers.turned:
        return []
    into = repr(numbers.unit) if numbers.unit and numbers.unit != "%" else "plain numbers"
    shown = ", ".join(f"{unit!r} ({cells(count)})" for unit, count in list(numbers.turned.items())[:8])
    made = [
        Note(
            "clean.units",
            "note",
            f"Numbers of {name!r} are written in several units and were brought to {into}: {shown}.",
            f"Give factors of your own in `columns: {{{name}: {{units: ...}}}}`, or switch this off with "
            f'`clean: {{off: ["units:{name}"]}}`.',
            {"cells": float(sum(numbers.turned.values())), "units": float(len(numbers.turned))},
        )
    ]
    if numbers.assumed:
        made.append(
            Note(
                "clean.unit-assumed",
                "warning",
                f"Numbers of {name!r} without a unit stand beside {len(numbers.turned) + 1} units; by their "
                f"size they were taken to be in {numbers.unit!r}.",
                f"Write the unit in the source, or name it in the column's name ({name}_{numbers.unit}).",
            )
        )
    return made


def units_apart(name: str, found: Mapping[str, int]) -> list[Note]:
    """Numbers with units that cannot be turned into one another."""
    if not found:
        return []
    shown = ", ".join(f"{unit!r} ({cells(count)})" for unit, count in list(found.items())[:8])
    main, *others = found
    own = json.dumps(dict.fromkeys(others[:_SHOWN], 1.0), ensure_ascii=False)
    return [
        Note(
            "clean.units-apart",
            "warning",
            f"{name!r} holds numbers in units that are not turned into one another: {shown}. It was taken as "
            "a category.",
            f"Say how many {main} one of each is: `columns: {{{name}: {{kind: number, units: {own}}}}}`.",
            {"units": float(len(found))},
        )
    ]


def mixed(left: Distinct) -> list[Note]:
    """A column of numbers with some words among them, too many to be mistakes."""
    count = len(left.words)
    if not 0 < count <= _MOST_WORDS:
        return []
    words = left.hard
    share = sum(left.hard_counts) / max(1, left.cells)
    if not 0.02 < share <= 0.5 or left.size - count < 20:
        return []
    own = json.dumps(dict.fromkeys(words, ""), ensure_ascii=False)
    return [
        Note(
            "clean.mixed-types",
            "warning",
            f"{left.name!r} holds numbers in {1 - share:.0%} of its cells and words in the others "
            f"({_listed(words)}), and was taken as a category.",
            "If the words say that there is no number, read them as missing: "
            f"`columns: {{{left.name}: {{spellings: {own}}}}}`; or say `kind: number`.",
            {"share": share, "words": float(len(words))},
        )
    ]


def repaired(name: str, wrong: Sequence[str], count: int, lost: int) -> list[Note]:
    """Broken texts that were mended, and those that nobody can mend."""
    said = {
        "encoding": "were decoded with the wrong table",
        "entities": "were escaped for HTML",
        "unseen": "hold characters that nobody sees",
    }
    made = []
    if wrong and count:
        made.append(
            Note(
                "clean.repaired",
                "note",
                f"{cells(count)} of {name!r} {' or '.join(said[what] for what in wrong)}, and were mended.",
                f'Mend the source; or leave them as they are with `clean: {{off: ["repair:{name}"]}}`.',
                {"cells": float(count)},
            )
        )
    if lost:
        made.append(
            Note(
                "clean.characters-lost",
                "warning",
                f"{cells(lost)} of {name!r} hold the sign \\ufffd, which stands for a character that was "
                "lost when the text was decoded.",
                "Export the source again, as UTF-8: what was there cannot be told any more.",
                {"cells": float(lost)},
            )
        )
    return made


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(repr(t[:40]) for t in texts[:_SHOWN]) + (", ..." if len(texts) > _SHOWN else "")
