"""``leak.undeclared-group``: an identifier repeats, its rows answer alike, and the goal names no group.

Rows of one patient, customer or site on both sides of the split let a model recognise instead of learn.
"""

from __future__ import annotations

import re

import numpy as np

from modelwright.data.clean.identify import names_identifier
from modelwright.data.split.units import alike
from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

THINGS = frozenset(
    "patient subject customer client user household participant speaker student person driver member "
    "employee device machine sensor vehicle writer author".split()
)
"""What columns are called that name who or what several rows are about, without saying "id"."""
LIKENESS = 0.1
"""Intraclass correlation of the target above which rows of one thing answer alike."""


class UndeclaredGroup:
    code = "leak.undeclared-group"
    title = "rows of one thing that no group keeps together"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        if facts.development.group is not None:
            return DoesNotApply("the goal names a group")
        n = facts.sample.height
        found = []
        for column in facts.development.columns:
            if column.role in ("target", "weight", "time", "later") or not _names_things(column.name):
                continue
            present = facts.sample[column.name].is_not_null().to_numpy()
            distinct = facts.sample[column.name].drop_nulls().n_unique()
            if present.sum() < 0.5 * n or not 10 <= distinct <= 0.8 * present.sum():
                continue
            group = alike(facts.sample, [column.name])[present]
            likeness = icc(group, facts.target[present], len(facts.classes))
            if likeness >= LIKENESS:
                found.append(
                    Found(
                        "warning",
                        f"{column.name!r} names {distinct} things of {present.sum() / distinct:.1f} rows, "
                        f"whose answers are alike (intraclass correlation {likeness:.2f})",
                        f"set data.group: {column.name}, so that no thing is both learnt and tested",
                        column=column.name,
                        numbers={"groups": float(distinct), "likeness": likeness},
                    )
                )
        return tuple(found)


def _names_things(name: str) -> bool:
    """Whether a column's name says that it names rows, or who or what several rows are about."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    return names_identifier(name) or bool(THINGS & set(words[-1:]))


def icc(group: np.ndarray, target: np.ndarray, classes: int) -> float:
    """Intraclass correlation by one-way analysis of variance (Shrout and Fleiss 1979, Psychological Bulletin
    86:420-428, for groups of unequal size); classes by their indicators, weighted by variance."""
    columns = [target] if classes == 0 else [(target == c).astype(float) for c in range(1, classes)]
    _, place, sizes = np.unique(group, return_inverse=True, return_counts=True)
    k, n = len(sizes), len(group)
    if k < 2 or n <= k:
        return 0.0
    typical = (n - (sizes**2).sum() / n) / (k - 1)
    between = within = 0.0
    for y in columns:
        means = np.bincount(place.reshape(-1), weights=y) / sizes
        between += float((sizes * (means - y.mean()) ** 2).sum()) / (k - 1)
        within += float(((y - means[place.reshape(-1)]) ** 2).sum()) / (n - k)
    total = between + (typical - 1) * within
    return (between - within) / total if total > 0 else 0.0


CHECK = UndeclaredGroup()
