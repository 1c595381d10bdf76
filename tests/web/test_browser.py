"""The pages in a real browser, over the real command; with real workers where something is changed."""

from __future__ import annotations

import json
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelwright.live import deployment

if TYPE_CHECKING:
    World = Any

pytestmark = pytest.mark.slow  # a browser and a server are started

TOKEN = "a-token-that-is-long-enough"
Start = Callable[..., str]


@pytest.fixture
def start(world: World) -> Iterator[Start]:
    """``start("ui", ...)`` in the world's folder: the address that the command tells."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> str:
        import os

        command = [sys.executable, "-P", "-m", "modelwright", *arguments, "--port", "0"]
        process = subprocess.Popen(
            command, cwd=world.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, **environment},
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 60.0)
        assert ready, "it does not start"
        return process.stdout.readline().strip()

    yield run
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        process.communicate(timeout=60)


@dataclass
class Seen:
    """A tab, and what went wrong in it."""

    page: Any
    base: str
    errors: list[str] = field(default_factory=list)

    def open(self, path: str) -> Any:
        answer = self.page.goto(self.base + path)
        assert answer is not None
        return answer


@pytest.fixture
def tab(chromium: Any, start: Start) -> Iterator[Callable[..., Seen]]:
    contexts = []

    def make(base: str = "", **more: Any) -> Seen:
        context = chromium.new_context(**more)
        context.set_default_timeout(120_000)  # nothing waits for so long but on a busy machine
        contexts.append(context)
        seen = Seen(context.new_page(), (base or start("ui")).rstrip("/"))
        seen.page.on(
            "console", lambda m: seen.errors.append(m.text) if m.type in ("error", "warning") else None
        )
        seen.page.on("pageerror", lambda e: seen.errors.append(str(e)))
        return seen

    yield make
    for context in contexts:
        context.close()


def every_page(world: World) -> list[str]:
    run = json.loads((world.toy.versions / "v1" / "version.json").read_text())["run"]
    other = json.loads((world.toy.versions / "v2" / "version.json").read_text())["run"]
    return [
        "/", "/live/toy", "/live/toy?span=7+d", "/live/toy/versions/v1", "/live/toy/decisions/0001",
        "/live/toy/promote/v2", "/live/toy/end-challenger", "/live/toy/changes/1", "/runs", f"/runs/{run}",
        f"/compare?run={run}&run={other}", f"/runs/{run}/report.html",
    ]  # fmt: skip


WIDE = "document.documentElement.scrollWidth"
UNNAMED = """
[...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")]
  .filter(e => !(e.textContent.trim() || e.getAttribute("aria-label") || (e.labels && e.labels.length)))
  .map(e => e.outerHTML)
"""
CONTRAST = """
() => {
  const part = x => { x /= 255; return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; };
  const light = c => .2126 * part(c[0]) + .7152 * part(c[1]) + .0722 * part(c[2]);
  const rgb = s => s.match(/[\\d.]+/g).map(Number);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of document.querySelectorAll("main *, header *, footer *")) {
    if (e.closest("svg") || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push(e.textContent.trim().slice(0, 30) + " " + ratio.toFixed(2));
  }
  return bad;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_of_models_fits_a_tablet(world: World, tab: Callable[..., Seen], scheme: str) -> None:
    seen = tab(color_scheme=scheme)
    for width in (700, 720, 1000):
        seen.page.set_viewport_size({"width": width, "height": 900})
        seen.open("/")
        cut = "[...document.querySelectorAll('.card')].filter(e => e.scrollWidth > e.clientWidth).length"
        assert seen.page.evaluate(cut) == 0, width


def test_a_phone_folds_the_long_tables(world: World, tab: Callable[..., Seen]) -> None:
    open_ones = "[...document.querySelectorAll('details.fold')].map(e => e.open)"
    seen = tab(viewport={"width": 360, "height": 740})
    seen.open("/live/toy")
    assert seen.page.evaluate(open_ones) == [False, False]
    seen.page.set_viewport_size({"width": 1280, "height": 900})
    seen.open("/live/toy")
    assert seen.page.evaluate(open_ones) == [True, True]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_a_desk(world: World, tab: Callable[..., Seen], scheme: str) -> None:
    seen = tab(color_scheme=scheme, reduced_motion="reduce")
    for path in every_page(world):
        for width, height in ((360, 740), (1280, 900)):
            seen.page.set_viewport_size({"width": width, "height": height})
            assert seen.open(path).status == 200
            assert seen.page.evaluate(WIDE) <= width, f"{path} scrolls sideways at {width}"
            assert seen.page.evaluate(UNNAMED) == [], path
            assert seen.page.locator("main").count() == 1
            assert seen.page.locator("h1").count() == 1
            dark = seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 18, 21)"
            assert dark is (scheme == "dark")
    assert seen.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(world: World, tab: Callable[..., Seen], scheme: str) -> None:
    """Contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""
    seen = tab(color_scheme=scheme)
    for path in every_page(world)[:-1]:
        seen.open(path)
        assert seen.page.evaluate(CONTRAST) == [], path


def test_the_keyboard_alone_goes_from_the_list_to_a_promotion(world: World, tab: Callable[..., Seen]) -> None:
    seen = tab()
    page = seen.page

    def focused() -> str:
        found: str = page.evaluate("document.activeElement.innerText || document.activeElement.id || ''")
        return found.strip()

    def reach(name: str, most: int = 60) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert ring != "none", f"the focus on {focused()!r} cannot be seen"
            if focused() == name:
                return
        raise AssertionError(f"{name!r} is not reached by Tab")

    seen.open("/")
    page.keyboard.press("Tab")
    assert focused() == "Skip to the page"
    page.keyboard.press("Enter")
    reach("toy")
    page.keyboard.press("Enter")
    page.wait_for_url("**/live/toy")
    reach("Promote v2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/promote/v2")
    reach("why")
    page.keyboard.press("Control+A")
    page.keyboard.type("by keyboard")
    reach("Promote v2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/changes/3")
    now = deployment.read(world.toy)
    assert (now.champion, now.why) == ("v2", "by keyboard")
    assert seen.errors == []


def test_everything_works_without_a_script(world: World, tab: Callable[..., Seen]) -> None:
    seen = tab(java_script_enabled=False)
    page = seen.page
    seen.open("/live/toy")
    page.get_by_role("link", name="End the canary").click()
    page.get_by_role("button", name="End the canary").click()
    page.wait_for_url("**/changes/3")
    assert deployment.read(world.toy).challenger is None
    seen.open("/runs")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare the two").click()
    assert "differ, marked" in page.locator("main").inner_text()


def test_promote_and_roll_back_with_real_workers(
    world: World, tab: Callable[..., Seen], start: Start
) -> None:
    import httpx

    said = json.loads(start("serve", "toy", "--workers", "2", "--json"))
    url = said["url"]
    row = {"a": 0.5, "b": -0.5, "site": "north"}
    assert httpx.post(url + "/predict", json=row).json()["version"] in ("v1", "v2")  # v2 answers a share
    seen = tab()
    page = seen.page
    seen.open("/")
    assert "2 workers" in page.locator("main").inner_text()
    page.get_by_role("link", name="toy", exact=True).click()
    page.get_by_role("link", name="Promote v2").first.click()
    page.get_by_role("button", name="Promote v2").click()
    assert "All 2 workers have taken it." in page.locator("main").inner_text()
    assert {httpx.post(url + "/predict", json=row).json()["version"] for _ in range(20)} == {"v2"}
    page.get_by_role("link", name="Back to toy").click()
    page.get_by_role("link", name="Roll back to v1").click()
    page.get_by_role("button", name="Roll back to v1").click()
    assert "All 2 workers have taken it." in page.locator("main").inner_text()
    assert {httpx.post(url + "/predict", json=row).json()["version"] for _ in range(20)} == {"v1"}
    assert seen.errors == []


def test_the_page_renews_itself_and_can_be_told_not_to(world: World, tab: Callable[..., Seen]) -> None:
    seen = tab()
    page = seen.page
    seen.open("/live/toy")
    page.locator("#numbers-latency summary").click()
    deployment.challenge(world.toy, None, "meanwhile")
    page.locator("#history", has_text="meanwhile").wait_for(timeout=120_000)
    assert page.get_by_role("link", name="End the canary").count() == 0
    assert page.locator("#numbers-latency").evaluate("e => e.open")  # what was opened stays open
    page.get_by_role("button", name="Stop renewing").click()
    page.reload()
    assert page.get_by_role("button", name="Renew every 5 s").count() == 1
    assert seen.errors == []


def test_a_report_can_sort_its_tables_and_nothing_else(world: World, tab: Callable[..., Seen]) -> None:
    seen = tab()
    report = every_page(world)[-1]
    seen.open(report)
    assert seen.page.evaluate("window.origin") == "null"  # an origin of its own
    assert seen.page.locator("th[aria-sort], th button").count() > 0
    assert seen.errors == []


def test_another_site_can_neither_frame_nor_post(world: World, tab: Callable[..., Seen]) -> None:
    seen = tab()
    page = seen.page
    form = (
        f'<iframe src="{seen.base}/live/toy"></iframe>'
        f'<form method="post" action="{seen.base}/live/toy/promote/v2"><input name="serial" value="2">'
        "<button>win</button></form>"
    )
    page.route("http://elsewhere.test/", lambda r: r.fulfill(body=form, content_type="text/html"))
    page.goto("http://elsewhere.test/")
    frame = page.frames[1]
    assert "toy" not in (frame.locator("body").inner_text() if "toy" in frame.url else "")
    page.get_by_role("button", name="win").click()
    page.wait_for_load_state()
    assert "came from another site" in page.locator("main").inner_text()
    assert deployment.read(world.toy).serial == 2


def test_the_token_is_asked_for_once(world: World, tab: Callable[..., Seen], start: Start) -> None:
    base = start("ui", "--token", "env:PAGES", PAGES=TOKEN)
    seen = tab(base)
    page = seen.page
    seen.open("/live/toy")
    assert page.url.endswith("/enter?to=%2Flive%2Ftoy")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Enter").click()
    assert "That is not the token." in page.get_by_role("alert").inner_text()
    seen.errors.clear()  # the browser notes the refused form
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Enter").click()
    page.wait_for_url("**/live/toy")
    assert page.get_by_role("heading", name="toy").count() == 1
    # A link on another site leads here without asking again: our own page asks with the strict cookie.
    link = f'<a href="{base}live/toy/versions/v1">go</a>'
    page.route("http://elsewhere.test/", lambda r: r.fulfill(body=link, content_type="text/html"))
    page.goto("http://elsewhere.test/")
    page.get_by_role("link", name="go").click()
    page.get_by_role("heading", name=re.compile("toy v1")).wait_for()
    page.get_by_role("button", name="Leave").click()
    seen.open("/")
    assert "/enter" in page.url
    assert seen.errors == []


def test_the_folders_are_those_of_the_command(tmp_path: Path, tab: Callable[..., Seen], start: Start) -> None:
    seen = tab(start("ui", "--live", str(tmp_path / "a"), "--runs", str(tmp_path / "b")))
    seen.open("/")
    assert "No model is live yet." in seen.page.locator("main").inner_text()
