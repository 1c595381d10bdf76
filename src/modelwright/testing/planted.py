"""Worlds whose truth is known: rows, and a released graph whose weights were chosen, for tests of evidence.

The graph is real and runs in onnxruntime; only the fitting is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Column, Development, Role, Sealed
from modelwright.core.records.evidence import Figure, Finding, Metric, Table
from modelwright.core.records.goal import Openings
from modelwright.core.records.models import Compressed, GraphCheck, Member, Outer, Trained
from modelwright.core.records.verdict import Safeguarded, Tested
from modelwright.core.stage import Work
from modelwright.evidence.safeguard import safeguard
from modelwright.evidence.testing.answers import Opened, Oracle, opened
from modelwright.evidence.testing.stage import test as run_test
from modelwright.goal.criteria import parse_criterion
from modelwright.goal.sections import OutputSection, RolesSection, SuccessSection
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import add_inputs
from modelwright.models.rows import signature_of
from modelwright.runtime.signature import Signature
from modelwright.testing.tables import cleaned_of

TARGET = "y"


@dataclass(frozen=True)
class World:
    """The records that the test stage takes, half of the rows sealed."""

    development: Development
    sealed: Sealed
    trained: Trained
    compressed: Compressed
    roles: RolesSection

    def opened(self) -> Opened:
        return opened(self.sealed.table.get(), self.development, SuccessSection())

    def oracle(self) -> Oracle:
        return Oracle(self.compressed.graph.get())

    def test(
        self,
        *criteria: str,
        book: Book | None = None,
        openings: Openings | None = None,
        seed: int = 0,
        work: Work | None = None,
    ) -> tuple[Tested, Book]:
        """Run the test stage, without a limit in time unless ``work`` has one."""
        book = book or Book()
        success = SuccessSection(criteria=tuple(parse_criterion(c) for c in criteria))
        tested = run_test(
            roles=self.roles,
            success=success,
            output=OutputSection(),
            development=self.development,
            sealed=self.sealed,
            trained=self.trained,
            compressed=self.compressed,
            outer=Outer(),
            openings=openings or Openings(1, 0.95),
            work=work or Work(Path("unused"), seed=seed),
            book=book,
        )
        return tested, book

    def safeguard(self) -> tuple[Safeguarded, Book]:
        book = Book()
        made = safeguard(
            self.roles,
            SuccessSection(),
            self.development,
            self.sealed,
            self.compressed,
            Openings(1, 0.95),
            Work(Path("unused")),
            book,
        )
        return made, book


def world(
    frame: pl.DataFrame,
    weights: Mapping[str, float],
    *,
    bias: float = 0.0,
    roles: RolesSection | None = None,
    part: Mapping[str, Role] | None = None,
    category: Mapping[tuple[str, str], float] | None = None,
) -> World:
    """A world of ``frame``, whose column ``y`` is the target: 0 or 1 as text "no" and "yes" (binary), or
    numbers (regression).

    The graph answers ``bias`` plus the sum of ``weights`` times the number columns (missing counts 0) plus
    ``category`` (column, value) contributions: the value, or through the logistic function the probability of
    "yes". Even rows are development, odd ones are sealed.
    """
    roles = roles or RolesSection()
    cleaned = cleaned_of(frame, TARGET, roles=part)
    binary = frame[TARGET].dtype == pl.String
    table = cleaned.table.get()
    code = (table[TARGET] == "yes").cast(pl.Int64) if binary else table[TARGET].cast(pl.Float64)
    table = table.with_columns(code.alias("__target__"))
    even = table[ROW] % 2 == 0
    learned = table.filter(even)
    learned = learned.with_columns((pl.int_range(learned.height) % 2).alias("__fold__"))
    rest = table.filter(~even)
    columns: tuple[Column, ...] = cleaned.columns
    development = Development(
        table=Blob.of(learned, "table"),
        rows=learned.height,
        columns=columns,
        problem="binary" if binary else "regression",
        target=TARGET,
        classes=("no", "yes") if binary else (),
        positive="yes" if binary else None,
        weighted=False,
        scheme="holdout",
        folds=1,
        repeats=1,
        group=roles.group,
        time=roles.time,
    )
    signature = signature_of(development)
    share = float(learned["__target__"].to_numpy().mean())
    base = Member("baseline", "baseline", Blob.of(_baseline(signature, share, binary), "bytes"), 1.0)
    graph = _graph(signature, weights, category or {}, bias, binary)
    nothing = Blob.of({"row": np.empty(0, np.int64), "scores": np.empty((0, 1))}, "arrays")
    return World(
        development,
        Sealed(Blob.of(rest, "table"), rest.height, "", roles.group, roles.time),
        Trained(
            (), (base,), base, (base,), nothing, "roc_auc" if binary else "rmse", 0.0, 1, 0.0, "trials"
        ),
        Compressed(
            Blob.of(graph, "bytes"), "none", 0.5 if binary else None, None, None,
            GraphCheck(0, 0, 0.0, 1e-5, 0, True), ("planted",),
        ),
        roles,
    )  # fmt: skip


def findings(book: Book, code: str) -> list[Finding]:
    return [i for i in book.items if isinstance(i, Finding) and i.code == code]


def figures(book: Book, code: str) -> list[Figure]:
    return [i for i in book.items if isinstance(i, Figure) and i.code == code]


def tables(book: Book, code: str) -> list[Table]:
    return [i for i in book.items if isinstance(i, Table) and i.code == code]


def metrics(book: Book, name: str) -> list[Metric]:
    return [i for i in book.items if isinstance(i, Metric) and i.name == name]


def _graph(
    signature: Signature,
    weights: Mapping[str, float],
    category: Mapping[tuple[str, str], float],
    bias: float,
    binary: bool,
) -> bytes:
    g = GraphBuilder("planted")
    inputs = add_inputs(g, signature)
    total = g.constant([[bias]], "float64")
    if inputs.numbers is not None:
        missing = g.node("IsNaN", [inputs.numbers])
        known = g.node("Where", [missing, g.constant(0.0, "float64"), inputs.numbers])
        slopes = [[weights.get(name, 0.0)] for name in signature.numbers]
        total = g.node("Add", [g.node("MatMul", [known, g.constant(slopes, "float64")]), total])
    for (column, value), worth in category.items():
        place = g.constant([signature.strings.index(column)], "int64")
        assert inputs.strings is not None
        column_of = g.node("Gather", [inputs.strings, place], axis=1)
        same = g.node("Equal", [column_of, g.constant([[value]], "string")])
        hit = g.node("Where", [same, g.constant(worth, "float64"), g.constant(0.0, "float64")])
        total = g.node("Add", [total, hit])
    if not binary:
        flat = g.node("Squeeze", [g.node("Cast", [total], to=1), g.constant([1], "int64")])
        g.output(flat, "value", "float32", None)
        return bytes(g.build().SerializeToString(deterministic=True))
    yes = g.node("Cast", [g.node("Sigmoid", [total])], to=1)
    no = g.node("Sub", [g.constant(1.0, "float32"), yes])
    g.output(g.node("Concat", [no, yes], axis=1), "probabilities", "float32", 2)
    likely = g.node("GreaterOrEqual", [yes, g.constant(0.5, "float32")])
    label = g.node("Squeeze", [g.node("Cast", [likely], to=7), g.constant([1], "int64")])
    g.output(label, "label", "int64", None)
    return bytes(g.build().SerializeToString(deterministic=True))


def _baseline(signature: Signature, share: float, binary: bool) -> bytes:
    """The same scores for every row: the classes' frequencies, or the mean."""
    g = GraphBuilder("baseline")
    tensor = add_inputs(g, signature).any()
    rows = g.node("Slice", [g.node("Shape", [tensor]), g.constant([0], "int64"), g.constant([1], "int64")])
    shape = g.node("Concat", [rows, g.constant([1], "int64")], axis=0)
    scores = [[1 - share, share]] if binary else [[share]]
    g.output(g.node("Tile", [g.constant(scores, "float32"), shape]), "scores", "float32", len(scores[0]))
    return bytes(g.build().SerializeToString(deterministic=True))
