"""What the current model says of items that nobody has answered, and which of them teach it most.

A suggestion is shown beside the question, and what was suggested is kept with each answer, so that it can be
told how often people followed it. The order asks for what the model is least sure of, and not for the same
thing twice (``models.query``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import sqlalchemy as sa

from modelwright.core.errors import BadInput
from modelwright.labels import tables
from modelwright.labels.answers import written
from modelwright.labels.descriptors import described
from modelwright.labels.final import finals
from modelwright.labels.own import WARM, Learned, learn, step
from modelwright.labels.project import Project
from modelwright.labels.store import Store, chance, set_ranks
from modelwright.models.query import How, choose, uncertainty

FIRST: Final = 500
"""Items that are chosen one after the other, so that they differ; after these the least sure come first."""
T = TypeVar("T")
PART: Final = 500
"""Items that one transaction writes."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was done."""

    suggested: int
    model: str
    ordered: int
    labels: int = 0
    """That the project's own model was learned from; 0 where a bundle was asked, or there are too few."""


def tell(store: Store, bundle: Path | None, *, own: bool = False) -> Told:
    """Suggest an answer for every open item, and order the queue where the project asks for ``teach``.

    The model is that of a bundle, or with ``own`` one that is learned from the labels of the store (as it is
    for the order alone, where there is neither). Raises :class:`BadInput` where the model's answers are none
    of the project, or the task has none to suggest.
    """
    _, project = store.must()
    teach = project.order == "teach"
    every = _items(store)
    rows = [row for row in every if row.open]
    contents = [json.loads(row.content) for row in rows]
    if not rows or not (bundle or own or teach):
        return Told(0, "", 0)
    if bundle is not None:
        name, answers, probabilities = _predicted(project, bundle, contents, store.root())
        _suggest(store, name, rows, answers)
        ordered = 0
        if teach:
            points = None if probabilities is None else described(project, contents, store.root())
            ordered = _order(store, rows, probabilities, points, FIRST)
        return Told(len(rows), name, ordered)
    learned, labels = _learned(store, project, every, own)
    if learned is None:
        return Told(0, "", _order(store, rows, None, None, 0) if teach else 0)
    here = np.array([n for n, row in enumerate(every) if row.open], dtype=np.int64)
    chances = learned.probabilities[here]
    name = f"own model, of {labels:,} labels"
    if own:
        whole = project.task == "rating"
        said = learned.answers[here]
        names = [int(c) if whole else c for c in learned.classes]
        _suggest(store, name, rows, [(names[int(p.argmax())], float(p.max())) for p in said])
    ordered = 0
    if teach and labels >= WARM * len(project.names or project.ratings):
        points = None if learned.points is None else learned.points[here]
        ordered = _order(store, rows, chances, points, step(labels))
    return Told(len(rows) if own else 0, name, ordered, labels)


def check_own(project: Project) -> None:
    """Raises :class:`BadInput` where the project's own model has nothing to suggest."""
    if project.task not in ("classes", "rating"):
        raise BadInput(
            f"the project's own model learns classes and ratings, and this project asks for {project.task}",
            code="labels.suggest",
            hint="leave --suggest out, or import a model's predictions from Label Studio's JSON",
        )


def _learned(store: Store, project: Project, every: list[Any], own: bool) -> tuple[Learned | None, int]:
    """The project's own model, and from how many labels."""
    if project.task not in ("classes", "rating"):
        return None, 0
    final = {one.item: str(one.answer) for one in finals(store, project) if one.answer is not None}
    labels = [final.get(row.n) for row in every]
    contents = [json.loads(row.content) for row in every]
    found = learn(project, contents, labels, store.root(), suggest=own)
    return found, sum(label is not None for label in labels)


def _items(store: Store) -> list[Any]:
    i = tables.items.c
    is_open = ((i.done == 0) & i.final.is_(None) & i.gold.is_(None)).label("open")
    with store.reading() as connection:
        return list(connection.execute(sa.select(i.n, i.key, i.content, is_open).order_by(i.n)).all())


def _parts(made: Sequence[T]) -> Iterator[list[T]]:
    for start in range(0, len(made), PART):
        yield list(made[start : start + PART])


def _suggest(store: Store, name: str, rows: list[Any], answers: list[tuple[Any, float | None]]) -> None:
    """Keep suggestions, a part at a time: whoever labels meanwhile waits for no more than one part."""
    made = [
        {"item": row.n, "answer": written(answer), "score": score, "model": name}
        for row, (answer, score) in zip(rows, answers, strict=True)
    ]
    for some in _parts(made):
        with store.writing() as connection:
            s = tables.suggestions
            connection.execute(sa.delete(s).where(s.c.item.in_([one["item"] for one in some])))
            connection.execute(sa.insert(s), some)


def _predicted(
    project: Project, bundle: Path, contents: list[dict[str, Any]], root: Path | None
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
    name = str(model.metadata.get("name") or bundle.resolve().parent.name)
    parts = [
        model.predict_all(_columns(project, some, root, model.tensors.names)) for some in _parts(contents)
    ]
    told = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
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


def _columns(
    project: Project, contents: list[dict[str, Any]], root: Path | None, wanted: Sequence[str]
) -> dict[str, list[Any]]:
    """What a model is asked of: the items' columns; of images and sounds what is in the files, in the column
    that names them and in the one that a folder of files has (``image``, ``audio``)."""
    made = {name: [c.get(name) for c in contents] for name in contents[0]}
    if project.item in ("image", "audio") and root is not None:
        held = [_held(root, str(c.get(project.content) or "")) for c in contents]
        for name in wanted:
            if name == project.content or (name == project.item and name not in made):
                made[name] = held
    return made


def _held(root: Path, name: str) -> bytes | None:
    try:
        return (root / name).read_bytes()
    except OSError:
        return None


def _order(store: Store, rows: list[Any], probabilities: Any, points: Any, first: int) -> int:
    """Places in the queue: below 0 the ``first``, chosen one by one, then from 0 to 1 the rest. Returns how
    many items have one.

    Without a model in the order of chance: what only differs most teaches less than a sample
    (benchmarks/labels/active.py).
    """
    if probabilities is None:
        ranks = {int(row.n): chance(row.key) for row in rows}
    else:
        every = np.arange(len(rows), dtype=np.int64)
        how: How = "mixed" if points is not None else "margin"
        taken = choose(min(first, len(rows)), every, how=how, probabilities=probabilities, points=points)
        unsure = uncertainty(probabilities)
        ranks = {int(row.n): 1.0 - float(u) for row, u in zip(rows, unsure, strict=True)}
        for place, at in enumerate(taken):
            ranks[int(rows[int(at)].n)] = -1.0 + place / (len(taken) + 1)
    # Those that come next go first, so that they are asked for while the rest is written.
    for some in _parts(sorted(ranks.items(), key=lambda one: (one[1], one[0]))):
        with store.writing() as connection:
            set_ranks(connection, dict(some))
    return len(ranks)
