"""``analyse.rare-categories``: values that are too rare to learn from."""

from __future__ import annotations

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

LEAST = 5
"""Fewer rows than this may fall wholly outside the training part of a fold."""


class RareCategories:
    code = "analyse.rare-categories"
    title = "categories too rare to learn from"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        columns = [c for c in facts.inputs if c.kind == "category"]
        if not columns:
            return DoesNotApply("no input is a category")
        found = []
        for column in columns:
            values = facts.frame[column.name].drop_nulls()
            if not values.len():
                continue
            counts = values.value_counts()["count"]
            rare = counts.filter(counts < LEAST)
            share = float(rare.sum()) / values.len()
            # Nearly unique columns are the matter of analyse.identifier, not of this check.
            if rare.len() and counts.len() < 0.5 * values.len():
                found.append(
                    Found(
                        "note",
                        f"{rare.len()} of {counts.len()} values of {column.name!r} have under {LEAST} rows "
                        f"({share:.1%} of rows)",
                        "merge values that mean the same with data.columns spellings",
                        column=column.name,
                        numbers={"values": float(rare.len()), "share": share},
                    )
                )
        return tuple(found)


CHECK = RareCategories()
