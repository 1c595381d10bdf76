"""API keys: ``mw_<id>_<secret>``, kept as digests, several at a time, each with a name, each revocable.

The secret is 256 random bits. It is kept as a plain SHA-256: a slow password hash protects what people
choose and others can guess; nobody guesses 256 bits, and a request should not wait for a slow hash.

``keys.json`` is read again when it changes, so that a key works, or stops working, at once. A model without
any key answers everybody. Once it has had one, a file that is gone or damaged opens nothing: all are refused,
also by a worker or a server that starts later. Only :func:`reopen` goes back to answering everybody.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from modelwright.core.errors import BadInput
from modelwright.live.place import Place
from modelwright.store import atomic
from modelwright.store.lock import in_turn

LOOK: Final = 0.1
"""Seconds between two looks at the file."""
USED: Final = 600.0
"""Seconds within which the use of a key is noted once."""
_FORM: Final = re.compile(r"mw_([0-9a-f]{8})_([0-9A-Za-z_\-]{43})", re.ASCII)
_NOBODY: Final = "0" * 64
_MADE: Final = ".made"
"""File that says that the model has had a key, for who starts when ``keys.json`` is gone."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of one key."""

    id: str
    """Eight hexadecimal digits; part of the key, no secret: the log names who asked by it."""
    name: str
    sha256: str
    created: str
    """ISO 8601, UTC."""
    revoked: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A key as it is shown."""

    id: str
    name: str
    created: str
    revoked: str | None
    used: str | None
    """About when it was used last (to ten minutes); None where it never was."""


def create(place: Place, name: str) -> str:
    """Make a key and return it: shown this once, kept nowhere. :class:`BadInput` for a name in use."""
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise BadInput(
            f"{name!r} cannot name a key", code="keys.name", hint="use up to 100 letters, digits and signs"
        )
    secret = secrets.token_urlsafe(32)
    with in_turn(_marks(place)):
        known = read(place)
        if any(key.name == name and key.revoked is None for key in known):
            raise BadInput(
                f"{place.name!r} has a key named {name!r} already",
                code="keys.taken",
                hint="give another name, or revoke that key first",
            )
        taken = {key.id for key in known}
        ident = next(i for i in iter(lambda: secrets.token_hex(4), None) if i not in taken)
        _marks(place).joinpath(_MADE).touch()
        _write(place, [*known, Key(ident, name, _digest(secret), _now())])
    return f"mw_{ident}_{secret}"


def revoke(place: Place, which: str) -> Key:
    """Make a key, given by its name or id, useless; :class:`BadInput` where no valid key has it."""
    with in_turn(_marks(place)):
        known = read(place)
        found = [key for key in known if which in (key.name, key.id) and key.revoked is None]
        if not found:
            names = ", ".join(key.name for key in known if key.revoked is None)
            raise BadInput(
                f"{place.name!r} has no valid key {which!r}",
                code="keys.unknown",
                hint=f"it has {names or 'none'}",
            )
        done = Key(found[0].id, found[0].name, found[0].sha256, found[0].created, _now())
        _write(place, [done if key.id == done.id else key for key in known])
    return done


def reopen(place: Place) -> list[Key]:
    """Answer everybody again: revoke every key and say that none is needed; the keys that this revoked.

    :class:`BadInput` where the model never had a key, or is open already.
    """
    with in_turn(_marks(place)):
        known = read(place)
        if not _marks(place).joinpath(_MADE).exists() and (not known or _is_open(place)):
            raise BadInput(
                f"{place.name!r} asks for no key", code="keys.open", hint="it answers everybody already"
            )
        now = _now()
        valid = [key for key in known if key.revoked is None]
        # The file alone decides where it says so; without its mark, a file that is gone later shuts nothing.
        _write(place, [replace(key, revoked=key.revoked or now) for key in known], open_to_all=True)
        _marks(place).joinpath(_MADE).unlink(missing_ok=True)
    return [replace(key, revoked=now) for key in valid]


def is_open(place: Place) -> bool:
    """Whether the model answers everybody. :class:`BadInput` where its file is damaged."""
    known = read(place)
    return _is_open(place) or not (known or _marks(place).joinpath(_MADE).exists())


def listed(place: Place) -> list[Listed]:
    """All keys, oldest first, revoked ones included."""
    made = []
    for key in read(place):
        try:
            seen = _marks(place).joinpath(key.id).stat().st_mtime
            used = dt.datetime.fromtimestamp(seen, dt.UTC).isoformat(timespec="seconds")
        except OSError:
            used = None
        made.append(Listed(key.id, key.name, key.created, key.revoked, used))
    return made


def read(place: Place) -> list[Key]:
    """The keys of a place; none where there is no file. :class:`BadInput` where it is damaged."""
    try:
        data = atomic.read_json(place.keys)
        return [Key(**{name: entry.get(name) for name in Key.__slots__}) for entry in data["keys"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            f"keys.json of {place.name!r} cannot be read: {type(error).__name__}",
            code="keys.damaged",
            hint="all requests are refused until the file is whole; without it and the folder keys, a "
            "server that is started again asks for no key",
        ) from error


class Keyring:
    """The keys of one place as a worker asks for them at each request."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._stamp: Any = ()
        self._next = 0.0
        self._digests: dict[str, str] = {}
        self._used: dict[str, float] = {}
        self.required = _marks(place).joinpath(_MADE).exists()
        """Whether a request needs a key."""
        self.damaged = False
        self._look()

    def check(self, sent: str | None) -> str | None:
        """The id of a valid key, "" where none is needed; None: refuse."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + LOOK
            self._look()
        if not self.required:
            return ""
        found = _FORM.fullmatch(sent) if sent else None
        if found is None:
            return None
        ident, secret = found.groups()
        # An unknown id takes as long as a known one, and how much of a digest fits cannot be timed.
        kept = self._digests.get(ident, _NOBODY)
        if not hmac.compare_digest(_digest(secret), kept):
            return None
        if now >= self._used.get(ident, 0.0):
            self._used[ident] = now + USED
            self._mark(ident)
        return ident

    def _look(self) -> None:
        try:
            facts = os.stat(self._place.keys)
            stamp: Any = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
        except OSError:
            stamp = None
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            known = read(self._place)
        except BadInput:
            self.required, self.damaged, self._digests = True, True, {}
            return
        self._digests = {key.id: key.sha256 for key in known if key.revoked is None}
        # Revoked keys keep the door shut, unless the file says otherwise; so does a file that is gone.
        self.required = (self.required or bool(known)) and not _is_open(self._place)
        self.damaged = self.required and not known

    def _mark(self, ident: str) -> None:
        try:
            folder = _marks(self._place)
            folder.mkdir(exist_ok=True)
            folder.joinpath(ident).touch()
        except OSError:  # a read-only or full disk refuses nobody
            pass


def _marks(place: Place) -> Path:
    """Its files say, by their time, when each key was used; changes of the keys wait here for each other."""
    return place.folder / "keys"


def _is_open(place: Place) -> bool:
    """Whether ``keys.json`` itself says that no key is needed."""
    try:
        return atomic.read_json(place.keys).get("open") is True
    except (OSError, ValueError, AttributeError):
        return False


def _write(place: Place, keys: list[Key], *, open_to_all: bool = False) -> None:
    place.folder.mkdir(parents=True, exist_ok=True)
    with atomic.writing(place.keys) as out:
        os.fchmod(out.fileno(), 0o600)
        content: dict[str, Any] = {"version": 1, "keys": [asdict(key) for key in keys]}
        if open_to_all:
            content["open"] = True
        out.write((json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
