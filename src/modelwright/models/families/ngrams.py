"""Linear on words and pairs of words: the strong and honest baseline of texts, sparse throughout.

Four forms, each of which wins somewhere (measured: docs/how-to/text.md), and which blend well:

- ``nb``: naive Bayes on which grams are there (Bernoulli counts in the multinomial formula; McCallum and
  Nigam, 1998);
- ``tfidf``: a linear support vector machine with squared hinge on tf-idf rows of length 1 (Joachims, 1998);
- ``nb-tfidf``: logistic regression on such rows times naive Bayes' log ratios;
- ``nb-presence``: logistic regression on which grams are there, times the log ratios (Wang and Manning,
  2012).

Scores become probabilities by a link (scale and offset of each class; Platt, 1999) fitted on scores of rows
that were held out in turn. Columns of other kinds enter beside the grams. With ``letters`` words that are
spelt alike share what is learned of them (:mod:`modelwright.features.letters`), at no cost to the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse

from modelwright.core.errors import BadData
from modelwright.features.grams import Grams
from modelwright.features.letters import spelt
from modelwright.features.typed import Typed
from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs
from modelwright.models.families import common, linear
from modelwright.models.families.common import Curve, Matrix, Scale, Values
from modelwright.models.families.ngrams_solve import Learner, linked, ridge
from modelwright.models.family import (
    Choice,
    DataFacts,
    Deadline,
    Declines,
    FittedOnColumns,
    Float,
    Int,
    Machine,
    OutOfTime,
    ProblemKind,
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)

FORMS = ("tfidf", "nb", "nb-tfidf", "nb-presence")
MOST_OF_LETTERS = 6_000_000
"""Runs of letters in all rows, beyond which they are left out: long texts have words enough."""


@dataclass(frozen=True, slots=True)
class Bag:
    """One vocabulary with its weights: ``weights`` float64 [grams, k]. ``idf`` float64 [grams] where rows are
    brought to length 1 by it, or None where only presence counts."""

    grams: Grams
    weights: Values
    idf: Values | None


@dataclass(slots=True, eq=False)
class NgramsFitted:
    """Scores ``sum of weights of the grams / length + x @ dense + bias`` with their link."""

    task: Task
    bags: tuple[Bag, ...]
    dense: Values
    bias: Values
    scale: Scale
    rounds: int = 1
    curve: Curve = ()
    stopped: str = ""

    def predict_typed(self, x: Matrix, typed: Typed) -> Values:
        scores = linear.bounded(x).astype(np.float64) @ self.dense + self.bias
        sums, squares = np.zeros_like(scores), np.zeros(len(scores))
        for bag in self.bags:
            matrix = _damped(bag.grams.counts(typed.strings), bag.idf)
            sums += matrix @ bag.weights
            squares += _squares(matrix)
        if self.bags[0].idf is not None:
            sums /= _length(squares)[:, None]
        scores = scores + sums
        if self.task.problem == "binary":
            return layers.pair_values(scores)
        if self.task.problem == "multiclass":
            return layers.softmax_values(scores)
        return self.scale.back(scores)

    def to_graph_typed(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> str:
        assert inputs.strings is not None
        scores = self._sums(graph, inputs.strings)
        if x is not None:
            x = layers.clip(graph, x, -linear.BOUND, linear.BOUND)
            scores = graph.node("Add", [scores, layers.gemm(graph, x, self.dense, self.bias)])
        else:
            scores = graph.node("Add", [scores, graph.constant(self.bias, "float32", "b")])
        if self.task.problem == "binary":
            return layers.logistic_pair(graph, scores)
        if self.task.problem == "multiclass":
            return layers.softmax(graph, scores)
        return layers.affine(graph, scores, self.scale.deviation, self.scale.mean)

    def _sums(self, graph: GraphBuilder, strings: str) -> str:
        """float32 [N, k]: the weights of the grams that are there, over the length of the row."""
        outputs = len(self.bias)
        normed = self.bags[0].idf is not None
        rows = graph.node("Shape", [strings], start=0, end=1)
        shape = graph.node("Concat", [rows, graph.constant([outputs + normed], "int64")], axis=0)
        total = graph.node("Expand", [graph.constant(0.0, "float32"), shape])
        axis = graph.constant([1], "int64", "axis")
        for bag in self.bags:
            row, gram, count = bag.grams.to_graph(graph, strings)
            if bag.idf is None:
                table = graph.constant(bag.weights, "float32", "grams")
                values = graph.node("Gather", [table, gram])
            else:
                damped = graph.node(
                    "Add", [graph.node("Log", [count]), graph.constant(1.0, "float32", "one")]
                )
                idf = graph.node("Gather", [graph.constant(bag.idf, "float32", "idf"), gram])
                value = graph.node("Unsqueeze", [graph.node("Mul", [damped, idf]), axis])
                table = graph.constant(bag.weights, "float32", "grams")
                weighted = graph.node("Mul", [graph.node("Gather", [table, gram]), value])
                values = graph.node("Concat", [weighted, graph.node("Mul", [value, value])], axis=1)
            place = graph.node("Unsqueeze", [row, axis])
            total = graph.node("ScatterND", [total, place, values], reduction="add")
        if not normed:
            return total
        sums, squares = graph.nodes_out("Split", [total, graph.constant([outputs, 1], "int64")], 2, axis=1)
        least = graph.constant(SMALLEST, "float32", "smallest")
        return graph.node("Div", [sums, graph.node("Sqrt", [graph.node("Max", [squares, least])])])


SMALLEST = 1e-12


def _length(squares: Values) -> Values:
    return np.asarray(np.sqrt(np.maximum(squares, SMALLEST)))


def _squares(matrix: Any) -> Values:
    return np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64).ravel()


def _damped(counts: Any, idf: Values | None) -> Any:
    """(1 + log count) * idf; without ``idf`` ones where a gram is there."""
    made = counts.copy()
    made.data = np.ones(len(made.data)) if idf is None else (1.0 + np.log(made.data)) * idf[made.indices]
    return made


def _idf(grams: Grams) -> Values:
    """1 + log((1 + n) / (1 + rows with the gram)) (scikit-learn's smooth form); 0 for the unknown one."""
    idf = 1.0 + np.log((1.0 + grams.rows) / (1.0 + grams.seen))
    idf[0] = 0.0
    return np.asarray(idf.astype(np.float32), dtype=np.float64)


class Ngrams:
    name = "ngrams"
    title = "n-grams, linear"
    version = 2
    problems: tuple[ProblemKind, ...] = ("binary", "multiclass", "regression")
    tags = Tags(problems=problems, recipe="dense", typed=True, media=("text",), tolerance=1e-4)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if not facts.texts:
            return Declines("there is no column of text")
        if task.interpretable:
            return common.OPAQUE
        cost = 0.3 + facts.rows * max(1, task.classes - 1) * facts.texts * 3e-4
        return Suits("a linear model on words and pairs of words: quick, and hard to beat on few texts", cost)

    def space(self, task: Task, facts: DataFacts) -> Space:
        joined: dict[str, Any] = {"joined": True} if facts.texts > 1 else {}
        if task.problem == "regression":
            starts: tuple[dict[str, Any], ...] = (
                {"form": "tfidf", "c": 1.0, "order": 2, "rarest": 1, "letters": 1.0},
                {"form": "tfidf", "c": 0.2, "order": 1, "rarest": 2},
            )
            ranges: dict[str, Any] = {"c": Float(1e-2, 1e2, log=True)}
        else:
            beside = facts.columns > facts.texts
            starts = (
                {"form": "tfidf", "c": 0.5, "order": 2, "rarest": 1, "letters": 1.0},
                {"form": "nb", "alpha": 0.3, "order": 2, "rarest": 1},
                {"form": "nb-tfidf", "c": 1.0, "alpha": 0.1, "order": 2, "rarest": 2, "letters": 2.0},
                {"form": "nb-presence", "c": 1.0, "alpha": 1.0, "order": 2, "rarest": 2},
                {"form": "nb-tfidf", "c": 1.0, "alpha": 0.1, "order": 2, "rarest": 2},
                {"form": "tfidf", "c": 1.0, "order": 2, "rarest": 1},
            )
            if beside:  # what counts grams alone learns nothing of other columns but in its link
                starts = (starts[2], starts[0], *starts[3:], starts[1])
            elif task.problem == "multiclass":
                starts = (starts[2], starts[0], starts[1], *starts[3:])
            ranges = {
                "form": Choice(FORMS),
                "c": Float(3e-2, 1e1, log=True),
                "alpha": Float(3e-2, 2.0, log=True),
            }
        ranges |= {"order": Int(1, 2), "rarest": Int(1, 3), "letters": Float(0.0, 3.0)}
        if joined:
            ranges["joined"] = Choice((True, False))
            apart = starts[0] | {"joined": False}
            starts = (*(s | joined for s in starts[:2]), apart, *(s | joined for s in starts[2:]))
        # What a form does not look at is said all the same, so that searching knows of every starting point.
        usual = {"letters": 0.0} | ({"c": 1.0, "alpha": 0.3} if task.problem != "regression" else {})
        return Space(ranges, tuple(usual | start for start in starts))

    def fit(
        self,
        task: Task,
        train: Rows,
        valid: Rows | None,
        config: dict[str, Any],
        *,
        seed: int,
        threads: int,
        deadline: Deadline,
        watch: Watch = never_stop,
    ) -> FittedOnColumns:
        """``config``: ``form``; ``c`` (inverse penalty as in scikit-learn); ``alpha`` (smoothing of log
        ratios); ``order`` (words of a gram at most: 1 or 2); ``rarest`` (training rows that a gram must stand
        in); ``joined`` (one vocabulary for all columns of text, or one each); ``letters`` (what a word's
        runs of letters, together of length 1, weigh beside the word; 0: nothing)."""
        if train.typed is None or not train.typed.signature.texts:
            raise BadData("there is no column of text to learn from", code="rows.empty")
        if train.x.shape[1]:
            common.check(task, train, dense=True)
        form = str(config.get("form", "tfidf"))
        if form not in FORMS:
            raise BadData(f"form is {form!r}", code="config.form", hint=f"one of {', '.join(FORMS)}")
        signature = train.typed.signature
        places = tuple(signature.strings.index(name) for name in signature.texts)
        order, rarest = int(config.get("order", 2)), int(config.get("rarest", 1))
        letter = float(config.get("letters", 0.0)) if form in ("tfidf", "nb-tfidf") else 0.0
        words = 1 if letter else rarest  # of a rare word too its letters tell
        learned = [
            Grams.learn(train.typed.strings, bag, order, rarest, words)
            for bag in ([places] if config.get("joined", True) else [(place,) for place in places])
        ]
        learned = [one for one in learned if one[0].words]
        if not learned:
            raise BadData(
                "no word stands in the texts often enough to learn from", code="rows.empty",
                hint="give texts with words, or leave the column out",
            )  # fmt: skip
        if deadline.passed():
            raise OutOfTime("the deadline had passed when the words were counted")
        idfs = [_idf(grams) if form in ("tfidf", "nb-tfidf") else None for grams, _ in learned]
        features = sparse.hstack(
            [_damped(counts, idf) for (_, counts), idf in zip(learned, idfs, strict=True)]
        ).tocsr()
        letters = None
        if idfs[0] is not None:
            features = (sparse.diags(1.0 / _length(_squares(features))) @ features).tocsr()
            letters = _letters(learned, features, letter)
        known = features.shape[1]
        if letters is not None:
            features = sparse.hstack([features, features @ letters]).tocsr()
        x = linear.bounded(train.x).astype(np.float64)
        weights = common.unit_weights(train)
        with common.blas_threads(1):
            if task.problem == "regression":
                scale = Scale.of(train.y, weights)
                c = float(config.get("c", 1.0))
                solved = ridge(features, x, scale.apply(train.y), weights, c, deadline)
            else:
                scale = Scale(0.0, 1.0)
                learner = Learner(
                    task, form, float(config.get("c", 1.0)), float(config.get("alpha", 1.0)), seed
                )
                solved = linked(learner, features, x, train.y, weights, deadline)
        whole = solved.grams[:known]
        if letters is not None:  # what was learned of runs of letters is said of the words that hold them
            whole = whole + letters @ solved.grams[known:]
        bags, first = [], 0
        for (grams, _), idf in zip(learned, idfs, strict=True):
            of_bag = whole[first : first + grams.size].copy()
            of_bag[0] = 0.0  # what is unknown says nothing
            bags.append(Bag(grams, of_bag, idf))
            first += grams.size
        return NgramsFitted(task, tuple(bags), solved.beside, solved.bias, scale)


def _letters(learned: list[tuple[Grams, Any]], features: Any, weight: float) -> Any:
    """csr float64 [grams, runs]: ``weight`` times the runs of letters of each gram that is a word, or None
    where they are not wanted, or would be too many cells."""
    if not weight:
        return None
    parts = []
    for grams, _ in learned:
        runs = spelt(grams.words)
        pairs = sparse.csr_matrix((len(grams.pairs), runs.shape[1]))
        parts.append(sparse.vstack([sparse.csr_matrix((1, runs.shape[1])), runs, pairs]))
    made = (weight * sparse.block_diag(parts)).tocsr()
    cells = int(np.diff(made.indptr)[features.indices].sum())
    return made if made.shape[1] and cells <= MOST_OF_LETTERS else None


FAMILY = Ngrams()
