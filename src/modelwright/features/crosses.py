"""Columns made of two: number with number, category with category, number against its group.

Every candidate is screened on the training rows (``screen``): kept is what says more of what trees on the
plain columns leave unexplained than either of its two columns does. So most tables get few of these, and
many get none: all go where a model that sees them does not predict better what it was not fitted to.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from modelwright.features.arithmetic import FittedArithmetic, Form, forms
from modelwright.features.groups import FittedGroups, group_means
from modelwright.features.numbers import places_of, varies
from modelwright.features.operation import FittedOperation, GraphInputs, Matrix, Target
from modelwright.features.pairs import FittedPairs, joined, levels_of
from modelwright.features.screen import Screen, narrow
from modelwright.features.targets import Statistics
from modelwright.features.typed import Typed
from modelwright.features.vocabulary import FIRST, Codes, Vocabulary
from modelwright.graph.builder import GraphBuilder

NUMBERS = 14
"""Most numbers whose pairs are tried: those that say most by themselves, or all where they are few."""
CATEGORIES = 12
LEAST = 3.5
"""Standard errors that a candidate must gain beyond the better of its two columns alone, whose gain says only
that the small model was small. Of some hundred that say nothing the best has about 3."""
FEW = 10
"""A category of so few values is no group to compare with: trees take it apart by themselves."""
PAYS = 2.0
"""Standard errors by which all that was found must together better the predictions of a model, or none is
taken."""
LEAST_ROWS = 200
"""With fewer training rows, a screen finds chance."""
PARTS: dict[str, Any] = {part.kind: part for part in (FittedArithmetic, FittedGroups, FittedPairs)}
"""What a fitted one may be made of, in this order."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """``beyond``: its gain less that of the better of its two columns, or than nothing."""

    part: str
    what: Any
    beyond: float


@dataclass(frozen=True, slots=True)
class Crosses:
    """At most ``most`` columns made of two of ``columns``: numbers and categories; others are passed over."""

    kind: ClassVar[str] = "crosses"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]
    most: int = 16
    least: float = LEAST
    pays: float = PAYS
    smoothing: float = 10.0

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedCrosses, Matrix]:
        signature = typed.signature
        numbers = [c for c in self.columns if c in signature.numbers]
        names = tuple(
            name
            for name, place in zip(numbers, places_of(tuple(numbers), signature.numbers), strict=True)
            if varies(typed.numbers[:, place])
        )
        every = Vocabulary.fit(typed, tuple(c for c in self.columns if c in signature.strings))
        codes = every.codes(typed)
        kept = [j for j in range(len(every.columns)) if typed.rows and (codes[:, j] != codes[0, j]).any()]
        vocabulary, codes = every.only(kept), codes[:, kept]
        statistics = Statistics(self.smoothing)
        chosen: dict[str, list[Any]] = {part: [] for part in PARTS}
        screen: Screen | None = None
        if typed.rows >= LEAST_ROWS and len(names) + len(kept) > 1:
            screen = Screen.of(typed, target, seed)
            wide = statistics.classes(target).size
            rows = screen.rows
            found = _candidates(typed.take(rows), names, vocabulary, codes[rows], screen, wide)
            for taken in _chosen(found, self.most, self.least, wide):
                chosen[taken.part].append(taken.what)
        parts: list[FittedOperation] = []
        matrices: list[Matrix] = []
        if chosen[FittedArithmetic.kind]:
            arithmetic = FittedArithmetic.of(chosen[FittedArithmetic.kind], typed)
            parts.append(arithmetic)
            matrices.append(arithmetic.apply(typed))
        if chosen[FittedGroups.kind]:
            groups = FittedGroups.of(chosen[FittedGroups.kind], vocabulary, codes, typed)
            parts.append(groups)
            matrices.append(groups.apply(typed))
        if chosen[FittedPairs.kind]:
            pairs, matrix = FittedPairs.of(
                chosen[FittedPairs.kind], vocabulary, codes, target, statistics, seed
            )
            parts.append(pairs)
            matrices.append(matrix)
        if not parts:
            return FittedCrosses(()), np.empty((typed.rows, 0), dtype=np.float32)
        x = np.concatenate(matrices, axis=1)
        if screen is not None and screen.pays(x[screen.rows]) < self.pays:
            return FittedCrosses(()), x[:, :0]
        return FittedCrosses(tuple(parts)), x

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedCrosses:
        return FittedCrosses(tuple(PARTS[p["kind"]].from_json(p["fitted"]) for p in data["parts"]))


def _chosen(found: list[_Candidate], most: int, least: float, wide: int) -> list[_Candidate]:
    """The best ``most`` columns of those that gain enough beyond their own columns; a pair of categories has
    ``wide`` of them."""
    taken: list[_Candidate] = []
    for candidate in sorted(found, key=lambda c: -c.beyond):
        needs = wide if candidate.part == FittedPairs.kind else 1
        if candidate.beyond < least or needs > most:
            break
        most -= needs
        taken.append(candidate)
    return taken


def _candidates(
    sampled: Typed, names: tuple[str, ...], vocabulary: Vocabulary, codes: Codes, screen: Screen, wide: int
) -> list[_Candidate]:
    places = places_of(names, sampled.signature.numbers)
    alone = {p: screen.gain_of_number(narrow(sampled.numbers[:, p])) for p in places}
    levels = levels_of(vocabulary, wide)
    by = [screen.gain(codes[:, j]) for j in range(codes.shape[1])]
    found: list[_Candidate] = []
    few = sorted(places, key=lambda p: (-alone[p], p))[:NUMBERS]
    used = [(name, p) for name, p in zip(names, places, strict=True) if p in few]
    made: list[Form] = forms(tuple(n for n, _ in used), tuple(p for _, p in used), sampled.numbers)
    for form in made:
        values = narrow(form.values(sampled.numbers))
        than = max(alone[form.a], alone[form.b], 0.0)
        found.append(_Candidate(FittedArithmetic.kind, form, screen.gain_of_number(values) - than))
    some = sorted(sorted(range(len(by)), key=lambda j: (-by[j], j))[:CATEGORIES])
    for j in some:
        size = vocabulary.sizes()[j]
        if size - FIRST <= FEW:
            continue
        for name, place in used:
            means = group_means(codes[:, j], size, sampled.numbers[:, place])
            with np.errstate(invalid="ignore"):
                values = narrow(sampled.numbers[:, place] - means[codes[:, j]])
            beyond = screen.gain_of_number(values) - max(alone[place], by[j], 0.0)
            found.append(_Candidate(FittedGroups.kind, (name, place, j), beyond))
    for a, b in combinations(some, 2):
        both = joined(codes, levels, ((a, b),))[:, 0]
        _, both = np.unique(both, return_inverse=True)
        beyond = screen.gain(both.astype(np.int64)) - max(by[a], by[b], 0.0)
        found.append(_Candidate(FittedPairs.kind, (a, b), beyond))
    return found


@dataclass(frozen=True, slots=True)
class FittedCrosses:
    """Fitted parts beside each other; none where nothing was found."""

    kind: ClassVar[str] = "crosses"
    parts: tuple[FittedOperation, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.names)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.names)

    def apply(self, typed: Typed) -> Matrix:
        if not self.parts:
            return np.empty((typed.rows, 0), dtype=np.float32)
        return np.concatenate([part.apply(typed) for part in self.parts], axis=1)

    def sentence(self) -> str:
        return "; ".join(part.sentence() for part in self.parts) or "no pair of columns says more than each"

    def to_json(self) -> dict[str, Any]:
        return {"parts": [{"kind": part.kind, "fitted": part.to_json()} for part in self.parts]}

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        tensors = [part.to_graph(graph, inputs) for part in self.parts]
        return tensors[0] if len(tensors) == 1 else graph.node("Concat", tensors, axis=1)
