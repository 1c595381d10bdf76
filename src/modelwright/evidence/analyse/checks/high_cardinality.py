"""``analyse.high-cardinality``: categories of very many values."""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

MANY = 100
UNIQUE = 0.9


class HighCardinality:
    code = "analyse.high-cardinality"
    title = "categories of very many values"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        columns = [c for c in facts.inputs if c.kind == "category"]
        if not columns:
            return DoesNotApply("no input is a category")
        found = []
        for column in columns:
            profile = facts.profile_of(column.name)
            if profile is None or profile.distinct < MANY or profile.distinct >= UNIQUE * profile.count:
                continue
            found.append(
                Found(
                    "note",
                    f"{column.name!r} has {profile.distinct} different values",
                    "group its values by what they mean (a code by its first digits, a place by its region)",
                    column=column.name,
                    numbers={"values": float(profile.distinct)},
                )
            )
        return tuple(found)


CHECK = HighCardinality()
