"""Linear on words and pairs of words: the strong and honest baseline of texts, sparse throughout.

Six forms, each of which wins somewhere (measured: docs/how-to/text.md), and which blend well:

- ``nb``: naive Bayes on which grams are there (Bernoulli counts in the multinomial formula; McCallum and
  Nigam, 1998);
- ``tfidf``: a linear support vector machine with squared hinge on tf-idf rows of length 1 (Joachims, 1998);
- ``presence``: the same on which grams are there, times the inverse of how many rows hold them; of long texts
  how often a word stands there says less than that it does (Pang, Lee and Vaithyanathan, 2002);
- ``nb-unit``: the same on which grams are there, times how far naive Bayes' log ratios are from 0, rows of
  length 1;
- ``nb-tfidf``: logistic regression on tf-idf rows times naive Bayes' log ratios;
- ``nb-presence``: logistic regression on which grams are there, times the log ratios (Wang and Manning,
  2012).

Scores become probabilities by a link (scale and offset of each class; Platt, 1999) fitted on scores of rows
that were held out in turn. Columns of other kinds enter beside the grams. With ``letters`` words that are
spelt alike share what is learned of them (:mod:`modelwright.features.letters`), at no cost to the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse

from modelwright.core.errors import BadData
from modelwright.features.grams import Grams
from modelwright.features.letters import spelt
from modelwright.models.families import common, linear
from modelwright.models.families.common import Scale, Values
from modelwright.models.families.ngrams_fitted import Bag, NgramsFitted, unit, valued
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

FORMS = ("tfidf", "presence", "nb-unit", "nb", "nb-tfidf", "nb-presence")
BY_ROWS = ("tfidf", "presence", "nb-tfidf")
"""Forms in which a gram's value falls with the number of rows that hold it, in rows of length 1."""
MOST_OF_LETTERS = 6_000_000
"""Runs of letters in all rows, beyond which they are left out: long texts have words enough."""


def _idf(grams: Grams) -> Values:
    """1 + log((1 + n) / (1 + rows with the gram)) (scikit-learn's smooth form); 0 for the unknown one."""
    idf = 1.0 + np.log((1.0 + grams.rows) / (1.0 + grams.seen))
    idf[0] = 0.0
    return np.asarray(idf.astype(np.float32), dtype=np.float64)


class Ngrams:
    name = "ngrams"
    title = "n-grams, linear"
    version = 3
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
                {"form": "nb-unit", "c": 1.0, "alpha": 1.0, "order": 2, "rarest": 2},
                {"form": "presence", "c": 10.0, "order": 2, "rarest": 2},
                {"form": "nb-presence", "c": 1.0, "alpha": 1.0, "order": 2, "rarest": 2},
                {"form": "nb-tfidf", "c": 1.0, "alpha": 0.1, "order": 2, "rarest": 2},
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
        letter = float(config.get("letters", 0.0)) if form in BY_ROWS else 0.0
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
        idfs = [_idf(grams) if form in BY_ROWS else None for grams, _ in learned]
        features = sparse.hstack(
            [valued(counts, idf, form != "presence") for (_, counts), idf in zip(learned, idfs, strict=True)]
        ).tocsr()
        letters = None
        if idfs[0] is not None:
            features = unit(features)
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
            here = slice(first, first + grams.size)
            of_bag = whole[here].copy()
            of_bag[0] = 0.0  # what is unknown says nothing
            scales = idf if solved.scales is None else solved.scales[here]
            bags.append(Bag(grams, of_bag, scales, form in ("tfidf", "nb-tfidf")))
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
