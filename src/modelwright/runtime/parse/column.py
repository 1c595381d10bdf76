"""One column's parser: raw values to typed values, one value at a time, remembered by distinct text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import import_module
from typing import Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadBundle
from modelwright.runtime.parse.date import from_epoch
from modelwright.runtime.parse.number import plain_number, within
from modelwright.runtime.parse.sent import arrived
from modelwright.runtime.parse.values import Raw, microseconds, plain, render
from modelwright.runtime.signature import NULL_TIME, Tensor, TensorKind

Kind = Literal["number", "boolean", "category", "date", "text", "image", "audio", "series"]
MEDIA: Final[frozenset[str]] = frozenset({"image", "audio", "series"})
"""Kinds whose cells are arrays of one shape; their one operation is of the same name."""
Typed = float | int | str | None

OPERATIONS: Final = (
    "repair", "strip", "missing", "spellings", "mask", "case", "variants",
    "boolean", "number", "date", "text", "image", "audio", "series",
)  # fmt: skip
"""In the order in which they may stand; each is the module of that name, with ``build(options)``."""
_FINAL: Final = frozenset({"boolean", "number", "date", "text", *MEDIA})
_REMEMBERED: Final = 100_000
_LONGEST: Final = 200
"""Characters of a text that is remembered: longer ones hardly come again, and would fill the memory."""


class _Unread:
    """A value that is there and cannot be read as the column's kind."""


UNREAD: Final = _Unread()


class _New:
    """A text that was not read before."""


_NEW: Final = _New()


