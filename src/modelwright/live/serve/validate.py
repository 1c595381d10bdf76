"""Rows that a client sent, checked field by field: compiled once for each version from its signature.

A field that is missing, or whose value cannot be read as what the column holds, refuses the row; all such
fields are told together. What can be read but was not seen in training (an unknown category, a number far
outside, nothing where no training row lacked a value) is answered, with a warning. What is received is told
by its type and a shortened value, and by its type alone where the column is private.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.live.serve.media import MediaColumn
from modelwright.runtime.describe import InputColumn
from modelwright.runtime.model import Arrays, Model
from modelwright.runtime.parse import UNREAD, ColumnParser
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME, tensor_input

UNKNOWN_CATEGORY: Final = "unknown-category"
OUT_OF_RANGE: Final = "out-of-range"
NEVER_MISSING: Final = "never-missing"
UNKNOWN_FIELD: Final = "unknown-field"
KINDS: Final = (UNKNOWN_CATEGORY, OUT_OF_RANGE, NEVER_MISSING, UNKNOWN_FIELD)
EXCESS: Final = 5.0
"""Mean excesses beyond the outermost bin after which a value counts as out of range (see :func:`span`)."""
UNLISTED: Final = 0.05
"""Share of the training rows with categories too rare to be listed, up to which such a category is told."""
_SHOWN: Final = 40
_REMEMBERED: Final = 4096
_LONGEST: Final = 200
_MOST_TOLD: Final = 100
"""Wrong fields that are told of one request; the rest are counted."""
_NAN: Final = float("nan")
_MOST: Final = sys.float_info.max
_NEW: Final = object()
_WANTED: Final = {
    "number": "a number, or a text that reads as one",
    "boolean": "true or false, 1 or 0, or a text that reads as one of them",
    "category": "a text or a number",
    "text": "a text",
    "date": "a date as text",
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One field that refuses its row."""

    field: str
    expected: str
    received: str
    row: int | None = None
    cause: str = "unreadable"
    """``missing``, ``type`` or ``unreadable``: what is counted, with the field's name."""

    def to_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"field": self.field, "expected": self.expected, "received": self.received}
        if self.row is not None:
            said["row"] = self.row
        return said


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning of one column, as it is told, logged and counted."""

    kind: str
    column: str
    """Empty for fields that are no columns: their names are the client's and never logged."""
    message: str

    @property
    def code(self) -> str:
        """As the log keeps it."""
        return f"{self.kind}:{self.column}"

    def to_json(self) -> dict[str, Any]:
        return {"code": self.kind, "field": self.column, "message": self.message}


class Invalid(Exception):
    """Rows with wrong fields; ``more`` were found beside those told."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__(f"{len(wrong)} wrong fields")
        self.wrong = tuple(wrong[:_MOST_TOLD])
        self.more = max(0, len(wrong) - _MOST_TOLD)
        counts: dict[str, int] = {}
        for one in wrong:
            key = f"{one.cause}:{one.field}"
            counts[key] = counts.get(key, 0) + 1
        self.counts = counts


class _Column:
    """What one column's values are held against."""

    __slots__ = (
        "absent", "category", "expected", "high", "kind", "known", "low", "name", "null", "out", "parser",
        "passes", "private", "seen",
    )  # fmt: skip

    def __init__(self, column: InputColumn, parser: ColumnParser, entry: Mapping[str, Any]) -> None:
        self.name = column.name
        self.kind = column.kind
        self.parser = parser
        self.private = column.private
        self.passes = parser.kind == "number" and parser.numbers_pass
        self.low, self.high = span(column, entry)
        self.null: Any = {"number": _NAN, "boolean": _NAN, "date": NULL_TIME}.get(column.kind, NULL_TEXT)
        self.known = known_categories(column, entry)
        self.expected = expected(column, parser)
        count = len(self.known)
        self.category = Warned(
            UNKNOWN_CATEGORY, column.name, f"none of the {count} values that the model was trained on"
            if not column.more_categories
            else f"none of the {count} values that were frequent enough to be told apart",
        )  # fmt: skip
        # The example of a page leaves private fields out, and is not to be warned of.
        self.absent = None if column.private else never_missing(column.name, entry)
        self.out = Warned(OUT_OF_RANGE, column.name, f"far outside the values seen: {_range(self)}")
        self.seen: dict[str, tuple[Any, Warned | None]] = {}
        """Texts read before: the typed value and its warning. Never those that refuse a row."""

    def read(self, value: Any, row: int | None, wrong: list[Wrong]) -> tuple[Any, Warned | None]:
        """The typed value and its warning; a value that cannot be read is put to ``wrong``."""
        kind = type(value)
        if kind is str:
            found = self.seen.get(value)
            if found is not None:
                return found
        elif value is None:
            return self.null, self.absent
        elif kind is dict or kind is list:
            wrong.append(Wrong(self.name, self.expected, _typename(value), row, "type"))
            return self.null, None
        elif kind is bool and self.kind in ("number", "date"):
            wrong.append(Wrong(self.name, self.expected, self._shown(value), row, "type"))
            return self.null, None
        elif kind is float and value - value != 0.0:
            wrong.append(Wrong(self.name, "a number that is finite", "a number beyond all limits", row))
            return self.null, None
        made = self.parser.value(value)
        if made is UNREAD:
            wrong.append(Wrong(self.name, self.expected, self._shown(value), row))
            return self.null, None
        if made is None:
            answer: tuple[Any, Warned | None] = (self.null, self.absent)
        elif type(made) is str:
            answer = (made, self.category if self.known and made not in self.known else None)
        else:
            answer = (made, None if self.low <= made <= self.high else self.out)  # type: ignore[operator]
        if kind is str and len(value) <= _LONGEST and not self.private:
            if len(self.seen) >= _REMEMBERED:
                self.seen.clear()
            self.seen[value] = answer
        return answer

    def _shown(self, value: Any) -> str:
        if self.private:
            return f"{_typename(value)}, not shown because the column is private"
        return f"{_typename(value)}: {shortened(value)}"


