"""Records to JSON data and back, by their type hints.

Frozen dataclasses become objects, tuples lists, blobs ``{"$blob": kind, "digest": ..., "size": ...}``.
A float that is not a number is written as null and an infinite one as a string, because JSON has neither;
where a float is expected, both are read back as they were. ``canonical`` bytes are the same for equal
records, so they can be hashed.
"""

from __future__ import annotations

import json
import math
import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from modelwright.core.records.blob import Blob

T = TypeVar("T")


def encode(value: Any) -> Any:
    """JSON data (dicts, lists, text, numbers, None) of a record or of anything a record may hold."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else repr(float(value))
    if isinstance(value, Blob):
        return {"$blob": value.kind, "digest": value.digest, "size": value.size}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} is not something a record can hold")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def decode(kind: type[T], data: Any) -> T:
    """The record of that type; ``TypeError`` or ``KeyError`` where the data does not fit."""
    return cast(T, _decode(kind, data))


def _decode(kind: Any, data: Any) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return data
    if kind is Blob:
        return Blob(data["$blob"], data["digest"], data["size"])
    if origin in (Union, types.UnionType):
        return _decode_union(get_args(kind), data)
    if origin is Literal:
        if data not in get_args(kind):
            raise TypeError(f"{data!r} is none of {get_args(kind)}")
        return data
    if origin is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(_decode(inner[0], item) for item in data)
        return tuple(_decode(k, item) for k, item in zip(inner, data, strict=True))
    if origin is list:
        return [_decode(get_args(kind)[0], item) for item in data]
    if origin is dict:
        return {key: _decode(get_args(kind)[1], item) for key, item in data.items()}
    if kind is float:
        return float("nan") if data is None else float(data)
    if is_dataclass(kind):
        hints = _hints(cast(type, kind))
        return cast(Any, kind)(
            **{f.name: _decode(hints[f.name], data[f.name]) for f in fields(kind) if f.name in data}
        )
    if isinstance(kind, type) and isinstance(data, kind):
        return data
    raise TypeError(f"{data!r} is not a {kind}")


def _decode_union(kinds: tuple[Any, ...], data: Any) -> Any:
    if data is None and type(None) in kinds:
        return None
    for kind in sorted(kinds, key=lambda k: k is float):
        if kind is type(None):
            continue
        try:
            return _decode(kind, data)
        except (TypeError, KeyError, ValueError, AttributeError):
            continue
    raise TypeError(f"{data!r} is none of {kinds}")


def canonical(value: Any) -> bytes:
    """The one way to write a value as bytes: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        encode(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def blobs(value: Any) -> list[Blob]:
    """Every blob that a record holds, in the order of its fields."""
    if isinstance(value, Blob):
        return [value]
    if is_dataclass(value) and not isinstance(value, type):
        return [b for f in fields(value) for b in blobs(getattr(value, f.name))]
    if isinstance(value, tuple | list):
        return [b for item in value for b in blobs(item)]
    if isinstance(value, dict):
        return [b for item in value.values() for b in blobs(item)]
    return []