@dataclass(frozen=True, slots=True)
class OperationSpec:
    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """What ``preprocess.json`` says of one column."""

    name: str
    kind: Kind
    role: str = "input"
    operations: tuple[OperationSpec, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "role": self.role,
            "operations": [{"name": op.name, "options": op.options} for op in self.operations],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ColumnSpec:
        operations = tuple(OperationSpec(str(o["name"]), dict(o["options"])) for o in data["operations"])
        return cls(str(data["name"]), data["kind"], str(data.get("role", "input")), operations)


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the values of one column: ``unread`` were there but could not be read, and are missing too."""

    rows: int
    missing: int
    unread: int


def build_operation(operation: OperationSpec) -> Callable[[str], Any]:
    """The function of one operation; raises :class:`BadBundle` where this version does not know it."""
    if operation.name not in OPERATIONS:
        raise BadBundle(
            f"preprocessing uses the operation {operation.name!r}, which this version does not know",
            code="bundle.operation",
            hint="use the version of modelwright that made the bundle, or a newer one",
        )
    module = import_module(f"modelwright.runtime.parse.{operation.name}")
    made: Callable[[str], Any] = module.build(operation.options)
    return made


def tensor_form(name: str, kind: str, options: dict[str, Any]) -> Tensor:
    """The tensor of a column of media whose operation has these options."""
    shape, dtype = import_module(f"modelwright.runtime.parse.{kind}").form(options)
    return Tensor(name, cast(TensorKind, kind), tuple(shape), dtype, int(options.get("rate", 0)))


class ColumnParser:
    """Reads values of one column. Never fails on a value: what cannot be read is missing, and counted."""

    def __init__(self, spec: ColumnSpec) -> None:
        self.spec = spec
        self.kind: Kind = spec.kind
        self._before = [build_operation(op) for op in spec.operations if op.name not in _FINAL]
        last = [op for op in spec.operations if op.name in _FINAL]
        self._last = build_operation(last[-1]) if last else _default(spec.kind)
        options = last[-1].options if last else {}
        self._epoch: str | None = options.get("epoch")
        self._zone = int(options.get("zone", 0))
        limits = options if options.keys() & {"least", "most"} else None
        self._within = within(limits) if limits is not None else None
        self._by_itself = all(op.name != "mask" for op in spec.operations) and not any(
            plain_number(str(text).strip()) is not None
            for op in spec.operations
            for text in (*op.options.get("markers", ()), *op.options.get("map", ()))
        )
        # Numbers may pass unread unless a marker or a spelling stands for one of them, or they have limits.
        self.numbers_pass = self._by_itself and self._within is None
        self.tensor = tensor_form(spec.name, spec.kind, options) if spec.kind in MEDIA and last else None
        self.plain_decimal = str(options.get("decimal", ".")) == "."
        self._memory: dict[str, Typed | _Unread] = {}

    def text(self, text: str) -> Typed | _Unread:
        """Read one text."""
        memory = self._memory
        # One look only: another thread may clear the memory between two.
        known = memory.get(text, _NEW)
        if not isinstance(known, _New):
            return known
        value: Any = text
        for step in self._before:
            value = step(value)
            if value is None:
                break
        else:
            if self._last is not None:
                made = self._last(value)
                # An empty text is missing whatever the markers are.
                value = made if made is not None or not value.strip() else UNREAD
            elif not value:
                value = None
        if len(text) <= _LONGEST:
            if len(memory) >= _REMEMBERED:
                memory.clear()
            memory[text] = value
        return value  # type: ignore[no-any-return]

    def value(self, value: Raw) -> Typed | _Unread:
        """Read one value of any type."""
        if self.tensor is not None:
            return self._media(value)  # type: ignore[no-any-return]
        if type(value) is str:
            return self.text(value)
        made = plain(value)
        if made is None:
            return None
        if isinstance(made, str):
            return self.text(made)
        kind = self.kind
        if kind in ("number", "boolean") and isinstance(made, (int, float)):
            if not self._by_itself and not isinstance(made, bool):
                shown = render(made)
                if self._settle(shown) != shown:
                    return self.text(shown)
            try:
                number = float(made)
            except OverflowError:
                return UNREAD
            if kind == "boolean":
                return number if number in (0.0, 1.0) else UNREAD
            if self._within is not None and math.isfinite(number) and not self._within(number):
                return UNREAD
            return number if math.isfinite(number) else None
        if kind == "date":
            if isinstance(made, (datetime, date)):
                return microseconds(made, self._zone)
            if self._epoch is not None and not isinstance(made, bool):
                # Beyond a double's exact whole numbers there are no dates either.
                fits = -1e30 < made < 1e30
                made_date = from_epoch(float(made), self._epoch) if fits else None
                return UNREAD if made_date is None else made_date
        return self.text(render(made))

    def _media(self, value: Any) -> Any:
        """The array of a cell, None where there is nothing, UNREAD where it cannot be read."""
        if value is None or (isinstance(value, (str, bytes)) and not value[:64].strip()):
            return None
        assert self._last is not None
        cell = arrived(self.kind, value)
        made = None if cell is None else self._last(cell)
        return UNREAD if made is None else made

    def _settle(self, text: str) -> str | None:
        """The text after the operations that come before reading."""
        value: str | None = text
        for step in self._before:
            value = step(value)  # type: ignore[arg-type]
            if value is None:
                return None
        return value

    def many(self, values: Iterable[Raw]) -> list[Typed | _Unread]:
        """Read many values, in their order."""
        read = self.value
        return [read(value) for value in values]

    def column(self, values: Sequence[Raw] | npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Counts]:
        """The typed array of a column, and its counts.

        number, boolean: float64 [n] with NaN for missing; category, text: object [n] of ``str`` or ``None``;
        date: int64 [n], microseconds since 1970 in UTC, with the smallest int64 for missing; media:
        [n, *shape] of ``tensor``, with zeros for missing.
        """
        if self.tensor is not None:
            return self._arrays(values, self.tensor)
        if isinstance(values, np.ndarray):
            if values.dtype.kind == "f" and self.kind == "number" and self.numbers_pass:
                numbers = values.astype(np.float64)
                numbers[~np.isfinite(numbers)] = np.nan
                return numbers, Counts(len(numbers), int(np.isnan(numbers).sum()), 0)
            # Datetimes stay numpy scalars: as lists, those finer than microseconds would become integers.
            values = list(values) if values.dtype.kind == "M" else values.tolist()
        read = self.many(values)
        unread = sum(1 for value in read if value is UNREAD)
        clean = [None if value is UNREAD else value for value in read] if unread else read
        missing = sum(1 for value in clean if value is None)
        made: npt.NDArray[Any]
        if self.kind in ("number", "boolean"):
            made = np.array([math.nan if v is None else v for v in clean], dtype=np.float64)
        elif self.kind == "date":
            made = np.array([NULL_TIME if v is None else v for v in clean], dtype=np.int64)
        else:
            made = np.empty(len(clean), dtype=object)
            made[:] = clean
        return made, Counts(len(clean), missing, unread)

    def _arrays(self, values: Iterable[Any], tensor: Tensor) -> tuple[npt.NDArray[Any], Counts]:
        read = [self._media(value) for value in values]
        made = np.zeros((len(read), *tensor.shape), dtype=tensor.dtype)
        missing = unread = 0
        for place, value in enumerate(read):
            if value is None or value is UNREAD:
                missing += 1
                unread += value is UNREAD
            else:
                made[place] = value
        return made, Counts(len(read), missing, unread)


def _default(kind: Kind) -> Callable[[str], Any] | None:
    """How a kind is read where no operation says so: numbers plainly, dates not at all, words as they are."""
    if kind == "category" or kind in MEDIA:
        return None
    options: dict[str, dict[str, Any]] = {
        "boolean": {"true": ["true", "1"], "false": ["false", "0"]},
        "date": {"formats": ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"]},
    }
    return build_operation(OperationSpec(kind, options.get(kind, {})))
