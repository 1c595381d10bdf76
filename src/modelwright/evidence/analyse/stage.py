"""The stage ``analyse``: relations to the target and findings, on development rows only."""

from __future__ import annotations

from modelwright.core.book import Book
from modelwright.core.records.data import Development, Profile
from modelwright.core.records.evidence import Table
from modelwright.core.records.models import Analysis, Relation
from modelwright.core.stage import Work
from modelwright.evidence.analyse import imputation
from modelwright.evidence.analyse.check import CHECKS, DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts
from modelwright.evidence.analyse.figures import relation_figures
from modelwright.goal.sections import RolesSection, SuccessSection

MOST_NOTES = 3
"""Notes of one check that are told one by one."""


def analyse(
    roles: RolesSection,
    success: SuccessSection,
    development: Development,
    profile: Profile,
    seed: int,
    work: Work,
    book: Book,
) -> Analysis:
    """The strength of every input alone, and what every registered check found.

    No test row is looked at: ``profile`` covers all rows and knows nothing of the target.
    """
    facts = Facts(development, profile, roles, success, seed)
    lines: list[tuple[str | float | int | None, ...]] = []
    found = 0
    for name in CHECKS:
        check = CHECKS.get(name)
        answer = check.look(facts)
        if isinstance(answer, DoesNotApply):
            lines.append((check.code, check.title, "does not apply", answer.why))
            continue
        for each in gathered(answer):
            book.finding(
                check.code, each.severity, each.message, each.remedy, column=each.column, numbers=each.numbers
            )
        found += len(answer)
        lines.append((check.code, check.title, f"{len(answer)} found" if answer else "nothing found", ""))
    book.table(Table("analyse.checks", "What was checked", ("code", "check", "answer", "why"), tuple(lines)))
    imputation.compare(facts, work.budget(), book, work.left())
    for figure in relation_figures(facts):
        book.figure(figure)
    relations = [Relation(name, round(s.score, 6), s.method) for name, s in facts.strengths.items()]
    relations.sort(key=lambda r: (-r.score, r.column))
    numbers = {
        "inputs": float(len(facts.inputs)),
        "rows_used": float(len(facts.rows)),
        "strongest": relations[0].score if relations else 0.0,
        "findings": float(found),
    }
    return Analysis(development.rows, tuple(relations), numbers)


def gathered(found: tuple[Found, ...]) -> list[Found]:
    """Many notes of one check become one that names all columns; warnings and blockers stand alone."""
    notes = [f for f in found if f.severity == "note" and f.column is not None]
    if len(notes) <= MOST_NOTES:
        return list(found)
    names = ", ".join(repr(f.column) for f in notes)
    one = Found(
        "note",
        f"{len(notes)} columns, {names}; for example: {notes[0].message}",
        notes[0].remedy,
        numbers={"columns": float(len(notes))},
    )
    return [f for f in found if f not in notes] + [one]
