"""What the database of the log holds.

One database may serve several models, also from several machines: each row carries the number of its model.
``n`` numbers the entries of a model in the order of their insertion (see ``database.py``). ``inputs`` and the
like are JSON in plain text columns: PostgreSQL's own JSON types refuse some strings that a client may send
(``\\u0000``), and a row must never be refused; ``inputs::json`` works there for all others.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

import sqlalchemy as sa

from modelwright.live.entries import Failure, Feedback, Prediction
from modelwright.live.log.lines import dumps, inputs_text

VERSION: Final = 1
"""Of the schema. A database of a later one is refused."""
SHADOW: Final = ".s"
"""Ends the id of a shadow's prediction; the rest is the id that the client was given."""
meta = sa.MetaData()

log = sa.Table("modelwright_log", meta, sa.Column("version", sa.Integer, nullable=False))

models = sa.Table(
    "modelwright_models",
    meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("last", sa.BigInteger, nullable=False),  # the last n given
    sa.Column("unreadable", sa.BigInteger, nullable=False),  # lines of journals that were torn
)


def _keyed(name: str, *columns: sa.Column[Any] | sa.Index) -> sa.Table:
    return sa.Table(
        f"modelwright_{name}",
        meta,
        sa.Column("model", sa.Integer, primary_key=True, autoincrement=False),
        *columns,
    )


def _numbered(name: str, *columns: sa.Column[Any] | sa.Index) -> sa.Table:
    return _keyed(
        name,
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *columns,
        sa.Index(f"modelwright_{name}_at", "model", "at"),
    )


segments = _keyed(
    "segments",
    sa.Column("segment", sa.Text, primary_key=True),
    sa.Column("upto", sa.BigInteger, nullable=False),  # bytes that are in the database
    sa.Column("request", sa.Text, nullable=False),  # of the last row: its request may go on in the next batch
    sa.Column("shadowed", sa.Text, nullable=False),  # the same of the last shadow's row
)

predictions = _numbered(
    "predictions",
    sa.Column("given", sa.Text, nullable=False),  # the id that the client was given
    sa.Column("shadow", sa.Boolean, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("label", sa.Text),  # the class predicted, or
    sa.Column("value", sa.Double),  # the value
    sa.Column("probabilities", sa.Text),
    sa.Column("low", sa.Double),
    sa.Column("high", sa.Double),
    sa.Column("abstained", sa.Boolean, nullable=False),
    sa.Column("warnings", sa.Text),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("api_key", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Index("modelwright_predictions_given", "model", "given", "shadow", unique=True),
)

feedback = _numbered(
    "feedback",
    sa.Column("prediction", sa.Text, nullable=False),
    sa.Column("label", sa.Text),
    sa.Column("value", sa.Double),
    sa.Column("api_key", sa.Text, nullable=False),
    sa.Index("modelwright_feedback_prediction", "model", "prediction", "at", "n"),
)

failures = _numbered(
    "failures",
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("micros", sa.BigInteger, nullable=False),
    sa.Column("details", sa.Text),
)

minutes = _keyed(
    "minutes",
    sa.Column("minute", sa.BigInteger, primary_key=True),  # minutes since 1970
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),  # of predictions; or "failure", "feedback"
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("abstained", sa.BigInteger, nullable=False),
    sa.Column("warned", sa.BigInteger, nullable=False),
    sa.Column("micros", sa.Text, nullable=False),  # how many requests took how long: see traffic.py
)

TABLES: Final = {"prediction": predictions, "feedback": feedback, "failure": failures}


def row_of(line: bytes, said: dict[str, Any]) -> tuple[Any, ...]:
    """The columns after ``model`` and ``n`` of a parsed line (see ``lines.parse``)."""
    kind = said["kind"]
    if kind == "prediction":
        label, value = _answer(said["prediction"])
        name = _plain(said["id"])
        shadow = name.endswith(SHADOW)
        numbers, warnings = said.get("probabilities"), said.get("warnings")
        return (
            said["at"], name.removesuffix(SHADOW) if shadow else name, shadow, _plain(said["version"]),
            said["role"], label, value, _numbers(numbers),
            said.get("low"), said.get("high"), said.get("abstained", False),
            dumps(warnings) if warnings else None, said.get("micros", 0), _plain(said.get("key", "")),
            _plain(said.get("request", "")), inputs_text(line, said),
        )  # fmt: skip
    if kind == "feedback":
        return (
            said["at"],
            _plain(said["prediction"]),
            *_answer(said["outcome"]),
            _plain(said.get("key", "")),
        )
    details = said.get("details")
    return (
        said["at"], max(0, min(said["status"], 9999)), _plain(said["code"]), said.get("micros", 0),
        dumps(details) if details else None,
    )  # fmt: skip


def prediction_of(row: Any) -> Prediction:
    """From a row of all columns of ``predictions``, in their order."""
    (_, _, at, given, shadow, version, role, label, value, probabilities, low, high, abstained, warnings,
     micros, key, request, inputs) = row  # fmt: skip
    return Prediction(
        id=given + SHADOW if shadow else given,
        at=at,
        version=version,
        role=role,
        inputs=json.loads(inputs),
        prediction=_said(label, value),
        probabilities=None
        if probabilities is None
        else tuple(math.nan if p is None else p for p in json.loads(probabilities)),
        low=low,
        high=high,
        abstained=bool(abstained),
        warnings=tuple(json.loads(warnings)) if warnings else (),
        micros=micros,
        key=key,
        request=request,
    )


def feedback_of(row: Any) -> Feedback:
    _, _, at, prediction, label, value, key = row
    return Feedback(prediction, at, _said(label, value), key)


def failure_of(row: Any) -> Failure:
    _, _, at, status, code, micros, details = row
    return Failure(at, status, code, micros, json.loads(details) if details else {})


def _numbers(numbers: list[float | None] | None) -> str | None:
    """As JSON; four times as fast as an encoder where no number is missing."""
    if numbers is None or None in numbers:
        return None if numbers is None else dumps(numbers)
    return f"[{','.join(map(repr, numbers))}]"


def _answer(value: Any) -> tuple[str | None, float | None]:
    if isinstance(value, str):
        return _plain(value, 10_000), None
    try:
        number = float(value)
    except OverflowError:
        return None, None
    return None, None if math.isnan(number) else number


def _said(label: str | None, value: float | None) -> str | float:
    return label if label is not None else math.nan if value is None else value


def _plain(text: str, most: int = 200) -> str:
    """As a database can hold it: half of a surrogate pair and the character 0 are in no text there."""
    if text.isascii() and "\0" not in text:
        return text[:most]
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:most]
