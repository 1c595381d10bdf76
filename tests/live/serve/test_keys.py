"""API keys: several, named, revocable; kept as digests; in force at once."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.errors import BadInput
from modelwright.live.place import Place
from modelwright.live.serve import keys

Site = Any
Make = Callable[..., Site]


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_without_keys_everybody_is_answered_and_told_so(
    site: Make, bundle: Path, row: dict[str, Any]
) -> None:
    shop = site(bundle)
    assert shop.post("/predict", row).status_code == 200
    assert "none" in shop.ask("GET", "/readyz").json()["models"]["shop"]["keys"]
    assert shop.app.notes() == ["shop: no API key, so whoever reaches the port may ask"]


def test_a_key_opens_until_it_is_revoked(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    first, second = keys.create(shop.place, "till"), keys.create(shop.place, "web shop")
    time.sleep(keys.LOOK)
    assert shop.post("/predict", row).status_code == 401
    assert shop.post("/predict", row, headers=bearer(first)).status_code == 200
    assert shop.post("/predict", row, headers={"x-api-key": second}).status_code == 200
    assert shop.app.notes() == []
    keys.revoke(shop.place, "till")
    time.sleep(keys.LOOK)
    refused = shop.post("/predict", row, headers=bearer(first))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert shop.post("/predict", row, headers=bearer(second)).status_code == 200
    keys.revoke(shop.place, "web shop")
    time.sleep(keys.LOOK)
    assert shop.post("/predict", row).status_code == 401, "revoking the last key opens nothing"
    assert {entry.key for entry in shop.logged()} == {first[3:11], second[3:11]}


def test_only_saying_so_lets_everybody_in_again(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    with pytest.raises(BadInput, match="asks for no key"):
        keys.reopen(shop.place)
    first = keys.create(shop.place, "till")
    time.sleep(keys.LOOK)
    assert shop.post("/predict", row).status_code == 401
    assert not keys.is_open(shop.place)
    assert [key.name for key in keys.reopen(shop.place)] == ["till"]
    time.sleep(keys.LOOK)
    assert shop.post("/predict", row).status_code == 200
    assert keys.is_open(shop.place)
    assert keys.Keyring(shop.place).check(None) == "", "a worker that starts later is open too"
    second = keys.create(shop.place, "till")
    time.sleep(keys.LOOK)
    assert shop.post("/predict", row).status_code == 401
    assert shop.post("/predict", row, headers=bearer(first)).status_code == 401
    assert shop.post("/predict", row, headers=bearer(second)).status_code == 200


def test_the_file_holds_no_secret_and_is_its_owners_alone(tmp_path: Path) -> None:
    place = Place.of(tmp_path, "shop")
    key = keys.create(place, "till")
    secret = key.split("_", 2)[2]
    assert len(secret) == 43
    assert secret not in place.keys.read_text()
    assert stat.S_IMODE(place.keys.stat().st_mode) == 0o600
    assert keys.create(place, "other") != key


def test_a_name_is_taken_once_and_free_after_revoking(tmp_path: Path) -> None:
    place = Place.of(tmp_path, "shop")
    keys.create(place, "till")
    with pytest.raises(BadInput, match="already"):
        keys.create(place, "till")
    keys.revoke(place, "till")
    keys.create(place, "till")
    assert [(k.name, k.revoked is None) for k in keys.listed(place)] == [("till", False), ("till", True)]
    with pytest.raises(BadInput, match="no valid key"):
        keys.revoke(place, "nobody")


@pytest.mark.parametrize("sent", ["", "mw_", "mw_00000000_" + "a" * 43, "Bearer", "mw_0_\x00", "é" * 50])
def test_what_is_no_key_is_refused(site: Make, bundle: Path, row: dict[str, Any], sent: str) -> None:
    shop = site(bundle)
    keys.create(shop.place, "till")
    time.sleep(keys.LOOK)
    headers = [(b"x-api-key", sent.encode("utf-8"))]
    assert shop.post("/predict", row, headers=headers).status_code == 401


def test_a_file_that_is_gone_or_damaged_opens_nothing(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    key = keys.create(shop.place, "till")
    time.sleep(keys.LOOK)
    assert shop.post("/predict", row, headers=bearer(key)).status_code == 200
    whole = shop.place.keys.read_bytes()
    shop.place.keys.write_text("{")
    time.sleep(keys.LOOK)
    assert shop.post("/predict", row, headers=bearer(key)).status_code == 401
    assert shop.ask("GET", "/readyz").status_code == 503
    shop.place.keys.unlink()
    time.sleep(keys.LOOK)
    assert shop.post("/predict", row).status_code == 401
    later = keys.Keyring(shop.place)  # a worker in the place of one that died
    assert later.check(None) is None
    assert later.damaged
    shop.place.keys.write_bytes(whole)
    time.sleep(keys.LOOK)
    assert shop.post("/predict", row, headers=bearer(key)).status_code == 200


def test_use_is_noted_without_the_key(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    key = keys.create(shop.place, "till")
    assert keys.listed(shop.place)[0].used is None
    time.sleep(keys.LOOK)
    shop.post("/predict", row, headers=bearer(key))
    assert keys.listed(shop.place)[0].used is not None


def test_each_model_has_keys_of_its_own(site: Make, bundle: Path, values: Path, row: dict[str, Any]) -> None:
    both = site(shop=bundle, house=values)
    key = keys.create(both.places["shop"], "till")
    time.sleep(keys.LOOK)
    assert both.post("/models/shop/predict", row).status_code == 401
    assert both.post("/models/house/predict", {"size": 90, "rooms": 2}).status_code == 200
    assert both.ask("GET", "/models/shop").status_code == 401
    assert [m["name"] for m in both.ask("GET", "/models").json()["models"]] == ["house"]
    seen = both.ask("GET", "/models", headers=bearer(key)).json()["models"]
    assert [m["name"] for m in seen] == ["shop", "house"]
    assert 'model="shop"' in both.ask("GET", "/metrics", headers=bearer(key)).text
    open_to_all = both.ask("GET", "/metrics").text
    assert 'model="house"' in open_to_all
    assert "shop" not in open_to_all


def test_pages_need_a_key_too_but_health_does_not(site: Make, bundle: Path) -> None:
    shop = site(bundle)
    key = keys.create(shop.place, "till")
    time.sleep(keys.LOOK)
    for path in ("/metrics", "/openapi.json", "/models", "/models/shop", "/models/shop/versions/v1"):
        assert shop.ask("GET", path).status_code == 401, path
        assert shop.ask("GET", path, headers=bearer(key)).status_code == 200, path
    for path in ("/healthz", "/readyz", "/docs"):
        assert shop.ask("GET", path).status_code == 200, path
    document = shop.ask("GET", "/openapi.json", headers=bearer(key)).json()
    assert document["security"] == [{"key": []}]
    assert json.dumps(document).count(key) == 0
