"""Who labels: names, their secrets as digests, and the browsers that have entered.

A token that we make has 256 random bits and is kept as SHA-256: nobody guesses it. A password that a person
chose is kept as scrypt (RFC 7914, N = 2^14, r = 8, p = 1), which makes each guess cost 16 MB and some tens of
milliseconds.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.goal.nearest import did_you_mean
from modelwright.labels import tables
from modelwright.labels.clock import now

LEAST: Final = 10
"""Characters of a password."""
STAY: Final = 30 * 86_400 * 10**6
"""Microseconds that a browser stays entered."""
_N: Final = 2**14


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who labels, or settles disagreement."""

    n: int
    name: str
    reviewer: bool
    enters: bool
    """Whether the person has a secret to enter with."""
    gone: bool = False


def token() -> str:
    """A new secret that nobody can guess."""
    return secrets.token_urlsafe(32)


def kept(secret: str, *, chosen: bool) -> str:
    """How a secret is kept. Raises :class:`BadInput` for a chosen one that is too short."""
    if not chosen:
        return f"sha256${hashlib.sha256(secret.encode()).hexdigest()}"
    if len(secret) < LEAST:
        raise BadInput(
            f"a password has at least {LEAST} characters, this one has {len(secret)}",
            code="labels.password",
            hint="take a longer one, or let a token be made",
        )
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(secret, salt).hex()}"


def fits(secret: str, kept: str | None) -> bool:
    """Whether a secret is the one that is kept; takes as long whatever is kept, and for somebody unknown."""
    kind, _, rest = (kept or "scrypt$00$00").partition("$")
    if kind == "sha256":
        _scrypt(secret, b"")  # so that the time does not tell whose name is known
        return hmac.compare_digest(hashlib.sha256(secret.encode()).hexdigest(), rest)
    salt, _, digest = rest.partition("$")
    return hmac.compare_digest(_scrypt(secret, bytes.fromhex(salt)).hex(), digest)


def add(connection: sa.Connection, name: str, *, reviewer: bool = False, secret: str | None = None) -> Person:
    """A new person; raises :class:`BadInput` for a name that is taken or cannot be one."""
    if not name.strip() or len(name) > 100 or not name.isprintable() or name != name.strip():
        raise BadInput(
            f"{name!r} cannot name a person",
            code="labels.person",
            hint="use up to 100 letters, digits and signs",
        )
    if find(connection, name) is not None:
        raise BadInput(
            f"there is somebody called {name!r} already",
            code="labels.person",
            hint="give another name; `modelwright labels token` makes a new token for somebody",
        )
    connection.execute(
        sa.insert(tables.people).values(name=name, reviewer=reviewer, secret=secret, made=now(), gone=None)
    )
    made = find(connection, name)
    assert made is not None
    return made


def every(connection: sa.Connection) -> list[Person]:
    """All people, in the order in which they came."""
    return [_person(row) for row in connection.execute(_select().order_by(tables.people.c.n))]


def find(connection: sa.Connection, name: str) -> Person | None:
    row = connection.execute(_select().where(tables.people.c.name == name)).first()
    return _person(row) if row else None


def known(connection: sa.Connection, name: str) -> Person:
    """The person of that name; raises :class:`BadInput` where there is none."""
    found = find(connection, name)
    if found is None:
        names = [p.name for p in every(connection)]
        raise BadInput(
            f"nobody is called {name!r}",
            code="labels.person",
            hint=did_you_mean(name, names) or f"there are {', '.join(names) or 'no people yet'}",
        )
    return found


def change(
    connection: sa.Connection,
    person: Person,
    *,
    secret: str | None = None,
    reviewer: bool | None = None,
    gone: bool | None = None,
) -> None:
    """Give a person a new secret or duty, or let them go (what they said stays); browsers must enter anew."""
    values: dict[str, object] = {}
    if secret is not None:
        values["secret"] = secret
    if reviewer is not None:
        values["reviewer"] = reviewer
    if gone is not None:
        values["gone"] = now() if gone else None
    where = tables.people.c.n == person.n
    connection.execute(sa.update(tables.people).where(where).values(**values))
    if secret is not None or gone:
        connection.execute(sa.delete(tables.sessions).where(tables.sessions.c.person == person.n))


def enter(connection: sa.Connection, name: str, secret: str) -> Person | None:
    """The person of that name, if that is their secret."""
    c = tables.people.c
    row = connection.execute(
        sa.select(c.n, c.name, c.reviewer, c.secret, c.gone).where(c.name == name)
    ).first()
    right = fits(secret, row.secret if row else None)
    if row is None or row.secret is None or row.gone is not None or not right:
        return None
    return _person(row)


def stay(connection: sa.Connection, cookie: str, person: Person) -> None:
    """Remember a browser by the digest of its cookie."""
    s = tables.sessions
    connection.execute(sa.delete(s).where(sa.or_(s.c.until < now(), s.c.digest == _digest(cookie))))
    connection.execute(sa.insert(s).values(digest=_digest(cookie), person=person.n, until=now() + STAY))


def leave(connection: sa.Connection, cookie: str) -> None:
    connection.execute(sa.delete(tables.sessions).where(tables.sessions.c.digest == _digest(cookie)))


def entered(connection: sa.Connection, cookie: str) -> Person | None:
    """Who has entered in the browser with this cookie."""
    p, s = tables.people.c, tables.sessions.c
    row = connection.execute(
        _select()
        .join(tables.sessions, s.person == p.n)
        .where(s.digest == _digest(cookie), s.until > now(), p.gone.is_(None))
    ).first()
    return _person(row) if row else None


def _select() -> sa.Select[Any]:
    c = tables.people.c
    return sa.select(c.n, c.name, c.reviewer, c.secret, c.gone)


def _person(row: Any) -> Person:
    return Person(row.n, row.name, bool(row.reviewer), row.secret is not None, row.gone is not None)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=_N, r=8, p=1, maxmem=64 * 2**20)
