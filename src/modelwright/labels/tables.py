"""What the store of labels holds.

``acts`` is the log of everything that anybody did, and only ever grows: labels, skips, withdrawals,
settlements. ``assignments`` and the columns of ``items`` that say how far it is follow from it, and are kept
in the same transactions so that no page has to count.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import sqlalchemy as sa

VERSION: Final = 1
"""Of the schema; a store of a later one is refused."""

State = Literal["open", "answered", "disputed", "settled"]
"""Fewer answers than asked for; as many, all the same; answers that differ; a reviewer has decided."""

meta = sa.MetaData()


def _table(name: str, *parts: sa.Column[Any] | sa.Index) -> sa.Table:
    return sa.Table(f"modelwright_labels_{name}", meta, *parts)


def _n() -> sa.Column[int]:
    # SQLite numbers rows by itself only in a column of exactly this type.
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("n", kind, primary_key=True, autoincrement=True)


store = _table(
    "store",
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("key", sa.Text, nullable=False),  # signs forms, so that an open page outlives a restart
)

projects = _table(
    "projects",
    _n(),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("definition", sa.Text, nullable=False),  # JSON: project.py
    sa.Column("source", sa.Text, nullable=False),  # where files of items are found
)

items = _table(
    "items",
    _n(),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("content", sa.Text, nullable=False),  # JSON: the row's columns, or the file
    sa.Column("rank", sa.Double, nullable=False),  # the queue's order, lowest first
    sa.Column("done", sa.Integer, nullable=False),  # people whose answer stands
    sa.Column("held", sa.Integer, nullable=False),  # people before whom it lies
    sa.Column("skips", sa.Integer, nullable=False),
    sa.Column("wanted", sa.Boolean, nullable=False),  # whether one more person should answer
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("final", sa.Text),  # JSON: the answer of a settlement
    sa.Column("gold", sa.Text),  # JSON: the known answer
    sa.Index("modelwright_labels_items_queue", "wanted", "rank", "n"),
    sa.Index("modelwright_labels_items_state", "state", "n"),
    sa.Index("modelwright_labels_items_skips", "skips", "state"),
    sa.Index(
        "modelwright_labels_items_gold",
        "n",
        sqlite_where=sa.text("gold IS NOT NULL"),
        postgresql_where=sa.text("gold IS NOT NULL"),
    ),
)

people = _table(
    "people",
    _n(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("reviewer", sa.Boolean, nullable=False),
    sa.Column("secret", sa.Text),  # people.py; null: nobody enters as this person
    sa.Column("made", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.BigInteger),
)

sessions = _table(
    "sessions",
    sa.Column("digest", sa.Text, primary_key=True),  # SHA-256 of the browser's cookie
    sa.Column("person", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)

acts = _table(
    "acts",
    _n(),
    sa.Column("item", sa.BigInteger, nullable=False),
    sa.Column("person", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),  # microseconds since 1970
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("answer", sa.Text),  # JSON: answers.py
    sa.Column("note", sa.Text),
    sa.Column("how", sa.Text, nullable=False),  # keys, pointer, form, import, rule
    sa.Column("seconds", sa.Double),  # that the item was looked at, as the page measured
    sa.Column("since", sa.BigInteger),  # when it was handed out
    sa.Column("suggested", sa.Text),  # JSON: what was suggested then
    sa.Column("project", sa.BigInteger, nullable=False),
    sa.Column("ticket", sa.Text, unique=True),  # the page's own number: sent twice, kept once
    sa.Index("modelwright_labels_acts_item", "item", "n"),
    sa.Index("modelwright_labels_acts_person", "person", "n"),
    sa.Index("modelwright_labels_acts_at", "person", "act", "at"),
)

assignments = _table(
    "assignments",
    sa.Column("item", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),  # open, done, skipped, freed
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("act", sa.BigInteger),  # the act that stands
    sa.Index("modelwright_labels_assignments_person", "person", "state", "since"),
    sa.Index("modelwright_labels_assignments_until", "state", "until"),
)

suggestions = _table(
    "suggestions",
    sa.Column("item", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("score", sa.Double),
    sa.Column("model", sa.Text, nullable=False),
)
