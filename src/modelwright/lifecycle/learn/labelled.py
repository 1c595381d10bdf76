"""What feedback teaches: answered rows whose outcome is known by now, and how they came to be known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelwright.core.records.evidence import Finding
from modelwright.lifecycle.learn.champion import Champion, class_named
from modelwright.live.entries import Prediction
from modelwright.live.log.personal import MASKED, personal_columns
from modelwright.live.settings import Settings
from modelwright.runtime.model import Model
from modelwright.runtime.parse import MEDIA

if TYPE_CHECKING:
    from modelwright.live.log.database import LogDatabase

_PAGE = 10_000
MOST_COUNTED = 200_000
"""Answered rows that are looked at for how many of them got feedback, from the first labelled one on."""


@dataclass(frozen=True, slots=True)
class Told:
    """One answered row and its outcome."""

    id: str
    at: int
    """Microseconds since 1970, UTC, when it was asked."""
    inputs: dict[str, Any]
    """As logged; columns whose values the log does not hold (personal data) are left out."""
    outcome: str | float
    """The class, or the value."""
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Feedback:
    """All rows with feedback, oldest first, and what a person should know of them."""

    rows: tuple[Told, ...]
    findings: tuple[Finding, ...]
    share: float
    """Of the answered rows that were looked at, those with feedback; NaN where none were answered."""


def withheld(champion: Champion, settings: Settings) -> frozenset[str]:
    """Columns whose values the log does not hold as they were sent."""
    if settings.log.personal == "keep":
        return frozenset()
    return frozenset(personal_columns(champion.model))


def read(database: LogDatabase, champion: Champion, settings: Settings) -> Feedback:
    """The labelled rows of the log. Outcomes that name no class, or are no numbers, are counted and left
    out."""
    hidden = withheld(champion, settings)
    found: list[Told] = []
    strange: dict[str, int] = {}
    for prediction, feedback in database.labelled():
        if prediction.role == "shadow":
            continue
        outcome = _outcome(feedback.outcome, champion)
        if outcome is None:
            name = str(feedback.outcome)[:40]
            strange[name] = strange.get(name, 0) + 1
            continue
        inputs = {
            name: value for name, value in prediction.inputs.items() if name not in hidden and value != MASKED
        }
        found.append(Told(prediction.id, prediction.at, inputs, outcome, prediction))
    found.sort(key=lambda row: (row.at, row.id))
    held = without_content(champion.model)
    if held and found:
        # A row without its picture would teach that nothing is there.
        return Feedback((), (_no_content(held, len(found)),), math.nan)
    findings = [*_strange(strange), *_lacking(found, champion, hidden), *_ungrouped(found, champion, hidden)]
    share, selected = _selected(database, champion, found)
    return Feedback(tuple(found), (*findings, *selected), share)


def without_content(model: Model) -> tuple[str, ...]:
    """Columns of media, of which the log keeps what is measured and never what was sent."""
    return tuple(tensor.name for tensor in model.tensors.tensors if tensor.kind in MEDIA)


def _no_content(names: tuple[str, ...], count: int) -> Finding:
    return Finding(
        "feedback.no-content",
        "warning",
        f"the log holds no content of {', '.join(map(repr, names))}: {count} labelled rows "
        "cannot be learned from",
        "put new files with their labels into the source, and run the goal anew",
        column=names[0],
        numbers={"rows": float(count)},
    )


def _outcome(value: Any, champion: Champion) -> str | float | None:
    if champion.model.classes:
        return class_named(value, champion.model.classes)
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _strange(strange: dict[str, int]) -> list[Finding]:
    if not strange:
        return []
    shown = ", ".join(f"{name!r} ({count})" for name, count in sorted(strange.items())[:5])
    return [
        Finding(
            "feedback.unknown-outcome",
            "warning",
            f"{sum(strange.values())} outcomes are nothing that the champion could have answered: {shown}",
            "correct them; where there is a new class, add rows of it to the source and run the goal anew",
            numbers={"rows": float(sum(strange.values()))},
        )
    ]


def _lacking(rows: Sequence[Told], champion: Champion, hidden: frozenset[str]) -> list[Finding]:
    """Columns that the model takes and that labelled rows do not have."""
    made = []
    for name in champion.model.tensors.names:
        count = sum(name not in row.inputs for row in rows)
        if not count:
            continue
        why = "is personal data, which the log does not keep" if name in hidden else "was not sent"
        made.append(
            Finding(
                "feedback.column-missing",
                "warning",
                f"{name!r} {why}: it is missing in {count} of {len(rows)} labelled rows",
                "the challenger learns and both are judged without it there; `--promote shadow` compares "
                "what both answered to the rows as they were sent",
                column=name,
                numbers={"rows": float(count), "share": count / len(rows)},
            )
        )
    return made


def _ungrouped(rows: Sequence[Told], champion: Champion, hidden: frozenset[str]) -> list[Finding]:
    """Rows that cannot be kept on their group's side, because the log does not say which group that is."""
    name = champion.goal.sections.roles.group
    count = 0 if name is None else sum(row.inputs.get(name) is None for row in rows)
    if name is None or not count:
        return []
    why = "is personal data, which the log does not keep" if name in hidden else "was not sent"
    return [
        Finding(
            "feedback.group-missing",
            "warning",
            f"the group {name!r} {why}: it is not known of {count} of {len(rows)} labelled rows, so rows of "
            "one group may be learned from and judge, and are counted as if they told of different ones",
            "send a number that stands for the group and says nothing of a person, or keep it "
            "(`data: {personal: keep}`); until then take the interval for too narrow",
            column=name,
            numbers={"rows": float(count), "share": count / len(rows)},
        )
    ]


