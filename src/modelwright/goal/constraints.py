"""What a value in a goal may be: constraints that describe themselves.

Each says in words what it expects, checks and settles a value, writes its own JSON Schema, and carries
values it must refuse, by which the tests try every message in bulk. ``Wrong`` is how a check says no.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from modelwright.goal import units
from modelwright.goal.nearest import did_you_mean


def wrong(expected: str, hint: str = "") -> PydanticCustomError:
    """The error of a value that breaks a constraint: what was expected, and how to mend it."""
    return PydanticCustomError("goal", "expected {expected}", {"expected": expected, "hint": hint})


@dataclass(frozen=True)
class Constraint:
    """One kind of value. ``check`` gives the settled value, or raises what :func:`wrong` makes."""

    label: str
    """In a few words, for the reference: ``time``, ``column name``."""
    check: Callable[[Any], Any]
    schema: Mapping[str, Any]
    bad: tuple[Any, ...] = field(default=(), compare=False)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        checked = core_schema.no_info_plain_validator_function(self.check)
        # A key that may be left out may also be written with nothing after it.
        return core_schema.nullable_schema(checked) if type(None) in get_args(source) else checked

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.schema)


@dataclass(frozen=True)
class Shorthand:
    """A section that may also be written as one value: ``budget: 60s`` for ``budget: {time: 60s}``."""

    key: str
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def widen(value: Any) -> Any:
            return value if value is None or isinstance(value, dict | list) else {self.key: value}

        return core_schema.no_info_before_validator_function(widen, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [dict(self.schema), handler(schema)]}


def is_number(value: object) -> bool:
    """Whether ``value`` is a finite number; booleans are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def text(expected: str, longest: int = 4000) -> Constraint:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise wrong(expected)
        if len(value) > longest:
            raise wrong(f"{expected} of at most {longest:,} characters")
        return value.strip()

    return Constraint("text", check, {"type": "string", "minLength": 1}, (5, True, [], {}, " "))


def name(expected: str) -> Constraint:
    """A column's name: text, or a whole number (tables with years as columns exist)."""

    def check(value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str) or not value:
            raise wrong(expected)
        return value

    schema = {"type": ["string", "integer"], "minLength": 1}
    return Constraint("column name", check, schema, (True, 1.5, [], {}, ""))


def names(expected: str, item: str = "a column name") -> Constraint:
    one = name(item)

    def check(value: Any) -> tuple[str, ...]:
        if isinstance(value, str | int) and not isinstance(value, bool):
            value = [value]
        if not isinstance(value, list | tuple):
            raise wrong(expected)
        found: list[str] = []
        for entry in value:
            try:
                entry = one.check(entry)
            except PydanticCustomError:
                raise wrong(expected, f"{entry!r} is not {item}") from None
            if entry in found:
                raise wrong(f"each name once in {expected}", f"{entry!r} comes twice")
            found.append(entry)
        return tuple(found)

    items = {"type": "array", "items": dict(one.schema), "uniqueItems": True}
    schema = {"anyOf": [items, dict(one.schema)]}
    return Constraint("list of names", check, schema, (True, {}, [[]], ["a", "a"], [""]))


