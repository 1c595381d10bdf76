"""Training rows beside their changed versions: what the augmentation of the heaviest network did to them.

The augmentation is made again as the fit made it: the family's own, settled on the development rows, at the
strength of its configuration. It is torch's, so torch is imported here where a network is in the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.records.data import ROW, Development
from modelwright.core.records.models import Member, Trained
from modelwright.core.records.pictures import Gallery, Picture
from modelwright.evidence.showing import Shown, shown_columns
from modelwright.features.typed import Typed, from_frame
from modelwright.models.families import FAMILIES
from modelwright.models.families.common import facts_of
from modelwright.models.family import Rows, Task
from modelwright.models.fit import OURS
from modelwright.models.rows import signature_of
from modelwright.runtime.signature import Signature

SHOWN_ROWS, VERSIONS = 6, 4
KNOWN = 3000
"""Development rows that settle which changes leave a row what it is."""

Arrays = dict[str, npt.NDArray[Any]]


def wanted(trained: Trained) -> Member | None:
    """The heaviest member whose family augments its rows; None where there is none."""
    known = FAMILIES.names()
    members = sorted((m for m in trained.members if m.family in known), key=lambda m: -m.weight)
    return next((m for m in members if hasattr(FAMILIES.get(m.family), "augment")), None)


def report(
    development: Development, trained: Trained, private: frozenset[str], seed: int, book: Book
) -> None:
    """The gallery ``augmented`` of each column of media that is shown."""
    member = wanted(trained)
    signature = signature_of(development)
    columns = [c for c in shown_columns(signature, private) if c.tensor is not None]
    if member is None or not columns:
        return
    frame = development.table.get()
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.permutation(frame.height)[:KNOWN])
    some = frame[drawn.tolist()]
    typed = from_frame(some, signature)
    classes = len(development.classes)
    y = some["__target__"].to_numpy()
    y = y.astype(np.float64) if development.problem == "regression" else y.astype(np.int64)
    task = Task(development.problem, classes, trained.metric)
    places = _there(columns[0], typed)
    places = np.sort(rng.permutation(places)[:SHOWN_ROWS])
    if not len(places):
        return
    made = _versions(member, task, typed, y, places, seed)
    if made is None:
        return
    plain, versions, strength, why = made
    numbers = some[ROW].to_list()
    settled = " ".join(f"{sentence[:1].upper()}{sentence[1:]}." for sentence in why)
    for name, column in _names(signature, columns, plain):
        pictures: list[Picture] = []
        for at, place in enumerate(places.tolist()):
            label = f"{y[place]:.5g}" if not classes else development.classes[int(y[place])]
            first = column.picture(plain[name][at], f"row {numbers[place]}, as it is", f"{label}, as it is")
            changed = [
                column.picture(version[name][at], f"row {numbers[place]}, changed", "")
                for version in versions
            ]
            pictures += [first, *changed]
        book.gallery(
            Gallery(
                f"augmented-{column.kind}:{column.name}",
                f"Training rows as {member.name} saw them",
                tuple(pictures),
                note=f"Each line: a row of {column.name} as it is, and {VERSIONS} versions as training draws "
                f"them, at strength {strength:g}. {settled}".strip(),
                across=VERSIONS + 1,
            )
        )


def _there(column: Shown, typed: Typed) -> npt.NDArray[np.int64]:
    cells = column.cells(typed)
    return np.flatnonzero(cells.reshape(len(cells), -1).any(axis=1)).astype(np.int64)


def _names(signature: Signature, columns: list[Shown], plain: Arrays) -> list[tuple[str, Shown]]:
    """Inputs of the network, in which media of a kind are numbered in the order of the columns."""
    shown = {column.name: column for column in columns}
    seen: dict[str, int] = {}
    found = []
    for tensor in signature.tensors:
        seen[tensor.kind] = seen.get(tensor.kind, -1) + 1
        name = f"{tensor.kind}_{seen[tensor.kind]}"
        if tensor.name in shown and name in plain:
            found.append((name, shown[tensor.name]))
    return found


def _versions(
    member: Member,
    task: Task,
    typed: Typed,
    y: npt.NDArray[Any],
    places: npt.NDArray[np.int64],
    seed: int,
) -> tuple[Arrays, list[Arrays], float, tuple[str, ...]] | None:
    """The inputs of some rows, their changed versions, the strength, and how the changes were settled; None
    where nothing was changed."""
    import torch

    from modelwright.models.deep.examples import Examples

    family: Any = FAMILIES.get(member.family)
    rows = Rows(np.empty((len(y), 0), dtype=np.float32), y, typed=typed)
    config = {key: value for key, value in member.config.items() if key not in OURS}
    config = {**family.space(task, facts_of(rows)).starts[0], **config}
    intake = family.intake(task, rows, config)
    settings = family.settings(task, intake.given, len(y), config)
    examples = Examples(intake.arrays(rows.x, typed), y, None)
    augment = family.augment(intake.given, examples, config) if settings.augment > 0 else None
    if augment is None:
        return None
    plain = {name: np.ascontiguousarray(array[places]) for name, array in examples.inputs.items()}
    chance = torch.Generator().manual_seed(seed)
    versions = []
    for _ in range(VERSIONS):
        batch = {name: torch.from_numpy(array.copy()) for name, array in plain.items()}
        changed = augment(batch, settings.augment, chance)
        versions.append({name: value.numpy() for name, value in changed.items()})
    return plain, versions, float(settings.augment), tuple(getattr(augment, "why", ()))
