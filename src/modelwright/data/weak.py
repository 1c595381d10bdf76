"""Weak labels: rules of the goal vote on rows that nobody has labelled; a label model weighs the votes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.data import Cleaned, Column
from modelwright.core.records.evidence import Table
from modelwright.goal.nearest import did_you_mean
from modelwright.goal.sections import Condition, Rule
from modelwright.stats import label_model
from modelwright.stats.intervals import clopper_pearson

WEAK = "__weak__"
"""Boolean column of labelled rows: whether the label was made by rules. Only there where the goal has
rules."""
VOTES = "__votes__"
"""Text lists of labelled rows: the class that each rule votes for, null where it abstains. As WEAK."""

CODES = "__target__"
"""The codes of the classes in labelled rows (``data.label.TARGET``)."""
Mask = NDArray[np.bool_]
Codes = NDArray[np.int64]


def with_target(frame: pl.DataFrame, cleaned: Cleaned, target: str | None) -> tuple[pl.DataFrame, Cleaned]:
    """Rows of which nobody has labelled any need not have the column: it is added, empty."""
    if target is None or any(column.name == target for column in cleaned.columns):
        return frame, cleaned
    column = Column(target, "category", "target", is_input=False, why="no row has it: its labels are made")
    empty = pl.Series(target, [None] * frame.height, dtype=pl.String)
    return frame.with_columns(empty), replace(cleaned, columns=(*cleaned.columns, column))


def apply(
    frame: pl.DataFrame,
    column: Column,
    names: list[str | None],
    rules: tuple[Rule, ...],
    cleaned: Cleaned,
    reader: Callable[[str], Any],
    book: Book,
) -> tuple[pl.DataFrame, int]:
    """``frame`` with labels made by ``rules`` where the target is missing, and WEAK; and how many were made.

    ``names`` are the classes of the rows, None where missing. Rows of a given test part are left alone, and
    so are rows where no rule speaks, or where classes come out equal. Raises :class:`BadData` for a rule that
    cannot be used with these columns.
    """
    if column.kind == "number":
        raise _bad(
            f"rules name classes, but the target {column.name!r} is a number",
            f"say data.columns: {{{column.name}: category}}, or leave the rules out",
        )
    unknown = [r.label for r in rules if column.kind == "boolean" and reader(r.label) is None]
    if unknown:
        raise _bad(f"{unknown[0]!r} is no value of the target {column.name!r}", "use the values of the data")
    classes = sorted({*(rule.label for rule in rules), *(n for n in names if n is not None)})
    if len(classes) < 2:
        raise _bad(
            f"every rule is for {classes[0]!r}, and no row has another label", "add a rule for another class"
        )
    codes = {name: code for code, name in enumerate(classes)}
    known = np.array([-1 if n is None else codes[n] for n in names], dtype=np.int64)
    votes = votes_of(frame, rules, cleaned.columns, codes)
    if cleaned.test_rows:  # nothing is learned from rows to test on
        known[-cleaned.test_rows :], votes[-cleaned.test_rows :] = -1, label_model.ABSTAIN
    model = label_model.fit(votes, len(classes), known)
    chance = model.posterior(votes)
    without = np.array([n is None for n in names])
    if cleaned.test_rows:
        without[-cleaned.test_rows :] = False
    spoke = (votes != label_model.ABSTAIN).any(axis=1)
    ordered = np.sort(chance, axis=1)
    made = without & spoke & (ordered[:, -1] - ordered[:, -2] > 1e-9)
    best = chance.argmax(axis=1)
    _rules(rules, model, label_model.facts(votes, known), known, classes, column.name, book)
    _rows(without, spoke, made, [classes[code] for code in best[made]], len(rules), column.name, book)
    values = frame[column.name].to_list()
    for place in np.flatnonzero(made).tolist():
        word = classes[best[place]]
        values[place] = reader(word) if column.kind == "boolean" else word
    filled = pl.Series(column.name, values, dtype=frame[column.name].dtype)
    said = [
        [None if vote == label_model.ABSTAIN else classes[vote] for vote in row] for row in votes.tolist()
    ]
    return frame.with_columns(
        filled,
        pl.Series(WEAK, made.tolist(), dtype=pl.Boolean),
        pl.Series(VOTES, said, dtype=pl.List(pl.String)),
    ), int(made.sum())


def again(frame: pl.DataFrame, every: pl.DataFrame, classes: tuple[str, ...], target: str) -> pl.DataFrame:
    """Rows to learn from (``frame``) with the labels that rules make of these rows alone.

    Before the split the rules are weighed by every label given by hand, those of rows that are sealed later
    among them; here they are weighed anew without these. Rows in which classes now come out equal go.
    ``every``: the labelled rows, for how the target spells each class; ``classes`` in the order of TARGET.
    """
    if WEAK not in frame.columns or not frame[WEAK].any():
        return frame
    code = {name: place for place, name in enumerate(classes)}
    lists = frame[VOTES].to_list()
    votes = np.array(
        [[code.get(vote, label_model.ABSTAIN) if vote is not None else label_model.ABSTAIN for vote in row]
         for row in lists],
        dtype=np.int64,
    )  # fmt: skip
    weak = frame[WEAK].to_numpy().astype(bool)
    codes = frame[CODES].to_numpy().astype(np.int64)
    chance = label_model.fit(votes, len(classes), np.where(weak, -1, codes)).posterior(votes)
    ordered = np.sort(chance, axis=1)
    best = np.where(weak, chance.argmax(axis=1), codes)
    keep = ~weak | ((votes != label_model.ABSTAIN).any(axis=1) & (ordered[:, -1] - ordered[:, -2] > 1e-9))
    spelled = dict(every.select(CODES, target).unique(CODES, keep="first", maintain_order=True).iter_rows())
    values = [spelled.get(b) if w else v for v, b, w in zip(frame[target], best.tolist(), weak, strict=True)]
    made = frame.with_columns(
        pl.Series(CODES, best, dtype=pl.Int64), pl.Series(target, values, dtype=frame[target].dtype)
    )
    return made.filter(pl.Series(keep))


def votes_of(
    frame: pl.DataFrame, rules: tuple[Rule, ...], columns: tuple[Column, ...], codes: dict[str, int]
) -> Codes:
    """int64 [rows, rules]: the class that each rule votes for, or ``ABSTAIN``."""
    kinds = {c.name: c.kind for c in columns if c.name in frame.columns}
    votes = np.full((frame.height, len(rules)), label_model.ABSTAIN, dtype=np.int64)
    for place, rule in enumerate(rules):
        votes[_fulfilled(frame, rule.when, kinds, rule.name), place] = codes[rule.label]
    return votes


def _fulfilled(frame: pl.DataFrame, when: Condition, kinds: Mapping[str, str], rule: str) -> Mask:
    if when.parts:
        parts = [_fulfilled(frame, part, kinds, rule) for part in when.parts]
        if when.test == "not":
            return ~parts[0]
        joined = np.logical_and if when.test == "all" else np.logical_or
        return np.asarray(joined.reduce(parts), dtype=bool)
    kind = kinds.get(when.column)
    if kind is None:
        known = sorted(kinds)
        raise _bad(
            f"{rule} looks at {when.column!r}, which is no column",
            did_you_mean(when.column, known) or f"the table has {', '.join(known[:20])}",
        )
    values = frame[when.column]
    if when.test == "missing":
        return np.asarray(values.is_null().to_numpy(), dtype=bool)
    if when.test in ("above", "below", "at_least", "at_most"):
        if kind not in ("number", "boolean"):
            raise _bad(
                f"{rule} compares {when.column!r}, which is no number but a {kind}", "use is or matches"
            )
        least = float(when.values[0])
        found = {
            "above": values > least,
            "below": values < least,
            "at_least": values >= least,
            "at_most": values <= least,
        }[when.test]
        return np.asarray(found.fill_null(value=False).to_numpy(), dtype=bool)
    if when.test == "is":
        return _is(values, when.values, kind, rule)
    if kind not in ("category", "text"):
        raise _bad(f"{rule} looks for words in {when.column!r}, which is a {kind}", "use is, above or below")
    pattern = str(when.values[0]) if when.test == "matches" else _words(when.values)
    try:
        # The regex engine of polars takes linear time whatever the pattern.
        hits = values.str.contains(pattern, literal=False, strict=True)
    except pl.exceptions.ComputeError as error:
        raise _bad(
            f"{rule} has a pattern that is none: {pattern!r}",
            "look around and back references are not known; `(?i)` ignores case",
        ) from error
    return np.asarray(hits.fill_null(value=False).to_numpy(), dtype=bool)


def _is(values: pl.Series, wanted: tuple[str | float, ...], kind: str, rule: str) -> Mask:
    if kind in ("category", "text"):
        hits = values.is_in([str(w) for w in wanted])
    else:
        numbers = []
        for word in wanted:
            spelled = {"true": 1.0, "false": 0.0}.get(str(word)) if kind == "boolean" else None
            try:
                numbers.append(spelled if spelled is not None else float(word))
            except ValueError:
                raise _bad(
                    f"{rule}: {word!r} is no value of {values.name!r}, a {kind}", "write a number"
                ) from None
        hits = values.cast(pl.Float64).is_in(numbers)
    return np.asarray(hits.fill_null(value=False).to_numpy(), dtype=bool)


def _words(words: tuple[str | float, ...]) -> str:
    """Whole words or phrases, in any case."""
    each = "|".join(re.escape(str(w)).replace(r"\ ", r"\s+") for w in words)
    return rf"(?i)(?:^|\W)(?:{each})(?:\W|$)"


def _rules(
    rules: tuple[Rule, ...],
    model: label_model.LabelModel,
    facts: tuple[label_model.RuleFacts, ...],
    known: Codes,
    classes: list[str],
    target: str,
    book: Book,
) -> None:
    """The table of the rules, and a warning of each that hand-made labels show to be poor."""
    lines: list[tuple[str | float | int | None, ...]] = []
    shares = np.bincount(known[known >= 0], minlength=len(classes)) / max(int((known >= 0).sum()), 1)
    for place, (rule, fact) in enumerate(zip(rules, facts, strict=True)):
        low, high = clopper_pearson(fact.right, fact.judged)
        common = float(shares[classes.index(rule.label)])
        by_hand = f"{fact.right} of {fact.judged} ({low:.0%} to {high:.0%})" if fact.judged else "none"
        accuracy = round(float(model.accuracy[place]), 3) if model.votes[place] else None
        parts = (fact.coverage, fact.overlaps, fact.conflicts)
        lines.append((rule.name, rule.label, fact.votes, *(round(x, 4) for x in parts), accuracy, by_hand))
        if fact.judged >= 10 and high < common:
            book.finding(
                "label.weak-poor",
                "warning",
                f"{rule.name} is right in {fact.right} of {fact.judged} rows that were labelled by hand; its "
                f"class {rule.label!r} is more common than that",
                "mend the rule, or take it out",
                column=target,
                numbers={"right": float(fact.right), "judged": float(fact.judged)},
            )
    ended = "converged" if model.converged else "did not converge"
    book.table(
        Table(
            "label-rules",
            "Labels made by rules",
            ("rule", "label", "votes", "coverage", "overlaps", "conflicts", "accuracy, estimated", "by hand"),
            tuple(lines),
            note="Shares of all rows. The label model estimates accuracies from how rules agree with each "
            "other and with labels given by hand, as if they erred independently: rules that copy each other "
            "look "
            f"better than they are. It {ended} in {model.rounds} rounds.",
        )
    )


def _rows(
    without: Mask, spoke: Mask, made: Mask, labels: list[str], rules: int, target: str, book: Book
) -> None:
    silent, undecided = int((without & ~spoke).sum()), int((without & spoke & ~made).sum())
    often = sorted(Counter(labels).items(), key=lambda pair: (-pair[1], pair[0]))[:6]
    shown = ", ".join(f"{name} {count}" for name, count in often) or "none"
    book.finding(
        "label.weak",
        "note",
        f"{len(labels)} of {int(without.sum())} rows without a label were given one by {rules} rules "
        f"({shown}); of the others {silent} have no rule that speaks and {undecided} a tie",
        "label some rows by hand: they show how good each rule is",
        column=target,
        numbers={"rows": float(len(labels)), "silent": float(silent), "undecided": float(undecided)},
    )


def _bad(message: str, hint: str) -> BadData:
    return BadData(f"label.rules: {message}", code="label.rule-bad", hint=hint)
