"""The recipe that is taken when nobody asks for another: from facts of the training rows, always the same."""

from __future__ import annotations

from typing import Literal

from modelwright.features.facts import ColumnFacts
from modelwright.features.recipe import Recipe, Step
from modelwright.runtime.signature import Signature

Style = Literal["trees", "dense"]

MANY = 10
"""Above so many values a category also gets target statistics."""
WORDY = 1.5
"""A category with many values, and more words than this in the mean, is also read as words."""
WIDEST = 2000
"""Most one-hot columns of one recipe, roughly; the levels of each category shrink to keep to it."""
CELLS = 40_000_000
"""Most cells of tf-idf over the training rows: 160 MB."""


def default_recipe(style: Style, signature: Signature, facts: dict[str, ColumnFacts]) -> Recipe:
    """The recipe for training rows with these facts (``column_facts`` of them).

    ``trees``: numbers as they are, categories as codes, dates as parts, texts as topics. ``dense``: imputed,
    marked, scaled, one-hot, dates as circles, texts as tf-idf. In both, categories with many values get
    target statistics, and those made of several words are also read as words. Columns that cannot tell rows
    apart go, and so do single-word categories that are different in nearly every row.
    """
    numbers = tuple(name for name in signature.numbers if not facts[name].useless)
    strings = [name for name in signature.strings if not facts[name].useless]
    times = tuple(name for name in signature.times if not facts[name].useless)
    texts = set(signature.texts)
    categories = tuple(name for name in strings if name not in texts and not facts[name].unique)
    several = tuple(name for name in categories if facts[name].distinct > MANY)
    worded = tuple(
        name
        for name in strings
        if name in texts
        or (facts[name].words >= WORDY and (facts[name].unique or facts[name].distinct > 5 * MANY))
    )
    rows = max((fact.rows for fact in facts.values()), default=0)
    rarest = max(2, min(10, rows // 200))
    steps: list[Step] = []
    if style == "trees":
        steps.append(Step("numbers", numbers))
        steps.append(Step("codes", categories))
        steps.append(Step("target-mean", several))
        steps.append(Step("date-parts", times))
        components = max(4, min(30, 120 // max(1, len(worded))))
        steps.append(Step("words", worded, (("most", 2000), ("components", components))))
    else:
        steps.append(Step("standardise", numbers))
        steps.append(Step("missing", numbers))
        most = max(2, min(50, WIDEST // max(1, len(categories))))
        steps.append(Step("one-hot", categories, (("most", most), ("rarest", rarest))))
        steps.append(Step("target-mean", several))
        steps.append(Step("date-cycles", times))
        words = max(50, min(WIDEST, CELLS // max(1, rows)) // max(1, len(worded)))
        steps.append(Step("words", worded, (("most", words),)))
    return Recipe(style, tuple(step for step in steps if step.columns))
