"""How far an item is, from the answers that stand: kept beside the log, in the same transaction."""

from __future__ import annotations

import json

import sqlalchemy as sa

from modelwright.labels import answers, tables
from modelwright.labels.clock import now
from modelwright.labels.project import Project


def refresh(connection: sa.Connection, project: Project, item: int) -> None:
    """Count an item's answers anew, and say whether somebody should still be asked."""
    a, c, i = tables.assignments.c, tables.acts.c, tables.items.c
    # Two who answer the same item at once count one after the other (PostgreSQL; SQLite has one writer).
    kept = connection.execute(sa.select(i.final, i.gold).where(i.n == item).with_for_update()).one()
    rows = connection.execute(
        sa.select(a.state, a.until, c.answer)
        .join_from(tables.assignments, tables.acts, a.act == c.n, isouter=True)
        .where(a.item == item)
    ).all()
    said = [row.answer for row in rows if row.state == "done"]
    held = sum(row.state == "open" for row in rows)
    skips = sum(row.state == "skipped" for row in rows)
    connection.execute(
        sa.update(tables.items)
        .where(i.n == item)
        .values(
            done=len(said),
            held=held,
            skips=skips,
            wanted=len(said) + held < project.overlap and kept.final is None and kept.gold is None,
            state=state(project, said, kept.final),
        )
    )


def refresh_all(connection: sa.Connection, project: Project) -> None:
    """Every item that somebody has seen; the others are wanted unless their answer is known."""
    i = tables.items.c
    for (item,) in connection.execute(sa.select(tables.assignments.c.item).distinct()).all():
        refresh(connection, project, item)
    connection.execute(
        sa.update(tables.items)
        .where(i.done == 0, i.held == 0, i.final.is_(None), i.gold.is_(None))
        .values(wanted=True)
    )


def state(project: Project, said: list[str], final: str | None) -> str:
    """``said`` are the standing answers as stored; ``final`` is that of a reviewer."""
    if final is not None:
        return "settled"
    if len(said) > 1 and not agree(project, said):
        return "disputed"
    return "answered" if len(said) >= project.overlap else "open"


def agree(project: Project, said: list[str]) -> bool:
    """Whether all answers, as stored, are the same."""
    if len(set(said)) <= 1:
        return True
    if project.task != "boxes":
        return False
    parsed = [json.loads(each) for each in said]
    return all(answers.same(project, parsed[0], other) for other in parsed[1:])


def free_stale(connection: sa.Connection, project: Project, most: int = 200) -> int:
    """Take back what lies before somebody for too long; returns how many items became free."""
    a = tables.assignments.c
    freed = 0
    late = connection.execute(
        sa.select(a.item, a.person).where(a.state == "open", a.until < now()).limit(most)
    ).all()
    for item, person in late:
        # Still: an answer that came since the line above was read stands (PostgreSQL).
        still = (a.item == item) & (a.person == person) & (a.state == "open") & (a.until < now())
        if connection.execute(sa.update(tables.assignments).where(still).values(state="freed")).rowcount:
            refresh(connection, project, item)
            freed += 1
    return freed
