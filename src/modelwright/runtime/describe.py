"""What a bundle says of its model: inputs, outputs, and how it did in its test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from modelwright.runtime.parse import Kind


@dataclass(frozen=True, slots=True)
class InputColumn:
    """One column that the model needs.

    ``low`` and ``high`` hold ``coverage`` of the values seen (numbers as they are, dates as ISO 8601 in UTC);
    they are quantiles that several rows share, never one row's value. ``categories`` are the values that at
    least five rows had, most frequent first; ``more_categories`` says whether there were others. Columns with
    personal data say none of this; sensitive ones do where they are inputs: a client must know what to send.
    """

    name: str
    kind: Kind
    unit: str = ""
    missing: float = 0.0
    """Share of rows without a value."""
    low: float | str | None = None
    high: float | str | None = None
    coverage: float | None = None
    categories: tuple[str, ...] = ()
    more_categories: bool = False
    example: float | str | list[Any] | None = None
    """Of media: a cell of nobody's data, base64 text or numbers."""
    private: bool = False
    form: str = ""
    """Of media: the one form that every cell gets, in words."""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> InputColumn:
        return cls(
            name=str(data["name"]),
            kind=data["kind"],
            unit=str(data.get("unit", "")),
            missing=float(data.get("missing", 0.0)),
            low=data.get("low"),
            high=data.get("high"),
            coverage=data.get("coverage"),
            categories=tuple(data.get("categories", ())),
            more_categories=bool(data.get("more_categories", False)),
            example=data.get("example"),
            private=bool(data.get("private", False)),
            form=str(data.get("form", "")),
        )

    def to_json(self) -> dict[str, Any]:
        """Only what there is to say."""
        said: dict[str, Any] = {"name": self.name, "kind": self.kind, "missing": self.missing}
        for key in ("unit", "low", "high", "coverage", "more_categories", "example", "private", "form"):
            value = getattr(self, key)
            if value is not None and value != "" and value is not False:
                said[key] = value
        if self.categories:
            said["categories"] = list(self.categories)
        return said


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One array that the model answers: ``shape`` in words, such as "[n, classes]"."""

    name: str
    dtype: str
    shape: str
    meaning: str

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, "shape": self.shape, "meaning": self.meaning}


@dataclass(frozen=True, slots=True)
class ModelSignature:
    """What goes in and what comes out. The order of ``inputs`` is that of a plain array's columns."""

    inputs: tuple[InputColumn, ...]
    outputs: tuple[OutputColumn, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.inputs)

    @classmethod
    def from_json(cls, manifest: dict[str, Any]) -> ModelSignature:
        return cls(
            tuple(InputColumn.from_json(entry) for entry in manifest["inputs"]),
            tuple(OutputColumn(**{k: str(v) for k, v in e.items()}) for e in manifest["outputs"]),
        )
