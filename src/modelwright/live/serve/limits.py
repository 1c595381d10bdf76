"""What a client may ask: requests a second, the size of a body, what its JSON may hold."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from modelwright.live.serve.refusal import Gone, Refused

Receive = Callable[[], Awaitable[dict[str, Any]]]
_BUCKETS: Final = 4096
_NEAR: Final = 8
_BURST: Final = 1.0
"""Seconds' worth of requests that may come at once."""


class Rates:
    """Requests a second for each client, over all workers together.

    The generic cell rate algorithm (ITU-T I.371): of each client only the moment is kept at which its
    bucket would be full again, in a table that all workers map into memory. Two workers that count the
    same client in the same microsecond may let one request more pass; nobody waits for a lock.
    """

    def __init__(self, path: Path | None = None) -> None:
        """``path``: the table that workers share; None: this process alone."""
        size = 16 * _BUCKETS + 32
        if path is None:
            self._map = mmap.mmap(-1, size)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(handle, size)
                self._map = mmap.mmap(handle, size)
            finally:
                os.close(handle)
        # Clients cannot choose where they land: the hash has a secret, the same for all workers.
        if self._map[-32:] == bytes(32):
            self._map[-32:] = secrets.token_bytes(32)
        self._salt = self._map[-32:]
        self._table = memoryview(self._map)[: 16 * _BUCKETS].cast("q")

    def wait(self, client: str, rate: float) -> float:
        """Seconds until the client's next request is allowed; 0.0 allows this one and counts it."""
        now = time.monotonic_ns()
        step = int(1e9 / rate)
        ahead = max(step, int(_BURST * 1e9))
        digest = hashlib.blake2b(client.encode("utf-8", "replace"), digest_size=8, key=self._salt).digest()
        mine = int.from_bytes(digest, "big") >> 1 or 1
        table = self._table
        first = mine % _BUCKETS
        place = -1
        for near in range(_NEAR):
            at = 2 * ((first + near) % _BUCKETS)
            if table[at] == mine:
                place = at
                break
            if place < 0 and table[at + 1] <= now:  # free, or of a client that has waited long enough
                place = at
        if place < 0:
            place = 2 * first  # crowded: two clients share one bucket
        due = max(table[place + 1], now) if table[place] == mine or table[place + 1] > now else now
        if due + step - now > ahead:
            return (due + step - now - ahead) / 1e9
        table[place] = mine
        table[place + 1] = due + step
        return 0.0


async def body_of(receive: Receive, most: int, announced: int | None) -> bytes:
    """The body, refused as soon as it is longer than ``most`` bytes.

    Raises :class:`Refused`, and :class:`Gone` where the client hangs up.
    """
    if announced is not None and announced > most:
        raise _too_large(most)
    message = await receive()
    if message["type"] != "http.request":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > most:
            raise _too_large(most)
        return body
    parts = [body]
    size = len(body)
    while True:
        if size > most:
            raise _too_large(most)
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if not message.get("more_body", False) and size <= most:
            return b"".join(parts)


class _Duplicate(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _Duplicate(name)
            seen.add(name)
    return made


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON; send null where a value is not known")


_scan = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode


def json_of(body: bytes) -> Any:
    """What a body says. Stricter than Python's reader: no NaN, no key twice, no text that is none.

    Raises :class:`Refused` (400).
    """
    try:
        made = _scan(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise _no_json("it is not UTF-8") from None
    except RecursionError:
        raise _no_json("it is nested too deeply") from None
    except _Duplicate as error:
        raise _no_json(f"the key {str(error)[:40]!r} stands twice in one object") from None
    except json.JSONDecodeError as error:
        raise _no_json(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except ValueError as error:
        said = str(error)
        raise _no_json(said if "no JSON" in said else "a number has too many digits") from None
    if b"\\u" in body:
        _check_texts(made)
    return made


def _check_texts(value: Any) -> None:
    """Half of a surrogate pair and NUL can be written in JSON, but are no text that a database would take."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if "\x00" in one or any("\ud800" <= c <= "\udfff" for c in one):
                raise _no_json("a text holds NUL or half of a surrogate pair")
        elif isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _no_json(why: str) -> Refused:
    return Refused(400, "not-json", f"the body cannot be read as JSON: {why}", "send one JSON object")


def _too_large(most: int) -> Refused:
    return Refused(
        413,
        "body-too-large",
        f"the body is longer than {most:,} bytes",
        "send fewer rows at once, or smaller files",
        close=True,
    )
