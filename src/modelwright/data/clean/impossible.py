"""Values that cannot be, by what the column's name says, or that stand for "missing".

Nothing is changed here: the finding says how the goal can. A rule speaks only where few values break it,
since where many do the name means something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.data import Column

_SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0, 99999.0, 999999.0)
_WORD = re.compile(r"[A-Za-z]+")
_FEW = 0.05
_LEAST_ROWS = 20
_FIRST_ROWS = 10_000
_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAND_INS = (
    "0001-01-01",
    "1753-01-01",
    "1899-12-30",
    "1900-01-01",
    "1970-01-01",
    "2099-12-31",
    "9999-12-31",
)
_PAST = frozenset(
    "birth born dob birthday birthdate created joined hired registered registration signup signed bought "
    "purchased purchase ordered order sold sale visited visit admitted admission discharged died death "
    "collected measured recorded observed received paid built founded arrested opened".split()
)
_AHEAD = frozenset("due expiry expires expiration end until planned plan scheduled schedule deadline renewal "
                   "maturity next target valid eta forecast expected appointment".split())  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rule:
    words: frozenset[str]
    least: float | None
    most: float | None
    not_with: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RULES = (
    _Rule(_words("age ages alter"), 0, 125, _words("month months day days hours house building account ago")),
    _Rule(_words("latitude lat"), -90, 90),
    _Rule(_words("longitude lon lng"), -180, 180),
    _Rule(_words("humidity"), 0, 100),
    _Rule(_words("hour"), 0, 24, _words("per rate pay")),
    _Rule(_words("month"), 0, 12, _words("per since last balance payment")),
    _Rule(_words("weekday"), 0, 7),
    _Rule(_words("ph"), 0, 14),
    _Rule(_words("probability"), 0, 1, _words("percent pct log")),
    _Rule(
        _words(
            "height weight length width distance area quantity qty count population rooms bedrooms bathrooms "
            "mileage salary wage price children weightkg heightcm"
        ),
        0,
        None,
        _words("diff difference change delta log scaled z norm normalized standardized score residual"),
    ),
)


def look(column: Column, values: pl.Series, now: datetime | None, book: Book) -> None:
    """Findings on the typed values of an input. ``now``: when the source was read."""
    if column.kind == "number":
        _sentinels(values, book)
        _limits(values, book)
    elif column.kind == "date":
        _dates(values, now, book)


def _limits(values: pl.Series, book: Book) -> None:
    present = values.drop_nulls()
    if len(present) < _LEAST_ROWS:
        return
    words = [word.lower() for word in _WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", values.name))]
    for rule in _RULES:
        if not rule.words & set(words) or rule.not_with & set(words):
            continue
        bad = pl.repeat(False, len(present), eager=True)
        if rule.least is not None:
            bad = bad | (present < rule.least)
        if rule.most is not None:
            bad = bad | (present > rule.most)
        count = int(bad.sum())
        if not 0 < count <= _FEW * len(present):
            return
        shown = ", ".join(f"{v:g}" for v in present.filter(bad).unique().sort().head(5).to_list())
        ends = [("least", rule.least), ("most", rule.most)]
        said = ", ".join(f"{name}: {end:g}" for name, end in ends if end is not None)
        book.finding(
            "clean.impossible",
            "warning",
            f"{_values(count)} of {values.name!r} cannot be, by the column's name: {shown}.",
            f"Read them as missing with `columns: {{{values.name}: {{{said}}}}}`, or mend the source.",
            column=values.name,
            numbers={"rows": float(count)},
        )
        return


def _sentinels(values: pl.Series, book: Book) -> None:
    """Numbers such as -999 that may stand for "missing"; they are reported and never changed."""
    present = values.drop_nulls()
    if present.head(_FIRST_ROWS).n_unique() < 10 and present.n_unique() < 10:
        return
    low, high = present.min(), present.max()
    for sentinel in _SENTINELS:
        if sentinel not in (low, high):
            continue
        count = int((present == sentinel).sum())
        rest = present.filter(present != sentinel)
        lowest, highest = float(rest.min()), float(rest.max())  # type: ignore[arg-type]
        span = max(highest - lowest, 1e-300)
        gap = lowest - sentinel if sentinel == low else sentinel - highest
        crosses = sentinel < 0 <= lowest
        if count >= max(2, 0.002 * len(present)) and (gap > span or (crosses and gap >= 1 and sentinel < -1)):
            book.finding(
                "clean.sentinel",
                "warning",
                f"{values.name!r} is {sentinel:g} in {count:,} rows, far from all its other values "
                f"({lowest:g} to {highest:g}): it may stand for a missing value.",
                "If it does, say so in data: "
                f'`columns: {{{values.name}: {{spellings: {{"{sentinel:g}": ""}}}}}}`.',
                column=values.name,
                numbers={"value": sentinel, "rows": float(count)},
            )


def _dates(values: pl.Series, now: datetime | None, book: Book) -> None:
    present = values.drop_nulls()
    if len(present) < _LEAST_ROWS:
        return
    apart = _stand_in(present, book)
    if apart is not None:
        present = present.filter(present != apart)
    words = {word.lower() for word in _WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", values.name))}
    if now is None or words & _AHEAD:
        return
    edge = int((now - _EPOCH) / timedelta(microseconds=1)) + 2 * _DAY
    late = present.filter(present > edge)
    # Where many dates lie ahead the column holds plans, whatever it is called, unless it says otherwise.
    if len(late) and (
        len(late) <= _FEW * len(present) or (words & _PAST and len(late) <= 0.5 * len(present))
    ):
        shown = ", ".join(_day(v) for v in late.unique().sort().head(5).to_list())
        book.finding(
            "clean.future-date",
            "warning",
            f"{_values(len(late))} of {values.name!r} lie after the day on which the data was read: {shown}.",
            "Mend them in the source, or read them as missing with spellings in data.columns.",
            column=values.name,
            numbers={"rows": float(len(late))},
        )


def _stand_in(present: pl.Series, book: Book) -> int | None:
    """A date such as 1900-01-01 that repeats, far from all others."""
    for text in _STAND_INS:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        value = int((moment - _EPOCH) / timedelta(microseconds=1))
        if value not in (present.min(), present.max()):
            continue
        count = int((present == value).sum())
        rest = present.filter(present != value)
        if count < max(2, 0.002 * len(present)) or rest.n_unique() < 10:
            continue
        lowest, highest = int(rest.min()), int(rest.max())  # type: ignore[arg-type]
        gap = min(abs(lowest - value), abs(value - highest))
        if gap > max(highest - lowest, 365 * _DAY):
            book.finding(
                "clean.sentinel",
                "warning",
                f"{present.name!r} is {text} in {count:,} rows, far from all its other dates "
                f"({_day(lowest)} to {_day(highest)}): it may stand for a missing value.",
                "If it does, say so in data: "
                f'`columns: {{{present.name}: {{spellings: {{"{text}": ""}}}}}}`, as it is written there.',
                column=present.name,
                numbers={"rows": float(count)},
            )
            return value
    return None


def _day(value: int) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=value)).strftime("%Y-%m-%d")
    except OverflowError:
        return str(value)


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count:,} values"
