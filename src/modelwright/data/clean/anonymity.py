"""How far rows hide each other: k-anonymity and l-diversity over columns that together point at a person.

k-anonymity (Sweeney 2002): every combination of these columns has at least k rows. l-diversity
(Machanavajjhala et al. 2007, in its distinct form): in each combination the sensitive column has at least l
different values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.evidence import Table
from modelwright.goal.sections import PrivacySection


@dataclass(frozen=True, slots=True)
class Anonymity:
    k: int
    """Rows of the smallest group."""
    groups: int
    alone: int
    """Rows that no other row hides."""
    below: int
    """Rows in groups smaller than what is asked for (5 where nothing is)."""
    diversity: dict[str, int]
    """Least number of different values in a group, by sensitive column."""


USUAL_K = 5


def measure(
    frame: pl.DataFrame, quasi: Sequence[str], sensitive: Sequence[str], asked: int = USUAL_K
) -> Anonymity:
    """Over the typed rows; a missing value is a value."""
    others = [name for name in sensitive if name not in quasi]
    groups = frame.group_by(list(quasi)).agg(
        pl.len().alias("__rows__"), *(pl.col(name).n_unique().alias(f"__l__{name}") for name in others)
    )
    rows = groups["__rows__"]
    least = {name: int(groups[f"__l__{name}"].min() or 0) for name in others}  # type: ignore[arg-type]
    return Anonymity(
        k=int(rows.min() or 0),  # type: ignore[arg-type]
        groups=groups.height,
        alone=int((rows == 1).sum()),
        below=int(rows.filter(rows < asked).sum()),
        diversity=least,
    )


def report(frame: pl.DataFrame, section: PrivacySection, sensitive: Sequence[str], book: Book) -> None:
    """Measure and tell; a blocker where the goal asks for more than there is."""
    if not section.quasi or not frame.height:
        return
    asked = section.k or USUAL_K
    found = measure(frame, section.quasi, sensitive, asked)
    names = ", ".join(section.quasi)
    head = ("measure", "value", "asked for")
    lines: list[tuple[str | float | int | None, ...]] = [
        ("k: rows of the smallest group", found.k, section.k),
        ("groups", found.groups, None),
        ("rows that stand alone", found.alone, None),
        (f"rows in groups smaller than {asked}", found.below, None),
        *(
            (f"l: least different values of {n}", value, section.diversity)
            for n, value in found.diversity.items()
        ),
    ]
    book.table(Table("clean.anonymity", f"Anonymity over {names}", head, tuple(lines)))
    short = section.k is not None and found.k < section.k
    share = found.below / frame.height
    book.finding(
        "privacy.k-anonymity",
        "blocker" if short else "note",
        f"Over {names} the smallest group has {found.k:,} row{'s' if found.k != 1 else ''}; {found.below:,} "
        f"rows ({share:.1%}) are in groups smaller than {asked}"
        + (f", and the goal asks for {section.k} in every one." if short else "."),
        "Make these columns coarser (years in place of dates, regions in place of post codes), or leave rows "
        "of small groups out.",
        numbers={"k": float(found.k), "below": float(found.below), "alone": float(found.alone)},
    )
    for name, value in found.diversity.items():
        poor = section.diversity is not None and value < section.diversity
        if section.diversity is not None or value < 2:
            book.finding(
                "privacy.l-diversity",
                "blocker" if poor else "note",
                f"Within groups of {names}, {name!r} has as few as {value} different value"
                f"{'s' if value != 1 else ''}: who knows the group of a person knows it"
                + (f" (the goal asks for {section.diversity})." if poor else "."),
                "Make the columns coarser, so that groups hold different values.",
                column=name,
                numbers={"l": float(value)},
            )


def demands(section: PrivacySection, licence: str, consent: str, book: Book) -> None:
    """What the goal wants to be told of the data before anything is released."""
    if "consent" in section.require and not consent:
        book.finding(
            "privacy.consent-missing",
            "blocker",
            "The goal requires the ground on which the data may be used, and names none.",
            "Write it as `consent` under `data`, in words.",
        )
    if "licence" in section.require and not licence:
        book.finding(
            "privacy.licence-missing",
            "blocker",
            "The goal requires the data's licence, and names none.",
            "Write it as `licence` under `data`.",
        )
