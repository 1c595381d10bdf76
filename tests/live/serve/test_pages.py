"""Health, models, the OpenAPI document, and the page that shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Site = Any
Make = Callable[..., Site]


def test_health_and_readiness(site: Make, bundle: Path) -> None:
    shop = site(bundle)
    assert shop.ask("GET", "/healthz").json() == {"alive": True}
    ready = shop.ask("GET", "/readyz")
    assert ready.status_code == 200
    assert ready.json()["models"]["shop"]["version"] == "v1"
    shop.app.closing = True
    assert shop.ask("GET", "/readyz").status_code == 503
    assert shop.ask("HEAD", "/healthz").status_code == 200


def test_a_model_says_where_it_comes_from(site: Make, bundle: Path) -> None:
    said = site(bundle).ask("GET", "/models/shop").json()
    assert said["version"] == "v1"
    assert said["classes"] == ["no", "yes"]
    assert said["verdict"] == "met"
    assert said["lineage"]["data"]
    assert {column["name"] for column in said["inputs"]} >= {"age", "plan", "mail"}


@pytest.mark.parametrize("path", ["/", "/nope", "/models/none", "/models/shop/nope", "/models/shop/versions"])
def test_what_is_not_there(site: Make, bundle: Path, path: str) -> None:
    answer = site(bundle).ask("GET", path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not-found"
    other = site(bundle).ask("DELETE", "/models")
    assert other.status_code == 405
    assert "GET" in other.headers["allow"]


def test_the_document_is_the_signature(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    document = site(bundle).ask("GET", "/openapi.json").json()
    schema = document["components"]["schemas"]["Row_shop"]
    assert "region" not in schema["properties"]
    assert set(schema["required"]) == set(schema["properties"]) == set(row) - {"region"}
    age = schema["properties"]["age"]
    assert age["type"] == ["number", "null"]
    known = age["x-modelwright"]
    assert known["warned_below"] < known["low"] < known["high"] < known["warned_above"]
    assert age["examples"][0] == schema["example"]["age"]
    plan = schema["properties"]["plan"]
    assert set(plan["x-modelwright"]["categories"]) == {"basic", "plus", "pro"}
    assert schema["properties"]["mail"]["x-modelwright"] == {"kind": "category", "private": True} or (
        schema["properties"]["mail"]["x-modelwright"]["private"] is True
    )
    assert "person1" not in str(document)
    versions = "/models/shop/versions/{version}"
    assert set(document["paths"]) >= {f"{versions}/predict", f"{versions}/explain"}
    assert document["paths"][f"{versions}/explain"]["parameters"][0]["name"] == "version"
    assert set(document["paths"]) >= {"/predict", "/explain", "/feedback", "/healthz", "/metrics"}


def test_the_example_of_the_document_is_answered(site: Make, bundle: Path, values: Path) -> None:
    both = site(shop=bundle, house=values)
    document = both.ask("GET", "/openapi.json").json()
    for name in ("shop", "house"):
        path = f"/models/{name}/predict"
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        for example in content["examples"].values():
            answer = both.post(path, example["value"])
            assert answer.status_code == 200
            assert "unknown" not in answer.text


def test_the_page_takes_nothing_from_elsewhere(site: Make, bundle: Path) -> None:
    page = site(bundle).ask("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"(src|href)=[\"'](https?:)?//", page.text)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "/*SCRIPT*/" not in page.text
