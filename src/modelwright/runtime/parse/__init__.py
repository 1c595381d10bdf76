"""From raw values to typed values, declaratively: ``preprocess.json`` and the code that carries it out.

Training, cleaning and prediction run this same code; it needs numpy and nothing else. Every operation works
value by value, so cleaning a sample is sampling what was cleaned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadBundle
from modelwright.runtime.parse.column import (
    MEDIA,
    ColumnParser,
    ColumnSpec,
    Counts,
    Kind,
    OperationSpec,
    tensor_form,
)
from modelwright.runtime.parse.column import UNREAD as UNREAD
from modelwright.runtime.parse.values import Raw

__all__ = [
    "MEDIA",
    "ColumnParser",
    "ColumnSpec",
    "Counts",
    "Kind",
    "OperationSpec",
    "Preprocess",
    "apply_column",
    "apply_counted",
    "tensor_form",
]

VERSION = 1


@dataclass(frozen=True, slots=True)
class Preprocess:
    """A parsed ``preprocess.json``. ``parsers`` holds the compiled column of each name."""

    columns: tuple[ColumnSpec, ...]
    parsers: dict[str, ColumnParser] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parsers", {spec.name: ColumnParser(spec) for spec in self.columns})

    def to_json(self) -> dict[str, Any]:
        return {"version": VERSION, "columns": [spec.to_json() for spec in self.columns]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Preprocess:
        """Raises :class:`BadBundle` where the version or an operation is not known."""
        version = data.get("version")
        if version != VERSION:
            raise BadBundle(
                f"preprocess.json has version {version!r}; this version of modelwright reads {VERSION}",
                code="bundle.version",
                hint="use the version of modelwright that made the bundle, or a newer one",
            )
        try:
            return cls(tuple(ColumnSpec.from_json(column) for column in data["columns"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadBundle(
                f"preprocess.json is damaged: {type(error).__name__} at {error}",
                code="bundle.preprocess",
                hint="take the bundle from its release again",
            ) from error

    def apply(self, name: str, values: Sequence[Raw] | npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Counts]:
        """One column by its name; see :meth:`ColumnParser.column` for shapes and dtypes."""
        return self.parsers[name].column(values)


def apply_counted(
    spec: ColumnSpec | ColumnParser, values: Sequence[Raw] | npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], Counts]:
    """The typed array of one column and its counts (see :meth:`ColumnParser.column`)."""
    parser = spec if isinstance(spec, ColumnParser) else ColumnParser(spec)
    return parser.column(values)


def apply_column(
    spec: ColumnSpec | ColumnParser, values: Sequence[Raw] | npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """The typed array of one column: float64 with NaN (number, boolean), object of ``str`` or ``None``

    (category, text), int64 microseconds UTC with the smallest int64 as null (date).
    """
    made, _ = apply_counted(spec, values)
    return np.asarray(made)
