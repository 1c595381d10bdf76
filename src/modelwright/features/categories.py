"""Categories without the target: as codes, as one column a value, as how common they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from modelwright.features.numbers import count
from modelwright.features.operation import GraphInputs, Matrix, Target
from modelwright.features.typed import Typed
from modelwright.features.vocabulary import FIRST, LIMIT, MISSING, UNSEEN, Codes, Vocabulary
from modelwright.graph.builder import GraphBuilder


def tables_to_graph(graph: GraphBuilder, codes: str, tables: list[Matrix]) -> str:
    """Look each column's code up in its table float32 [codes, d]; float32 [N, columns * d].

    All tables have the same d. Outputs of a column stand together.
    """
    sizes = [table.shape[0] for table in tables]
    offset = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    wide = tables[0].shape[1]
    index = graph.node("Add", [codes, graph.constant([offset], "int64", "offset")])
    flat = np.concatenate(tables)
    if wide == 1:
        return graph.node("Gather", [graph.constant(flat.ravel(), "float32", "table"), index])
    found = graph.node("Gather", [graph.constant(flat, "float32", "table"), index], axis=0)
    return graph.node("Reshape", [found, graph.constant([-1, len(tables) * wide], "int64", "shape")])


def look_up(codes: Codes, tables: list[Matrix]) -> Matrix:
    """The same in numpy."""
    return np.concatenate([table[codes[:, j]] for j, table in enumerate(tables)], axis=1)


@dataclass(frozen=True, slots=True)
class CategoryCodes:
    """Each category as a whole number, the most common 1; 0 is missing or not seen in training."""

    kind: ClassVar[str] = "codes"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]
    limit: int = LIMIT

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedCodes, Matrix]:
        every = Vocabulary.fit(typed, self.columns, self.limit)
        codes = every.codes(typed)
        kept = [j for j in range(len(self.columns)) if (codes[:, j] != codes[:1, j]).any()]
        fitted = FittedCodes(every.only(kept))
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedCodes:
        return FittedCodes(Vocabulary.from_json(data["vocabulary"]))


@dataclass(frozen=True, slots=True)
class FittedCodes:
    kind: ClassVar[str] = "codes"
    vocabulary: Vocabulary

    @property
    def names(self) -> tuple[str, ...]:
        return self.vocabulary.columns

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (True,) * len(self.names)

    def apply(self, typed: Typed) -> Matrix:
        return np.maximum(self.vocabulary.codes(typed) - 1, 0).astype(np.float32)

    def sentence(self) -> str:
        return f"{count(len(self.names), 'category')} as codes by frequency, 0 for missing or unseen"

    def to_json(self) -> dict[str, Any]:
        return {"vocabulary": self.vocabulary.to_json()}

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        codes = self.vocabulary.to_graph(graph, inputs)
        lower = graph.node("Sub", [codes, graph.constant(1, "int64", "one")])
        positive = graph.node("Max", [lower, graph.constant(0, "int64", "zero")])
        return graph.node("Cast", [positive], to=1)


@dataclass(frozen=True, slots=True)
class OneHot:
    """A column of 0 and 1 for each common value, for missing where it occurs, and for every other value.

    ``most`` levels a column, each in at least ``rarest`` training rows.
    """

    kind: ClassVar[str] = "one-hot"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]
    most: int = 50
    rarest: int = 5

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedOneHot, Matrix]:
        every = Vocabulary.fit(typed, self.columns)
        codes = every.codes(typed)
        kept: list[int] = []
        levels: list[tuple[int, ...]] = []
        others: list[bool] = []
        for j, size in enumerate(every.sizes()):
            counts = np.bincount(codes[:, j], minlength=size)
            if (counts > 0).sum() < 2:
                continue
            common = [code for code in range(FIRST, size) if counts[code] >= self.rarest][: self.most]
            if counts[MISSING] >= self.rarest:
                common.append(MISSING)
            # The rest becomes one column. With nothing in the rest and two levels, one column says it all.
            rest = int(counts.sum()) - int(counts[common].sum())
            if rest == 0 and len(common) == 2:
                common = common[:1]
            if not common or (rest == 0 and len(common) == 1 and counts[common[0]] == counts.sum()):
                continue
            kept.append(j)
            levels.append(tuple(common))
            others.append(rest > 0)
        fitted = FittedOneHot(every.only(kept), tuple(levels), tuple(others))
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedOneHot:
        return FittedOneHot(
            Vocabulary.from_json(data["vocabulary"]),
            tuple(tuple(levels) for levels in data["levels"]),
            tuple(data["others"]),
        )


@dataclass(frozen=True, slots=True)
class FittedOneHot:
    """``levels`` are the codes with a column of their own; ``others`` says if the rest has one.

    A value that is neither (a rare one, or unseen) falls in the rest.
    """

    kind: ClassVar[str] = "one-hot"
    vocabulary: Vocabulary
    levels: tuple[tuple[int, ...], ...]
    others: tuple[bool, ...]

    @property
    def names(self) -> tuple[str, ...]:
        names = []
        for j, column in enumerate(self.vocabulary.columns):
            for code in self.levels[j]:
                value = "(missing)" if code == MISSING else self.vocabulary.values[j][code - FIRST]
                names.append(f"{column} = {value}")
            if self.others[j]:
                names.append(f"{column} = (other)")
        return tuple(names)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.names)

    def _map(self) -> tuple[list[Codes], list[int], list[int]]:
        """Per column: code -> level code, or UNSEEN for the rest; per output: column and wanted code."""
        tables: list[Codes] = []
        columns: list[int] = []
        wanted: list[int] = []
        for j, size in enumerate(self.vocabulary.sizes()):
            table = np.full(size, UNSEEN, dtype=np.int64)
            table[list(self.levels[j])] = self.levels[j]
            tables.append(table)
            outputs = [*self.levels[j], *([UNSEEN] if self.others[j] else [])]
            columns += [j] * len(outputs)
            wanted += outputs
        return tables, columns, wanted

    def apply(self, typed: Typed) -> Matrix:
        tables, columns, wanted = self._map()
        codes = self.vocabulary.codes(typed)
        for j, table in enumerate(tables):
            codes[:, j] = table[codes[:, j]]
        matrix: Matrix = (codes[:, columns] == np.array(wanted, dtype=np.int64)).astype(np.float32)
        return matrix

    def sentence(self) -> str:
        return (
            f"{count(len(self.levels), 'category')} as {count(len(self.names), 'column')} of 0 and 1, "
            "rare and unseen values together"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "vocabulary": self.vocabulary.to_json(),
            "levels": [list(levels) for levels in self.levels],
            "others": list(self.others),
        }

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        tables, columns, wanted = self._map()
        codes = self.vocabulary.to_graph(graph, inputs)
        if any(self.others):
            sizes = [table.size for table in tables]
            offset = np.concatenate([[0], np.cumsum(sizes)[:-1]])
            index = graph.node("Add", [codes, graph.constant([offset], "int64", "offset")])
            flat = graph.constant(np.concatenate(tables), "int64", "levels")
            codes = graph.node("Gather", [flat, index])
        each = graph.node("Gather", [codes, graph.constant(columns, "int64", "columns")], axis=1)
        equal = graph.node("Equal", [each, graph.constant([wanted], "int64", "wanted")])
        return graph.node("Cast", [equal], to=1)


@dataclass(frozen=True, slots=True)
class Frequency:
    """How common a category is: the share of training rows with its value; 0 for unseen ones."""

    kind: ClassVar[str] = "frequency"
    version: ClassVar[int] = 1
    columns: tuple[str, ...]

    def fit(self, typed: Typed, target: Target, seed: int) -> tuple[FittedFrequency, Matrix]:
        every = Vocabulary.fit(typed, self.columns)
        codes = every.codes(typed)
        kept: list[int] = []
        shares: list[tuple[float, ...]] = []
        for j, size in enumerate(every.sizes()):
            share = (np.bincount(codes[:, j], minlength=size) / max(1, typed.rows)).astype(np.float32)
            if typed.rows and (share[codes[:, j]] != share[codes[0, j]]).any():
                kept.append(j)
                share[UNSEEN] = 0.0
                shares.append(tuple(share.tolist()))
        fitted = FittedFrequency(every.only(kept), tuple(shares))
        return fitted, fitted.apply(typed)

    @staticmethod
    def from_json(data: dict[str, Any]) -> FittedFrequency:
        shares = tuple(tuple(share) for share in data["shares"])
        return FittedFrequency(Vocabulary.from_json(data["vocabulary"]), shares)


@dataclass(frozen=True, slots=True)
class FittedFrequency:
    kind: ClassVar[str] = "frequency"
    vocabulary: Vocabulary
    shares: tuple[tuple[float, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"share of {column}" for column in self.vocabulary.columns)

    @property
    def categorical(self) -> tuple[bool, ...]:
        return (False,) * len(self.shares)

    def _tables(self) -> list[Matrix]:
        return [np.array(share, dtype=np.float32)[:, None] for share in self.shares]

    def apply(self, typed: Typed) -> Matrix:
        if not self.shares:
            return np.empty((typed.rows, 0), dtype=np.float32)
        return look_up(self.vocabulary.codes(typed), self._tables())

    def sentence(self) -> str:
        return f"how common the value is, for {count(len(self.shares), 'category')}"

    def to_json(self) -> dict[str, Any]:
        return {"vocabulary": self.vocabulary.to_json(), "shares": [list(share) for share in self.shares]}

    def to_graph(self, graph: GraphBuilder, inputs: GraphInputs) -> str:
        return tables_to_graph(graph, self.vocabulary.to_graph(graph, inputs), self._tables())
