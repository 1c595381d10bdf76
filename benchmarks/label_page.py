"""How long the pages of ``modelwright label`` take, over HTTP, with 100,000 items of which half are labelled.

    .venv/bin/python benchmarks/label_page.py

Allowed: 0.1 s a page. Two answers are asked for each item; four people have given 100,000 of the 200,000,
and differ in 5% of the items; 500 are test items. ``first`` is the first request of that page, ``again`` the
median of those that follow, ``slowest`` the slowest of these. ``label`` is the answer to an answer: the label
on the disk, and the next item; ``two at once`` the same while a second person labels too.
"""

from __future__ import annotations

import random
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
import uvicorn
from common import load, save, show

from modelwright.labels import people, tables
from modelwright.labels.items import Item
from modelwright.labels.store import Store
from modelwright.testing.labelled import classes
from modelwright.web.label.app import build_app
from modelwright.web.label.desk import Desk
from modelwright.web.site import Site

ITEMS = 100_000
GOLD = 500
TIMES = 40
ALLOWED = 0.1
TOKEN = "a-token-for-this-benchmark"
WORDS = "the of and to in a is that for it as was with be by on not he this are or his from at which".split()
NAMES = ("ada", "ben", "cy", "dee")


def main() -> None:
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        store = Store.at(Path(folder) / "t.labels", make=True)
        fill(store)
        rows = measure(store)
    show(rows)
    save("label_page", rows, before)
    sys.exit(any(row["again"] > ALLOWED for row in rows))


def fill(store: Store) -> None:
    draw = random.Random(0)
    project = classes("world", "sports", "business", "science", overlap=2, order="random", gold="g")
    store.set_project(project, None)
    store.add(
        (
            Item(
                f"k{n}", {"text": " ".join(draw.choices(WORDS, k=60)), "n": n}, "world" if n < GOLD else None
            )
            for n in range(ITEMS)
        ),
        project,
    )
    with store.writing() as connection:
        for name in NAMES:
            people.add(connection, name, reviewer=True, secret=people.kept(TOKEN, chosen=True))
    now = time.time_ns() // 1000
    acts: list[dict[str, Any]] = []
    assignments: list[dict[str, Any]] = []
    states: list[dict[str, Any]] = []
    for n in range(GOLD + 1, GOLD + 1 + ITEMS // 2):
        pair = draw.sample(range(1, 5), 2)
        first = draw.choice(project.names)
        second = first if draw.random() > 0.05 else draw.choice(project.names)
        for person, answer in zip(pair, (first, second), strict=True):
            acts.append(
                {"n": len(acts) + 1, "item": n, "person": person, "at": now, "act": "label",
                 "answer": f'"{answer}"', "note": None, "how": "keys", "seconds": draw.uniform(1, 9),
                 "since": now, "suggested": None, "project": 1, "ticket": f"t{len(acts)}"}
            )  # fmt: skip
            assignments.append(
                {"item": n, "person": person, "state": "done", "since": now, "until": now, "act": len(acts)}
            )
        states.append({"at_n": n, "at_state": "answered" if first == second else "disputed"})
    with store.writing() as connection:
        connection.execute(sa.insert(tables.acts), acts)
        connection.execute(sa.insert(tables.assignments), assignments)
        connection.execute(
            sa.update(tables.items)
            .where(tables.items.c.n == sa.bindparam("at_n"))
            .values(done=2, wanted=False, state=sa.bindparam("at_state")),
            states,
        )


def measure(store: Store) -> list[dict[str, Any]]:
    listening = socket.create_server(("127.0.0.1", 0))
    port = int(listening.getsockname()[1])
    desk = Desk(store, Site(Path(), Path(), port=port, key=store.key))
    server = uvicorn.Server(uvicorn.Config(build_app(desk), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{port}"
    try:
        with closing(entered(base, "ada")) as client, closing(entered(base, "ben")) as other:
            disputed = re.search(r"/review/(\d+)", client.get("/review").text)
            assert disputed
            pages = ["/", "/mine", "/review", f"/review/{disputed[1]}", "/progress", "/agreement"]
            rows = [row("label", [label(client) for _ in range(TIMES)])]
            stop = threading.Event()
            beside = threading.Thread(target=busy, args=(other, stop))
            beside.start()
            rows.append(row("label, two at once", [label(client) for _ in range(TIMES)]))
            stop.set()
            beside.join()
            rows += [
                row(page.replace(disputed[1], "N"), [get(client, page) for _ in range(TIMES)])
                for page in pages
            ]
            rows.append(row("undo", [label(client, "/undo") for _ in range(TIMES // 2)]))
    finally:
        server.should_exit = True
        thread.join(20)
    return rows


def entered(base: str, name: str) -> httpx.Client:
    client = httpx.Client(base_url=base, timeout=60.0)
    client.post("/enter", data=form(client.get("/enter").text) | {"name": name, "secret": TOKEN})
    return client


def form(text: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))


def label(client: httpx.Client, to: str = "/label") -> float:
    held = form(client.get("/").text)
    began = time.perf_counter()
    done = client.post(to, data=held | {"choice": "sports"}, headers={"x-modelwright-part": "1"})
    took = time.perf_counter() - began
    assert done.status_code == 200, done.text[:500]
    return took


def get(client: httpx.Client, page: str) -> float:
    began = time.perf_counter()
    assert client.get(page).status_code == 200
    return time.perf_counter() - began


def busy(client: httpx.Client, stop: threading.Event) -> None:
    while not stop.is_set():
        label(client)
        time.sleep(0.2)  # nobody is quicker


def row(name: str, took: list[float]) -> dict[str, Any]:
    return {
        "page": name, "first": round(took[0], 4), "again": round(statistics.median(took[1:]), 4),
        "slowest": round(max(took[1:]), 4), "allowed": ALLOWED,
    }  # fmt: skip


if __name__ == "__main__":
    main()
