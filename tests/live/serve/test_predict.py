"""/predict: what is answered, what is refused, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.live.entries import Failure, Prediction
from modelwright.runtime import load
from modelwright.testing.bundles import make_run

Site = Any
Make = Callable[..., Site]


def test_one_row_is_answered_as_the_model_predicts_it(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    answer = shop.post("/predict", row)
    assert answer.status_code == 200
    said = answer.json()
    model = load(bundle)
    assert said["prediction"] == model.predict(row)[0]
    assert list(said["probabilities"]) == list(model.classes)
    assert list(said["probabilities"].values()) == model.predict_proba(row)[0].tolist()
    assert said["version"] == "v1"
    assert said["model"] == "shop"
    assert said["warnings"] == []
    assert "abstained" not in said


def test_many_rows_come_back_in_their_order_with_an_id_each(
    site: Make, bundle: Path, row: dict[str, Any]
) -> None:
    shop = site(bundle)
    rows = [{**row, "age": age, "plan": plan} for age in range(20, 80) for plan in ("basic", "pro")]
    said = shop.post("/predict", {"rows": rows}).json()
    assert [one["prediction"] for one in said["predictions"]] == load(bundle).predict(rows).tolist()
    assert len({one["id"] for one in said["predictions"]}) == len(rows)
    assert len({one["prediction"] for one in said["predictions"]}) == 2


def test_what_is_answered_is_logged_first(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    one = shop.post("/predict", row).json()
    many = shop.post("/predict", {"rows": [row, row]}).json()
    entries = shop.logged()
    assert all(isinstance(entry, Prediction) for entry in entries)
    assert [entry.id for entry in entries] == [one["id"], *(p["id"] for p in many["predictions"])]
    assert entries[0].prediction == one["prediction"]
    assert list(entries[0].probabilities) == list(one["probabilities"].values())
    assert entries[0].role == "champion"
    assert entries[0].request == one["id"]
    assert entries[1].request == entries[2].request
    assert entries[0].micros > 0


def test_personal_values_are_masked_in_the_log_and_other_columns_kept_when_the_bundle_names_them(
    site: Make, bundle: Path, row: dict[str, Any]
) -> None:
    shop = site(bundle)
    shop.post("/predict", {**row, "stranger": "secret"})
    (entry,) = shop.logged()
    assert "someone@example.org" not in str(entry)
    assert "secret" not in str(entry)
    assert "stranger" not in str(entry)
    assert entry.inputs["region"] == "north"
    assert entry.inputs["age"] == 39


def test_values_that_the_bundle_reads_are_taken_as_text(
    site: Make, bundle: Path, row: dict[str, Any]
) -> None:
    shop = site(bundle)
    as_text = {**row, "age": " 39 ", "member": "Yes", "engine": "1248"}
    plain = {**row, "age": 39.0, "member": True, "engine": 1248}
    answers = [shop.post("/predict", one).json() for one in (row, as_text, plain)]
    assert [a["warnings"] for a in answers] == [[], [], []]
    assert answers[0]["probabilities"] == answers[1]["probabilities"] == answers[2]["probabilities"]


def test_null_is_missing(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    nothing = dict.fromkeys(row)
    answer = site(bundle).post("/predict", nothing)
    assert answer.status_code == 200
    assert answer.json()["prediction"] == load(bundle).predict(nothing)[0]


def test_every_wrong_field_is_told_at_once(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    wrong = {**row, "age": "old", "since": "some day", "member": "perhaps", "engine": True, "plan": ["pro"]}
    del wrong["note"]
    answer = shop.post("/predict", wrong)
    assert answer.status_code == 422
    fields = {one["field"]: one for one in answer.json()["error"]["fields"]}
    assert set(fields) == {"age", "since", "member", "engine", "plan", "note"}
    assert fields["age"]["received"] == 'a text: "old"'
    assert "number" in fields["age"]["expected"]
    assert "date" in fields["since"]["expected"]
    assert fields["note"]["received"] == "nothing"
    assert fields["plan"]["received"] == "a list"
    (failure,) = shop.logged()
    assert isinstance(failure, Failure)
    assert failure.status == 422
    assert failure.details["fields"]["missing:note"] == 1
    assert "old" not in str(failure.details)
    assert shop.metric("modelwright_rows_total", model="shop") == 0
    assert shop.metric("modelwright_failures_total", model="shop", code="invalid-input") == 1


def test_wrong_fields_of_many_rows_name_their_row(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    answer = site(bundle).post("/predict", {"rows": [row, {**row, "age": "x"}, "row", {**row, "age": {}}]})
    assert answer.status_code == 422
    told = [(one.get("row"), one["field"]) for one in answer.json()["error"]["fields"]]
    assert told == [(1, "age"), (2, "rows"), (3, "age")]


def test_the_value_of_a_private_column_is_not_told(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    column = next(c for c in load(bundle).signature.inputs if c.private)
    assert column.name == "mail"
    answer = shop.post("/predict", {**row, "mail": ["someone@example.org"]})
    assert answer.status_code == 422
    assert "someone@" not in answer.text


def test_unknown_categories_and_values_far_outside_are_answered_with_warnings_and_counted(
    site: Make, bundle: Path, row: dict[str, Any]
) -> None:
    shop = site(bundle)
    strange = {**row, "plan": "galactic", "age": 4000, "since": "1820-01-01", "hat": 1}
    said = shop.post("/predict", strange).json()
    assert {(w["code"], w["field"]) for w in said["warnings"]} == {
        ("unknown-category", "plan"), ("out-of-range", "age"), ("out-of-range", "since"),
        ("unknown-field", ""),
    }  # fmt: skip
    assert "hat" in next(w["message"] for w in said["warnings"] if w["code"] == "unknown-field")
    (entry,) = shop.logged()
    assert set(entry.warnings) == {
        "unknown-category:plan", "out-of-range:age", "out-of-range:since", "unknown-field:",
    }  # fmt: skip
    counted = {"model": "shop", "kind": "unknown-category", "column": "plan"}
    assert shop.metric("modelwright_input_warnings_total", **counted) == 1


def test_nothing_where_no_training_row_lacked_a_value_is_answered_with_a_warning(
    site: Make, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    size = rng.normal(100, 20, 200).round(1)
    frame = pl.DataFrame({"size": size, "floor": rng.integers(0, 9, 200), "price": 3 * size})
    frame = frame.with_columns(floor=pl.when(pl.col("floor") > 0).then("floor"))
    made = make_run(tmp_path / "run", frame, "price", families=("ridge",)).bundle
    said = site(made).post("/predict", {"size": None, "floor": None}).json()
    assert [(w["code"], w["field"]) for w in said["warnings"]] == [("never-missing", "size")]


def test_hardly_any_ordinary_value_is_warned_of(
    site: Make, bundle: Path, ordinary: list[dict[str, Any]]
) -> None:
    said = site(bundle).post("/predict", {"rows": ordinary}).json()
    assert sum(1 for one in said["predictions"] if one["warnings"]) <= len(ordinary) * 0.01


def test_a_prediction_below_the_confidence_asked_for_is_referred(
    site: Make, careful: Path, row: dict[str, Any]
) -> None:
    shop = site(careful)
    rows = [{**row, "age": age, "plan": plan} for age in range(18, 80, 3) for plan in ("basic", "pro")]
    said = shop.post("/predict", {"rows": rows}).json()["predictions"]
    referred = [one for one in said if one.get("abstained")]
    assert 0 < len(referred) < len(said)
    for one in said:
        assert one.get("abstained", False) == (max(one["probabilities"].values()) < 0.9)
        assert (one["prediction"] is None) == one.get("abstained", False)
        assert set(one["set"]) <= set(one["probabilities"])
    assert referred[0]["message"] == "refer to a person"
    assert shop.metric("modelwright_abstained_total", model="shop", version="v1") == len(referred)
    logged = {entry.id: entry for entry in shop.logged()}
    assert logged[referred[0]["id"]].abstained
    assert logged[referred[0]["id"]].prediction in ("yes", "no")


def test_a_value_comes_with_its_interval(site: Make, values: Path) -> None:
    shop = site(values)
    said = shop.post("/predict", {"size": 100, "rooms": 3}).json()
    expected = load(values).predict_all({"size": 100, "rooms": 3})
    assert said["prediction"] == float(expected["prediction"][0])
    assert said["low"] == float(expected["low"][0])
    assert said["low"] < said["prediction"] < said["high"]
    assert shop.logged()[0].low == said["low"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "not-json"),
        (b"{", 400, "not-json"),
        (b'{"age": NaN}', 400, "not-json"),
        (b'{"age": Infinity}', 400, "not-json"),
        (b'{"age": 1, "age": 2}', 400, "not-json"),
        (b'{"age": ' + b"9" * 5000 + b"}", 400, "not-json"),
        (b"[" * 100_000, 400, "not-json"),
        (b'{"plan": "\\ud800"}', 400, "not-json"),
        (b'{"plan": "a\\u0000b"}', 400, "not-json"),
        (b'{"plan": "\xff"}', 400, "not-json"),
        (b"[]", 422, "invalid-input"),
        (b"null", 422, "invalid-input"),
        (b'{"rows": []}', 422, "invalid-input"),
        (b'{"rows": {}}', 422, "invalid-input"),
        (b'{"rows": null}', 422, "invalid-input"),
        (b"{}", 422, "invalid-input"),
    ],
)
def test_bodies_that_are_none(site: Make, bundle: Path, body: bytes, status: int, told: str) -> None:
    answer = site(bundle).raw("/predict", body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == told


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400, "1" + "0" * 320])
def test_numbers_beyond_all_limits(site: Make, bundle: Path, row: dict[str, Any], number: str) -> None:
    text = json.dumps(row).replace('"age": 39', f'"age": {number}')
    answer = site(bundle).raw("/predict", text)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["error"]["fields"]] == ["age"]


def test_values_that_lead_to_no_number_are_the_clients_fault(site: Make, values: Path) -> None:
    shop = site(values)
    answer = shop.post("/predict", {"size": 1.7e308, "rooms": 3})
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert np.isfinite(answer.json()["prediction"])
    else:
        assert answer.json()["error"]["code"] == "no-finite-answer"


def test_short_paths_are_for_one_model_alone(
    site: Make, bundle: Path, values: Path, row: dict[str, Any]
) -> None:
    both = site(shop=bundle, house=values)
    assert both.post("/predict", row).status_code == 404
    for path in ("/models/nix/predict", "/models/nix/versions/v1/predict", "/models/nix/feedback"):
        unknown = both.post(path, row)
        assert unknown.status_code == 404
        assert unknown.json()["error"]["message"] == "no model 'nix'"
        assert unknown.json()["error"]["hint"] == "there is shop, house"
    assert both.ask("GET", "/models/nix").json()["error"]["hint"] == "there is shop, house"
    assert both.post("/models/shop/predict", row).json()["model"] == "shop"
    assert both.post("/models/house/predict", {"size": 90, "rooms": 2}).json()["model"] == "house"
    assert {m["name"] for m in both.ask("GET", "/models").json()["models"]} == {"shop", "house"}


def test_a_body_must_say_that_it_is_json(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    plain = shop.ask("POST", "/predict", content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 415
    assert shop.ask("POST", "/predict", content=b"{}").status_code == 415
    kind = {"content-type": "application/json; charset=utf-8"}
    assert shop.ask("POST", "/predict", content=json.dumps(row), headers=kind).status_code == 200


def test_another_method_names_the_right_one(site: Make, bundle: Path) -> None:
    answer = site(bundle).ask("GET", "/predict")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
