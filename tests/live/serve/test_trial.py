"""A challenger beside the champion: shadow and canary; versions asked for by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelwright.live import deployment
from modelwright.live.deployment import Challenger

Site = Any
Make = Callable[..., Site]


def follow(site: Any) -> None:
    """Let the models take the deployment."""

    async def watched() -> None:
        serial = deployment.read(site.place).serial
        task = asyncio.create_task(site.models.watch())
        while site.models.current(site.place.name).serial != serial:
            await asyncio.sleep(0.01)
        task.cancel()

    site.runner.run(watched())


def test_a_shadow_answers_everything_and_nobody_sees_it(
    site: Make, bundle: Path, careful: Path, row: dict[str, Any]
) -> None:
    shop = site(bundle)
    version = deployment.add_version(shop.place, careful)
    deployment.challenge(shop.place, Challenger(version, "shadow"), "trial")
    follow(shop)
    said = [shop.post("/predict", row).json(), shop.post("/predict", {"rows": [row, row]}).json()]
    shop.settle()
    assert said[0]["version"] == said[1]["version"] == "v1"
    entries = shop.logged()
    shown = {entry.id: entry for entry in entries if entry.role == "shadow"}
    answered = {entry.id: entry for entry in entries if entry.role == "champion"}
    assert len(shown) == len(answered) == 3
    assert set(shown) == {f"{ident}.s" for ident in answered}
    assert {entry.version for entry in shown.values()} == {"v2"}
    assert shop.metric("modelwright_rows_total", role="shadow", version="v2") == 3
    assert shop.metric("modelwright_rows_total", role="champion", version="v1") == 3


def test_a_shadow_that_cannot_take_a_row_is_counted_and_disturbs_nobody(
    site: Make, bundle: Path, values: Path, row: dict[str, Any]
) -> None:
    shop = site(bundle)
    deployment.challenge(
        shop.place, Challenger(deployment.add_version(shop.place, values), "shadow"), "trial"
    )
    follow(shop)
    assert shop.post("/predict", row).status_code == 200
    shop.settle()
    assert shop.metric("modelwright_failures_total", code="shadow-invalid") == 1
    assert [entry.role for entry in shop.logged()] == ["champion"]


def test_a_canary_answers_its_share(site: Make, bundle: Path, careful: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    version = deployment.add_version(shop.place, careful)
    deployment.challenge(shop.place, Challenger(version, "canary", 0.5), "trial")
    follow(shop)
    said = [shop.post("/predict", row).json() for _ in range(60)]
    canaries = sum(1 for one in said if one["version"] == "v2")
    assert 12 <= canaries <= 48
    roles = {entry.id: (entry.role, entry.version) for entry in shop.logged()}
    for one in said:
        wanted = ("canary", "v2") if one["version"] == "v2" else ("champion", "v1")
        assert roles[one["id"]] == wanted


def test_a_canary_that_asks_for_more_is_passed_by(
    site: Make, bundle: Path, values: Path, row: dict[str, Any]
) -> None:
    shop = site(bundle)
    deployment.challenge(
        shop.place, Challenger(deployment.add_version(shop.place, values), "canary", 1.0), "trial"
    )
    follow(shop)
    said = shop.post("/predict", row)
    assert said.status_code == 200
    assert said.json()["version"] == "v1"
    assert shop.post("/predict", {**row, "age": "x"}).json()["error"]["fields"][0]["field"] == "age"


def test_a_version_can_be_asked_for(site: Make, bundle: Path, careful: Path, row: dict[str, Any]) -> None:
    shop = site(bundle)
    deployment.add_version(shop.place, careful)
    said = shop.post("/models/shop/versions/v2/predict", row).json()
    assert said["version"] == "v2"
    assert "set" in said
    assert shop.post("/models/shop/versions/v1/predict", row).json()["version"] == "v1"
    assert shop.post("/models/shop/versions/v3/predict", row).status_code == 404
    assert shop.post("/models/shop/versions/..%2Fv1/predict", row).status_code == 404
    assert shop.ask("GET", "/models/shop/versions/v2").json()["abstain_below"] == 0.9
    assert shop.ask("GET", "/models/shop/versions/v9").status_code == 404


def test_a_swap_is_seen_by_the_next_request(
    site: Make, bundle: Path, careful: Path, row: dict[str, Any]
) -> None:
    shop = site(bundle)
    deployment.deploy(shop.place, deployment.add_version(shop.place, careful), "better")
    follow(shop)
    assert shop.post("/predict", row).json()["version"] == "v2"
    deployment.rollback(shop.place)
    follow(shop)
    assert shop.post("/predict", row).json()["version"] == "v1"
    assert shop.metric("modelwright_rows_total", version="v2") == 1
