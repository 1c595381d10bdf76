"""A request that gets no prediction: its status, and what the client is told.

::

    {"error": {"code": "invalid-input", "message": "...", "hint": "...",
               "fields": [{"field": "age", "expected": "...", "received": "...", "row": 3}]}}
"""

from __future__ import annotations

import json
from typing import Any, Final

from modelwright.live.serve.predict import Unanswerable
from modelwright.live.serve.validate import Invalid

Headers = list[tuple[bytes, bytes]]
JSON: Final = (b"content-type", b"application/json")
CLOSE: Final = (b"connection", b"close")
NOT_LOGGED: Final = frozenset({401, 404, 405, 429})
"""Statuses that are counted but not written to the log: anybody can cause any number of them."""


class Refused(Exception):
    """A request that is answered with an error, on purpose."""

    def __init__(
        self, status: int, code: str, message: str, hint: str = "", *, headers: Headers | None = None,
        fields: list[dict[str, Any]] | None = None, details: dict[str, Any] | None = None,
        close: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers: Headers = [*(headers or []), *([CLOSE] if close else [])]
        self.fields = fields
        self.details = details or {}
        """For the log: counts by cause, never a value."""

    def body(self) -> bytes:
        said: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.hint:
            said["hint"] = self.hint
        if self.fields is not None:
            said["fields"] = self.fields
        return json.dumps({"error": said}, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )


class Gone(Exception):
    """The client hung up: nobody waits for an answer."""


def invalid(error: Invalid) -> Refused:
    """422 with every wrong field."""
    count = len(error.wrong) + error.more
    more = f"; {error.more} more are not listed" if error.more else ""
    return Refused(
        422, "invalid-input", f"{count} field{'s' if count != 1 else ''} cannot be used{more}",
        "mend the fields that are listed; /docs says what each one takes",
        fields=[one.to_json() for one in error.wrong], details={"fields": error.counts},
    )  # fmt: skip


def unanswerable(error: Unanswerable) -> Refused:
    """422: nothing is wrong with the form of the values, but no number comes out."""
    where = "" if error.row is None else f" of row {error.row}"
    return Refused(
        422, "no-finite-answer", f"the values{where} lead to no finite answer",
        "look for values that are far too large", details={"fields": {"no-finite-answer": 1}},
    )  # fmt: skip


def one_field(field: str, expected: str, received: str) -> Refused:
    """422 for one thing of the body that is no column."""
    return Refused(
        422, "invalid-input", f"{field}: expected {expected}",
        fields=[{"field": field, "expected": expected, "received": received}], details={"fields": {field: 1}},
    )  # fmt: skip


def unauthorised(damaged: bool) -> Refused:
    if damaged:
        return Refused(
            401, "keys-damaged", "the keys of this model cannot be read, so that nobody is let in",
            "whoever runs the server must mend keys.json", headers=[(b"www-authenticate", b"Bearer")],
        )  # fmt: skip
    return Refused(
        401, "unauthorised", "a valid API key is needed", "send it as 'Authorization: Bearer mw_...'",
        headers=[(b"www-authenticate", b"Bearer")],
    )  # fmt: skip


def too_often(seconds: float) -> Refused:
    wait = max(1, int(-(-seconds // 1)))
    return Refused(
        429, "too-many-requests", "more requests than this key (or address) may send",
        f"wait {wait} s", headers=[(b"retry-after", str(wait).encode())],
    )  # fmt: skip


def overloaded() -> Refused:
    return Refused(
        503, "overloaded", "as many requests as the server takes are at work",
        "try again in a second", headers=[(b"retry-after", b"1")],
    )  # fmt: skip


def journal_full() -> Refused:
    return Refused(
        503, "journal-full", "the answer could not be logged, and nothing is answered that is not logged",
        "try again soon; whoever runs the server should look at the disk and the database",
        headers=[(b"retry-after", b"2")],
    )  # fmt: skip


def not_ready() -> Refused:
    return Refused(
        503, "not-ready", "no version of the model is loaded", "try again in a second",
        headers=[(b"retry-after", b"1")],
    )  # fmt: skip


def not_found(message: str, hint: str = "") -> Refused:
    return Refused(404, "not-found", message, hint)


def timed_out(receiving: bool) -> Refused:
    if receiving:
        return Refused(
            408,
            "body-too-slow",
            "the body did not arrive in time",
            "send it faster, or fewer rows",
            close=True,
        )
    return Refused(504, "too-slow", "the answer was not ready in time", "send fewer rows at once")


def broken() -> Refused:
    """500: a defect of ours. What happened is on the server's standard error."""
    return Refused(500, "defect", "the server made a mistake", "whoever runs it finds the cause in its log")
