"""The recipe that is taken when nobody asks for another: from facts of the training rows, always the same."""

from __future__ import annotations

from typing import Literal

from modelwright.features.facts import ColumnFacts
from modelwright.features.recipe import Recipe, Step
from modelwright.runtime.signature import Signature

Style = Literal["trees", "dense"]
Variant = Literal["simple", "plain", "wide", "beside"]
"""``beside``: of the dense style, without texts, for families that read those themselves. The others are of
the style of trees. ``simple``: no column is made of two. ``plain``: those that a screen of the training rows
finds to say more than both. ``wide``: sums and differences of every pair of numbers besides."""

RECIPES = 2
"""Version of what this file makes; fits that were made with another are made again."""
MANY = 10
"""Above so many values a category also gets target statistics."""
WORDY = 1.5
"""A category with many values, and more words than this in the mean, is also read as words."""
WIDEST = 2000
"""Most one-hot columns of one recipe, roughly; the levels of each category shrink to keep to it."""
CROSSED = 500
"""Training rows from which on pairs of columns are screened."""
MEANS = 20
"""Most categories of few values that get target statistics too."""
CELLS = 40_000_000
"""Most cells of tf-idf over the training rows: 160 MB."""


def default_recipe(
    style: Style,
    signature: Signature,
    facts: dict[str, ColumnFacts],
    outputs: int = 1,
    variant: Variant = "plain",
) -> Recipe:
    """The recipe for training rows with these facts (``column_facts`` of them). ``outputs``: columns of the
    target, as many as classes where there are more than two.

    ``trees``: numbers as they are, categories as codes, dates as parts, texts as topics; with one output
    also columns made of two, and target statistics of categories of few values, an order to split them by.
    ``dense``: imputed, marked, scaled, one-hot, dates as circles, texts as tf-idf. In both, categories with
    many values get target statistics, and those made of several words are also read as words. Columns that
    cannot tell rows apart go, and so do single-word categories that are different in nearly every row.
    """
    numbers = tuple(name for name in signature.numbers if not facts[name].useless)
    strings = [name for name in signature.strings if not facts[name].useless]
    times = tuple(name for name in signature.times if not facts[name].useless)
    texts = set(signature.texts)
    categories = tuple(name for name in strings if name not in texts and not facts[name].unique)
    few = tuple(name for name in categories if 2 < facts[name].distinct <= MANY)
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
        ordered = set(several) | (set(few) if outputs == 1 and len(few) <= MEANS else set())
        steps.append(Step("target-mean", tuple(name for name in categories if name in ordered)))
        graded = tuple(name for name in numbers if facts[name].distinct > 2)
        # With several classes what helps with some of them crowds out what tells the others apart.
        if rows >= CROSSED and variant != "simple" and outputs == 1:
            steps.append(Step("crosses", graded + categories))
        if variant == "wide":
            steps.append(Step("rotations", graded))
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
        if variant == "beside":
            worded = ()
        words = max(50, min(WIDEST, CELLS // max(1, rows)) // max(1, len(worded)))
        steps.append(Step("words", worded, (("most", words),)))
    return Recipe(style, tuple(step for step in steps if step.columns))