def never_missing(name: str, entry: Mapping[str, Any]) -> Warned | None:
    """The warning of a field that is null, where every training row had a value: the model answers, and has
    learned nothing of such rows."""
    if entry.get("missing") != 0 or not entry.get("rows"):
        return None
    return Warned(NEVER_MISSING, name, "missing, and no row that the model was trained on lacked it")


class Checks:
    """All columns of one version. Changes nothing but its memory of texts: may be used from threads."""

    def __init__(self, model: Model) -> None:
        reference = model.bundle.json("reference.json").get("columns", {})
        tensors = model.tensors
        media = {tensor.name: tensor for tensor in tensors.tensors}
        self._media = [
            MediaColumn(
                column, model.parsers[column.name], media[column.name], reference.get(column.name, {})
            )
            for column in model.signature.inputs
            if column.name in media
        ]
        self._media.sort(key=lambda column: list(media).index(column.name))
        made = {
            column.name: _Column(column, model.parsers[column.name], reference.get(column.name, {}))
            for column in model.signature.inputs
            if column.name not in media
        }
        self.columns: tuple[_Column, ...] = tuple(made.values())
        self.media: tuple[MediaColumn, ...] = tuple(self._media)
        self._absent = {
            c.name: None if c.private else never_missing(c.name, reference.get(c.name, {}))
            for c in self.media
        }
        self._numbers = [made[name] for name in tensors.numbers]
        self._strings = [made[name] for name in tensors.strings]
        self._times = [made[name] for name in tensors.times]
        self._quick = [(c.name, c.passes, c.low, c.high, c) for c in self._numbers]
        self.names = frozenset(made) | frozenset(media)
        live = model.metadata.get("live")
        also = live.get("also", ()) if isinstance(live, dict) else ()
        self.also: tuple[str, ...] = tuple(str(name) for name in also if str(name) not in self.names)
        self._taken = self.names | set(self.also)
        self._count = len(made) + len(media)

    def one(self, row: dict[str, Any]) -> tuple[Arrays, list[Warned], dict[str, Any]]:
        """The tensors of one row, its warnings, and what of it may be logged. Raises :class:`Invalid`."""
        wrong: list[Wrong] = []
        warned: list[Warned] = []
        numbers, strings, times = self._read(row, None, wrong, warned)
        cells, facts = self._cells(row, None, wrong, warned) if self.media else ([], {})
        if wrong:
            raise Invalid(wrong)
        feeds: Arrays = {tensor_input(j): cell[None] for j, cell in enumerate(cells)}
        if self._numbers:
            feeds["numbers"] = np.array((numbers,), dtype=np.float64)
        if self._strings:
            made = np.empty((1, len(strings)), dtype=object)
            made[0] = strings
            feeds["strings"] = made
        if self._times:
            feeds["times"] = np.array((times,), dtype=np.int64)
        kept = row if len(row) == self._count else self._kept(row, warned)
        return feeds, warned, kept | facts if facts else kept

    def many(self, rows: list[Any]) -> tuple[Arrays, list[list[Warned]], list[dict[str, Any]]]:
        """As :meth:`one`, for n rows: tensors [n, ...], warnings and kept values by row."""
        wrong: list[Wrong] = []
        n = len(rows)
        numbers = np.empty((n, len(self._numbers)), dtype=np.float64)
        strings = np.empty((n, len(self._strings)), dtype=object)
        times = np.empty((n, len(self._times)), dtype=np.int64)
        most = min((column.rows for column in self.media), default=n)
        if n > most:
            told = f"at most {most:,} rows with {self.media[0].kind} columns of this size"
            raise Invalid([Wrong("rows", told, f"{n:,} rows")])
        arrays = [np.zeros((n, *c.tensor.shape), dtype=c.tensor.dtype) for c in self.media]
        warnings: list[list[Warned]] = []
        kept: list[dict[str, Any]] = []
        for place, row in enumerate(rows):
            warned: list[Warned] = []
            if type(row) is not dict:
                wrong.append(
                    Wrong("rows", "an object with the fields of one row", _typename(row), place, "type")
                )
            else:
                some, words, moments = self._read(row, place, wrong, warned)
                numbers[place], strings[place], times[place] = some, words, moments
                one = row if len(row) == self._count else self._kept(row, warned)
                if self.media:
                    cells, facts = self._cells(row, place, wrong, warned)
                    one = one | facts
                    for array, cell in zip(arrays, cells, strict=True):
                        array[place] = cell
                kept.append(one)
            warnings.append(warned)
            if len(wrong) > 10 * _MOST_TOLD:
                break
        if wrong:
            raise Invalid(wrong)
        feeds: Arrays = {"numbers": numbers, "strings": strings, "times": times}
        feeds = {name: array for name, array in feeds.items() if array.shape[1]}
        feeds |= {tensor_input(j): array for j, array in enumerate(arrays)}
        return feeds, warnings, kept

    def _cells(
        self, row: dict[str, Any], place: int | None, wrong: list[Wrong], warned: list[Warned]
    ) -> tuple[list[npt.NDArray[Any]], dict[str, Any]]:
        """The arrays of one row, zeros for what is missing, and what of them may be logged."""
        arrays: list[npt.NDArray[Any]] = []
        facts: dict[str, Any] = {}
        for column in self.media:
            value = row.get(column.name, _NEW)
            nothing = np.zeros(column.tensor.shape, dtype=column.tensor.dtype)
            if value is _NEW:
                wrong.append(_missing(column, place))
                arrays.append(nothing)
                continue
            read = column.read(value)
            if read.type_wrong:
                wrong.append(Wrong(column.name, column.expected, _typename(value), place, "type"))
            elif read.problem:
                wrong.append(Wrong(column.name, column.expected, read.problem, place))
            elif read.array is None and (absent := self._absent[column.name]) is not None:
                warned.append(absent)
            arrays.append(nothing if read.array is None else read.array)
            facts |= read.kept
            warned.extend(Warned(OUT_OF_RANGE, column.name, said) for said in read.outside)
        return arrays, facts

    def _read(
        self, row: dict[str, Any], place: int | None, wrong: list[Wrong], warned: list[Warned]
    ) -> tuple[list[float], list[str], list[int]]:
        numbers: list[float] = []
        strings: list[str] = []
        times: list[int] = []
        for name, passes, low, high, column in self._quick:
            value = row.get(name, _NEW)
            if passes and (type(value) is float or type(value) is int) and low <= value <= high:
                numbers.append(value)
            elif value is _NEW:
                wrong.append(_missing(column, place))
            else:
                made, warning = column.read(value, place, wrong)
                numbers.append(made)
                if warning is not None:
                    warned.append(warning)
        for column in self._strings:
            value = row.get(column.name, _NEW)
            if value is _NEW:
                wrong.append(_missing(column, place))
                continue
            found = column.seen.get(value) if type(value) is str else None
            if found is None:
                found = column.read(value, place, wrong)
            strings.append(found[0])
            if found[1] is not None:
                warned.append(found[1])
        for column in self._times:
            value = row.get(column.name, _NEW)
            if value is _NEW:
                wrong.append(_missing(column, place))
                continue
            made, warning = column.read(value, place, wrong)
            times.append(made)
            if warning is not None:
                warned.append(warning)
        if place is not None and wrong:  # lengths must fit the arrays; the row is refused anyway
            numbers = (numbers + [_NAN] * len(self._numbers))[: len(self._numbers)]
            strings = (strings + [NULL_TEXT] * len(self._strings))[: len(self._strings)]
            times = (times + [NULL_TIME] * len(self._times))[: len(self._times)]
        return numbers, strings, times

    def _kept(self, row: dict[str, Any], warned: list[Warned]) -> dict[str, Any]:
        """The row without fields that are no columns; one warning names them to the client alone."""
        taken = self._taken
        strange = [name for name in row if name not in taken]
        if strange:
            names = ", ".join(shortened(name) for name in strange[:5]) + (", ..." if len(strange) > 5 else "")
            warned.append(Warned(UNKNOWN_FIELD, "", f"not a column of the model, and passed over: {names}"))
        return {
            name: value
            for name, value in row.items()
            if name in taken and type(value) is not dict and type(value) is not list
        }


