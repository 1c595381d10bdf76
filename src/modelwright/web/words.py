"""What a word on a badge means: good, bad, in between, or neither."""

from __future__ import annotations

from typing import Any

from modelwright.web.views import Tone

GOOD = frozenset({"met", "done", "serving", "good", "finished", "champion", "promote", "challenge"})
BAD = frozenset({"not met", "blocker", "bad", "failed", "worse"})
WARN = frozenset(
    {"unproven", "warning", "not done", "warn", "stopped", "end challenge", "not enough evidence"}
)


def tone(status: object) -> Tone:
    """The tone of a status; nothing is said by colour alone, each has its own icon and its word."""
    text = str(status)
    return "good" if text in GOOD else "bad" if text in BAD else "warn" if text in WARN else "none"


def words(key: object) -> str:
    """A key of a record as words: ``mean_difference`` is ``mean difference``."""
    return str(key).replace("_", " ")


def columns(items: list[dict[str, Any]]) -> list[str]:
    """The keys of all objects of a list, in the order in which they come."""
    return list(dict.fromkeys(str(key) for item in items for key in item))


ACTIONS = {
    "promote": "promoted",
    "challenge": "challenging",
    "end challenge": "challenge ended",
    "keep": "champion kept",
    "not enough evidence": "not enough evidence",
}
"""What a decision says in a word or two."""
