"""The calendar of the proleptic Gregorian year, in numpy and as nodes that give the same numbers.

Times are int64 microseconds since 1970, UTC. All is integer arithmetic (Howard Hinnant, "chrono-compatible
low-level date algorithms", 2013, ``civil_from_days``): ``Mod`` on integers takes the sign of the divisor in
numpy and in ONNX alike, so that days before 1970 floor as they should. Times are first drawn into the years
1 to 9999, which also keeps the integers from overflowing.

The day of the year is counted as in a common year, and 29 February shares number 60 with 1 March: the same
season is the same number in every year.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.features.numbers import Floats
from modelwright.graph.builder import GraphBuilder
from modelwright.runtime.signature import NULL_TIME

DAY = 86_400_000_000
HOUR = 3_600_000_000
EARLIEST = -719_162 * DAY
"""The start of year 1."""
LATEST = 2_932_897 * DAY - 1
"""The end of year 9999."""

PARTS = ("days", "year", "month", "day", "weekday", "day of year", "hour")
"""``days`` since the earliest training row and ``hour`` have fractions; ``weekday`` is 0 for Monday."""

Times = npt.NDArray[np.int64]


def _season() -> tuple[Floats, ...]:
    """By day of the year counted from 1 March (0 to 365): month, day, day of the (common) year, year step."""
    month, day, of_year, step = (np.empty(366) for _ in range(4))
    before = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])
    for d in range(366):
        shifted = (5 * d + 2) // 153
        month[d] = shifted + 3 if shifted < 10 else shifted - 9
        day[d] = d - (153 * shifted + 2) // 5 + 1
        leap_day = month[d] == 2 and day[d] == 29
        of_year[d] = 60 if leap_day else before[int(month[d]) - 1] + day[d]
        step[d] = float(month[d] <= 2)
    return month, day, of_year, step


MONTH, DAY_OF_MONTH, DAY_OF_YEAR, YEAR_STEP = _season()


def calendar(times: Times, parts: tuple[str, ...], start: Floats) -> Floats:
    """float64 [n, c, parts]; NaN where the time is NULL_TIME. ``start`` is microseconds, per column."""
    missing = times == NULL_TIME
    moment = np.clip(np.where(missing, 0, times), EARLIEST, LATEST)
    within = np.mod(moment, DAY)
    days = (moment - within) // DAY
    found: dict[str, npt.NDArray[Any]] = {}
    if "days" in parts:
        found["days"] = (moment.astype(np.float64) - start) / float(DAY)
    if "hour" in parts:
        found["hour"] = within.astype(np.float64) / float(HOUR)
    if "weekday" in parts:
        found["weekday"] = np.mod(days + 3, 7)
    if {"year", "month", "day", "day of year"} & set(parts):
        era_year, season = civil(days)
        found["year"] = era_year + YEAR_STEP[season]
        found["month"] = MONTH[season]
        found["day"] = DAY_OF_MONTH[season]
        found["day of year"] = DAY_OF_YEAR[season]
    stacked = np.stack([found[part].astype(np.float64) for part in parts], axis=2)
    stacked[missing] = np.nan
    return stacked


def civil(days: Times) -> tuple[Times, Times]:
    """The year that began on 1 March, and the day within it, of days since 1970."""
    shifted = days + 719_468
    of_era = np.mod(shifted, 146_097)
    era = (shifted - of_era) // 146_097
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    season = of_era - (365 * year + year // 4 - year // 100)
    return year + era * 400, season


class CalendarNodes:
    """The same arithmetic as nodes, each intermediate made once and only when asked for."""

    def __init__(self, graph: GraphBuilder, times: str) -> None:
        self.graph = graph
        self.missing = graph.node("Equal", [times, self.integer(NULL_TIME)])
        present = graph.node("Where", [self.missing, self.integer(0), times])
        self.moment = graph.node("Clip", [present, self.integer(EARLIEST), self.integer(LATEST)])
        self._made: dict[str, str] = {}

    def integer(self, value: int) -> str:
        return self.graph.constant(value, "int64", "i")

    def op(self, kind: str, left: str, right: str | int) -> str:
        return self.graph.node(kind, [left, self.integer(right) if isinstance(right, int) else right])

    def get(self, name: str) -> str:
        """int64 [N, c]: ``within`` (microseconds of the day), ``days``, ``weekday``, ``season``, ..."""
        if name not in self._made:
            self._made[name] = getattr(self, f"_{name}")()
        return self._made[name]

    def _within(self) -> str:
        return self.op("Mod", self.moment, DAY)

    def _days(self) -> str:
        return self.op("Div", self.op("Sub", self.moment, self.get("within")), DAY)

    def _weekday(self) -> str:
        return self.op("Mod", self.op("Add", self.get("days"), 3), 7)

    def _shifted(self) -> str:
        return self.op("Add", self.get("days"), 719_468)

    def _of_era(self) -> str:
        return self.op("Mod", self.get("shifted"), 146_097)

    def _year_of_era(self) -> str:
        day = self.get("of_era")
        year = self.op("Sub", day, self.op("Div", day, 1460))
        year = self.op("Add", year, self.op("Div", day, 36_524))
        year = self.op("Sub", year, self.op("Div", day, 146_096))
        return self.op("Div", year, 365)

    def _season(self) -> str:
        year = self.get("year_of_era")
        begun = self.op("Add", self.op("Mul", year, 365), self.op("Div", year, 4))
        begun = self.op("Sub", begun, self.op("Div", year, 100))
        return self.op("Sub", self.get("of_era"), begun)

    def _march_year(self) -> str:
        era = self.op("Div", self.op("Sub", self.get("shifted"), self.get("of_era")), 146_097)
        return self.op("Add", self.get("year_of_era"), self.op("Mul", era, 400))

    def table(self, values: Floats, index: str) -> str:
        """float64: ``values`` at the int64 tensor ``index``."""
        return self.graph.node("Gather", [self.graph.constant(values, "float64", "table"), index])

    def double(self, tensor: str) -> str:
        return self.graph.node("Cast", [tensor], to=11)

    def part(self, name: str, start: Floats) -> str:
        """float64 [N, c]: one of :data:`PARTS`."""
        graph = self.graph
        if name == "days":
            since = graph.node("Sub", [self.double(self.moment), graph.constant([start], "float64", "start")])
            return graph.node("Div", [since, graph.constant(float(DAY), "float64", "day")])
        if name == "hour":
            within = self.double(self.get("within"))
            return graph.node("Div", [within, graph.constant(float(HOUR), "float64", "hour")])
        if name == "weekday":
            return self.double(self.get("weekday"))
        season = self.get("season")
        if name == "year":
            return graph.node("Add", [self.double(self.get("march_year")), self.table(YEAR_STEP, season)])
        tables = {"month": MONTH, "day": DAY_OF_MONTH, "day of year": DAY_OF_YEAR}
        return self.table(tables[name], season)