def _missing(column: _Column | MediaColumn, place: int | None) -> Wrong:
    return Wrong(column.name, f"{column.expected}; null where it is not known", "nothing", place, "missing")


def span(column: InputColumn, entry: Mapping[str, Any]) -> tuple[float, float]:
    """The values that pass without a warning, from low to high; all finite ones where nothing is known.

    ``low`` and ``high`` of the signature are central quantiles, outside which ordinary values lie each day.
    A value is out of range beyond the outermost edges of the reference's histogram by more than
    ``EXCESS`` times the mean excess there: about one ordinary value in three thousand of a tail that falls
    exponentially, fewer where it falls faster, whatever the unit and the skew.
    """
    if column.kind not in ("number", "date") or column.low is None or column.high is None:
        return -_MOST, _MOST
    low, high = _figure(column.low), _figure(column.high)
    edges: list[float] = entry.get("edges") or []
    means: list[float] = entry.get("means") or []
    if edges and len(means) == len(edges) + 1:
        low = min(low, edges[0] - EXCESS * max(0.0, edges[0] - means[0]))
        high = max(high, edges[-1] + EXCESS * max(0.0, means[-1] - edges[-1]))
    return max(low, -_MOST), min(high, _MOST)


def known_categories(column: InputColumn, entry: Mapping[str, Any]) -> frozenset[str]:
    """All categories that the bundle tells of: the signature's, and the longer list of the reference.

    None where more than ``UNLISTED`` of the rows had others: nothing can then be said of one not listed.
    """
    if column.kind != "category" or column.private or not column.categories:
        return frozenset()
    if entry.get("other", 0) > UNLISTED * max(1, entry.get("rows", 0)):
        return frozenset()
    return frozenset(column.categories) | {str(value) for value, _ in entry.get("values", ())}


