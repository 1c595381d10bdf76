"""A configuration may name the recipe that its family is fitted on."""

from __future__ import annotations

from collections.abc import Callable

from modelwright.models.families import FAMILIES
from modelwright.models.family import RECIPE, DataFacts, Task
from modelwright.models.fit import Bench, Job, fit
from modelwright.models.rows import Place

Places = Callable[..., Place]


def test_wide_adds_sums_and_differences(places: Places) -> None:
    bench, place = Bench(), places()
    plain = fit(bench, place, Job("extra_trees", {"trees": 10}, 0, 0)).result
    wide = fit(bench, place, Job("extra_trees", {"trees": 10, RECIPE: "wide"}, 0, 0)).result
    assert (plain.error, wide.error) == ("", "")
    assert (plain.features, wide.features) == (2, 4)
    assert any("a - b" in sentence for sentence in wide.recipe)


def test_what_is_to_be_read_is_made_of_the_columns_as_they_are(places: Places) -> None:
    result = fit(Bench(), places(), Job("decision_tree", {RECIPE: "wide"}, 0, 0)).result
    assert (result.error, result.features) == ("", 2)


def test_extra_trees_try_both_for_a_few_numbers_and_classes() -> None:
    family = FAMILIES.get("extra_trees")
    facts = DataFacts(rows=2000, numbers=8, categories=0, dates=0, texts=0, missing=0.0)
    starts = family.space(Task("multiclass", 4, "log_loss"), facts).starts
    assert [start[RECIPE] for start in starts[:2]] == ["plain", "wide"]
    many = DataFacts(rows=2000, numbers=40, categories=0, dates=0, texts=0, missing=0.0)
    assert all(RECIPE not in start for start in family.space(Task("multiclass", 4, "log_loss"), many).starts)
    assert all(RECIPE not in start for start in family.space(Task("regression", 0, "rmse"), facts).starts)
