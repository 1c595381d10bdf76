"""``leak.golden-feature``: one column nearly gives the target away, so it probably was made from it.

The limits were set on real tables. Columns that are honest reach: relationship in the adult census 0.55
(Gini), call duration in bank marketing 0.59, the best measurement of a breast tumour 0.94, petal length of
iris 0.85 (log loss explained), carat of diamonds 0.87 (R2). Columns that leak reach: is_recid in COMPAS 0.94
with two values, the date of the new offence there 0.99, subregion of countries 0.93 for region, registered
riders of bike sharing 0.95 for all riders. A column of few values (or names) that tracks the target is more
suspect than a fine measurement that does, since measurements have errors and copies have none.
"""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts
from modelwright.evidence.analyse.strength import Strength

FEW = 12
"""Bins up to which a number counts as a code and not as a measurement."""


class GoldenFeature:
    code = "leak.golden-feature"
    title = "one column nearly gives the target away"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        if not facts.strengths:
            return DoesNotApply("no input is a number, category or date")
        kinds = {c.name: c.kind for c in facts.inputs}
        found = []
        for name, strength in facts.strengths.items():
            coded = kinds[name] in ("category", "boolean") or strength.values <= FEW
            block, warn = limits(facts.development.problem, strength, coded)
            if not warn:
                continue
            found.append(
                Found(
                    "blocker" if block else "warning",
                    f"{name!r} alone predicts {facts.development.target!r} almost perfectly "
                    f"({strength.method} {strength.score:.3f})",
                    f"if {name!r} is not known when the prediction is made, name it in data.later; if it is, "
                    "accept this finding and say why",
                    column=name,
                    numbers={"score": strength.score, "explained": strength.explained},
                )
            )
        return tuple(found)


def limits(problem: str, strength: Strength, coded: bool) -> tuple[bool, bool]:
    """Whether the strength blocks, and whether it is worth a warning."""
    score, explained = strength.score, strength.explained
    if problem == "regression":
        return score >= 0.95, score >= 0.9
    if problem == "multiclass":
        return score >= (0.9 if coded else 0.95), score >= 0.9
    if coded:
        # With a rare positive class an alarm that is usually false still has a high Gini: ask for both.
        hit = score >= 0.9 and explained >= 0.75
        return hit, hit
    return score >= 0.97, score >= 0.95


CHECK = GoldenFeature()
