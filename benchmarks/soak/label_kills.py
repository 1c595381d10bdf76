"""Kill the labelling server again and again while people label; nothing acknowledged may be missing.

    .venv/bin/python benchmarks/soak/label_kills.py [--kills 100] [--people 4] [--seed 0] [--add]

Each person is a browser without scripts in a thread: it loads the page, sends an answer with the page's own
ticket, and writes the answer down once the server has acknowledged it. Where the server is gone it sends the
same form again, as the page does. The server is killed with ``kill -9`` at a drawn moment and started again.
In the end every acknowledged answer must be in the store, once, with the very answer that was sent.
Exit code 1 where this does not hold.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import RESULTS, load, save

from modelwright.labels.exchange.everything import singles
from modelwright.labels.store import Store

CLASSES = ("spam", "ham", "other")
NEEDED = 60.0
"""Seconds within which the server must be back."""


class Server:
    """``modelwright label`` on a fixed port."""

    def __init__(self, folder: Path, people: list[str]) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.base = f"http://127.0.0.1:{self.port}"
        self.tokens: dict[str, str] = {}
        self.start([part for name in people for part in ("--annotator", name)])

    def start(self, more: list[str] | None = None) -> None:
        what = ["t.csv", "--classes", ",".join(CLASSES), "--overlap", "2"] if more else ["t.labels"]
        with (self.folder / "stderr").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "modelwright", "label", *what, *(more or []),
                 "--port", str(self.port)],
                cwd=self.folder, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], NEEDED)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise SystemExit(f"the server does not start: {(self.folder / 'stderr').read_text()}")
        if more:
            until = time.monotonic() + NEEDED
            while 2 * len(self.tokens) < len(more) and time.monotonic() < until:
                time.sleep(0.05)
                text = (self.folder / "stderr").read_text()
                self.tokens = dict(re.findall(r"^(\w+): enter at \S+ with (\S+)$", text, re.MULTILINE))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Person(threading.Thread):
    """Labels until told to stop."""

    def __init__(self, server: Server, name: str, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.server, self.who, self.stop = server, name, stop
        self.rng = random.Random(seed)
        self.acknowledged: list[tuple[str, int, str]] = []
        self.away = 0
        self.done = False
        self.wrong = ""

    def run(self) -> None:
        try:
            with httpx.Client(base_url=self.server.base, timeout=10.0) as client:
                self._enter(client)
                while not self.stop.is_set() and not self.done:
                    self._one(client)
        except Exception as error:
            self.wrong = f"{type(error).__name__}: {error}"

    def _enter(self, client: httpx.Client) -> None:
        held = self._form(self._patiently(lambda: client.get("/enter")).text)
        token = self.server.tokens[self.who]
        self._patiently(lambda: client.post("/enter", data=held | {"name": self.who, "secret": token}))

    def _one(self, client: httpx.Client) -> None:
        page = self._patiently(lambda: client.get("/"))
        if 'id="answer"' not in page.text or 'data-task="none"' in page.text:
            self.done = page.status_code == 200
            return
        held = self._form(page.text)
        answer = self.rng.choice(CLASSES)
        sent = held | {"choice": answer, "how": "form", "seconds": "1"}
        said = self._patiently(lambda: client.post("/label", data=sent))
        if said.status_code == 303:
            self.acknowledged.append((self.who, int(held["item"]), answer))
        else:
            self.wrong = f"status {said.status_code}"
            self.done = True

    def _patiently(self, call: Any) -> httpx.Response:
        until = time.monotonic() + NEEDED
        while True:
            try:
                response: httpx.Response = call()
                return response
            except httpx.TransportError:
                self.away += 1
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    @staticmethod
    def _form(text: str) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))


def kills(number: int, people: int, seed: int, folder: Path, items: int = 100_000) -> dict[str, Any]:
    """What came of so many kills."""
    rows = "".join(f"{i},the words of the item that has the number {i}\n" for i in range(items))
    (folder / "t.csv").write_text(f"id,words\n{rows}", encoding="utf-8")
    names = [f"person{n}" for n in range(people)]
    rng = random.Random(seed)
    began = time.monotonic()
    server = Server(folder, names)
    stop = threading.Event()
    everybody = [Person(server, name, seed + n, stop) for n, name in enumerate(names)]
    for one in everybody:
        one.start()
    starts = []
    try:
        for turn in range(number):
            time.sleep(rng.uniform(0.05, 0.6))
            server.kill()
            fell = time.monotonic()
            server.start()
            starts.append(time.monotonic() - fell)
            if turn % 10 == 9:
                print(f"{turn + 1} kills, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        # On a machine that is busy it may take a while until the first is through again.
        until = time.monotonic() + NEEDED
        while time.monotonic() < until and not all(p.acknowledged or p.done or p.wrong for p in everybody):
            time.sleep(0.05)
        time.sleep(0.5)
        stop.set()
        for one in everybody:
            one.join(NEEDED)
    finally:
        server.kill()
    return {**judged(folder, everybody), "kills": number, "people": people, "items": items,
            "seed": seed, "seconds": round(time.monotonic() - began, 1),
            "slowest_start_s": round(max(starts, default=0.0), 2)}  # fmt: skip


def judged(folder: Path, everybody: list[Person]) -> dict[str, Any]:
    store = Store.at(folder / "t.labels")
    try:
        kept = [(s.person, s.item, s.answer) for s in singles(store)]
    finally:
        store.close()
    acknowledged = [one for person in everybody for one in person.acknowledged]
    missing = sorted(set(acknowledged) - set(kept))
    twice = len(kept) - len({(p, i) for p, i, _ in kept})
    return {
        "acknowledged": len(acknowledged),
        "kept": len(kept),
        "missing": len(missing),
        "twice": twice,
        "requests_cut_short": sum(p.away for p in everybody),
        "wrong": [p.wrong for p in everybody if p.wrong],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--add", action="store_true", help="keep earlier results beside these")
    options = parser.parse_args()
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        found = kills(options.kills, options.people, options.seed, Path(folder), options.items)
    print(found)
    rows = [found]
    path = RESULTS / "label_kills.json"
    if options.add and path.is_file():
        rows = [*json.loads(path.read_text(encoding="utf-8"))["results"], found]
    save("label_kills", rows, before)
    bad = found["missing"] or found["twice"] or found["wrong"] or not found["acknowledged"]
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
