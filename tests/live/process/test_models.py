"""The loaded versions of a worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadBundle
from modelwright.live import deployment
from modelwright.live.deployment import Challenger
from modelwright.live.place import Place
from modelwright.live.process.models import EXTRA, Models, Served, Serving, part


@pytest.fixture
def place(tmp_path: Path, bundles: list[Path]) -> Place:
    """A live model with three versions, of which the first answers."""
    made = Place(tmp_path / "people")
    for bundle in bundles:
        deployment.add_version(made, bundle)
    deployment.deploy(made, "v1", "test")
    return made


def damage(place: Place, version: str) -> None:
    graph = place.bundle(version) / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"x")


async def until(what: Callable[[], Any]) -> None:
    for _ in range(12_000):
        if what():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true in time")


def opened(place: Place) -> tuple[Models, Serving]:
    models = Models([place])
    models.open()
    current = models.current(place.name)
    assert current is not None
    return models, current


def test_the_champion_answers(place: Place) -> None:
    models, current = opened(place)
    assert models.names() == ("people",)
    assert (current.serial, current.champion.version) == (1, "v1")
    assert current.choose("any") == (current.champion, "champion")
    assert current.shadow is None
    assert models.current("nobody") is None
    assert models.version("people", "v2") is None


def test_champion_challenger_and_the_target_of_a_rollback_are_ready(place: Place) -> None:
    deployment.deploy(place, "v2", "test")
    deployment.challenge(place, Challenger("v3", "shadow"), "test")
    models, current = opened(place)
    assert models.status("people")["loaded"] == ["v2", "v3", "v1"]
    assert current.shadow is models.version("people", "v3")
    assert models.version("people", "v1") is not None


def test_what_prepare_makes_is_kept_with_the_version(place: Place) -> None:
    models = Models([place], lambda name, version, model: (name, version, model.classes))
    models.open()
    current = models.current("people")
    assert current is not None
    assert current.champion.ready == ("people", "v1", ("no", "yes"))


def test_a_version_that_cannot_be_prepared_is_refused(place: Place) -> None:
    def prepare(name: str, version: str, model: object) -> str:
        if version == "v2":
            raise ValueError("not this one")
        return version

    models = Models([place], prepare)
    models.open()
    deployment.deploy(place, "v2", "test")
    models.open()
    current = models.current("people")
    assert current is not None
    assert current.champion.version == "v1"
    refused = models.refused("people")
    assert refused is not None
    assert (refused.serial, refused.version, refused.why) == (2, "v2", "ValueError: not this one")
    assert models.status("people")["serial"] == 1


def test_watching_follows_a_deployment(place: Place) -> None:
    models, before = opened(place)
    heard: list[str] = []
    models.changed.append(heard.append)

    async def follow() -> None:
        watching = asyncio.create_task(models.watch())
        deployment.deploy(place, "v2", "test")
        await until(lambda: heard)
        watching.cancel()

    asyncio.run(follow())
    now = models.current("people")
    assert now is not None
    assert (now.serial, now.champion.version) == (2, "v2")
    # What a request was given before goes on answering it, and is what a rollback would take.
    assert before.champion.version == "v1"
    assert models.version("people", "v1") is before.champion


def test_a_swap_does_not_wait_for_a_version_that_somebody_asked_for(place: Place) -> None:
    go_on = threading.Event()

    def prepare(name: str, version: str, model: object) -> None:
        if version == "v3":
            go_on.wait(120)

    for version in ("v2", "v1"):
        deployment.deploy(place, version, "test")
    models = Models([place], prepare)
    models.open()

    async def scenario() -> str:
        watching, asking = (
            asyncio.create_task(models.watch()),
            asyncio.create_task(models.fetch("people", "v3")),
        )
        await asyncio.sleep(0.1)
        deployment.rollback(place)
        try:
            await until(lambda: models.current("people").champion.version == "v2")  # type: ignore[union-attr]
            assert not asking.done()
        finally:
            go_on.set()
            watching.cancel()
        found = await asking
        assert found is not None
        return found.version

    assert asyncio.run(scenario()) == "v3"
    assert models.version("people", "v3") is not None


def test_a_damaged_deployment_changes_nothing(place: Place) -> None:
    models, before = opened(place)
    place.deployment.write_text("{", encoding="utf-8")
    models.open()
    assert models.current("people") is before
    refused = models.refused("people")
    assert refused is not None
    assert "deployment.json of 'people' cannot be read" in refused.why


def test_a_challenger_that_cannot_be_loaded_leaves_the_champion_alone(place: Place) -> None:
    deployment.challenge(place, Challenger("v2", "canary", 0.5), "test")
    damage(place, "v2")
    models, current = opened(place)
    assert (current.champion.version, current.challenger, current.mode) == ("v1", None, None)
    assert current.serial == 2
    refused = models.refused("people")
    assert refused is not None
    assert refused.version == "v2"


def test_a_start_with_a_damaged_champion_takes_the_one_before(place: Place) -> None:
    deployment.deploy(place, "v2", "test")
    damage(place, "v2")
    models, current = opened(place)
    assert (current.serial, current.champion.version) == (1, "v1")
    assert models.status("people")["refused"]["version"] == "v2"


def test_a_start_with_nothing_that_can_be_loaded_has_no_answer(place: Place) -> None:
    damage(place, "v1")
    models = Models([place])
    models.open()
    assert models.current("people") is None
    assert models.status("people")["version"] is None


def test_any_version_can_be_fetched_and_few_stay(place: Place, bundles: list[Path]) -> None:
    models, _ = opened(place)

    async def fetch(*names: str) -> list[Served | None]:
        return [await models.fetch("people", name) for name in names]

    found = asyncio.run(fetch("v2", "v3", "v1", "v2", "v9", "../v1"))
    assert [served.version if served else None for served in found] == ["v2", "v3", "v1", "v2", None, None]
    assert found[0] is found[3]
    assert asyncio.run(models.fetch("nobody", "v1")) is None
    assert len([v for v in ("v2", "v3") if models.version("people", v)]) <= EXTRA


def test_a_damaged_version_cannot_be_fetched(place: Place) -> None:
    models, _ = opened(place)
    damage(place, "v3")
    with pytest.raises(BadBundle, match=r"model\.onnx"):
        asyncio.run(models.fetch("people", "v3"))


def test_a_canary_gets_its_share_by_the_id_of_the_request(place: Place) -> None:
    deployment.challenge(place, Challenger("v2", "canary", 0.25), "test")
    _, current = opened(place)
    chosen = [current.choose(f"request-{n}") for n in range(4000)]
    roles = [role for _, role in chosen]
    # Six standard deviations of a binomial share.
    assert abs(roles.count("canary") / 4000 - 0.25) < 6 * (0.25 * 0.75 / 4000) ** 0.5
    assert {(served.version, role) for served, role in chosen} == {("v1", "champion"), ("v2", "canary")}
    assert [current.choose(f"request-{n}")[1] for n in range(4000)] == roles


@given(st.text())
def test_the_part_of_any_id_lies_between_0_and_1(request_id: str) -> None:
    assert 0.0 <= part(request_id) < 1.0
    assert part(request_id) == part(request_id)
