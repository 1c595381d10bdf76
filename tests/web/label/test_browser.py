"""The labelling pages in a real browser, over the real command: keys, touch, two people at once."""

from __future__ import annotations

import json
import re
import select
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelwright.labels import review
from modelwright.labels.begin import begin
from modelwright.labels.exchange.everything import Single, singles
from modelwright.labels.exchange.incoming import Incoming, Read, take
from modelwright.labels.project import Asked, asked, joined
from modelwright.labels.store import Store

pytestmark = pytest.mark.slow  # a browser and a server are started

GUIDE = "# How\nA **club** is no ham.\n"
WIDE = "document.documentElement.scrollWidth"


UNNAMED = """
[...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")]
  .filter(e => !(e.textContent.trim() || e.getAttribute("aria-label") || (e.labels && e.labels.length)))
  .filter(e => !e.hidden).map(e => e.outerHTML)
"""
CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = s => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = s; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const part = x => { x /= 255; return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; };
  const light = c => .2126 * part(c[0]) + .7152 * part(c[1]) + .0722 * part(c[2]);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c[3] > 250) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of document.querySelectorAll("main *, header *, footer *")) {
    if (e.closest("svg, mark, script") || !e.offsetParent) continue;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push(e.textContent.trim().slice(0, 30) + " " + ratio.toFixed(2));
  }
  return bad;
}
"""


@dataclass
class Running:
    """The command in a folder of its own."""

    folder: Path
    base: str
    process: subprocess.Popen[str]
    tokens: dict[str, str]

    def store(self, name: str = "t.labels") -> Store:
        return Store.at(self.folder / name)

    def said(self, name: str = "t.labels") -> list[Single]:
        store = self.store(name)
        try:
            return list(singles(store))
        finally:
            store.close()


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """``start("t.csv", "--classes", "a,b")``: the command, listening."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> Running:
        command = [sys.executable, "-P", "-m", "modelwright", "label", *arguments, "--port", "0"]
        with (tmp_path / "stderr").open("w") as errors:
            process = subprocess.Popen(
                command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        running.append(process)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 120.0)
        assert ready, "it does not start"
        base = process.stdout.readline().strip()
        assert base, (tmp_path / "stderr").read_text()
        for _ in range(100):
            text = (tmp_path / "stderr").read_text()
            if "stop with Ctrl-C" in text:
                break
            threading.Event().wait(0.05)
        tokens = dict(re.findall(r"^(\w+): enter at \S+ with (\S+)$", text, re.MULTILINE))
        return Running(tmp_path, base.rstrip("/"), process, tokens)

    yield run
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        process.communicate(timeout=60)


@dataclass
class Seen:
    page: Any
    base: str
    errors: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        """Keys, each once the page has taken the one before."""
        for key in keys:
            ticket = self.page.locator("input[name=ticket]").first.get_attribute("value")
            self.page.keyboard.press(key)
            if key in "123456789us" or key == "Enter":
                self.page.wait_for_function(
                    "t => (document.querySelector('input[name=ticket]') || {value: ''}).value !== t",
                    arg=ticket,
                )


@pytest.fixture
def tab(chromium: Any) -> Iterator[Callable[..., Seen]]:
    contexts = []

    def make(running: Running, name: str = "", **more: Any) -> Seen:
        context = chromium.new_context(**more)
        context.set_default_timeout(120_000)
        contexts.append(context)
        seen = Seen(context.new_page(), running.base)
        seen.page.on(
            "console", lambda m: seen.errors.append(m.text) if m.type in ("error", "warning") else None
        )
        seen.page.on("pageerror", lambda e: seen.errors.append(str(e)))
        seen.page.goto(running.base)
        if name:
            seen.page.get_by_label("Name").fill(name)
            seen.page.get_by_label("Token or password").fill(running.tokens[name])
            seen.page.get_by_role("button", name="Enter").click()
            seen.page.wait_for_selector("#work")
        return seen

    yield make
    for context in contexts:
        context.close()


