"""From collected rows to a proposal: clean, guess, look for leaks, fit something quick, set a threshold."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import Cleaned, Collected, Labelled, Role
from modelwright.core.records.evidence import Finding
from modelwright.data.clean.identify import names_identifier
from modelwright.data.clean.stage import clean
from modelwright.data.label import TARGET, label
from modelwright.data.profile.stage import profile
from modelwright.data.split.stage import split
from modelwright.evidence.analyse.check import CHECKS, DoesNotApply
from modelwright.evidence.analyse.facts import Facts
from modelwright.evidence.propose.names import names_time, names_weight, sensitive
from modelwright.evidence.propose.quick import quick
from modelwright.evidence.propose.target import guess_target
from modelwright.evidence.propose.threshold import criterion, metric_for
from modelwright.goal.propose import Guess, Proposal
from modelwright.goal.sections import CleanSection, ProblemSection, RolesSection, SplitSection, SuccessSection

LEAKS = ("leak.golden-feature", "leak.known-afterwards", "leak.parts")
SMALL = 200_000
"""Cells up to which a minute finds what five would."""
MOST_NOTES = 6
MOST_TARGETS = 10
TIMES = 20
"""Different times that a split in time order needs to make sense."""


def propose(
    name: str,
    source: str,
    collected: Collected,
    target: str | None = None,
    *,
    query: str | None = None,
    seed: int = 0,
) -> Proposal:
    """A goal for the collected rows, every guess with its reason.

    ``source`` stands in the file as it is. Raises :class:`BadData` where a target that was named cannot be
    predicted; where none was named and none can be guessed, the proposal has none.
    """
    first = clean(CleanSection(), RolesSection(), ProblemSection(name, target=target), collected, Book())
    said = Guess(target, "as you said.") if target is not None else None
    chosen, labelled, roles, guessed = _target(name, said, first)
    if chosen is None or labelled is None:
        note = "no column could be a target (all are dates, texts, identifiers or constant); name one"
        return Proposal(name, source, query, notes=(note,))
    book = Book()
    problem = ProblemSection(name, target=chosen.value)
    sensitive_columns = _sensitive(labelled)
    later, group = _leaks(problem, roles, labelled)
    roles = RolesSection(
        weight=roles.weight,
        keys=roles.keys,
        later=tuple(g.value for g in later),
        group=group.value if group else None,
        time=roles.time,
        sensitive=tuple(g.value for g in sensitive_columns),
    )
    again = clean(CleanSection(), roles, problem, collected, book)
    labelled = label(problem, roles, SuccessSection(), again, book)
    counts = labelled.table.get()[TARGET].value_counts()["count"].to_list() if labelled.classes else []
    shares = _shares(labelled) if counts else ()
    measure, why = metric_for(labelled.problem, shares)
    notes = list(_notes(book))
    success: tuple[Guess[str], ...] = ()
    fractions = None
    try:
        parts = split(SplitSection(), roles, problem, SuccessSection(), labelled, seed, Book())
    except BadData as refused:
        notes.insert(0, f"the usual split does not work here: {refused.message}")
    else:
        if any(c.is_input for c in parts.development.columns):
            facts = Facts(parts.development, profile(labelled, Book()), roles, SuccessSection(), seed)
            answer = CHECKS.get("leak.together").look(facts)
            easy = () if isinstance(answer, DoesNotApply) else answer
            notes[:0] = [f"{_sentence(f.message)} {_sentence(f.remedy)}" for f in easy]
            found = quick(parts.development, measure, seed)
            asked, fractions = criterion(found, why, parts.development, labelled.rows, shares)
            success = (asked,)
    cells = labelled.rows * len(labelled.columns)
    short = cells <= SMALL
    size = f"{labelled.rows} rows of {len(labelled.columns)} columns"
    return Proposal(
        name=name,
        source=source,
        query=query,
        problem=Guess(labelled.problem, f"{labelled.why.partition(';')[0]}."),
        target=chosen,
        positive=_positive(labelled),
        weight=guessed.get("weight"),
        group=group,
        time=guessed.get("time"),
        keys=tuple(Guess(k, f"{k!r} identifies the row.") for k in roles.keys),
        later=tuple(later),
        sensitive=tuple(sensitive_columns),
        success=success,
        split=fractions,
        budget=Guess(
            "60s" if short else "5m", f"{size}: {'a minute is plenty' if short else 'worth five minutes'}."
        ),
        notes=tuple(notes[:MOST_NOTES]),
    )


def _target(
    name: str, said: Guess[str] | None, first: Cleaned
) -> tuple[Guess[str] | None, Labelled | None, RolesSection, dict[str, Guess[str]]]:
    """The target, said or the likeliest that can be predicted, with what follows from it."""
    for guess in [said] if said is not None else guess_target(first)[:MOST_TARGETS]:
        problem = ProblemSection(name, target=guess.value)
        roles, guessed = _roles(first, guess.value)
        duties: dict[str, Role] = {guess.value: "target"}
        if roles.time is not None:
            duties[roles.time] = "time"
        if roles.weight is not None:
            duties[roles.weight] = "weight"
        columns = tuple(
            replace(c, role=duties[c.name], is_input=duties[c.name] == "time") if c.name in duties else c
            for c in first.columns
        )
        try:
            labelled = label(problem, roles, SuccessSection(), replace(first, columns=columns), Book())
            return guess, labelled, roles, guessed
        except BadData:
            if said is not None:
                raise
    return None, None, RolesSection(), {}


def _roles(cleaned: Cleaned, target: str) -> tuple[RolesSection, dict[str, Guess[str]]]:
    """Keys, weight and time by name and look."""
    frame: pl.DataFrame = cleaned.table.get()
    guessed: dict[str, Guess[str]] = {}
    keys = []
    for column in cleaned.columns:
        name = column.name
        if name == target:
            continue
        if column.role == "ignored" and names_identifier(name) and frame[name].n_unique() > 1:
            keys.append(name)
        elif column.kind == "number" and names_weight(name):
            guessed["weight"] = Guess(name, f"{name!r} is a usual name of the weight of a row.")
        elif column.kind == "date" and "time" not in guessed:
            values = frame[name].drop_nulls()
            if values.n_unique() < TIMES:
                continue
            if names_time(name):
                guessed["time"] = Guess(
                    name, f"{name!r} says when the row happened: the test is to be the future."
                )
            elif values.len() == frame.height and values.is_sorted():
                guessed["time"] = Guess(
                    name, f"the rows stand in the order of {name!r}: the test is to be the future."
                )
    weight, time = guessed.get("weight"), guessed.get("time")
    return (
        RolesSection(
            weight=weight.value if weight else None, keys=tuple(keys), time=time.value if time else None
        ),
        guessed,
    )


def _sensitive(labelled: Labelled) -> list[Guess[str]]:
    return [
        Guess(c.name, f"{what}, if the rows are about people; then it is reported on and is no input.")
        for c in labelled.columns
        if c.role == "input" and c.kind != "text" and (what := sensitive(c.name)) is not None
    ]


def _leaks(
    problem: ProblemSection, roles: RolesSection, labelled: Labelled
) -> tuple[list[Guess[str]], Guess[str] | None]:
    """Columns that seem to be known only afterwards, and a group that nobody declared."""
    try:
        parts = split(SplitSection(), roles, problem, SuccessSection(), labelled, 0, Book())
    except BadData:
        return [], None
    facts = Facts(parts.development, profile(labelled, Book()), roles, SuccessSection(), 0)
    later: dict[str, Guess[str]] = {}
    for code in LEAKS:
        answer = CHECKS.get(code).look(facts)
        for found in () if isinstance(answer, DoesNotApply) else answer:
            if found.severity == "blocker" and found.column is not None:
                reason = f"{found.message}: probably not known yet when predicting."
                later.setdefault(found.column, Guess(found.column, reason))
    answer = CHECKS.get("leak.undeclared-group").look(facts)
    groups = () if isinstance(answer, DoesNotApply) else answer
    group = next((Guess(f.column, f"{f.message}.") for f in groups if f.column is not None), None)
    return list(later.values()), group


def _shares(labelled: Labelled) -> tuple[float, ...]:
    import numpy as np

    counts = np.bincount(labelled.table.get()[TARGET].to_numpy(), minlength=len(labelled.classes))
    return tuple(float(c) / labelled.rows for c in counts)


def _positive(labelled: Labelled) -> Guess[str] | None:
    if labelled.positive is None:
        return None
    _, _, reason = labelled.why.partition("; ")
    return Guess(labelled.positive, f"{reason}.")


def _notes(book: Book) -> list[str]:
    """What cleaning and labelling warn of, without repeats."""
    warnings = [i for i in book.items if isinstance(i, Finding) and i.severity != "note"]
    return list(dict.fromkeys(f"{_sentence(w.message)} {_sentence(w.remedy)}" for w in warnings))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")
