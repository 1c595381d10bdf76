"""One request while it is at work, and the end of it: the answer, or what went wrong."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from modelwright.core.errors import ModelwrightError
from modelwright.live.entries import Prediction
from modelwright.live.log.journal import JournalFull
from modelwright.live.serve import refusal
from modelwright.live.serve.door import Door
from modelwright.live.serve.predict import Asked, Prepared, Unanswerable
from modelwright.live.serve.refusal import Refused
from modelwright.live.serve.validate import Invalid, Warned

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Route:
    """One of the three, of one model; ``version`` where the path names one."""

    kind: str
    door: Door
    version: str | None = None


@dataclass(slots=True)
class Hearing:
    """One request while it is at work."""

    at: int
    began: int
    version: str = ""
    role: str = ""
    key: str = ""
    receiving: bool = True
    given_up: bool = False
    """Nobody waits for the answer: what a thread still makes of it is not logged."""
    after: Callable[[], None] | None = None
    """What is done once the answer is sent."""


def logged_one(
    door: Door, hearing: Hearing, prepared: Prepared, row: dict[str, Any], asked: Asked
) -> tuple[str, Prediction, list[Warned], int]:
    """What a thread does of one row."""
    made = prepared.one(row, asked)
    if not hearing.given_up:
        door.journal.append((made[1],))
    return made


def logged_many(
    door: Door, hearing: Hearing, prepared: Prepared, rows: list[Any], asked: Asked, ids: Sequence[str]
) -> tuple[str, list[Prediction], list[list[Warned]], list[int]]:
    """What a thread does of many rows."""
    made = prepared.many(rows, asked, ids)
    if not hearing.given_up:
        door.journal.append(made[1])
    return made


def refused_by(error: Exception, hearing: Hearing) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, Invalid):
        return refusal.invalid(error)
    if isinstance(error, Unanswerable):
        return refusal.unanswerable(error)
    if isinstance(error, JournalFull):
        return refusal.journal_full()
    if isinstance(error, ModelwrightError):  # a version that is there and cannot be loaded
        return refusal.not_ready()
    return refusal.timed_out(hearing.receiving)


async def answer(send: Send, status: int, body: bytes, headers: refusal.Headers) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [refusal.JSON, (b"content-length", b"%d" % len(body)), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


def report(error: BaseException) -> None:
    """A defect, on standard error: where it is, and never what was sent (an error's text may hold it)."""
    where = "".join(traceback.format_tb(error.__traceback__))
    print(f"defect: {type(error).__name__} at\n{where}", file=sys.stderr, flush=True)
