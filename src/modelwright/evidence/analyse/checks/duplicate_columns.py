"""``analyse.duplicate-columns``: two inputs that say the same."""

from __future__ import annotations

import numpy as np

from modelwright.data.split.units import alike
from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

CORRELATION = 0.999
MOST = 300
"""Columns; pairs grow with the square."""


class DuplicateColumns:
    code = "analyse.duplicate-columns"
    title = "inputs that say the same"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        numbers = [c.name for c in facts.inputs if c.kind in ("number", "boolean", "date")]
        names = [c.name for c in facts.inputs if c.kind == "category"]
        if len(numbers) < 2 and len(names) < 2:
            return DoesNotApply("there are not two inputs of one kind")
        found = [
            Found(
                "note",
                f"{b!r} says the same as {a!r} ({how})",
                f"set the kind of {b!r} to ignore: one of them is enough, and explanations become clearer",
                column=b,
            )
            for a, b, how in [*self._numbers(facts, numbers[:MOST]), *self._names(facts, names[:MOST])]
        ]
        return tuple(found)

    def _numbers(self, facts: Facts, names: list[str]) -> list[tuple[str, str, str]]:
        if len(names) < 2 or facts.sample.height < 3:
            return []
        table = (
            facts.sample.select(names).cast(dict.fromkeys(names, float)).fill_null(strategy="mean").to_numpy()
        )
        table = np.nan_to_num(table)
        spread = table.std(axis=0)
        z = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        matrix = np.abs(z.T @ z / len(z))
        pairs, gone = [], set()
        for i in range(len(names)):
            for j in range(i + 1, len(names)):
                if i not in gone and j not in gone and matrix[i, j] >= CORRELATION:
                    gone.add(j)
                    pairs.append((names[i], names[j], f"correlation {matrix[i, j]:.4f}"))
        return pairs

    def _names(self, facts: Facts, names: list[str]) -> list[tuple[str, str, str]]:
        first: dict[bytes, str] = {}
        pairs = []
        for name in names:
            partition = alike(facts.sample, [name])
            if int(partition.max(initial=0)) == 0:
                continue
            key = partition.tobytes()
            if key in first:
                pairs.append((first[key], name, "the same rows share values"))
            else:
                first[key] = name
        return pairs


CHECK = DuplicateColumns()
