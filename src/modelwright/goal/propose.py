"""A proposed goal as a commented file: every guess with its reason, ready to be corrected by hand."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")

WIDTH = 100
_PLAIN = re.compile(r"[\w./][\w./ -]*(?<! )")


@dataclass(frozen=True, slots=True)
class Guess(Generic[T]):
    """A value and, in a sentence, why it was guessed."""

    value: T
    reason: str


@dataclass(frozen=True, slots=True)
class Fractions:
    train: float
    validation: float
    test: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a look at the data suggests. ``None`` or empty: nothing in the data suggested it."""

    name: str
    source: str
    """As it is to stand in the file, relative to it."""
    query: str | None = None
    problem: Guess[str] | None = None
    target: Guess[str] | None = None
    positive: Guess[str] | None = None
    weight: Guess[str] | None = None
    group: Guess[str] | None = None
    time: Guess[str] | None = None
    keys: tuple[Guess[str], ...] = ()
    later: tuple[Guess[str], ...] = ()
    sensitive: tuple[Guess[str], ...] = ()
    columns: tuple[tuple[str, Guess[str]], ...] = ()
    """(column, kind) where the kind that would be inferred deserves to be seen."""
    success: tuple[Guess[str], ...] = ()
    """Criteria, in the grammar, each with what it beats and how far it can be proven."""
    split: Guess[Fractions] | None = None
    budget: Guess[str] | None = None
    notes: tuple[str, ...] = ()
    """What else a person should know before they go on, a sentence each."""


def render_goal(proposal: Proposal) -> str:
    """The goal file of ``proposal``: YAML that parses, each guess below its reason.

    What nothing suggested stands as a commented line, so that the file shows what can be said. Raises
    :class:`~modelwright.core.errors.BadGoal` where the proposal contradicts itself.
    """
    from modelwright.goal.parse import parse

    text = "\n".join(_lines(proposal)) + "\n"
    parse(text, base=Path(), source="the proposed goal")
    return text


def _lines(p: Proposal) -> Iterator[str]:
    file = f"{p.name}.yaml"
    yield from _comment(f"A goal for modelwright, proposed after a look at {p.source}.")
    yield from _comment(
        "Each value was guessed from the data, for the reason above it. Correct what is wrong; a line that "
        "begins with # says nothing until its # is taken away."
    )
    yield from _comment(
        f"`modelwright check {file}` says what can be proven, `modelwright run {file}` does the work."
    )
    for note in p.notes:
        yield from _comment(f"Note: {note}")
    yield ""
    yield f"name: {scalar(p.name)}"
    yield "# description: what is to be solved, in words, for the report and the model card"
    yield "# users: who will use the model, and what for"
    yield ""
    yield from _one("problem", p.problem, "", "problem: binary", "binary, multiclass or regression")
    yield ""
    yield from _data(p)
    yield ""
    if p.success:
        yield from _comment("How good the model must be; each criterion is judged by its whole 95% interval.")
        yield from _many("success", p.success, "")
    else:
        yield from _comment("How good the model must be; without a criterion, better than the best baseline.")
        yield "# success: [accuracy >= 90%, latency_p99 <= 20ms]"
    yield ""
    if p.split is not None:
        parts = p.split.value
        yield from _comment(p.split.reason)
        yield f"split: {{train: {parts.train:g}, validation: {parts.validation:g}, test: {parts.test:g}}}"
    else:
        yield "# split: {train: 0.7, validation: 0.15, test: 0.15}"
    yield ""
    yield from _one("budget", p.budget, "", "budget: 5m", "how long the whole run may take")


def _data(p: Proposal) -> Iterator[str]:
    pad = "  "
    yield "data:"
    yield f"{pad}source: {scalar(p.source)}"
    if p.query is not None:
        yield f"{pad}query: {scalar(p.query)}"
    yield from _one("target", p.target, pad, "target: outcome", "the column to predict")
    if p.positive is not None or (p.problem is not None and p.problem.value == "binary"):
        yield from _one("positive", p.positive, pad, 'positive: "yes"', "the class that recall speaks of")
    yield from _many("keys", p.keys, pad, "keys: [id]", "columns that identify a row, and are no inputs")
    yield from _many("later", p.later, pad, "later: [closed_on]", "columns not known yet when predicting")
    yield from _one("group", p.group, pad, "group: household", "rows that belong together in every split")
    yield from _one("time", p.time, pad, "time: date", "split in the order of a date")
    yield from _one("weight", p.weight, pad, "weight: hours", "how much each row counts")
    yield from _many("sensitive", p.sensitive, pad, "sensitive: [sex]", "report fairness on them; no inputs")
    if p.columns:
        yield f"{pad}columns:"
        for name, kind in p.columns:
            yield from _comment(kind.reason, pad * 2)
            yield f"{pad * 2}{scalar(name)}: {scalar(kind.value)}"
    yield f"{pad}# licence: the data's licence, for the data card"
    yield f"{pad}# consent: on what ground the data may be used"


def _one(key: str, guess: Guess[str] | None, pad: str, example: str, meaning: str) -> Iterator[str]:
    if guess is None:
        yield f"{pad}# {example}  # {meaning}"
        return
    yield from _comment(guess.reason, pad)
    yield f"{pad}{key}: {scalar(guess.value)}"


def _many(
    key: str, guesses: Iterable[Guess[str]], pad: str, example: str = "", meaning: str = ""
) -> Iterator[str]:
    guesses = tuple(guesses)
    if not guesses:
        yield f"{pad}# {example}  # {meaning}"
        return
    yield f"{pad}{key}:"
    for guess in guesses:
        yield from _comment(guess.reason, f"{pad}  ")
        yield f"{pad}  - {scalar(guess.value)}"


def _comment(text: str, pad: str = "") -> list[str]:
    """``text`` as comment lines; whatever would end a line or is not printable becomes a blank."""
    words = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return textwrap.wrap(
        words, WIDTH, initial_indent=f"{pad}# ", subsequent_indent=f"{pad}# ", break_on_hyphens=False
    )


def scalar(value: str) -> str:
    """``value`` as a YAML scalar that reads back as that very text."""
    from modelwright.goal.yaml import read

    if _PLAIN.fullmatch(value) or _looks_a_criterion(value):
        read_back: Any = read(f"x: {value}").data.get("x")
        if read_back == value and isinstance(read_back, str):
            return value
    return '"' + "".join(_escaped(each) for each in value) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def _looks_a_criterion(value: str) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9_]*(\([a-z]+\))? [<>]=? [^#:]*", value) is not None
