"""Promote, roll back, end a trial: through the forms, and not without them."""

from __future__ import annotations

import html
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from modelwright.live import deployment

if TYPE_CHECKING:
    Visitor = Any
    World = Any

PROMOTE = "/live/toy/promote/v2"


def test_promote_then_roll_back(visitor: Visitor, world: World) -> None:
    question = html.unescape(visitor.get(PROMOTE).text)
    assert "Promote v2 of toy?" in question
    assert "v2 on its test rows" in question
    done = visitor.fill(PROMOTE, why="it was proven better")
    assert done.status_code == 303
    assert done.headers["location"] == "/live/toy/changes/3"
    now = deployment.read(world.toy)
    assert (now.champion, now.previous, now.challenger) == ("v2", ("v1",), None)
    assert now.why == "it was proven better"
    said = visitor.get(done.headers["location"]).text
    assert "v2 will answer" in said
    assert "No worker is serving now" in said
    assert "It was proven better." in said

    done = visitor.fill("/live/toy/rollback")
    assert done.headers["location"] == "/live/toy/changes/4"
    now = deployment.read(world.toy)
    assert (now.champion, now.why) == ("v1", "rolled back by hand")
    assert "it has been changed since" in visitor.get("/live/toy/changes/3").text


def test_end_of_a_trial(visitor: Visitor, world: World) -> None:
    assert "End the canary of v2?" in visitor.get("/live/toy/end-challenger").text
    assert visitor.fill("/live/toy/end-challenger").status_code == 303
    assert deployment.read(world.toy).challenger is None
    assert visitor.get("/live/toy/end-challenger").status_code == 409


def test_whether_the_workers_were_reached_is_told(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelwright.web.pages import change

    monkeypatch.setattr(change, "PATIENCE", 0.05)
    world.toy.workers.mkdir(exist_ok=True)

    def worker(number: int, serial: int) -> None:
        said = {"process": number, "serial": serial, "seen": time.time()}
        (world.toy.workers / f"{number}.json").write_text(json.dumps(said))

    worker(1, 2), worker(2, 2)
    there = visitor.fill(PROMOTE).headers["location"]
    assert "0 of 2 workers have taken it" in visitor.get(there).text
    worker(1, 3)
    assert "1 of 2 workers have taken it" in visitor.get(there).text
    worker(2, 3)
    assert "All 2 workers have taken it." in visitor.get(there).text


def test_nothing_is_done_where_somebody_else_was_quicker(visitor: Visitor, world: World) -> None:
    page = visitor.get(PROMOTE).text
    deployment.challenge(world.toy, None, "somebody else")
    import re

    held = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    answer = visitor.post(PROMOTE, data=held)
    assert answer.status_code == 409
    assert "changed in between" in answer.text
    assert deployment.read(world.toy).champion == "v1"


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("/live/toy/promote/v1", 409),
        ("/live/toy/promote/v9", 404),
        ("/live/toy/promote/v1%2f..%2fv2", 404),
        ("/live/toy/rollback", 409),
        ("/live/nobody/rollback", 404),
    ],
)
def test_what_cannot_be_asked_for(visitor: Visitor, page: str, status: int) -> None:
    assert visitor.get(page).status_code == status


def test_a_version_that_is_not_proven_is_warned_of(visitor: Visitor, world: World) -> None:
    path = world.toy.bundle("v2") / "model.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"verdict": "unproven"}))
    assert "The verdict on v2 is unproven" in visitor.get(PROMOTE).text


# --- forged forms -----------------------------------------------------------------------------------------


def untouched(world: World) -> bool:
    return deployment.read(world.toy).serial == 2


def test_a_form_without_our_token_changes_nothing(visitor: Visitor, world: World) -> None:
    visitor.get("/")
    for fields in ({}, {"form_token": ""}, {"form_token": "0" * 64}, {"form_token": "é"}):
        answer = visitor.post(PROMOTE, data={"serial": "2", **fields})
        assert answer.status_code == 403
        assert "not made by this server" in answer.text
    assert untouched(world)


def test_the_token_of_another_visitor_changes_nothing(visitor: Visitor, world: World) -> None:
    import re

    token = re.search(r'name="form_token" value="(\w+)"', visitor.get(PROMOTE).text)
    assert token is not None
    visitor.cookies.clear()
    assert visitor.post(PROMOTE, data={"serial": "2", "form_token": token[1]}).status_code == 403
    assert untouched(world)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_from_another_site_changes_nothing(
    visitor: Visitor, world: World, headers: dict[str, str]
) -> None:
    import re

    page = visitor.get(PROMOTE).text
    held = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert visitor.post(PROMOTE, data=held, headers=headers).status_code == 403
    assert untouched(world)
    assert (
        visitor.post(PROMOTE, data=held, headers={"origin": str(visitor.base_url).rstrip("/")}).status_code
        == 303
    )


def test_other_bodies_are_refused(visitor: Visitor, world: World) -> None:
    assert visitor.post(PROMOTE, json={"serial": 2}).status_code == 415
    assert visitor.post(PROMOTE, data={"why": "x" * 100_000}).status_code == 413
    many = "&".join(f"a{i}=1" for i in range(300))
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert visitor.post(PROMOTE, content=many, headers=form).status_code == 400
    assert visitor.post(PROMOTE, content=b"\xff=\xff", headers=form).status_code in (400, 403)
    assert untouched(world)


def test_reading_changes_nothing(visitor: Visitor, world: World) -> None:
    for page in (PROMOTE, "/live/toy/end-challenger"):
        assert visitor.get(page, params={"serial": "2", "why": "x"}).status_code == 200
    assert visitor.delete(PROMOTE).status_code == 405
    assert visitor.put(PROMOTE).status_code == 405
    assert untouched(world)
