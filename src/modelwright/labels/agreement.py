"""How far people agree, what each of them tends to, and what the consensus says.

Classes and ratings: Krippendorff's alpha (ordinal for ratings), Fleiss' kappa, Cohen's kappa of every two,
and each person beside the others. Several labels: alpha of each label by itself. Spans and boxes: the F1 of
every two (2 x agreed over all that both marked), since chance has no share in where marks fall.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from modelwright.labels import answers, tables
from modelwright.labels.project import Project
from modelwright.labels.ratings import Standing, by_label, coded, last_act, standing
from modelwright.labels.store import Store
from modelwright.stats import bootstrap
from modelwright.stats.agreement import Agreement, fleiss, krippendorff, pairwise
from modelwright.stats.annotators import Annotator, confusions, left_out_truth
from modelwright.stats.consensus import dawid_skene, majority
from modelwright.stats.ratings import Ratings

RELIABLE: Final = 0.8
TENTATIVE: Final = 0.667
"""Customary limits of alpha (Krippendorff, Content Analysis, 2004, p. 241)."""
LEAST: Final = 5
"""Shared items from which two people are compared."""
DIFFERING: Final = 20
"""Items that are listed where the model and the vote differ."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One person beside the others, and beside known answers."""

    name: str
    others: Annotator
    """Beside the majority of the others, where that is clear."""
    gold: Annotator | None
    """Beside known answers; None where there are none."""
    often: tuple[tuple[str, str, int], ...]
    """What is confused most: the others say, the person says, how often."""