def label_of(value: object) -> str | None:
    """A class as text, however YAML read it; ``None`` where it is no single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return None


def label(expected: str) -> Constraint:
    def check(value: Any) -> str:
        text = label_of(value)
        if not text:
            raise wrong(expected)
        return text

    return Constraint("class", check, {"type": ["string", "number", "boolean"]}, ([], {}, ""))


def _quantity(label: str, expected: str, read: Callable[[str], float], example: str) -> Constraint:
    def check(value: Any) -> float:
        if is_number(value):
            raise wrong(expected, f"the unit is missing: write it as in {example}")
        if not isinstance(value, str):
            raise wrong(expected)
        try:
            return read(value)
        except ValueError as error:
            raise wrong(expected, str(error)) from None

    known = "|".join(units.SECONDS if label == "time" else units.BYTES)
    schema = {"type": "string", "pattern": rf"^[0-9.]+([eE][+-]?[0-9]+)?\s*({known})$", "examples": [example]}
    return Constraint(label, check, schema, (60, "60", "6x", "0s", "-1s", "s", "", [], True, {}))


def time(expected: str = "a time such as 60s, 5m or 1h", example: str = "60s") -> Constraint:
    return _quantity("time", expected, units.seconds, example)


def size(expected: str = "a size such as 500MB or 8GB") -> Constraint:
    return _quantity("size", expected, units.size, "8GB")


def fraction(expected: str, *, low: float = 0.0, high: float = 1.0, closed: bool = False) -> Constraint:
    """A number between ``low`` and ``high`` (the ends belong to it where ``closed``), or a percentage."""

    def check(value: Any) -> float:
        if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+\.?\d*)\s*%\s*", value, re.ASCII)):
            value = float(Decimal(match[1]) * units.FRACTION["%"])
        if not is_number(value):
            raise wrong(expected)
        inside = low <= value <= high if closed else low < value < high
        if not inside:
            near = f"did you mean {value / 100:g}?" if high < value < 100 and low < value / 100 < high else ""
            raise wrong(expected, near)
        return float(value)

    ends = (
        {"minimum": low, "maximum": high} if closed else {"exclusiveMinimum": low, "exclusiveMaximum": high}
    )
    schema = {"anyOf": [{"type": "number", **ends}, {"type": "string", "pattern": r"^[0-9.]+\s*%$"}]}
    bad: tuple[Any, ...] = (
        "x",
        True,
        [],
        {},
        low - 0.5,
        high + 0.5,
        float("nan"),
        float("inf"),
        "101%" if high < 1.01 else "x%",
    )
    return Constraint("fraction", check, schema, bad)


def real(expected: str) -> Constraint:
    """Any finite number."""

    def check(value: Any) -> float:
        if not is_number(value) or not -math.inf < value < math.inf:
            raise wrong(expected)
        return float(value)

    return Constraint("number", check, {"type": "number"}, ("1", True, [], {}, float("nan"), float("inf")))


def whole(expected: str, low: int, high: int | None = None) -> Constraint:
    def check(value: Any) -> int:
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or value < low
            or (high is not None and value > high)
        ):
            hint = (
                "leave the quotes out"
                if isinstance(value, str) and re.fullmatch(r"\d+", value, re.ASCII)
                else ""
            )
            raise wrong(expected, hint)
        return value

    schema: dict[str, Any] = {"type": "integer", "minimum": low}
    if high is not None:
        schema["maximum"] = high
    return Constraint("whole number", check, schema, ("1", 1.5, True, [], {}, low - 1, "x"))


def flag() -> Constraint:
    def check(value: Any) -> bool:
        if not isinstance(value, bool):
            spoken = isinstance(value, str) and value.lower() in ("yes", "no", "on", "off")
            hint = f"write {'true' if value.lower() in ('yes', 'on') else 'false'}" if spoken else ""
            raise wrong("true or false", hint)
        return value

    return Constraint("true or false", check, {"type": "boolean"}, ("yes", "true", 1, 0, [], {}))


def flag_or_name(expected: str) -> Constraint:
    """``true`` or ``false``, or a column's name."""

    def check(value: Any) -> bool | str:
        if isinstance(value, bool) or (isinstance(value, str) and value):
            return value
        raise wrong(expected)

    return Constraint("flag or name", check, {"type": ["boolean", "string"]}, (1.5, [], {}, ""))


def one_of(*works: str, later: tuple[str, ...] = (), meant: Mapping[str, str] | None = None) -> Constraint:
    """One of ``works``; what is in ``later`` is refused as not working yet; ``meant`` maps other names."""
    expected = works[0] if len(works) == 1 else f"{', '.join(works[:-1])} or {works[-1]}"

    def check(value: Any) -> str:
        if isinstance(value, str) and value in works:
            return value
        raise wrong(expected, _not_one(value, works, later, meant or {}))

    return Constraint(expected, check, {"enum": list(works)}, ("@", 5, True, [], {}, *later))


def some_of(*works: str, later: tuple[str, ...] = ()) -> Constraint:
    """A list of words out of ``works``, each once; ``later`` as in :func:`one_of`."""
    expected = f"a list of {', '.join(works)}" if works else "an empty list"

    def check(value: Any) -> tuple[str, ...]:
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list | tuple):
            raise wrong(expected)
        for entry in value:
            if not isinstance(entry, str) or entry not in works:
                raise wrong(expected, _not_one(entry, works, later, {}))
        return tuple(dict.fromkeys(value))

    schema = {"type": "array", "items": {"enum": list(works)}} if works else {"type": "array", "maxItems": 0}
    return Constraint("list", check, schema, (5, True, {}, ["@"], *([word] for word in later)))


ENGINE = r"^(local|ray|(ray://)?([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5})$"


def engine() -> Constraint:
    """``local``, ``ray`` or the address of a Ray cluster."""
    expected = "local, ray, or the address of a Ray cluster such as ray://host:10001"

    def check(value: Any) -> str:
        if isinstance(value, str) and re.fullmatch(ENGINE, value, re.ASCII):
            if value in ("local", "ray") or 0 < int(value.rpartition(":")[2]) < 65536:
                return value
            raise wrong(expected, "a port is a number from 1 to 65535")
        if isinstance(value, str) and "@" in value:
            raise wrong(expected, "an address of Ray has no user or password; see docs/how-to/cluster.md")
        if isinstance(value, str) and re.fullmatch(r"(ray://)?[A-Za-z0-9_.-]+/?", value, re.ASCII):
            near = did_you_mean(value, ("local", "ray")) if "//" not in value else ""
            raise wrong(expected, near or "the port is missing: 10001 for ray://, 6379 without")
        raise wrong(expected)

    wrong_words = ("", "@", "rya", "ray://", "ray://h", "h:0", "h:99999", "http://h:1", "ray://u:p@h:1")
    schema = {"type": "string", "pattern": ENGINE, "examples": ["ray"]}
    return Constraint("engine", check, schema, (5, True, [], {}, *wrong_words))


def _not_one(value: object, works: tuple[str, ...], later: tuple[str, ...], meant: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        return ""
    if value in later:
        return f"{value} does not work yet"
    if value.lower() in meant:
        return f"did you mean {meant[value.lower()]!r}?"
    return did_you_mean(value, works)
