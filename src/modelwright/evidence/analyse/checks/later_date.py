"""``leak.later-date``: a date that lies after the moment which data.time names for the row."""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

MOST = 0.5
DAY = 86_400e6
"""Microseconds; less than a day later may be the same day, written with a time."""


class LaterDate:
    code = "leak.later-date"
    title = "dates that come after the row's own time"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        time = facts.development.time
        kinds = {c.name: c.kind for c in facts.development.columns}
        if time is None or kinds.get(time) != "date":
            return DoesNotApply("the goal names no date in data.time")
        found = []
        for column in facts.inputs:
            if column.kind != "date" or column.name == time:
                continue
            ahead = (facts.frame[column.name] - facts.frame[time]).drop_nulls()
            share = float((ahead > DAY).mean() or 0.0) if ahead.len() else 0.0  # type: ignore[arg-type]
            if share > MOST:
                found.append(
                    Found(
                        "warning",
                        f"{column.name!r} is later than {time!r} in {share:.0%} of rows: at that "
                        "time it may not have happened yet",
                        f"name {column.name!r} in data.later, unless it is planned and known in advance",
                        column=column.name,
                        numbers={"share": share},
                    )
                )
        return tuple(found)


CHECK = LaterDate()
