"""Formats of system logs: what stands before the message, found by looking at the first lines."""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from modelwright.core.errors import BadData

_LEVEL = r"(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|FAILURE|EMERG|ALERT)"
_LOOKED_AT = 1_000
_ENOUGH = 0.5
"""Share of the first lines that begin as a format says; the others may belong to those above them."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a line begins. Groups of the pattern are the columns; ``message`` is the rest, ``at`` the time."""

    name: str
    title: str
    pattern: re.Pattern[str]
    times: tuple[str, ...] = ()
    """Ways in which ``at`` may be written (strptime)."""
    alert: str = ""
    """A column whose value ``-`` says that a line is no alert."""


def _format(name: str, title: str, pattern: str, *times: str, alert: str = "") -> Format:
    return Format(name, title, re.compile(pattern), times, alert)


_ISO = ("%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S")
_ISO_AT = r"(?P<at>\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)(?:Z|\s?[+-]\d\d:?\d\d)?"

FORMATS: tuple[Format, ...] = (
    _format(
        "bluegene", "Blue Gene/L (RAS)",
        r"(?P<label>\S+) (?P<epoch>\d{9,}) \d{4}\.\d\d\.\d\d (?P<node>\S+) "
        r"(?P<at>\d{4}-\d\d-\d\d-\d\d\.\d\d\.\d\d\.\d+) \S+ (?P<type>\S+) (?P<component>\S+) (?P<level>\S+) ?"
        r"(?P<message>.*)",
        "%Y-%m-%d-%H.%M.%S.%f", alert="label",
    ),
    _format(
        "hadoop", "Hadoop (short date)",
        rf"(?P<at>\d{{6}} \d{{6}}) (?P<process>\d+) {_LEVEL} (?P<component>[^:\s]+): (?P<message>.*)",
        "%y%m%d %H%M%S",
    ),
    _format(
        "syslog", "syslog (RFC 3164)",
        r"(?:<\d{1,3}>)?(?P<at>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) "
        r"(?P<component>[^\s\[:]+)(?:\[(?P<process>\d+)\])?: ?(?P<message>.*)",
        "%b %d %H:%M:%S",
    ),
    _format(
        "syslog5424", "syslog (RFC 5424)",
        rf"<\d{{1,3}}>\d {_ISO_AT} (?P<host>\S+) (?P<component>\S+) (?P<process>\S+) (?P<id>\S+) "
        r"(?:-|\[.*?\]) ?(?P<message>.*)", *_ISO,
    ),
    _format(
        "access", "Apache or nginx access log",
        r"(?P<host>\S+) \S+ (?P<user>\S+) \[(?P<at>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d) [+-]\d{4}\] "
        r'"(?P<message>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
        r'(?: "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)")?.*',
        "%d/%b/%Y:%H:%M:%S",
    ),
    _format(
        "apache", "Apache error log",
        r"\[(?P<at>[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\] \[(?P<level>[^\]]+)\] ?"
        r"(?P<message>.*)",
        "%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S.%f %Y",
    ),
    _format(
        "log4j", "log4j, Python and others: time, level, component",
        rf"{_ISO_AT}[ \t,|-]+(?:\[(?P<thread>[^\]]*)\] +)?[\[(]?{_LEVEL}[\])]?:?[ \t|-]+"
        r"(?:\[(?P<context>[^\]]*)\] +)?(?:(?P<component>[\w.$/@-]+)(?: -|:) +)?(?P<message>.*)", *_ISO,
    ),
    _format("timed", "a time, then the message", rf"[\[(]?{_ISO_AT}[\])]?[ \t:,|-]*(?P<message>.*)", *_ISO),
)  # fmt: skip

PLAIN = Format("plain", "lines without a known beginning", re.compile(r"(?P<message>.*)"))
_SPACE = r"(?<!\s)\s++"
"""All the space that stands there; looked for only where it begins."""
_NAMED = re.compile(r"<([A-Za-z][A-Za-z0-9_]*)>")


