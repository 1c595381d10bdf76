"""The recipe that is taken when nobody asks for another: from facts of the training rows, always the same."""

from __future__ import annotations

from typing import Literal

from modelwright.features.facts import ColumnFacts
from modelwright.features.recipe import Recipe, Step
from modelwright.runtime.signature import Signature

Style = Literal["trees", "dense"]

MANY = 10
"""Above so many values a category also gets target statistics."""
WIDEST = 2000
"""Most one-hot columns of one recipe, roughly; the levels of each category shrink to keep to it."""


def default_recipe(style: Style, signature: Signature, facts: dict[str, ColumnFacts]) -> Recipe:
    """The recipe for training rows with these facts (``column_facts`` of them).

    ``trees``: numbers as they are, categories as codes. ``dense``: imputed, marked, scaled, one-hot. In
    both, categories with many values get target statistics. Columns that cannot tell rows apart go.
    """
    numbers = tuple(name for name in signature.numbers if not facts[name].useless)
    strings = [name for name in signature.strings if not facts[name].useless]
    categories = tuple(name for name in strings if name not in signature.texts and not facts[name].unique)
    several = tuple(name for name in categories if facts[name].distinct > MANY)
    steps: list[Step] = []
    if style == "trees":
        steps.append(Step("numbers", numbers))
        steps.append(Step("codes", categories))
    else:
        steps.append(Step("standardise", numbers))
        steps.append(Step("missing", numbers))
        most = max(2, min(50, WIDEST // max(1, len(categories))))
        rows = facts[categories[0]].rows if categories else 0
        rarest = max(2, min(10, rows // 200))
        steps.append(Step("one-hot", categories, (("most", most), ("rarest", rarest))))
    steps.append(Step("target-mean", several))
    return Recipe(style, tuple(step for step in steps if step.columns))