def _selected(database: LogDatabase, champion: Champion, rows: Sequence[Told]) -> tuple[float, list[Finding]]:
    """Who gives feedback: the share labelled, and whether it depends on what was answered."""
    if not rows:
        return math.nan, []
    ids = {row.id for row in rows}
    answered: dict[str, list[int]] = {}
    seen = after = 0
    while seen < MOST_COUNTED:
        page = database.predictions(after=after, limit=_PAGE, since=rows[0].at)
        if not page:
            break
        after = page[-1][0]
        for _, one in page:
            if one.role == "shadow":
                continue
            seen += 1
            key = str(one.prediction) if champion.model.classes and not one.abstained else "any"
            counts = answered.setdefault(key, [0, 0])
            counts[0] += 1
            counts[1] += one.id in ids
    total = sum(n for n, _ in answered.values())
    with_feedback = sum(k for _, k in answered.values())
    share = with_feedback / total if total else math.nan
    made = [
        Finding(
            "feedback.share",
            "note",
            f"{with_feedback} of {total} answered rows have feedback ({share:.1%}); where it depends on the "
            "outcome who gives it, the new model learns that too",
            "ask for the outcome of rows drawn by lot",
            numbers={"rows": float(with_feedback), "share": share},
        )
    ]
    uneven = [(n, k) for _, (n, k) in sorted(answered.items()) if n >= 5]
    if len(uneven) > 1 and 0 < with_feedback < total:
        from scipy import stats

        test = stats.chi2_contingency([[k, n - k] for n, k in uneven], correction=False)
        if min(k for _, k in uneven) < max(k for _, k in uneven) and float(test.pvalue) < 0.001:
            shown = ", ".join(f"{key}: {k / n:.1%}" for key, (n, k) in sorted(answered.items()) if n >= 5)
            made.append(
                Finding(
                    "feedback.selected",
                    "warning",
                    f"how many rows get feedback depends on what was answered ({shown})",
                    "the judgement holds for rows that get feedback; ask for outcomes of rows drawn by lot",
                    numbers={"p": float(test.pvalue)},
                )
            )
    return share, made
