"""``analyse.heavy-tails``: numbers whose few largest values dwarf the rest."""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

SKEW, KURTOSIS = 3.0, 15.0
"""Beyond an exponential distribution (skewness 2, excess kurtosis 6), which is still harmless."""


class HeavyTails:
    code = "analyse.heavy-tails"
    title = "numbers with heavy tails"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        columns = [c for c in facts.inputs if c.kind == "number"]
        if not columns:
            return DoesNotApply("no input is a number")
        found = []
        for column in columns:
            profile = facts.profile_of(column.name)
            if profile is None or profile.distinct <= 10:
                continue
            skew, kurtosis = profile.numbers.get("skew", 0.0), profile.numbers.get("kurtosis", 0.0)
            if abs(skew) >= SKEW and kurtosis >= KURTOSIS:
                found.append(
                    Found(
                        "note",
                        f"{column.name!r} has a heavy tail (skewness {skew:.1f}, kurtosis {kurtosis:.0f})",
                        "nothing for trees; linear models and networks get it on a scale that tames the tail",
                        column=column.name,
                        numbers={"skew": skew, "kurtosis": kurtosis},
                    )
                )
        return tuple(found)


CHECK = HeavyTails()
