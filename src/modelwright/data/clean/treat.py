"""What is done about personal data: left out, masked, hashed or made coarser, as the goal says, and told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.data import Role
from modelwright.core.records.evidence import Table
from modelwright.data.clean import personal
from modelwright.goal.sections import CleanSection
from modelwright.runtime.parse.mask import check_of, secret

Line = tuple[str | float | int | None, ...]
TOLD_APART = ("key", "group")
"""Roles whose values tell rows apart."""
HEAD = ("column", "holds", "cells", "share", "what was done")
_DONE = {
    "drop": "is left out",
    "mask": "is masked",
    "hash": "is replaced by digests",
    "generalise": "is made coarser",
}


def treat(
    raw: pl.Series, section: CleanSection, role: Role, book: Book, lines: list[Line]
) -> tuple[dict[str, Any] | None, str]:
    """Options of ``mask`` for the column, or why it is dropped; neither where nothing is to be done.

    Raises :class:`~modelwright.core.errors.BadInput` where digests need a secret that is not there.
    """
    if role in ("target", "weight"):
        return None, ""
    found = personal.look(raw)
    if not found.every:
        return None, ""
    how = section.personal
    if role in TOLD_APART and how in ("mask", "generalise", "drop"):
        how = "hash"  # rows are told apart by it: one mark for all would make one group of everybody
    shown = " and ".join(found.every)
    done = _DONE.get(str(how), "is kept, as the goal says" if how == "keep" else "is kept")
    share = found.cells / max(1, len(raw))
    lines.append((raw.name, shown, found.cells, round(share, 4), done))
    if how is None:
        book.finding(
            "clean.personal-found",
            "warning",
            f"{raw.name!r} holds personal data by its look: {shown}, in {found.cells:,} cells.",
            "Say what is to be done with it as `personal` under `data`: drop, mask, hash, generalise or "
            "keep; and on what ground it may be used as `consent`.",
            column=raw.name,
            numbers={"cells": float(found.cells), "share": share},
        )
        return None, ""
    if how == "keep":
        return None, ""
    open_to_trying = how == "hash" and section.privacy.secret is None
    book.finding(
        "clean.personal",
        "note",
        f"{raw.name!r} holds personal data by its look ({shown}); as the goal asks, it {_DONE[how]}"
        + (", since rows are told apart by it." if how != section.personal else "."),
        "Name a secret's environment variable as `personal_secret`: digests without one hide values from "
        "eyes and not from somebody who tries all possible values."
        if open_to_trying
        else "Nothing; what is not recognised by its look is not changed.",
        column=raw.name,
        numbers={"cells": float(found.cells), "share": share},
    )
    if how == "drop":  # hidden, too: what is ignored is still profiled and kept
        hidden: dict[str, Any] = {"how": "mask", "patterns": list(found.kinds)}
        if found.whole is not None:
            hidden["whole"] = found.whole
        return hidden, f"it holds personal data ({shown}), and the goal drops that"
    options: dict[str, Any] = {"how": how, "patterns": list(found.kinds)}
    if found.whole is not None:
        options["whole"] = found.whole
    if how == "hash" and section.privacy.secret is not None:
        options["secret"] = section.privacy.secret
        options["check"] = check_of(secret(section.privacy.secret))
    return options, ""


def table(lines: Sequence[Line], book: Book) -> None:
    """The table of all columns with personal data."""
    if lines:
        note = "By their look: precision and recall of each kind are in benchmarks/privacy."
        book.table(Table("clean.personal", "Personal data", HEAD, tuple(lines), note))
