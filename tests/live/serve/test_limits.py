"""Limits: size, rows, rate, requests at work, time; and a journal that takes no more."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.live.serve import app, limits
from modelwright.live.serve.limits import Rates, json_of
from modelwright.live.serve.refusal import Refused
from modelwright.live.settings import Limits, LogSettings

Site = Any
Make = Callable[..., Site]


def through(site: Any, body: list[bytes], *, pause: float = 0.0, headers: Any = ()) -> tuple[int, Any, Any]:
    """Send a body in parts to /predict, with a pause before the last; status, headers and answer."""
    parts = list(body)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if len(parts) == 1 and pause:
            await asyncio.sleep(pause)
        if not parts:
            await asyncio.sleep(3600)
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/predict", "query_string": b"", "client": ("127.0.0.1", 1),
        "headers": [(b"content-type", b"application/json"), *headers],
    }  # fmt: skip
    site.runner.run(site.app(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"])


def test_a_body_is_refused_while_it_streams(site: Make, bundle: Path) -> None:
    shop = site(bundle, limits=Limits(body=1000))
    endless = [b"x" * 400] * 1000
    status, headers, said = through(shop, endless)
    assert status == 413
    assert said["error"]["code"] == "body-too-large"
    assert headers[b"connection"] == b"close"
    status, _, _ = through(shop, [b"{}"], headers=[(b"content-length", b"5000")])
    assert status == 413


def test_a_body_in_parts_is_one_body(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    text = json.dumps(row).encode()
    status, _, said = through(site(bundle), [text[:10], text[10:20], b"", text[20:]])
    assert status == 200
    assert said["warnings"] == []


def test_a_body_that_comes_too_slowly(site: Make, bundle: Path) -> None:
    shop = site(bundle, limits=Limits(timeout=0.1))
    status, headers, said = through(shop, [b"{", b"}"], pause=5.0)
    assert status == 408
    assert said["error"]["code"] == "body-too-slow"
    assert headers[b"connection"] == b"close"
    assert shop.metric("modelwright_in_flight", model="shop") == 0


def test_rows_of_one_request(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle, limits=Limits(rows=3))
    assert shop.post("/predict", {"rows": [row] * 3}).status_code == 200
    answer = shop.post("/predict", {"rows": [row] * 4})
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"][0]["expected"] == "at most 3 rows"


def test_an_answer_that_takes_too_long_is_not_logged_as_answered(
    site: Make, bundle: Path, ordinary: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = app.logged_many

    def late(*given: Any) -> Any:
        time.sleep(0.5)
        return real(*given)

    monkeypatch.setattr(app, "logged_many", late)
    shop = site(bundle, limits=Limits(timeout=0.1))
    answer = shop.post("/predict", {"rows": ordinary * 30})
    assert answer.status_code == 504
    shop.settle()
    assert [type(entry).__name__ for entry in shop.logged()] == ["Failure"]
    assert shop.metric("modelwright_rows_total", model="shop") == 0


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who counts requests a second sees a millisecond go by from one look at the clock to the next."""
    clock = itertools.count(10**12, 10**6)
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic_ns=lambda: next(clock)))


def test_a_client_that_asks_too_often_waits(
    site: Make, bundle: Path, row: dict[str, Any], ticking: None
) -> None:
    shop = site(bundle, limits=Limits(rate=3))
    answers = [shop.post("/predict", row) for _ in range(8)]
    codes = [answer.status_code for answer in answers]
    assert codes == [200] * 3 + [429] * 5
    late = next(answer for answer in answers if answer.status_code == 429)
    assert int(late.headers["retry-after"]) >= 1
    shop.address = "127.0.0.2"
    assert shop.post("/predict", row).status_code == 200, "another client has a bucket of its own"


def test_more_requests_than_may_be_at_work(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle, limits=Limits(concurrency=2))
    waiting = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await waiting.wait()
        return {"type": "http.request", "body": json.dumps(row).encode(), "more_body": False}

    async def asked() -> list[int]:
        statuses: list[int] = []

        async def send(message: dict[str, Any]) -> None:
            if "status" in message:
                statuses.append(message["status"])

        scope = {
            "type": "http", "method": "POST", "path": "/predict", "query_string": b"", "client": None,
            "headers": [(b"content-type", b"application/json")],
        }  # fmt: skip
        tasks = [asyncio.create_task(shop.app(dict(scope), receive, send)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert statuses == [503]
        waiting.set()
        await asyncio.gather(*tasks)
        return statuses

    assert shop.runner.run(asked()) == [503, 200, 200]


def test_nothing_is_answered_that_cannot_be_logged(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle, log=LogSettings(journal=6000))
    codes = []
    for _ in range(60):
        codes.append(shop.post("/predict", row).status_code)
        time.sleep(0.01)
    answered = codes.count(200)
    assert codes == [200] * answered + [503] * (60 - answered)
    assert 0 < answered < 60
    assert len(shop.logged()) == answered
    assert shop.metric("modelwright_rows_total", model="shop") == answered
    assert shop.metric("modelwright_failures_total", code="journal-full") == 60 - answered
    ready = shop.ask("GET", "/readyz")
    assert ready.status_code == 503
    assert ready.json()["models"]["shop"]["why"] == "the journal takes no more"
    assert shop.ask("GET", "/healthz").status_code == 200


def test_an_answer_can_wait_for_the_disk(site: Make, bundle: Path, row: dict[str, Any]) -> None:
    shop = site(bundle, log=LogSettings(sync="always"))
    assert shop.post("/predict", row).status_code == 200
    assert len(shop.logged()) == 1


def test_rates_are_shared_by_their_file(tmp_path: Path, ticking: None) -> None:
    one, other = Rates(tmp_path / "rates"), Rates(tmp_path / "rates")
    allowed = [(one if i % 2 else other).wait("key a", 10) == 0.0 for i in range(30)]
    assert allowed == [True] * 10 + [False] * 20
    assert other.wait("key b", 10) == 0.0
    assert one.wait("key c", 0.5) == 0.0
    assert 1.5 < one.wait("key c", 0.5) <= 2.0


@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda t: json.dumps({"a": t}).encode()))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    status, made = 200, None
    try:
        made = json_of(body)
    except Refused as error:
        status = error.status
    assert status in (200, 400)
    assert status == 400 or json.loads(body) == made
