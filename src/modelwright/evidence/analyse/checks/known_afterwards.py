"""``leak.known-afterwards``: a column is filled in only after, and because of, what is to be predicted.

The trace it leaves is in where values are missing: the date of the second offence is there for those who
offended again. Either presence tells the class nearly alone, or one side (present or missing) holds hardly
anything but a single class though it has many rows. (Hardly: of the jail dates of a new offence in COMPAS,
one in twenty belongs to an offence after the two years that are asked about.)
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

LEAST = 30
CHANCE = 1e-6
"""How improbable it must be that so many rows share one class by chance."""
FEWER = 0.2
"""Share of other classes on that side, against their share among all rows; none at all where rows are few."""
COVERS = 0.2
"""Share of the class that the pure side must hold, for the trace to matter to a model."""


class KnownAfterwards:
    code = "leak.known-afterwards"
    title = "a column is filled in because of the target"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        if not facts.presences:
            return DoesNotApply("no input has missing values")
        found = []
        for name, strength in facts.presences.items():
            told = strength.score >= 0.9 and (facts.regression or strength.explained >= 0.75)
            pure = "" if facts.regression else self._pure(facts, name)
            if not told and not pure:
                continue
            message = pure or f"whether {name!r} is there nearly tells {facts.development.target!r}"
            found.append(
                Found(
                    "blocker",
                    f"{message}: it looks filled in afterwards ({strength.method} {strength.score:.3f})",
                    "name it in data.later if it is not known when the prediction is made; else accept this "
                    "finding and say why",
                    column=name,
                    numbers={"score": strength.score, "explained": strength.explained},
                )
            )
        return tuple(found)

    def _pure(self, facts: Facts, name: str) -> str:
        """In words, which side holds a single class; nothing where none does beyond chance."""
        there = facts.sample[name].is_not_null().to_numpy()
        codes = facts.target.astype(np.int64)
        counts = np.bincount(codes, minlength=len(facts.classes))
        told = []
        for side, word in ((there, "there"), (~there, "missing")):
            inside = np.bincount(codes[side], minlength=len(counts))
            rows, code = int(inside.sum()), int(inside.argmax())
            if rows < LEAST or inside[code] < COVERS * counts[code]:
                continue
            share = counts[code] / counts.sum()
            others = rows - int(inside[code])
            chance = binom.cdf(others, rows, FEWER * (1 - share)) if others else share**rows
            if chance < CHANCE:
                target, only = facts.development.target, facts.classes[code]
                how = f"all but {others}" if others else "all"
                said = f"{name!r} is {word} in {rows} rows, and in {how} of them {target!r} is {only!r}"
                told.append((others, said))
        return min(told)[1] if told else ""


CHECK = KnownAfterwards()
