"""``/docs`` of a running server in a real browser: it asks, and shows, without anything from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelwright.live.place import Place
from modelwright.live.serve import keys

# The test folders are no packages: the type of what conftest.py gives is named here for readers.
Servers = Any

pytestmark = pytest.mark.slow  # a browser and a server are started

WIDE = "document.documentElement.scrollWidth"


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., tuple[Any, list[str], list[str]]]]:
    """``visit(address)``: the tab, what its console complained of, and every address that it asked for."""
    contexts = []

    def to(address: str, **more: Any) -> tuple[Any, list[str], list[str]]:
        context = chromium.new_context(**more)
        context.set_default_timeout(120_000)  # nothing waits for so long but on a busy machine
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        asked: list[str] = []
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on("request", lambda r: asked.append(r.url))
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200
        return page, complaints, asked

    yield to
    for context in contexts:
        context.close()


def section(page: Any, path: str) -> Any:
    """The part of the page about one thing to ask."""
    return page.locator("section", has=page.locator("h2 code", has_text=path)).first


def answered(part: Any) -> tuple[int, Any]:
    """Press Send: the status and the body that the page shows."""
    shown = part.get_by_role("status")
    part.get_by_role("button", name="Send").click()
    shown.filter(has_text=" ms\n").wait_for()
    head, _, body = shown.inner_text().partition("\n")
    return int(head.split()[0]), json.loads(body)


def test_a_row_that_is_typed_is_answered(
    servers: Servers, bundles: list[Path], visit: Callable[..., Any]
) -> None:
    server = servers.start(bundles[0], workers=1)
    page, complaints, asked = visit(server.url + "/docs")
    predict = section(page, "/predict")
    predict.get_by_label("Body (JSON)").wait_for()
    assert "people" in page.title()
    known = predict.locator("tbody th code").all_inner_texts()
    assert sorted(known) == ["age", "job", "pay"]

    # The example as it stands, then a row of one's own: the answers are those of the server.
    status, said = answered(predict)
    assert status == 200
    assert said["prediction"] in ("yes", "no")
    row = {"age": 70, "job": "nurse", "pay": 55.0}
    predict.get_by_label("Body (JSON)").fill(json.dumps(row))
    status, said = answered(predict)
    assert status == 200
    other = server.predict(**row).json()
    assert (said["prediction"], said["probabilities"]) == (other["prediction"], other["probabilities"])
    assert complaints == []

    # What cannot be used is told, field by field; the browser notes the refusal too.
    predict.get_by_label("Body (JSON)").fill(json.dumps(row | {"age": "old"}))
    status, said = answered(predict)
    assert status == 422
    assert [field["field"] for field in said["error"]["fields"]] == ["age"]
    assert len(complaints) == 1
    assert asked
    assert all(address.startswith(server.url + "/") for address in asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_a_desk(
    servers: Servers, bundles: list[Path], visit: Callable[..., Any], scheme: str
) -> None:
    server = servers.start(bundles[0], workers=1)
    page, complaints, _ = visit(server.url + "/docs", color_scheme=scheme)
    section(page, "/predict").get_by_label("Body (JSON)").wait_for()
    for width, height in ((360, 740), (1280, 900)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(WIDE) <= width, f"it scrolls sideways at {width}"
    assert complaints == []


def test_a_server_with_keys_asks_for_one(
    servers: Servers, bundles: list[Path], visit: Callable[..., Any]
) -> None:
    server = servers.start(bundles[0], workers=1)
    key = keys.create(Place.of(server.live, "people"), "page")
    servers.until(lambda: server.predict().status_code == 401)
    page, _, _ = visit(server.url + "/docs")
    page.get_by_label("API key").wait_for()
    assert page.locator("section").count() == 0
    page.get_by_label("API key").fill("mw_00000000_" + "x" * 43)
    page.get_by_role("button", name="Use it").click()
    page.get_by_text("That key is not valid.").wait_for()
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Use it").click()
    predict = section(page, "/predict")
    predict.get_by_label("Body (JSON)").wait_for()
    status, said = answered(predict)
    assert status == 200
    assert said["prediction"] in ("yes", "no")
    # The key is kept by the open page alone.
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.evaluate("document.cookie") == ""
    page.reload()
    page.get_by_label("API key").wait_for()
