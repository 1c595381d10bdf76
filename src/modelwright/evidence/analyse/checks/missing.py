"""``analyse.missing``: inputs that are mostly empty."""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

HALF, NEARLY = 0.5, 0.95


class Missing:
    code = "analyse.missing"
    title = "inputs that are mostly missing"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        if not facts.profile.rows:
            return DoesNotApply("there are no rows")
        found = []
        for column in facts.inputs:
            profile = facts.profile_of(column.name)
            share = profile.missing / facts.profile.rows if profile is not None else 0.0
            if share >= HALF:
                found.append(
                    Found(
                        "warning" if share >= NEARLY else "note",
                        f"{column.name!r} is missing in {share:.1%} of rows",
                        "find out why; fill it at the source, or set its kind to ignore",
                        column=column.name,
                        numbers={"share": share},
                    )
                )
        return tuple(found)


CHECK = Missing()
