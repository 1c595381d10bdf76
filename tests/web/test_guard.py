"""Who is let in, and what every answer carries."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadInput
from modelwright.web.guard import inner
from modelwright.web.site import Site, host_of, token_for

if TYPE_CHECKING:
    Visitor = Any
    World = Any

TOKEN = "a-token-that-is-long-enough"


def site(**more: Any) -> Site:
    return Site(Path("live"), Path("runs"), **more)


@pytest.mark.parametrize(
    ("header", "local", "open_", "named"),
    [
        ("127.0.0.1:8080", True, True, True),
        ("127.0.0.1", True, True, True),
        ("localhost:1234", True, True, True),
        ("LOCALHOST", True, True, True),
        ("[::1]:8080", True, True, True),
        ("10.0.0.7:8080", False, True, True),
        ("evil.example:8080", False, False, False),
        ("models.example", False, False, True),
        ("models.example.evil.example", False, False, False),
        ("localhost.evil.example", False, False, False),
        ("localhost@evil.example", False, False, False),
        ("", False, False, False),
        ("a b", False, False, False),
        ("127.0.0.1:8080:80", False, False, False),
    ],
)
def test_names_that_the_server_goes_by(header: str, local: bool, open_: bool, named: bool) -> None:
    assert site().knows(header) is local
    assert site(host="0.0.0.0").knows(header) is open_
    assert site(host="0.0.0.0", names=("models.example",)).knows(header) is named


@given(st.text())
def test_any_host_header_is_read_or_refused(header: str) -> None:
    name = host_of(header)
    assert name is None or name == name.lower()
    assert site().knows(header) in (True, False)


@given(st.text())
def test_an_address_to_go_on_to_stays_on_the_site(address: str) -> None:
    found = inner(address)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb"]
)
def test_addresses_elsewhere_lead_to_the_first_page(address: str) -> None:
    assert inner(address) == "/"


def test_a_request_under_another_name_is_refused(visitor: Visitor) -> None:
    answer = visitor.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert "toy" not in answer.text
    assert visitor.get("/", headers={"host": "localhost:9999"}).status_code == 200


PAGES = ("/", "/live/toy", "/runs", "/nothing", "/live/toy/promote/v2", "/compare")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_guarded(visitor: Visitor, page: str) -> None:
    headers = visitor.get(page).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("page", PAGES)
def test_no_page_needs_what_the_policy_refuses(visitor: Visitor, page: str) -> None:
    said = visitor.get(page).text
    assert " style=" not in said
    assert "<style" not in said
    assert "onclick" not in said
    assert said.count("<script") == said.count('<script src="/static/')
    assert "http://" not in said.replace("http://www.w3.org", "")


def test_static_files_are_named_by_their_content(visitor: Visitor) -> None:
    import re

    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', visitor.get("/").text)
    assert len(addresses) == 3
    for address in addresses:
        answer = visitor.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert visitor.get("/static/000000000000/style.css").status_code == 404
    assert visitor.get("/static/x/..%2f..%2fguard.py").status_code == 404


def test_a_report_is_shut_in(visitor: Visitor, world: World) -> None:
    run = next(p for p in world.runs.iterdir() if (p / "report.html").is_file())
    answer = visitor.get(f"/runs/{run.name}/report.html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy, "its own pictures, and none from elsewhere"
    assert answer.text == (run / "report.html").read_text()


@pytest.mark.parametrize(
    "path",
    [
        "/runs/../live", "/runs/%2e%2e", "/runs/%2e%2e%2flive", "/live/%2e%2e%2fruns",
        "/runs/.store", "/live/toy/versions/%2e%2e", "/live/toy/decisions/..%2flive",
        "/live/toy/decisions/%2e%2e%2f%2e%2e%2fdeployment",
    ],
)  # fmt: skip
def test_no_address_leads_out_of_the_folders(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status_code in (303, 404, 307)


def test_only_known_files_of_a_run_are_read(visitor: Visitor, world: World, tmp_path: Path) -> None:
    run = next(p for p in world.runs.iterdir() if (p / "report.html").is_file())
    base = f"/runs/{run.name}/files"
    for name in (
        "../../live/toy/live.json",
        "%2e%2e/%2e%2e/live/toy/live.json",
        "state.json",
        "/etc/passwd",
        "",
    ):
        assert visitor.get(f"{base}/{name}").status_code == 404
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (run / "goal.yaml").unlink()
    (run / "goal.yaml").symlink_to(secret)
    assert visitor.get(f"{base}/goal.yaml").status_code == 404
    (run / "evil").symlink_to(tmp_path)
    (tmp_path / "record.json").write_text("{}")
    assert visitor.get(f"{base}/evil/record.json").status_code == 404


# --- the token --------------------------------------------------------------------------------------------


def test_without_the_token_nothing_is_seen(world: World, visitor: Visitor) -> None:
    with type(visitor)(world.site(token=TOKEN)) as stranger:
        for page in ("/", "/live/toy", "/runs", "/nothing", "/compare?run=a"):
            answer = stranger.get(page)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/enter?to=%2F")
            assert "toy" not in answer.text
        asked = stranger.get("/enter")
        assert "toy" not in asked.text
        assert "/runs" not in asked.text
        cookie = asked.headers.get("set-cookie", stranger.get("/").headers.get("set-cookie", ""))
        assert stranger.post("/live/toy/promote/v2", data={"serial": "2"}).status_code == 403
        assert cookie == "" or "HttpOnly" in cookie


def test_the_token_opens_the_pages(world: World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelwright.web.pages import enter

    monkeypatch.setattr(enter, "SLOW", 0.0)
    with type(visitor)(world.site(token=TOKEN)) as stranger:
        first = stranger.get("/live/toy").headers
        assert first["location"] == "/enter?to=%2Flive%2Ftoy"
        assert "HttpOnly; SameSite=Strict" in first["set-cookie"]
        wrong = stranger.fill(first["location"], "/enter", token="no")
        assert wrong.status_code == 403
        assert "That is not the token" in wrong.text
        before = dict(stranger.cookies)
        right = stranger.fill(first["location"], "/enter", token=TOKEN)
        assert right.status_code == 303
        assert right.headers["location"] == "/live/toy"
        assert "HttpOnly; SameSite=Strict" in right.headers["set-cookie"]
        assert dict(stranger.cookies) != before  # a cookie that somebody planted does not get in
        assert stranger.get("/live/toy").status_code == 200
        assert stranger.fill("/live/toy/promote/v2").status_code == 303
        assert stranger.fill("/", "/leave").status_code == 303
        assert stranger.get("/live/toy").status_code == 303


def test_guessing_is_slowed(world: World, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelwright.web.pages import enter

    monkeypatch.setattr(enter, "SLOW", 0.0)
    with type(visitor)(world.site(token=TOKEN)) as stranger:
        codes = [stranger.fill("/enter", token="guess").status_code for _ in range(12)]
        assert codes == [403] * 10 + [429] * 2
        assert stranger.fill("/enter", token=TOKEN).status_code == 429


def test_a_link_from_elsewhere_is_asked_again_by_our_own_page(world: World, visitor: Visitor) -> None:
    with type(visitor)(world.site(token=TOKEN)) as stranger:
        for path, there in (("/live/toy", "/enter?to=%2Flive%2Ftoy"), ("/enter", "/")):
            answer = stranger.get(path, headers={"sec-fetch-site": "cross-site"})
            assert answer.status_code == 200
            assert f'http-equiv="refresh" content="0; url={there}"' in answer.text
            assert "set-cookie" not in answer.headers  # it would take the place of the one kept back


def test_which_token(monkeypatch: pytest.MonkeyPatch) -> None:
    assert token_for("127.0.0.1", None) == (None, False)
    assert token_for("::1", None) == (None, False)
    made, told = token_for("0.0.0.0", None)
    assert told
    assert made is not None
    assert len(made) >= 32
    assert token_for("127.0.0.1", "new")[1]
    monkeypatch.setenv("PAGES", TOKEN)
    assert token_for("0.0.0.0", "env:PAGES") == (TOKEN, False)
    monkeypatch.setenv("PAGES", "short")
    for asked in ("env:PAGES", "env:NOT_THERE", TOKEN):
        with pytest.raises(BadInput) as caught:
            token_for("0.0.0.0", asked)
        assert caught.value.code == "ui.token"
        assert TOKEN not in str(caught.value)
    assert "NOT_THERE" not in os.environ
