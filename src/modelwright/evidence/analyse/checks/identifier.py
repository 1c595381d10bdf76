"""``analyse.identifier``: an input that is different in nearly every row teaches a model to memorise."""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

UNIQUE = 0.9
LEAST = 50


class Identifier:
    code = "analyse.identifier"
    title = "inputs that identify the row"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        found = []
        looked = False
        for column in facts.inputs:
            profile = facts.profile_of(column.name)
            if column.kind != "category" or profile is None or profile.count < LEAST:
                continue
            looked = True
            share = profile.distinct / profile.count
            if share >= UNIQUE:
                found.append(
                    Found(
                        "warning",
                        f"{column.name!r} has {profile.distinct} different values in {profile.count} rows",
                        "name it in data.keys if it identifies the row, or say kind: text if it is prose",
                        column=column.name,
                        numbers={"share": share},
                    )
                )
        return tuple(found) if looked else DoesNotApply(f"no category has {LEAST} values")


CHECK = Identifier()
