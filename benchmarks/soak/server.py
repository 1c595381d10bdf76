"""A real ``modelwright serve`` of a real bundle, its processes, and a client that loads it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import common  # noqa: E402, F401  (for the programs here)

CLIENT = Path(__file__).with_name("client.py")
NAME = "soak"


def bundle(folder: Path) -> tuple[Path, Path, list[str]]:
    """A bundle (logistic regression on adult census, where it is here), its rows one a line, its classes."""
    from serve import table

    from modelwright.testing.bundles import make_run

    frame, target = table()
    made = make_run(folder / "run", frame, target).bundle
    rows = folder / "rows.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in frame.drop(target).head(1000).to_dicts()]
    rows.write_text("\n".join(lines) + "\n", encoding="utf-8")
    classes = json.loads((made / "model.json").read_text(encoding="utf-8"))["classes"]
    return made, rows, classes


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Server:
    """Started, killed and started again at one port, in one folder."""

    def __init__(self, bundle: Path, live: Path, workers: int, more: Sequence[str] = ()) -> None:
        self.bundle, self.live, self.workers, self.more = bundle, live, workers, list(more)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.errors = live.parent / "errors.txt"

    def start(self, patience: float = 60.0) -> float:
        """Seconds until it answers. Tried again while what is left of a killed one lets go."""
        began = time.monotonic()
        while time.monotonic() < began + patience:
            command = [
                sys.executable, "-P", "-m", "modelwright", "serve", str(self.bundle), "--name", NAME,
                "--port", str(self.port), "--live", str(self.live), "--workers", str(self.workers),
                "--json", *self.more,
            ]  # fmt: skip
            with self.errors.open("ab") as errors:
                self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
            assert self.process.stdout is not None
            ready, _, _ = select.select([self.process.stdout], [], [], patience)
            if ready and self.process.stdout.readline():
                return time.monotonic() - began
            self.end_process()
            time.sleep(0.1)
        raise SystemExit(f"the server does not start:\n{self.errors.read_text(encoding='utf-8')[-2000:]}")

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def wait_whole(self, patience: float = 60.0) -> None:
        """Until it answers and has all of its processes."""
        until = time.monotonic() + patience
        while True:
            found = self.processes()
            if len(found["worker"]) >= self.workers and found["keeper"] and self.ready():
                return
            if time.monotonic() > until:
                raise SystemExit("the server does not become whole again")
            time.sleep(0.02)

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Those that are alive: ``supervisor``, ``worker``, ``keeper``."""
        assert self.process is not None
        found: dict[str, list[psutil.Process]] = {"supervisor": [], "worker": [], "keeper": []}
        try:
            parent = psutil.Process(self.process.pid)
            found["supervisor"].append(parent)
            for child in parent.children(recursive=True):
                words = " ".join(child.cmdline())
                for kind in ("worker", "keeper"):
                    if f"live.process.{kind}" in words:
                        found[kind].append(child)
        except psutil.NoSuchProcess:
            pass
        return found

    def kill(self, which: Sequence[psutil.Process]) -> None:
        for one in which:
            try:
                os.kill(one.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def stop(self) -> int:
        """With SIGTERM: it finishes what it has accepted, and moves its journal."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(60)
        self.end_process()
        return code

    def end_process(self) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


class Load:
    """The client's process."""

    def __init__(self, server: Server, rows: Path, out: Path, classes: list[str], **plan: Any) -> None:
        self.out = out
        said = {"host": "127.0.0.1", "port": server.port, "bodies": str(rows), "out": str(out)}
        more = {"rate": 0, "connections": 8, "many": 0.0, "feedback": 0.0, "outcomes": classes}
        words = [sys.executable, str(CLIENT), json.dumps({**said, **more, **plan})]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end(self) -> dict[str, Any]:
        said, _ = self.process.communicate(timeout=60)
        counts: dict[str, Any] = json.loads(said)
        return counts

    def acknowledged(self) -> dict[str, list[str]]:
        """Ids by letter (see ``client.py``)."""
        found: dict[str, list[str]] = {"p": [], "f": [], "u": []}
        with self.out.open(encoding="ascii") as lines:
            for line in lines:
                found[line[0]].append(line[2:].rstrip("\n"))
        return found


def note(line: str) -> None:
    """A line under the heading of these programs in ``benchmarks/LOG.md``."""
    path, heading = ROOT / "benchmarks" / "LOG.md", "## Kills and load of a running server\n"
    text = path.read_text(encoding="utf-8")
    if heading not in text:
        text = f"{text.rstrip()}\n\n{heading}\n"
    before, _, after = text.partition(heading)
    path.write_text(f"{before}{heading}\n- {line}\n{after.lstrip()}", encoding="utf-8")


def logged(live: Path) -> tuple[list[str], list[str], dict[str, Any]]:
    """Everything that is in the log once the journal has been moved: ids of predictions, ids that feedback
    names, and counts."""
    from modelwright.live import settings
    from modelwright.live.log.database import LogDatabase
    from modelwright.live.log.drain import drain
    from modelwright.live.log.journal import segments
    from modelwright.live.place import Place

    place = Place(live / NAME)
    database = LogDatabase(settings.database_url(place, settings.read(place)))
    while drain(place, database):
        pass
    if segments(place.journal):
        raise SystemExit("segments of the journal are left, though nobody writes them")
    ids: list[str] = []
    marked: list[str] = []
    after = 0
    while rows := database.predictions(after=after, limit=20_000):
        ids += [one.id for _, one in rows]
        after = rows[-1][0]
    after = 0
    while told := database.feedback(after=after, limit=20_000):
        marked += [one.prediction for _, one in told]
        after = told[-1][0]
    counts = database.counts()
    database.close()
    return ids, marked, counts
