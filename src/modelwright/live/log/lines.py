"""One entry of the log as one JSON line, and back.

ASCII throughout: what JSON strings cannot hold plainly (line ends, half of a surrogate pair) is escaped, so
that a line end is always the end of an entry. ``inputs`` come last: a reader that wants only their text can
cut it off. What is not a number (NaN, infinities) becomes null. Fields that say nothing are left out.
"""

from __future__ import annotations

import json
import math
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Final

from modelwright.live.entries import Entry, Failure, Feedback, Prediction

ID: Final = 200
"""Characters of an id, a version or a code: longer ones are no entry of ours (and no key of an index)."""
_ROLES: Final = frozenset({"champion", "canary", "shadow"})
_INPUTS: Final = b',"inputs":'
_MOST: Final = 2**63 - 1
_encode = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":")).encode
_float = float.__repr__


def encode_line(entry: Entry) -> bytes:
    """The line, with its end. Never raises for what a client can send."""
    try:
        if type(entry) is Prediction:
            return _prediction(entry)
    except (TypeError, ValueError, RecursionError):
        pass  # NaN, a numpy scalar: the long way knows them
    return (_encode(_said(entry)) + "\n").encode()


def decode_line(line: bytes) -> Entry:
    """The entry of a line; raises :class:`ValueError` for one that is torn or was never ours."""
    said = parse(line)
    kind = said.pop("kind")
    if kind == "prediction":
        said["probabilities"] = _tuple(said.get("probabilities"))
        said["warnings"] = tuple(said.get("warnings", ()))
        return Prediction(**said)
    return Feedback(**said) if kind == "feedback" else Failure(**said)


def parse(line: bytes) -> dict[str, Any]:
    """As :func:`decode_line`, the checked fields by name, and ``kind``. A null ``prediction`` or ``outcome``
    becomes NaN."""
    try:
        said = json.loads(line)
        kind = said["kind"]
        _whole(said, "at")
        if kind == "prediction":
            _texts(said, ("id", "version", "key", "request"), required=("id", "version"))
            good = (
                said["role"] in _ROLES
                and type(said["inputs"]) is dict
                and type(said.get("abstained", False)) is bool
                and _numbers(said.get("probabilities"))
                and all(type(w) is str for w in said.get("warnings", ()))
            )
            _answer(said, "prediction")
            _real(said, "low")
            _real(said, "high")
            _whole(said, "micros", 0)
            allowed = _PREDICTION
        elif kind == "feedback":
            _texts(said, ("prediction", "key"), required=("prediction",))
            _answer(said, "outcome")
            good, allowed = True, _FEEDBACK
        else:
            _texts(said, ("code",), required=("code",))
            _whole(said, "status")
            _whole(said, "micros", 0)
            good = kind == "failure" and type(said.get("details", {})) is dict
            allowed = _FAILURE
        if not good or not said.keys() <= allowed:
            raise ValueError("no entry of the log")
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no entry of the log: {type(error).__name__}") from error
    return said  # type: ignore[no-any-return]


_PREDICTION: Final = frozenset(Prediction.__dataclass_fields__) | {"kind"}
_FEEDBACK: Final = frozenset(Feedback.__dataclass_fields__) | {"kind"}
_FAILURE: Final = frozenset(Failure.__dataclass_fields__) | {"kind"}


def inputs_text(line: bytes, said: dict[str, Any]) -> str:
    """The JSON text of ``inputs``, cut off the line that was parsed to ``said``."""
    # A quote within a string is escaped, so that the first such bytes are the key itself.
    _, found, tail = line.partition(_INPUTS)
    text = tail.rstrip()
    if found and text.endswith(b"}}") and text.isascii():
        return text[:-1].decode("ascii")
    return dumps(said["inputs"])


def dumps(value: Any) -> str:
    """JSON as it stands in lines and in the database."""
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError):
        return _encode(_clean(value))


def _prediction(p: Prediction) -> bytes:
    """By hand, in half the time of a dict and an encoder: this stands between a model and its answer."""
    answer = p.prediction
    said = _quoted(answer) if type(answer) is str else _encode(answer)
    more = ""
    if p.probabilities is not None:
        more = f',"probabilities":[{",".join(map(_float, p.probabilities))}]'
        if "n" in more[18:]:  # nan, inf
            raise ValueError
    if p.low is not None or p.high is not None:
        more += f',"low":{_encode(p.low)},"high":{_encode(p.high)}'
    if p.abstained:
        more += ',"abstained":true'
    if p.warnings:
        more += f',"warnings":{_encode(p.warnings)}'
    if p.key:
        more += f',"key":{_quoted(p.key)}'
    if p.request:
        more += f',"request":{_quoted(p.request)}'
    return (
        f'{{"kind":"prediction","id":{_quoted(p.id)},"at":{p.at:d},"version":{_quoted(p.version)},'
        f'"role":"{p.role}","prediction":{said},"micros":{p.micros:d}{more},"inputs":{_encode(p.inputs)}}}\n'
    ).encode("ascii")


def _said(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Prediction):
        kind, last = "prediction", "inputs"
    else:
        kind, last = ("feedback", "") if isinstance(entry, Feedback) else ("failure", "")
    names = [name for name in entry.__dataclass_fields__ if name != last] + ([last] if last else [])
    said = {"kind": kind, **{name: _clean(getattr(entry, name)) for name in names}}
    kept = ("prediction", "outcome", "inputs", "at", "status", "micros")
    return {k: v for k, v in said.items() if k in kept or v not in (None, False, "", [])}


def _clean(value: Any) -> Any:
    """What JSON can say of it: what is no number becomes null, a scalar of numpy a plain one, others text."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return int(value) if value.bit_length() < 4096 else None
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): _clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(v) for v in value]
    item = getattr(value, "item", None)
    plain = item() if callable(item) else None
    return _clean(plain) if isinstance(plain, (bool, int, float)) else str(value)


def _tuple(value: list[Any] | None) -> tuple[float, ...] | None:
    return None if value is None else tuple(math.nan if v is None else v for v in value)


def _numbers(value: Any) -> bool:
    return value is None or (type(value) is list and all(type(v) in (float, int, type(None)) for v in value))


def _texts(said: dict[str, Any], names: tuple[str, ...], required: tuple[str, ...]) -> None:
    for name in names:
        text = said[name] if name in required else said.get(name, "")
        if type(text) is not str or len(text) > ID:
            raise ValueError(f"{name} is no id")


def _whole(said: dict[str, Any], name: str, default: int | None = None) -> None:
    number = said.get(name, default)
    if type(number) is not int or not -_MOST <= number <= _MOST:
        raise ValueError(f"{name} is no whole number")


def _real(said: dict[str, Any], name: str) -> None:
    number = said.get(name)
    if number is not None and type(number) not in (int, float):
        raise ValueError(f"{name} is no number")


def _answer(said: dict[str, Any], name: str) -> None:
    value = said[name]
    if value is None:
        said[name] = math.nan
    elif type(value) is not str and type(value) not in (int, float):
        raise ValueError(f"{name} is neither text nor number")
