"""What was settled of a log: its format, its templates, and what a row is; carried out line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from modelwright.core.errors import BadData
from modelwright.data.logs.drain import ANY, Drain, parameters
from modelwright.data.logs.formats import FIRST_YEAR, FORMATS, PLAIN, Clock, Format, find

VERSION = 1
_MOST_COUNTED = 150
"""Templates with a count of their own in a window; the others are counted together."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """A message with what stood before it."""

    number: int
    fields: dict[str, str | None]
    time: datetime | None
    message: str
    continued: int = 0
    """Lines below that belong to it, such as those of a traceback."""


@dataclass(frozen=True, slots=True)
class LogPlan:
    """JSON both ways."""

    format: str
    columns: tuple[str, ...]
    templates: tuple[tuple[str, ...], ...]
    joined: tuple[int, ...]
    """By template, the place of the one that covers it."""
    window: float | None = None
    """Seconds; None where a row is a line."""
    levels: tuple[str, ...] = ()
    counted: tuple[int, ...] = ()
    alerts: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "version": VERSION, "format": self.format, "columns": list(self.columns),
            "templates": [" ".join(tokens) for tokens in self.templates], "joined": list(self.joined),
            "window": self.window, "levels": list(self.levels), "counted": list(self.counted),
            "alerts": self.alerts,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> LogPlan:
        """Raises :class:`BadData` for a plan of another version."""
        if data.get("version") != VERSION:
            raise BadData(
                f"the way in which lines were read has version {data.get('version')!r}; {VERSION} is known",
                code="data.reading",
                hint="use the version of modelwright that made the bundle, or train again",
            )
        return LogPlan(
            data["format"], tuple(data["columns"]), tuple(tuple(t.split(" ")) for t in data["templates"]),
            tuple(data["joined"]), data["window"], tuple(data["levels"]), tuple(data["counted"]),
            data["alerts"],
        )  # fmt: skip

    def kind(self) -> Format:
        return next((one for one in (*FORMATS, PLAIN) if one.name == self.format), None) or find(
            [], self.format, "the log"
        )


@dataclass(slots=True)
class Miner:
    """Templates of a whole log, and the plan for it."""

    format: Format
    drain: Drain = field(default_factory=Drain)
    columns: dict[str, None] = field(default_factory=dict)
    levels: Counter[str] = field(default_factory=Counter)
    sizes: Counter[int] = field(default_factory=Counter)
    timed: int = 0
    lines: int = 0

    def add(self, line: Line) -> None:
        self.lines += 1
        self.timed += line.time is not None
        self.sizes[self.drain.add(line.message).number] += 1
        for name, value in line.fields.items():
            if value is not None:
                self.columns[name] = None
        if (level := line.fields.get("level")) is not None:
            self.levels[level] += 1

    def plan(self, window: float | None, file: str) -> LogPlan:
        """Raises :class:`BadData` for windows of a log without times."""
        if window is not None and self.timed < 0.5 * self.lines:
            raise BadData(
                f"{file}: {self.lines - self.timed} of {self.lines} lines have no time that can be read, so "
                "there are no windows of time",
                code="data.log-time",
                hint="leave `window` out, so that a row is a line; or name the format under reading",
            )
        over = self.drain.merge()
        joined = tuple(over[group.number].number for group in self.drain.groups)
        sizes: Counter[int] = Counter()
        for number, size in self.sizes.items():
            sizes[joined[number]] += size
        counted = [number for number, size in sizes.most_common() if size > 1][:_MOST_COUNTED]
        return LogPlan(
            format=self.format.name,
            columns=tuple(name for name in self.format.pattern.groupindex if name in self.columns),
            templates=tuple(tuple(group.tokens) for group in self.drain.groups),
            joined=joined,
            window=window,
            levels=tuple(sorted(self.levels, key=lambda name: (-self.levels[name], name))[:20]),
            counted=tuple(sorted(counted)),
            alerts=bool(self.format.alert),
        )


class Rows:
    """Rows of a log by its plan."""

    def __init__(self, plan: LogPlan) -> None:
        self.plan = plan
        self.format = plan.kind()
        self._drain = Drain(plan.templates)
        self._names = {number: " ".join(plan.templates[number]) for number in set(plan.joined)}
        self._open: dict[int, _Window] = {}

    def columns(self) -> list[str]:
        plan = self.plan
        alert = ["alert"] if plan.alerts else []
        if plan.window is None:
            kept = [name for name in plan.columns if name not in ("message", "at")]
            return ["time", *kept, "message", "template", "parameters", "continued", *alert]
        counts = [f"count {self._names[number]}" for number in plan.counted]
        levels = [f"level {name}" for name in plan.levels]
        return ["time", "lines", "templates", "unknown", *levels, *counts, "count of others", *alert]

    def line(self, line: Line) -> dict[str, Any]:
        """The row of one line."""
        template = self._template(line.message)
        made: dict[str, Any] = {name: line.fields.get(name) for name in self.plan.columns}
        made.pop("at", None)
        made["time"] = None if line.time is None else line.time.isoformat()
        made["message"] = line.message
        made["continued"] = line.continued
        if template is not None:
            tokens = self.plan.templates[template]
            made["template"] = self._names[template]
            made["parameters"] = ",".join(parameters(tokens, line.message)) or None
        if self.plan.alerts:
            made["alert"] = self._alert(line)
        return made

    def windows(self, lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
        """A row for each window of time in which something was logged, in the order of time."""
        assert self.plan.window is not None
        open_: dict[int, _Window] = {}
        for line in lines:
            if line.time is None:
                continue
            place = int((line.time - _EPOCH).total_seconds() // self.plan.window)
            if place not in open_:
                self._begun(place, line)
            window = open_.setdefault(place, _Window())
            window.lines += 1
            template = self._template(line.message)
            window.templates[-1 if template is None else template] += 1
            if (level := line.fields.get("level")) is not None:
                window.levels[level] += 1
            window.alert |= self.plan.alerts and self._alert(line) == "yes"
        for place in sorted(open_):
            yield self._row(place, open_[place])

    def _begun(self, place: int, line: Line) -> None:
        """Raises :class:`BadData` where a window begins before there are dates."""
        assert self.plan.window is not None
        assert line.time is not None
        try:
            _EPOCH + timedelta(seconds=place * self.plan.window)
        except OverflowError:
            raise BadData(
                f"line {line.number}: the window of {self.plan.window:g} s that {line.time.isoformat()} "
                "falls into begins before the year 1",
                code="data.log-time",
                hint="mend the time of the line or take the line out; or make `window` shorter",
            ) from None

    def _row(self, place: int, window: _Window) -> dict[str, Any]:
        assert self.plan.window is not None
        start = _EPOCH + timedelta(seconds=place * self.plan.window)
        made: dict[str, Any] = {
            "time": start.isoformat(),
            "lines": window.lines,
            "templates": len(window.templates),
            "unknown": window.templates.pop(-1, 0),
        }
        made |= {f"level {name}": window.levels[name] for name in self.plan.levels}
        for number in self.plan.counted:
            made[f"count {self._names[number]}"] = window.templates.pop(number, 0)
        made["count of others"] = sum(window.templates.values())
        if self.plan.alerts:
            made["alert"] = "yes" if window.alert else "no"
        return made

    def _template(self, message: str) -> int | None:
        group = self._drain.match(message)
        return None if group is None else self.plan.joined[group.number]

    def _alert(self, line: Line) -> str:
        return "no" if line.fields.get(self.format.alert) == "-" else "yes"


@dataclass(slots=True)
class _Window:
    lines: int = 0
    templates: Counter[int] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    alert: bool = False


def parted(
    texts: Iterable[tuple[int, str]], format_: Format, first: int = FIRST_YEAR
) -> Iterator[Line | tuple[int, str]]:
    """Lines by their format; those that no message stands above, as (number, text). ``first``: the year of
    the first line, where years are not written."""
    clock = Clock(format_, first)
    held: Line | None = None
    for number, text in texts:
        found = format_.pattern.fullmatch(text)
        if found is None:
            if held is None:
                yield number, text
            else:
                held = Line(held.number, held.fields, held.time, held.message, held.continued + 1)
            continue
        if held is not None:
            yield held
        fields: dict[str, str | None] = found.groupdict()
        message = fields.get("message") or ""
        held = Line(number, fields, clock.time(fields), message)
    if held is not None:
        yield held


__all__ = ["ANY", "Line", "LogPlan", "Miner", "Rows", "parted"]
