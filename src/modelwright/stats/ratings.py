"""Who said what of which thing: the one form that agreement, consensus and weak labels are computed from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ratings:
    """n answers. An item need not be rated by everybody, and somebody may rate an item more than once.

    ``item``, ``annotator``, ``label``: int64 [n], positions in ``items``, ``annotators`` and ``classes``.
    The order of ``classes`` is that of an ordinal or interval scale, where there is one.
    """

    item: Codes
    annotator: Codes
    label: Codes
    items: tuple[str, ...]
    annotators: tuple[str, ...]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.item) == len(self.annotator) == len(self.label):
            raise ValueError("item, annotator and label must be of one length")
        for codes, names, what in (
            (self.item, self.items, "items"),
            (self.annotator, self.annotators, "annotators"),
            (self.label, self.classes, "classes"),
        ):
            if len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < len(names):
                raise ValueError(f"codes must be positions in {what}")

    @classmethod
    def of(
        cls,
        answers: Iterable[tuple[str, str, str | None]],
        classes: Sequence[str] | None = None,
        items: Sequence[str] | None = None,
    ) -> Ratings:
        """From (item, annotator, label) triples; a label of ``None`` is no answer and is left out.

        Names are sorted where they are not given; by value where all are numbers. Raises ValueError for a
        label (or an item) that is not among those given.
        """
        kept = [(i, a, y) for i, a, y in answers if y is not None]
        things = tuple(items) if items is not None else _sorted({i for i, _, _ in kept})
        people = _sorted({a for _, a, _ in kept})
        names = tuple(classes) if classes is not None else _sorted({y for _, _, y in kept})
        at = [{name: place for place, name in enumerate(names_)} for names_ in (things, people, names)]
        try:
            codes = np.array([(at[0][i], at[1][a], at[2][y]) for i, a, y in kept], dtype=np.int64)
        except KeyError as unknown:
            raise ValueError(f"{unknown.args[0]!r} is not among the names given") from None
        codes = codes.reshape(-1, 3)
        return cls(codes[:, 0], codes[:, 1], codes[:, 2], things, people, names)

    def counts(self) -> Array:
        """How often each item was given each class: float64 [items, classes]."""
        k = len(self.classes)
        flat = np.bincount(self.item * k + self.label, minlength=len(self.items) * k)
        return flat.reshape(len(self.items), k).astype(np.float64)

    def by(self, annotators: Sequence[int]) -> Ratings:
        """The answers of some annotators only; items and classes stay."""
        kept = np.isin(self.annotator, np.asarray(annotators, dtype=np.int64))
        return Ratings(
            self.item[kept],
            self.annotator[kept],
            self.label[kept],
            self.items,
            self.annotators,
            self.classes,
        )


def _sorted(names: set[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(names, key=lambda name: (float(name), name)))
    except ValueError:
        return tuple(sorted(names))
