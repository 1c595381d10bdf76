"""Which record or section each parameter of a stage is given, and the key that follows from it."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from modelwright.core.book import Book
from modelwright.core.codec import canonical
from modelwright.core.records.data import Cleaned, Collected, Earlier, Labelled, Sealed, Split
from modelwright.core.records.goal import Force, Openings
from modelwright.core.records.models import Outer
from modelwright.core.records.verdict import Findings
from modelwright.core.stage import Work
from modelwright.goal.sections import Sections
from modelwright.lifecycle.plan import SEALED_MAY, WHOLE_MAY, Stage

WHOLE = frozenset({Collected, Cleaned, Labelled})
"""Records of all rows, test rows among them."""


class MiswiredError(Exception):
    """A defect of the plan: a stage asks for what it may not have, or what nobody makes before it."""


@cache
def parameters(stage: Stage) -> dict[str, Any]:
    """Name and type of each parameter of the stage's function."""
    function = stage.function
    hints = get_type_hints(function)
    return {name: hints.get(name, Any) for name in inspect.signature(function).parameters}


def made_by(stage: Stage) -> type:
    """The record type that the stage returns."""
    kind = get_type_hints(stage.function)["return"]
    assert isinstance(kind, type)
    return kind


def check(plan: tuple[Stage, ...]) -> None:
    """Raise :class:`MiswiredError` unless every stage can be given what it asks for, only ``SEALED_MAY`` ask
    for sealed rows, and after the split only ``WHOLE_MAY`` for rows of before. Leakage is a wiring error.
    """
    sections = {type_ for name, type_ in get_type_hints(Sections).items() if name not in ("seed", "engine")}
    lent: set[Any] = {Outer, Book, Work, Findings, Force, Openings, Earlier}
    made: set[Any] = set()
    parted = False
    for stage in plan:
        for name, kind in parameters(stage).items():
            if kind in (Sealed, Split, Outer) and stage.name not in SEALED_MAY:
                raise MiswiredError(
                    f"{stage.name} asks for {kind.__name__}, and only {sorted(SEALED_MAY)} may"
                )
            if parted and kind in WHOLE and stage.name not in WHOLE_MAY:
                raise MiswiredError(
                    f"{stage.name} asks for {kind.__name__}, which holds test rows, and only "
                    f"{sorted(WHOLE_MAY)} may after the split"
                )
            if name in ("seed", "frame") or kind in lent or kind in sections or kind in made:
                continue
            raise MiswiredError(f"nobody makes the {kind} that {stage.name} wants as {name!r}")
        made |= set(unpack_types(made_by(stage)))
        parted = parted or made_by(stage) is Split


def unpack_types(kind: type) -> list[type]:
    """A record type, and the record types that splitting it hands on (split writes two)."""
    if kind is Split:
        return [kind, *(t for t in get_type_hints(kind).values() if is_dataclass(t) and isinstance(t, type))]
    return [kind]


def unpack(record: Any) -> list[Any]:
    """A record, and the records that it hands on."""
    if isinstance(record, Split):
        return [record, record.development, record.sealed]
    return [record]


def keyed(value: Any) -> Any:
    """A record without the fields that say when and not what (metadata ``key=False``)."""
    from modelwright.core.codec import encode

    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: keyed(getattr(value, f.name)) for f in fields(value) if f.metadata.get("key", True)}
    if isinstance(value, tuple | list):
        return [keyed(item) for item in value]
    if isinstance(value, dict):
        return {str(k): keyed(v) for k, v in value.items()}
    return encode(value)


def key_of(stage: Stage, arguments: Mapping[str, Any], seed: int, versions: Mapping[str, str]) -> str:
    """Hash of the stage's version, what it is given (the book and the work place are not a part), the seed
    and the versions of the libraries. sha256 in hexadecimal."""
    inputs = {
        name: keyed(value)
        for name, value in sorted(arguments.items())
        if not isinstance(value, Book | Work | Earlier) and name != "frame"
    }
    what = {
        "stage": stage.name,
        "version": stage.version,
        "seed": seed,
        "libraries": dict(versions),
        "given": inputs,
    }
    return hashlib.sha256(canonical(what)).hexdigest()
