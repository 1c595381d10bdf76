"""``analyse.outliers``: a few numbers so far from all others that they are probably mistakes."""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

FAR = 10.0
"""Gap to the 1% or 99% quantile, in widths of the middle 98% of the values: normal, exponential and all but
the wildest log-normal values stay nearer."""


class Outliers:
    code = "analyse.outliers"
    title = "numbers far from all others"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        numeric = [c for c in facts.development.columns if c.kind == "number"]
        columns = [c for c in numeric if c.is_input or c.role == "target"]
        if not columns:
            return DoesNotApply("no input is a number")
        found = []
        for column in columns:
            profile = facts.profile_of(column.name)
            if profile is None or profile.count < 50 or "q99" not in profile.numbers:
                continue
            low, high = profile.numbers["q01"], profile.numbers["q99"]
            width = high - low
            if width <= 0:
                continue
            values = facts.frame[column.name].drop_nulls()
            far = values.filter((values > high + FAR * width) | (values < low - FAR * width))
            if far.len():
                extreme = max(far.to_list(), key=abs)
                found.append(
                    Found(
                        "warning",
                        f"{_many(far.len(), column.name)}{extreme:g} (98% lie between {low:g} and {high:g})",
                        "check units and decimal points, and mend the source or data.columns spellings; "
                        "`winsorise: robust` there draws them in",
                        column=column.name,
                        numbers={"rows": float(far.len()), "extreme": float(extreme)},
                    )
                )
        return tuple(found)


def _many(count: int, name: str) -> str:
    if count == 1:
        return f"1 value of {name!r} is far from all others: "
    return f"{count} values of {name!r} are far from all others, such as "


CHECK = Outliers()
