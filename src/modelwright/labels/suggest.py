"""What the current model says of items that nobody has answered, and which of them teach it most.

A suggestion is shown beside the question, and what was suggested is kept with each answer, so that it can be
told how often people followed it. The order asks for what the model is least sure of, and not for the same
thing twice (``models.query``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.labels import tables
from modelwright.labels.answers import written
from modelwright.labels.items import text_of
from modelwright.labels.project import Project
from modelwright.labels.store import Store, chance, set_ranks
from modelwright.models.query import How, choose, uncertainty

FIRST: Final = 500
"""Items that are chosen one after the other, so that they differ; after these the least sure come first."""
POINTS: Final = 50
"""Dimensions in which items are compared (latent semantic analysis; Deerwester and others, 1990)."""
WORDS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Told:
    """What was done."""

    suggested: int
    model: str
    ordered: int


def tell(store: Store, bundle: Path | None) -> Told:
    """Suggest an answer for every open item (with a bundle), and order the queue where the project asks for
    ``teach``. Raises :class:`BadInput` where the model's answers are none of the project."""
    _, project = store.must()
    rows = _open_items(store)
    contents = [json.loads(row.content) for row in rows]
    probabilities = None
    name, suggested = "", 0
    if bundle is not None and rows:
        name, answers, probabilities = _predicted(project, bundle, contents)
        with store.writing() as connection:
            connection.execute(sa.delete(tables.suggestions))
            connection.execute(
                sa.insert(tables.suggestions),
                [
                    {"item": row.n, "answer": written(answer), "score": score, "model": name}
                    for row, (answer, score) in zip(rows, answers, strict=True)
                ],
            )
        suggested = len(rows)
    ordered = 0
    if project.order == "teach" and rows:
        ranks = _order(project, rows, contents, probabilities)
        with store.writing() as connection:
            set_ranks(connection, ranks)
        ordered = len(ranks)
    return Told(suggested, name, ordered)


def _open_items(store: Store) -> list[Any]:
    i = tables.items.c
    with store.reading() as connection:
        return list(
            connection.execute(
                sa.select(i.n, i.key, i.content)
                .where(i.done == 0, i.final.is_(None), i.gold.is_(None))
                .order_by(i.n)
            ).all()
        )


def _predicted(
    project: Project, bundle: Path, contents: list[dict[str, Any]]
) -> tuple[str, list[tuple[Any, float | None]], Any]:
    if project.task not in ("classes", "rating"):
        raise BadInput(
            f"a bundle predicts a class or a number, and this project asks for {project.task}",
            code="labels.suggest",
            hint="import a model's predictions from Label Studio's JSON instead",
        )
    from modelwright.runtime import load

    model = load(bundle)
    offered = {str(v) for v in project.ratings} if project.task == "rating" else set(project.names)
    strange = sorted(set(model.classes) - offered)
    if strange or (project.task == "classes" and not model.classes):
        raise BadInput(
            f"the model predicts {', '.join(strange[:5]) or 'a number'}, which is no answer of this project",
            code="labels.suggest",
            hint=f"the answers are {', '.join(sorted(offered)[:10])}",
        )
    told = model.predict_all({name: [c.get(name) for c in contents] for name in contents[0]})
    name = str(model.metadata.get("name") or bundle.resolve().parent.name)
    if not model.classes:
        values = np.clip(np.rint(told["prediction"]), project.low, project.high)
        return name, [(int(v), None) for v in values], None
    probabilities = np.asarray(told["probabilities"], dtype=np.float64)
    answers: list[tuple[Any, float | None]] = []
    for row in probabilities:
        best = int(row.argmax())
        label = model.classes[best]
        answers.append((int(label) if project.task == "rating" else label, float(row[best])))
    return name, answers, probabilities


def _order(
    project: Project, rows: list[Any], contents: list[dict[str, Any]], probabilities: Any
) -> dict[int, float]:
    """Places in the queue: below 0 those chosen one by one, then from 0 to 1 the rest.

    Without a model in the order of chance: what only differs most teaches less than a sample
    (benchmarks/labels/active.py).
    """
    if probabilities is None:
        return {int(row.n): chance(row.key) for row in rows}
    points = _points(project, contents)
    every = np.arange(len(rows), dtype=np.int64)
    how: How = "mixed" if points is not None else "margin"
    first = choose(min(FIRST, len(rows)), every, how=how, probabilities=probabilities, points=points)
    unsure = uncertainty(probabilities)
    ranks = {int(row.n): 1.0 - float(u) for row, u in zip(rows, unsure, strict=True)}
    for place, at in enumerate(first):
        ranks[int(rows[int(at)].n)] = -1.0 + place / (FIRST + 1)
    return ranks


def _points(project: Project, contents: list[dict[str, Any]]) -> Any:
    """Texts and rows by their words; None for images and sounds, of which only the file is known here."""
    if project.item not in ("text", "row"):
        return None
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [
        text_of(project, c) if project.item == "text" else " ".join(f"{k}={v}" for k, v in c.items())
        for c in contents
    ]
    try:
        pattern = r"(?u)\b\w\w+\b" if project.item == "text" else r"[^ ]+"
        words = TfidfVectorizer(max_features=WORDS, sublinear_tf=True, token_pattern=pattern).fit_transform(
            texts
        )
    except ValueError:  # no words at all
        return None
    if words.shape[1] <= POINTS or words.shape[0] <= POINTS:
        return words.toarray() if words.shape[1] <= 2000 else None
    return TruncatedSVD(POINTS, random_state=0).fit_transform(words)