@dataclass(frozen=True, slots=True)
class Differing:
    """An item where Dawid and Skene's model and the majority vote differ."""

    item: int
    vote: str
    model: str
    certainty: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything about agreement, as it was after an act."""

    upto: int
    whole: tuple[Agreement, ...]
    pairs: tuple[tuple[str, str, Agreement], ...]
    people: tuple[Judged, ...]
    classes: tuple[str, ...]
    differing: tuple[Differing, ...] = ()
    n_differing: int = 0
    converged: bool = True

    @property
    def main(self) -> Agreement:
        return self.whole[0]

    @property
    def word(self) -> str:
        """What the main coefficient means, by custom and by the lower end of its interval."""
        low = self.main.low if math.isfinite(self.main.low) else self.main.value
        if not math.isfinite(low):
            return "not known"
        return "reliable" if low >= RELIABLE else "tentative" if low >= TENTATIVE else "not reliable"


def in_words(measured: Measured) -> str:
    """How far people agree, for a card; "" where no item was answered by two."""
    main = measured.main
    if not main.items or not math.isfinite(main.value):
        return ""
    between = f" ({main.low:.3f} to {main.high:.3f})" if math.isfinite(main.low) else ""
    custom = f", by custom {measured.word}" if "alpha" in main.name else ""
    return f"{main.name} {main.value:.3f}{between} over {main.items:,} items with two answers or more{custom}"


def measure(store: Store, project: Project) -> Measured:
    """Count everything anew."""
    upto = last_act(store)
    given = standing(store)
    match project.task:
        case "classes" | "rating":
            return _coded(store, project, given, upto)
        case "multiple":
            each = by_label(project, given)
            whole = [_named(krippendorff(r.counts()), name) for name, r in each.items()]
            return Measured(upto, (_mean(whole), *whole), (), (), project.names)
        case _:
            return _marks(project, given, upto)


def _coded(store: Store, project: Project, given: list[Standing], upto: int) -> Measured:
    ratings = coded(project, given)
    counts = ratings.counts()
    whole: tuple[Agreement, ...]
    if project.task == "rating":
        whole = (krippendorff(counts, "ordinal"), krippendorff(counts), fleiss(counts))
    else:
        whole = (krippendorff(counts), fleiss(counts))
    names = ratings.annotators
    pairs = tuple((names[a], names[b], k) for a, b, k in pairwise(ratings, LEAST))
    gold = _gold(store, ratings)
    tested = {a.name: a for a in confusions(ratings, gold)} if (gold >= 0).any() else {}
    people = []
    for code, name in enumerate(names):
        beside = confusions(ratings, left_out_truth(ratings, code))[code]
        people.append(Judged(name, beside, tested.get(name), _often(beside, ratings.classes)))
    differing: list[Differing] = []
    converged = True
    if len(names) > 1 and counts.sum(axis=1).max(initial=0) > 1:
        model, vote = dawid_skene(ratings), majority(ratings)
        converged = model.converged
        certain = model.certainty
        apart = np.flatnonzero((model.label != vote.label) & (counts.sum(axis=1) > 1))
        differing = [
            Differing(
                int(ratings.items[i]),
                ratings.classes[vote.label[i]],
                ratings.classes[model.label[i]],
                float(certain[i]),
            )
            for i in sorted(apart.tolist(), key=lambda i: (-certain[i], i))
        ]
    return Measured(
        upto, whole, pairs, tuple(people), ratings.classes, tuple(differing[:DIFFERING]), len(differing),
        converged,
    )  # fmt: skip


def _gold(store: Store, ratings: Ratings) -> Any:
    i = tables.items.c
    with store.reading() as connection:
        rows = connection.execute(sa.select(i.n, i.gold).where(i.gold.is_not(None))).all()
    known = {str(n): str(json.loads(gold)) for n, gold in rows}
    at = {name: code for code, name in enumerate(ratings.classes)}
    return np.array([at.get(known.get(item, ""), -1) for item in ratings.items], dtype=np.int64)


def _often(annotator: Annotator, classes: tuple[str, ...]) -> tuple[tuple[str, str, int], ...]:
    table = annotator.confusion
    cells = [(int(table[t, s]), t, s) for t in range(len(table)) for s in range(len(table)) if t != s]
    worst = sorted((c for c in cells if c[0] > 0), key=lambda c: (-c[0], c[1], c[2]))[:3]
    return tuple((classes[t], classes[s], n) for n, t, s in worst)


def _named(found: Agreement, name: str) -> Agreement:
    return Agreement(
        name, found.value, found.low, found.high, found.items, found.answers, found.observed, found.why
    )


def _mean(whole: list[Agreement]) -> Agreement:
    values = [a.value for a in whole if math.isfinite(a.value)]
    items = max((a.items for a in whole), default=0)
    answered = max((a.answers for a in whole), default=0)
    seen = [a.observed for a in whole if math.isfinite(a.observed)]
    return Agreement(
        "mean of Krippendorff's alpha over the labels",
        float(np.mean(values)) if values else math.nan,
        math.nan,
        math.nan,
        items,
        answered,
        float(np.mean(seen)) if seen else math.nan,
        "" if values else "no label can be judged",
    )


def _marks(project: Project, given: list[Standing], upto: int) -> Measured:
    of: dict[int, dict[str, Any]] = {}
    for one in given:
        of.setdefault(one.item, {})[one.person] = one.answer
    sums: Counter[tuple[str, str]] = Counter()
    rows: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for item in sorted(of):
        for first, second in combinations(sorted(of[item]), 2):
            agreed = 2 * _shared(project, of[item][first], of[item][second])
            total = len(of[item][first]) + len(of[item][second])
            if total == 0:  # both say that there is nothing to mark
                agreed = total = 2
            rows.setdefault((first, second), []).append((float(agreed), float(total)))
            sums[first, second] += 1
    name = (
        "F1 of every two, spans exactly alike" if project.task == "spans" else "F1 of every two, boxes alike"
    )
    everything = [row for pair in sorted(rows) for row in rows[pair]]
    whole = _f1(name, everything)
    pairs = tuple((a, b, _f1(name, rows[a, b])) for a, b in sorted(rows) if sums[a, b] >= LEAST)
    return Measured(upto, (whole,), pairs, (), project.names)


def _f1(name: str, rows: list[tuple[float, float]]) -> Agreement:
    if not rows:
        return Agreement(name, math.nan, math.nan, math.nan, 0, 0, math.nan, "no item has two answers")
    sums = np.array(rows)
    total = sums.sum(axis=0)
    value = float(total[0] / total[1])
    low = high = math.nan
    if len(rows) >= LEAST and 0 < value < 1:
        drawn = bootstrap.replicate_values(
            sums, lambda s: s[..., 0] / np.maximum(s[..., 1], 1.0), 1000, np.random.default_rng(0)
        )
        low, high = (float(v) for v in np.quantile(drawn, [0.025, 0.975]))
    return Agreement(name, value, low, high, len(rows), 2 * len(rows), value)


def _shared(project: Project, first: list[dict[str, Any]], second: list[dict[str, Any]]) -> int:
    """How many marks can be paired, one with one."""
    if project.task == "spans":
        return sum(1 for mark in first if mark in second)
    left = list(second)
    paired = 0
    for box in first:
        near = [o for o in left if o["label"] == box["label"]]
        best = max(near, key=lambda o: answers.overlap(box, o), default=None)
        if best is not None and answers.overlap(box, best) >= answers.SAME_BOX:
            left.remove(best)
            paired += 1
    return paired
