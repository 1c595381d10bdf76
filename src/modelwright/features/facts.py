"""What a recipe is chosen from: a few facts of each column in the training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelwright.features.typed import Typed
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """``distinct`` values that are not missing, ``missing`` rows, ``rows`` in all; ``words``: the mean number
    of words of a string column's values (0 elsewhere)."""

    rows: int
    distinct: int
    missing: int
    words: float = 0.0

    @property
    def useless(self) -> bool:
        """Constant or missing throughout: cannot tell rows apart."""
        return self.distinct == 0 or (self.distinct == 1 and self.missing == 0)

    @property
    def unique(self) -> bool:
        """Nearly every value occurs once: an identifier, or free text."""
        known = self.rows - self.missing
        return known >= 20 and self.distinct > 0.9 * known


def column_facts(typed: Typed) -> dict[str, ColumnFacts]:
    """Facts by column name, from these rows alone."""
    facts: dict[str, ColumnFacts] = {}
    n = typed.rows
    for j, name in enumerate(typed.signature.numbers):
        values = typed.numbers[:, j]
        missing = np.isnan(values)
        facts[name] = ColumnFacts(n, int(np.unique(values[~missing]).size), int(missing.sum()))
    for j, name in enumerate(typed.signature.strings):
        texts = typed.strings[:, j].tolist()
        known = set(texts) - {NULL_TEXT}
        words = sum(1 + text.count(" ") for text in known) / max(1, len(known))
        facts[name] = ColumnFacts(n, len(known), texts.count(NULL_TEXT), words)
    for j, name in enumerate(typed.signature.times):
        moments = typed.times[:, j]
        absent = moments == NULL_TIME
        facts[name] = ColumnFacts(n, int(np.unique(moments[~absent]).size), int(absent.sum()))
    return facts