def find(lines: Sequence[str], wanted: str | None, file: str) -> Format:
    """The format that most of the lines have; ``wanted``: the one that the goal names or spells out.

    Spelt out is ``<Date> <Time> <Level>: <Content>``: a name for each part, up to the next character. Raises
    :class:`BadData` where the lines do not have the wanted one.
    """
    looked = [line for line in lines if line.strip()][:_LOOKED_AT]
    if wanted is not None:
        made = next((one for one in (*FORMATS, PLAIN) if one.name == wanted), None) or _spelt(wanted)
        fits = sum(made.pattern.fullmatch(line) is not None for line in looked)
        if fits * 2 < len(looked):
            names = ", ".join(one.name for one in (*FORMATS, PLAIN))
            raise BadData(
                f"{file}: {len(looked) - fits} of the first {len(looked)} lines are not of the format "
                f"{wanted}",
                code="data.log-format",
                hint=f"known are {names}; or spell it out: <date> <time> <level> <component>: <message>",
            )
        return made
    for one in FORMATS:
        if sum(one.pattern.fullmatch(line) is not None for line in looked) >= _ENOUGH * len(looked):
            return one
    return PLAIN


def _spelt(text: str) -> Format:
    pieces = _NAMED.split(text)
    pattern, seen = "", []
    for k, piece in enumerate(pieces):
        if k % 2 == 0:
            literal = re.sub(r"(?:\\? )+", lambda _: _SPACE, re.escape(piece))
            pattern += literal + ")" if 0 < k < len(pieces) - 1 else literal
            continue
        name = piece.lower()
        name = "message" if name in ("content", "message") else name
        if name in seen:
            raise BadData(
                f"the format {text} names {name} twice",
                code="data.log-format",
                hint="give each part its own name",
            )
        seen.append(name)
        # A part ends where what follows it stands for the first time, and that is not tried again (an atomic
        # group): else a line that does not fit takes time to the power of the number of parts.
        pattern += f"(?P<{name}>.*)" if k == len(pieces) - 2 else f"(?>(?P<{name}>.*?)"
    if "message" not in seen:
        raise BadData(
            f"the format {text} has no <message>",
            code="data.log-format",
            hint="spell it out as in loghub: <date> <time> <level> <component>: <message>",
        )
    return Format(text, "as the goal spells it", re.compile(pattern))


FIRST_YEAR = 2000


def first_year(format_: Format, lines: Iterable[str]) -> int:
    """The year of the first line, where years are not written: 2000, or the last one before it with which the
    log's first 29 February falls into a leap year. Reads no further than that day."""
    clock = Clock(format_)
    if clock.without_year:
        for line in lines:
            found = format_.pattern.fullmatch(line)
            time = clock.time(found.groupdict()) if found is not None else None
            if time is not None and (time.month, time.day) == (2, 29):
                return FIRST_YEAR - clock.months_again % 4
    return FIRST_YEAR


class Clock:
    """Times of lines, as microseconds since 1970 (UTC, or whatever clock the log goes by)."""

    def __init__(self, format_: Format, first: int = FIRST_YEAR) -> None:
        self._format = format_
        self._first = first
        self.passed = 0
        """Years since the first line, of a log without years."""
        self.months_again = 0
        """How often the months began again; less than the years where only a leap year has the day."""
        self._last: datetime | None = None
        self.without_year = format_.name == "syslog"

    def time(self, fields: Mapping[str, str | None]) -> datetime | None:
        """When a line was written; None where it cannot be read. Years that are not written count from
        the first on, and go up where the months begin again."""
        at = fields.get("at") or _spelt_time(fields)
        if not at:
            return None
        text = (
            at.replace(",", ".").replace("/", "-")
            if self._format.times == _ISO or not self._format.times
            else at
        )
        text = text.replace(" ", "T", 1) if self._format.times == _ISO or not self._format.times else text
        if self.without_year:
            return self._dated(" ".join(at.split()))
        for way in self._format.times or _ISO:
            try:
                return datetime.strptime(text[:26] if "%f" in way and way in _ISO else text, way).replace(
                    tzinfo=UTC
                )
            except ValueError:
                continue
        return None

    def _dated(self, text: str) -> datetime | None:
        try:  # in a leap year, so that 29 February is a day
            found = datetime.strptime(f"{FIRST_YEAR} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            return None
        if self._last is not None and self._last - found > timedelta(days=180):
            self.passed += 1
            self.months_again += 1
        self._last = found
        if (found.month, found.day) == (2, 29):
            while not isleap(self._first + self.passed):
                self.passed += 1
        try:
            return found.replace(year=self._first + self.passed)
        except ValueError:  # after the year 9999
            return None


def _spelt_time(fields: Mapping[str, str | None]) -> str:
    """Out of parts that a spelt-out format has."""
    date, time = fields.get("date") or "", fields.get("time") or ""
    return f"{date} {time}".strip()
