"""A quick model of the project's own: learned from the labels that the store has, again and again.

It is for suggesting and for asking, not for release: seconds on some thousand items, one thread, no run. It
averages two models that err differently. One sees all items, labelled or not, through ``descriptors``, and so
does well with few labels; the other learns from labelled items alone: texts by words and pairs of words with
naive Bayes, everything else by a forest. By these is asked. What is suggested for texts comes from a third
one (a form of the family ``ngrams``), which learns from all items: those without a label count as what the
two say of them, the surer the more (self-training; Yarowsky, 1995). Measured in benchmarks/labels/teach.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelwright.features.grams import Grams
from modelwright.labels.descriptors import described, plain_texts
from modelwright.labels.project import Project
from modelwright.models.families.ngrams_solve import Learner, log_ratios
from modelwright.models.family import Task

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

LEAST: Final = 20
"""Labels below which nothing is learned."""
WARM: Final = 25
"""Labels a class that are asked for in random order first: what a model of fewer asks for misleads it."""
EACH: Final = 3
"""Labels that a class needs to be learned; two classes at least must have them."""
STEP: Final = 20
SHARE: Final = 0.2
"""It is learned anew after so many more labels, and at least ``STEP``."""


TOLD: Final = 0.5
"""What an item without a label counts beside one with one, times the square of how sure the models are."""
MOST: Final = 20_000
"""Items without a label that are learned from."""
ALPHA: Final = 0.3
WITNESSES: Final = 1.5
FOLDS: Final = 3


@dataclass(frozen=True, slots=True)
class Learned:
    """What the models say of items: ``probabilities`` float64 [items, k] of ``classes``, to ask by;
    ``points`` float64 [items, m], what they are like, or None; ``answers`` float64 [items, k], to suggest."""

    classes: tuple[str, ...]
    probabilities: Array
    points: Array | None
    answers: Array


def step(labels: int) -> int:
    """After how many more labels it is worth learning anew."""
    return max(STEP, round(SHARE * labels))


def learn(
    project: Project,
    contents: Sequence[dict[str, Any]],
    labels: Sequence[str | None],
    root: Path | None,
    *,
    suggest: bool = False,
) -> Learned | None:
    """Learn from the items that have a label (None: has none), and say what all items are. Without
    ``suggest`` the ``answers`` are the ``probabilities``.

    None where there is too little to learn from, or nothing can be told of the items. ``root`` is the folder
    of their files. The same items and labels give the same answer.
    """
    counts: dict[str, int] = {}
    for label in labels:
        if label is not None:
            counts[label] = counts.get(label, 0) + 1
    classes = tuple(sorted(c for c, n in counts.items() if n >= EACH))
    known = np.array([i for i, label in enumerate(labels) if label in classes], dtype=np.int64)
    if len(classes) < 2 or len(known) < LEAST:
        return None
    codes = np.array([classes.index(str(labels[i])) for i in known], dtype=np.int64)
    points = described(project, contents, root)
    said: list[Array] = []
    if points is not None:
        said.append(_linear(points, known, codes))
    texts = plain_texts(project, contents) if project.item == "text" else []
    if texts:
        said.append(_naive(texts, known, codes, len(classes)))
    elif points is not None:
        said.append(_forest(points, known, codes))
    if not said:
        return None
    told = np.asarray(np.mean(said, axis=0))
    answers = _taught(texts, known, codes, told) if suggest and texts else told
    return Learned(classes, told, points, answers)


def _taught(texts: list[str], known: Codes, codes: Codes, told: Array) -> Array:
    """What models say that learned from all texts, those without a label by what was ``told`` of them; each
    text by one that has not learned what was told of itself, which it would only repeat."""
    from scipy.special import softmax

    presence, features = _presence(tuple(texts)), _weighed(tuple(texts))
    learner = Learner(Task("multiclass", told.shape[1], "log_loss"), "nb-tfidf", 1.0, 0.1, 0)
    rest = np.setdiff1d(np.arange(len(texts)), known)
    fold = np.arange(len(rest)) % FOLDS
    made = np.array(told)
    for part in range(FOLDS):
        more = rest[fold != part][:MOST]
        rows = np.concatenate([known, more])
        said = np.concatenate([codes, told[more].argmax(axis=1)])
        weights = np.concatenate([np.ones(len(known)), TOLD * told[more].max(axis=1) ** 2])
        nothing = np.empty((len(rows), 0))
        solved = learner.scores(presence[rows], features[rows], nothing, said, weights)
        here = rest[fold == part]
        made[here] = softmax(solved.of(features[here], np.empty((len(here), 0))), axis=1)
    return made


def _linear(points: Array, known: Codes, codes: Codes) -> Array:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    strength = 10.0 if len(points[0]) and np.abs(points).max() <= 1.0 else 0.01
    model = LogisticRegression(C=strength, max_iter=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough to ask by
        model.fit(points[known], codes)
    return np.asarray(model.predict_proba(points), dtype=np.float64)


def _forest(points: Array, known: Codes, codes: Codes) -> Array:
    from sklearn.ensemble import ExtraTreesClassifier

    model = ExtraTreesClassifier(200, min_samples_leaf=2, random_state=0, n_jobs=1)
    return np.asarray(model.fit(points[known], codes).predict_proba(points), dtype=np.float64)


@lru_cache(maxsize=2)
def _counts(texts: tuple[str, ...]) -> Any:
    """csr float64 [texts, grams]: how often words and pairs of words are there, those of two texts or more.

    Of all texts: words that no labelled text has keep naive Bayes from being sure by lengths alone.
    """
    return Grams.learn(np.array(texts, dtype=object).reshape(-1, 1), (0,), 2, 2)[1]


def _presence(texts: tuple[str, ...]) -> Any:
    made = _counts(texts).copy()
    made.data = np.ones_like(made.data)
    return made


def _weighed(texts: tuple[str, ...]) -> Any:
    """tf-idf, each row of length 1."""
    from sklearn.feature_extraction.text import TfidfTransformer

    return TfidfTransformer(sublinear_tf=True).fit_transform(_counts(texts))


def _naive(texts: list[str], known: Codes, codes: Codes, classes: int) -> Array:
    """Naive Bayes, one class against all others (McCallum and Nigam, 1998; Bernoulli counts in the
    multinomial formula).

    Grams of a text are no independent witnesses, so its scores are divided in proportion to the root of how
    many there are. Not by what held-out labels say: those that were asked for are the hard ones.
    """
    from scipy.special import softmax

    presence = _presence(tuple(texts))
    ones = np.ones(len(known))
    ratios = [log_ratios(presence[known], codes == k, ones, ALPHA) for k in range(classes)]
    share = (np.bincount(codes, minlength=classes) + 0.5) / (len(codes) + 0.5 * classes)
    scores = presence @ np.column_stack(ratios) + np.log(share / (1.0 - share))
    usual = max(1.0, presence.nnz / len(texts))
    return np.asarray(softmax(WITNESSES / np.sqrt(usual) * scores, axis=1))
