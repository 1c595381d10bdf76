"""Column by column: how it was cleaned, encoded and scaled for what ships, and why."""

from __future__ import annotations

from modelwright.core.records.data import Cleaned, Column
from modelwright.core.records.evidence import Table
from modelwright.core.records.models import Trained

_HEAD = ("column", "cleaned as", "for", "encoded as", "scaled as", "why")
_SEEN_ITSELF = ("text", "image", "audio", "series")


def table(cleaned: Cleaned, trained: Trained) -> Table | None:
    """One line a column and way of preparing it; None where no member tells (runs of older versions)."""
    if not any(member.told for member in trained.members):
        return None
    lines: list[tuple[str, ...]] = []
    for column in cleaned.columns:
        for how, families in _ways(column, trained).items():
            lines.append((column.name, _cleaned(column), ", ".join(dict.fromkeys(families)), *how))
    return Table(
        "preparation-columns",
        "What was done to each column, and why",
        _HEAD,
        tuple(lines),
        "Of the models that ship. Cleaning looks at all rows; encoding and scaling are learned from the rows "
        "of training alone, in each fold anew, and are a part of the model's graph.",
    )


def _cleaned(column: Column) -> str:
    done = [f"{op.name} ({op.changed:,})" for op in column.operations if op.changed]
    unit = f" in {column.unit}" if column.unit else ""
    return f"{column.kind}{unit}: {', '.join(done) if done else 'nothing changed'}"


def _ways(column: Column, trained: Trained) -> dict[tuple[str, str, str], list[str]]:
    """Families by what they do to the column: encoded, scaled, why."""
    if not column.is_input:
        why = {
            "target": "it is what is predicted",
            "key": "it identifies a row",
            "group": "rows that share it stay together",
            "weight": "it says how much a row counts",
            "later": "it is not known when the prediction is made",
            "sensitive": "it is reported on, and is no input",
            "time": "it orders the rows",
        }
        return {("no input", "", why.get(column.role, "") or column.why.rpartition("; ")[2]): ["no model"]}
    ways: dict[tuple[str, str, str], list[str]] = {}
    for member in trained.members:
        told = {name: (encoded, scaled, why) for name, encoded, scaled, why in member.told}
        how = told.get(column.name)
        if how is None and column.kind in _SEEN_ITSELF:
            how = ("read by the family itself", "", "it learns from cells of this kind without a recipe")
        elif how is None:
            how = ("left out", "", "it tells no rows apart, or is different in nearly every one of them")
        ways.setdefault(how, []).append(member.family)
    return ways