def expected(column: InputColumn, parser: ColumnParser) -> str:
    """What the column takes, for a person."""
    wanted = _WANTED[column.kind]
    if column.kind == "number" and column.unit:
        wanted = f"a number of {column.unit}, or a text that reads as one"
    if column.kind == "date":
        forms = [str(f) for op in parser.spec.operations for f in op.options.get("formats", ())]
        wanted += f" in the form {' or '.join(forms)}" if forms else ""
    if column.example is not None:
        wanted += f", such as {json.dumps(column.example, ensure_ascii=False)}"
    return wanted


def shortened(value: Any) -> str:
    """A value as JSON of at most ``_SHOWN`` characters."""
    if type(value) is int and abs(value) > 10**_SHOWN:
        return "a very large number"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _typename(value: Any) -> str:
    if value is None:
        return "null"
    names = {str: "a text", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object")


def _figure(value: float | str) -> float:
    """A number, or a date in microseconds since 1970."""
    if isinstance(value, str):
        moment = dt.datetime.fromisoformat(value)
        return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1)
    return float(value)


def _range(column: _Column) -> str:
    if column.kind == "date":
        return f"from {moment(column.low)} to {moment(column.high)}"
    return f"from {column.low:g} to {column.high:g}"


def moment(microseconds: float) -> str:
    """A date, or words for one that no calendar holds."""
    try:
        made = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=microseconds)
    except OverflowError:
        return "before all dates" if microseconds < 0 else "after all dates"
    return made.date().isoformat()
