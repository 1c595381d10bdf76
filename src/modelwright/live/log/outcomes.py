"""How predictions compare with their outcomes over time, counted by the database: pages draw it."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from modelwright.live.log import tables
from modelwright.live.log.database import LogDatabase

_SKEW: Final = 3600 * 10**6
"""Microseconds by which the clocks of two machines may differ."""


def by_time(database: LogDatabase, *, since: int, bucket: int) -> list[dict[str, Any]]:
    """By ``bucket`` (microseconds) of the prediction's time from ``since`` on, and by version, of what
    clients were answered: ``at``, ``version``, ``n`` (outcomes known; the last one of each prediction
    counts), and for classes ``right``, for values ``absolute`` and ``squared`` (sums of the error's size and
    of its square).

    An answer that was withheld (``abstained``) counts with the class that it would have named, as on the test
    rows, in alarms and in judging. Oldest first. Raises :class:`LogDown`.
    """
    p, f, g = tables.predictions.c, tables.feedback.c, tables.feedback.alias("g").c
    later = sa.or_(g.at > f.at, sa.and_(g.at == f.at, g.n > f.n))
    again = sa.exists().where(g.model == f.model, g.prediction == f.prediction, later)
    at = p.at - p.at % bucket
    error = p.value - f.value
    query = (
        sa.select(
            at.label("at"),
            p.version,
            sa.func.count(),
            sa.func.sum(sa.case((p.label == f.label, 1), else_=0)),
            sa.func.sum(sa.func.abs(error)),
            sa.func.sum(error * error),
        )
        .where(p.model == f.model, p.given == f.prediction, sa.not_(p.shadow), ~again)
        # The sum keeps SQLite from walking through all predictions of a time: feedback is the smaller side.
        .where(p.at + 0 >= since, f.at >= since - _SKEW)
        .where(sa.or_(sa.and_(p.label.is_not(None), f.label.is_not(None)), error.is_not(None)))
        .group_by(at, p.version)
        .order_by(at, p.version)
    )
    with database._reading() as (connection, model):
        rows = connection.execute(query.where(f.model == model)).all()
    return [
        {
            "at": int(row[0]),
            "version": row[1],
            "n": row[2],
            "right": int(row[3]) if row[4] is None else None,
            "absolute": None if row[4] is None else float(row[4]),
            "squared": None if row[5] is None else float(row[5]),
        }
        for row in rows
    ]
