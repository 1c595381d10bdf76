"""``analyse.coverage``: a sensitive or declared slice with too few rows to be served or judged well."""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

ROWS = 100
SHARE = 0.01


class Coverage:
    code = "analyse.coverage"
    title = "slices with few rows"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        declared = [c.by for c in facts.success.criteria if c.by is not None]
        names = [n for n in dict.fromkeys([*facts.roles.sensitive, *declared]) if n in facts.frame.columns]
        kinds = {c.name: c.kind for c in facts.development.columns}
        sliced = [n for n in names if kinds.get(n) in ("category", "boolean")]
        if not sliced:
            return DoesNotApply(
                "the goal names no sensitive column and no criterion by a column of categories"
            )
        found = []
        for name in sliced:
            values = facts.frame[name].drop_nulls()
            counts = values.value_counts().rows()
            low = sorted((_word(v, kinds[name]), n) for v, n in counts if n < max(ROWS, SHARE * values.len()))
            if low:
                shown = ", ".join(f"{v!r} ({n})" for v, n in low[:5]) + (", ..." if len(low) > 5 else "")
                found.append(
                    Found(
                        "warning",
                        f"{len(low)} value{'s' if len(low) > 1 else ''} of {name!r} "
                        f"{'have' if len(low) > 1 else 'has'} few development rows: {shown}",
                        "collect more rows of these, or merge values that mean the same",
                        column=name,
                        numbers={"values": float(len(low)), "rows": float(min(n for _, n in low))},
                    )
                )
        return tuple(found)


def _word(value: object, kind: str) -> str:
    return ("yes" if value else "no") if kind == "boolean" else str(value)


CHECK = Coverage()
