"""``analyse.missingness``: that a value is missing says something of the target."""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

TELLS = {"binary": 0.1, "multiclass": 0.03, "regression": 0.03}
"""Gini, log loss explained, R2: about what a weak but real input reaches."""


TOLD = 0.9
"""From here on it is the matter of leak.known-afterwards."""


class Missingness:
    code = "analyse.missingness"
    title = "missing values that carry the target"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        if not facts.presences:
            return DoesNotApply("no input has missing values")
        limit = TELLS[facts.development.problem]
        return tuple(
            Found(
                "note",
                f"where {name!r} is missing tells of {facts.development.target!r} ({s.method} {s.score:.2f})",
                "make sure that values will be missing for the same reasons later",
                column=name,
                numbers={"score": s.score},
            )
            for name, s in facts.presences.items()
            if limit <= s.score < TOLD
        )


CHECK = Missingness()
