"""The one answer of each item, and where it comes from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.labels import answers, tables
from modelwright.labels.project import Project
from modelwright.labels.ratings import coded, standing
from modelwright.labels.store import Store
from modelwright.stats.consensus import NOBODY, dawid_skene

By = Literal["majority", "dawid-skene", "agreed"]
"""What decides where nobody has settled: what most people say (none where it is undecided), Dawid and Skene's
model, or only items on which all agree."""
BYS: Final = get_args(By)


@dataclass(frozen=True, slots=True)
class Settled:
    """One item with its answer."""

    item: int
    key: str
    content: dict[str, Any]
    answer: Any
    """None: there is none (yet)."""
    why: str
    """settled, known (a test item), one (of one person), agreed, majority, dawid-skene; where there is no
    answer: none, undecided, skipped."""
    people: int
    """How many answered."""
    certainty: float | None = None
    """Of the model or the vote; None where it was not asked."""


def finals(store: Store, project: Project, by: By = "majority") -> Iterator[Settled]:
    """Every item in its order. Raises :class:`BadInput` for a model that the task has not."""
    if by == "dawid-skene" and project.task not in ("classes", "rating"):
        raise BadInput(
            f"Dawid and Skene's model is of classes, and this project asks for {project.task}",
            code="labels.consensus",
            hint="take the majority, or settle what is disputed on the page",
        )
    of: dict[int, list[Any]] = {}
    given = standing(store)
    for one in given:
        of.setdefault(one.item, []).append(one.answer)
    model: dict[int, tuple[Any, float]] = {}
    if by == "dawid-skene" and given:
        ratings = coded(project, given)
        found = dawid_skene(ratings)
        for item, code, sure in zip(ratings.items, found.label, found.certainty, strict=True):
            if code != NOBODY:
                name = ratings.classes[code]
                model[int(item)] = (int(name) if project.task == "rating" else name, float(sure))
    i = tables.items.c
    with store.reading() as connection:
        rows = connection.execute(
            sa.select(i.n, i.key, i.content, i.final, i.gold, i.skips).order_by(i.n)
        ).all()
    for row in rows:
        said = of.get(row.n, [])
        answer, why, sure = _one(project, said, row, by, model.get(row.n))
        yield Settled(row.n, row.key, json.loads(row.content), answer, why, len(said), sure)


def _one(
    project: Project, said: list[Any], row: Any, by: By, model: tuple[Any, float] | None
) -> tuple[Any, str, float | None]:
    if row.final is not None:
        return json.loads(row.final), "settled", None
    if row.gold is not None:
        return json.loads(row.gold), "known", None
    if not said:
        return None, "skipped" if row.skips else "none", None
    if by == "dawid-skene" and model is not None:
        return model[0], "dawid-skene" if len(said) > 1 else "one", model[1]
    if len(said) == 1:
        return said[0], "one", None
    if all(answers.same(project, said[0], other) for other in said[1:]):
        return said[0], "agreed", 1.0
    if by == "agreed":
        return None, "undecided", None
    return _most(project, said)


def _most(project: Project, said: list[Any]) -> tuple[Any, str, float | None]:
    if project.task == "rating":
        middle = sorted(said)
        if len(middle) % 2 == 0 and middle[len(middle) // 2 - 1] != middle[len(middle) // 2]:
            return None, "undecided", None
        value = middle[len(middle) // 2]
        return value, "majority", sum(v == value for v in said) / len(said)
    if project.task == "multiple":
        shares = {name: sum(name in each for each in said) / len(said) for name in project.names}
        if any(share == 0.5 for share in shares.values()):
            return None, "undecided", None
        chosen = [name for name, share in shares.items() if share > 0.5]
        return chosen, "majority", min(max(share, 1 - share) for share in shares.values())
    counts = Counter(answers.written(each) for each in said).most_common()
    if len(counts) > 1 and counts[0][1] == counts[1][1]:
        return None, "undecided", None
    return json.loads(counts[0][0]), "majority", counts[0][1] / len(said)
