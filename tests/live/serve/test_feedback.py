"""/feedback and /explain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.live.entries import Feedback
from modelwright.runtime import load
from modelwright.runtime.explain import explain

Site = Any
Make = Callable[..., Site]


def test_the_outcome_of_a_prediction_is_logged(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    ident = shop.post("/predict", row).json()["id"]
    answer = shop.post("/feedback", {"id": ident, "outcome": " Yes"})
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 1}
    _, entry = shop.logged()
    assert isinstance(entry, Feedback)
    assert (entry.prediction, entry.outcome) == (ident, "yes")
    assert shop.metric("modelwright_feedback_total", model="shop") == 1


def test_many_outcomes_at_once(site: Make, values: Path) -> None:
    house = site(house=values)
    told = [{"id": f"{i:032x}", "outcome": value} for i, value in enumerate((1, 2.5, "300"))]
    assert house.post("/feedback", {"feedback": told}).json() == {"accepted": 3}
    assert [entry.outcome for entry in house.logged()] == [1.0, 2.5, 300.0]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, [(None, "id")]),
        ({"id": "0" * 32}, [(None, "outcome")]),
        ({"id": "0" * 32, "outcome": "maybe"}, [(None, "outcome")]),
        ({"id": "0" * 32, "outcome": ["yes"]}, [(None, "outcome")]),
        ({"id": "../x", "outcome": "yes"}, [(None, "id")]),
        ({"feedback": []}, [(None, "feedback")]),
        ({"feedback": {}}, [(None, "feedback")]),
        ({"feedback": [{"id": "0" * 32, "outcome": "yes"}, 7, {"id": 1}]}, [(1, "feedback"), (2, "id")]),
        ([], [(None, "feedback")]),
        ("yes", [(None, "feedback")]),
    ],
)
def test_what_is_no_feedback(site: Make, bundle: Path, body: Any, fields: list[Any]) -> None:
    shop = site(bundle)
    answer = shop.post("/feedback", body)
    assert answer.status_code == 422
    assert [(f.get("row"), f["field"]) for f in answer.json()["error"]["fields"]] == fields
    assert not any(isinstance(entry, Feedback) for entry in shop.logged())


def test_an_outcome_is_not_repeated_in_an_error(site: Make, bundle: Path) -> None:
    answer = site(bundle).post("/feedback", {"id": "0" * 32, "outcome": "has the plague"})
    assert "plague" not in answer.text
    assert "no, yes" in answer.text


def test_an_explanation_says_what_the_model_does(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    said = shop.post("/explain", row).json()
    model = load(bundle)
    found = explain(model, [row])
    assert said["of"] == found.of[0]
    assert said["value"] == found.values[0]
    given = {one["field"]: (one["contribution"], one["error"]) for one in said["contributions"]}
    assert given == {
        name: (found.contributions[0, j], found.errors[0, j]) for j, name in enumerate(found.columns)
    }
    total = said["base"] + sum(contribution for contribution, _ in given.values())
    assert total == pytest.approx(said["value"], abs=1e-6)
    assert shop.logged() == [], "an explanation is no prediction"


def test_the_class_to_explain_can_be_named(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    asked = [shop.post("/explain?of=no", row), shop.post("/explain", {"rows": [row], "of": "no"})]
    assert asked[0].json()["of"] == "no"
    (one,) = asked[1].json()["explanations"]
    assert one["value"] == asked[0].json()["value"]
    assert shop.post("/explain?of=perhaps", row).status_code == 422
    assert shop.post("/explain", {**row, "of": 3}).status_code == 422
    assert shop.post("/explain", {"rows": [row] * 11}).status_code == 422
    assert shop.post("/explain", {**row, "age": "x"}).status_code == 422