def png(wide: int, high: int) -> bytes:
    """An image of one colour."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    lines = zlib.compress((b"\0" + b"\x20\x80\x80" * wide) * high)
    head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", lines) + part(b"IEND", b"")


def table(folder: Path, rows: int = 12) -> None:
    lines = "".join(f"{i},this is the text of the item number {i}\n" for i in range(rows))
    (folder / "t.csv").write_text(f"id,words\n{lines}", encoding="utf-8")
    (folder / "guide.md").write_text(GUIDE, encoding="utf-8")


def test_two_people_at_once(tmp_path: Path, start: Start, tab: Callable[..., Seen]) -> None:
    table(tmp_path)
    running = start(
        "t.csv", "--classes", "spam,ham", "--overlap", "2", "--annotator", "ada", "--annotator", "ben",
        "--reviewer", "rev", "--guidelines", "guide.md",
    )  # fmt: skip
    ada, ben = tab(running, "ada"), tab(running, "ben")
    for turn in range(12):  # turn by turn: each has an item of theirs before them all the time
        assert ada.page.locator("#text").count() == ben.page.locator("#text").count() == 1
        ada.press("1")
        ben.press("2" if turn % 4 == 0 else "1")
    assert "Nothing is left for you" in ada.page.locator("main").inner_text()  # ben had one before him
    assert "Everything is labelled" in ben.page.locator("main").inner_text()
    assert ada.errors == ben.errors == []
    said = running.said()
    assert sorted((s.person, s.item) for s in said) == sorted(
        (p, i) for p in ("ada", "ben") for i in range(1, 13)
    )
    assert {s.how for s in said} == {"keys"}
    assert all(s.seconds is not None and 0 < s.seconds < 60 for s in said)
    rev = tab(running, "rev")
    rev.page.get_by_role("link", name=re.compile("Review")).click()
    assert rev.page.locator("tbody tr").count() == 3
    rev.page.locator("tbody a").first.click()
    for _ in range(3):
        address = rev.page.url
        rev.page.keyboard.press("2")
        rev.page.wait_for_function("u => location.href !== u", arg=address)
    assert "That was the last one" in rev.page.locator("main").inner_text() or (
        "Nobody differs" in rev.page.locator("main").inner_text()
    )
    store = running.store()
    assert review.counted(store)["settled"] == 3
    store.close()
    assert rev.errors == []


def test_keys_undo_skip_and_note(tmp_path: Path, start: Start, tab: Callable[..., Seen]) -> None:
    table(tmp_path, 5)
    running = start("t.csv", "--classes", "spam,ham", "--order", "given", "--guidelines", "guide.md")
    seen = tab(running)
    page = seen.page
    assert "A club is no ham." in page.locator(".guide").inner_text()
    page.keyboard.press("n")
    page.keyboard.type("is it 1 or 2? us")  # keys mean letters while a note is written
    page.keyboard.press("Enter")
    seen.press("1")
    assert "item number 1" in page.locator("#text").inner_text()
    seen.press("u")
    assert "item number 0" in page.locator("#text").inner_text()
    assert page.locator(".choice.chosen").inner_text().split() == ["1", "spam"]
    seen.press("2", "s")
    assert "item number 2" in page.locator("#text").inner_text()
    page.keyboard.press("?")
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    assert not page.locator(".prose").is_visible()
    assert [(s.answer, s.note) for s in running.said()] == [("ham", "is it 1 or 2? us"), (None, "")]
    assert seen.errors == []


def test_the_server_goes_and_comes_back(tmp_path: Path, start: Start, tab: Callable[..., Seen]) -> None:
    table(tmp_path, 5)
    running = start("t.csv", "--classes", "spam,ham", "--order", "given", "--as", "ada")
    seen = tab(running)
    running.process.kill()
    running.process.wait(120)
    seen.page.keyboard.press("1")
    seen.page.locator("#trouble", has_text="cannot be reached").wait_for()
    port = running.base.rpartition(":")[2]
    again = subprocess.Popen(
        [sys.executable, "-P", "-m", "modelwright", "label", "t.labels", "--port", port, "--as", "ada"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        seen.page.locator("#text", has_text="item number 1").wait_for()
    finally:
        again.terminate()
        again.wait(120)
    assert [(s.item, s.answer) for s in running.said()] == [(1, "spam")]


def test_spans_by_keys_and_by_mouse(tmp_path: Path, start: Start, tab: Callable[..., Seen]) -> None:
    text = "Ada 🦊 met Ben\r\nin Café Zürich today"
    (tmp_path / "t.jsonl").write_text(json.dumps({"words": text}) + "\n", encoding="utf-8")
    running = start("t.jsonl", "--task", "spans", "--classes", "person,place", "--content", "words")
    seen = tab(running)
    page = seen.page
    page.keyboard.press("ArrowRight")
    page.keyboard.press("1")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("1")
    assert page.locator(".chip").all_inner_texts()[1].startswith("Ben")
    page.get_by_role("button", name="2 place").click()
    end = page.locator("#text").evaluate(
        """e => { const w = document.createTreeWalker(e, NodeFilter.SHOW_TEXT); let n;
        while ((n = w.nextNode())) { const i = n.data.indexOf("Zürich"); if (i >= 0) {
        const r = document.createRange(); r.setStart(n, i); r.setEnd(n, i + 6);
        const b = r.getBoundingClientRect(); return [b.left, b.right, (b.top + b.bottom) / 2]; } } }"""
    )
    page.mouse.move(end[0] + 1, end[2])
    page.mouse.down()
    page.mouse.move(end[1] - 1, end[2], steps=5)
    page.mouse.up()
    page.locator("mark[data-tag=place]").wait_for()
    seen.press("Enter")
    (one,) = running.said()
    marked = [(text[s["start"] : s["end"]], s["label"]) for s in one.answer]
    assert marked == [("Ada", "person"), ("Ben", "person"), ("Zürich", "place")]
    assert seen.errors == []


def test_boxes_by_mouse_and_by_keys(tmp_path: Path, start: Start, tab: Callable[..., Seen]) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.png").write_bytes(png(400, 200))
    running = start("p", "--task", "boxes", "--classes", "cat,dog")
    seen = tab(running)
    page = seen.page
    page.locator("svg.boxes").wait_for()
    page.wait_for_function("document.querySelector('svg.boxes').getBoundingClientRect().width > 300")
    place = page.locator("svg.boxes").bounding_box()
    scale = place["width"] / 400

    def at(x: float, y: float) -> tuple[float, float]:
        return place["x"] + x * scale, place["y"] + y * scale

    page.mouse.move(*at(40, 20))
    page.mouse.down()
    page.mouse.move(*at(140, 120), steps=6)
    page.mouse.up()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.keyboard.press("+")
    seen.press("Enter")
    (one,) = running.said("p.labels")
    first, second = one.answer
    assert [first["label"], second["label"]] == ["cat", "dog"]
    for side, wanted in (("x", 40), ("y", 20), ("width", 100), ("height", 100)):
        assert first[side] == pytest.approx(wanted, abs=1.5)
    assert (second["x"], second["width"]) == (150, 100)
    assert seen.errors == []


@pytest.mark.parametrize("task", ["classes", "multiple", "rating", "spans"])
def test_a_phone(tmp_path: Path, start: Start, tab: Callable[..., Seen], task: str) -> None:
    table(tmp_path, 3)
    wish = ["--rating", "1-7"] if task == "rating" else ["--classes", "spam,ham", "--task", task]
    running = start("t.csv", *wish, "--guidelines", "guide.md", "--content", "words", "--order", "given")
    seen = tab(running, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page = seen.page
    for path in ("/", "/mine", "/review", "/progress", "/agreement"):
        page.goto(running.base + path)
        assert page.evaluate(WIDE) <= 360, path
    page.goto(running.base)
    small = """[...document.querySelectorAll(".choice, .tools button:not(.plain)")]
      .filter(e => e.offsetParent).map(e => e.getBoundingClientRect())
      .filter(r => r.height < 40 || r.width < 34 || r.bottom > innerHeight + 1 || r.right > innerWidth + 1)
      .length"""
    assert page.evaluate(small) == 0  # every button is on the screen, and large enough for a thumb
    assert not page.locator("kbd").first.is_visible()
    page.locator(".choice").nth(1).tap()
    if task in ("multiple", "spans"):
        page.get_by_role("button", name="Save").tap()
    page.locator("#text", has_text="item number 1").wait_for()
    (one,) = running.said()
    assert one.answer == {"classes": "ham", "multiple": ["ham"], "rating": 2, "spans": []}[task]
    assert one.how == "touch"
    assert seen.errors == []


def test_everything_but_marking_works_without_a_script(
    tmp_path: Path, start: Start, tab: Callable[..., Seen]
) -> None:
    table(tmp_path, 3)
    running = start("t.csv", "--classes", "spam,ham", "--order", "given")
    seen = tab(running, java_script_enabled=False)
    seen.page.get_by_role("button", name="ham").click()
    assert "item number 1" in seen.page.locator("#text").inner_text()
    seen.page.get_by_role("button", name="Undo").click()
    assert "item number 0" in seen.page.locator("#text").inner_text()
    assert [s.how for s in running.said()] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_and_every_control_has_a_name(
    tmp_path: Path, start: Start, tab: Callable[..., Seen], scheme: str
) -> None:
    """Contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""
    table(tmp_path, 8)
    wish = asked({"classes": ["spam", "ham"], "overlap": 2, "order": "given"}, tmp_path, "the test")
    begun = begin(joined(wish, Asked({}, str(tmp_path / "t.csv"))), str(tmp_path / "t.labels"))
    said = [Incoming(i.key, who, "ham" if who == "ben" and n % 2 else "spam") for n, i in enumerate(
        look_at(begun.store)) if n < 6 for who in ("ada", "ben")]  # fmt: skip
    take(begun.store, Read(tuple(said)))
    begun.store.close()
    running = start("t.labels", "--as", "rev", "--guidelines", "guide.md")
    seen = tab(running, color_scheme=scheme, reduced_motion="reduce")
    seen.page.keyboard.press("1")
    seen.page.locator("#text", has_text="item number 7").wait_for()
    for path in (
        "/",
        "/mine",
        "/item/7",
        "/review",
        "/review/2",
        "/review?which=all",
        "/progress",
        "/agreement",
    ):
        for width, height in ((360, 740), (1280, 900)):
            seen.page.set_viewport_size({"width": width, "height": height})
            seen.page.goto(running.base + path)
            seen.page.get_by_text("It is being counted").wait_for(state="detached")
            assert seen.page.evaluate(WIDE) <= width, path
            assert seen.page.evaluate(UNNAMED) == [], path
            assert seen.page.evaluate(CONTRAST) == [], path
            assert seen.page.locator("main").count() == seen.page.locator("h1").count() == 1, path
    assert seen.errors == []


def look_at(store: Store) -> list[review.Case]:
    return review.cases(store, list(range(1, 9)))
