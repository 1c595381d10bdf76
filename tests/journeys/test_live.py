"""The whole loop through the command line and HTTP: serve, traffic, shift, alarm, feedback, retrain, promote,
roll back."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

Call = Callable[..., subprocess.CompletedProcess[str]]
Row = dict[str, Any]

# A training run, a server and a retraining: well over two seconds, under two minutes.
pytestmark = pytest.mark.slow

GOAL = """
name: shop
data: {source: rows.csv, target: buys, positive: "yes"}
success: [accuracy >= 0.7]
search: {trials: 1, families: [lightgbm]}
monitor: {every: 1s, alarm_rate: 0.01}
"""


def world(n: int, seed: int, *, moved: bool = False) -> list[Row]:
    """Customers. In the world that has moved they are older, and old ones buy what young ones do not."""
    rng = np.random.default_rng(seed)
    age = rng.normal(70 if moved else 38, 6, n)
    income = rng.normal(30, 6, n)
    town = rng.choice(["north", "south"], n)
    pull = np.where(age > 60, 30 - income, income - 30) / 3 + (town == "south") + rng.normal(0, 0.7, n)
    return [
        {
            "age": round(float(a), 1),
            "income": round(float(i), 2),
            "town": str(t),
            "buys": "yes" if p > 0.5 else "no",
        }
        for a, i, t, p in zip(age, income, town, pull, strict=True)
    ]


def inputs(rows: list[Row]) -> list[Row]:
    return [{k: v for k, v in row.items() if k != "buys"} for row in rows]


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[httpx.Client]:
    command = [sys.executable, "-m", "modelwright", "serve", "shop", "--port", "0", "--json", *options]
    with (folder / "serve.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
    with server:
        assert server.stdout is not None
        try:
            first = server.stdout.readline()
            assert first, (folder / "serve.log").read_text()
            with httpx.Client(base_url=json.loads(first)["url"], timeout=120) as client:
                yield client
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(120) == 0


@contextmanager
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook's receiver: what it heard, in order."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the library's name)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/alarms", heard
    finally:
        server.shutdown()
        server.server_close()


def ask(client: httpx.Client, rows: list[Row]) -> list[dict[str, Any]]:
    """Predictions of rows, a hundred at a time."""
    made: list[dict[str, Any]] = []
    for at in range(0, len(rows), 100):
        answer = client.post("/predict", json={"rows": inputs(rows[at : at + 100])})
        assert answer.status_code == 200, answer.text
        made += answer.json()["predictions"]
    return made


def tell(client: httpx.Client, made: list[dict[str, Any]], rows: list[Row]) -> None:
    told = [{"id": one["id"], "outcome": row["buys"]} for one, row in zip(made, rows, strict=True)]
    answer = client.post("/feedback", json={"feedback": told})
    assert answer.status_code == 202, answer.text


def accuracy(made: list[dict[str, Any]], rows: list[Row]) -> float:
    return float(np.mean([one["prediction"] == row["buys"] for one, row in zip(made, rows, strict=True)]))


def until(what: Callable[[], Any], seconds: float = 200.0) -> Any:
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.1)


def monitored(mw: Call) -> dict[str, Any]:
    done = mw("monitor", "shop", "--once", "--json")
    assert done.returncode in (0, 3), done.stderr
    return dict(json.loads(done.stdout))


def opened(mw: Call) -> list[str]:
    return [c["code"] for c in monitored(mw)["conditions"] if c["state"] == "open"]


def test_a_model_is_served_watched_retrained_and_rolled_back(mw: Call, tmp_path: Path) -> None:
    rows = world(1600, 0)
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (tmp_path / "shop.yaml").write_text(GOAL)
    done = mw("run", "shop.yaml", "--json", "--quiet")
    assert done.returncode == 0, done.stderr

    with receiver() as (webhook, heard), serving(tmp_path, "--webhook", webhook) as client:
        # The world as it was: good predictions, and nobody is alarmed.
        calm = world(600, 1)
        made = ask(client, calm)
        tell(client, made, calm)
        assert accuracy(made, calm) > 0.75
        until(lambda: monitored(mw)["rows"] == 600)
        assert opened(mw) == []
        assert heard == []

        # The world moves. The drift is seen before any outcome is known.
        late = world(1500, 2, moved=True)
        made = ask(client, late)
        before = accuracy(made, late)
        assert before < 0.6
        drift = until(lambda: [h for h in heard if str(h.get("code", "")).startswith("drift")])
        assert any("age" in json.dumps(one) for one in drift)

        # With the outcomes, the accuracy is seen to have fallen.
        tell(client, made, late)
        until(lambda: "accuracy.fallen" in opened(mw))

        # Learn: the challenger is better on rows that neither has seen, and takes over with no request lost.
        done = mw("retrain", "shop", "--json", "--quiet")
        assert done.returncode == 0, done.stderr
        decision = json.loads(done.stdout)
        assert decision["action"] == "promote"
        now = world(400, 3, moved=True)
        until(lambda: client.get("/models/shop").json()["version"] == "v2")
        after = ask(client, now)
        assert {one["version"] for one in after} == {"v2"} if "version" in after[0] else True
        assert accuracy(after, now) > before + 0.15
        assert accuracy(ask(client, calm), calm) > 0.7  # what it knew of the old world it still knows

        # Back again, and all workers follow before the command ends.
        done = mw("rollback", "shop", "--json")
        assert done.returncode == 0, done.stderr
        assert client.get("/models/shop").json()["version"] == "v1"

    # Where every version comes from can be read from its bundle.
    of = [
        json.loads((tmp_path / "live/shop/versions" / v / "bundle/model.json").read_text())
        for v in ("v1", "v2")
    ]
    assert of[0]["lineage"]["data"] != of[1]["lineage"]["data"]
    assert of[1]["lineage"]["parent"]
    history = (tmp_path / "live/shop/history.jsonl").read_text().splitlines()
    assert [json.loads(line)["champion"] for line in history] == ["v1", "v2", "v1"]


def test_a_goal_asks_for_packages(mw: Call, penguins: Path, tmp_path: Path) -> None:
    penguins.write_text(
        penguins.read_text() + "release: {targets: [docker, edge, monitoring, github]}\nbudget: 40s\n"
    )
    done = mw("run", "goal.yaml", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    run = tmp_path / json.loads(done.stdout)["run"]
    assert sorted(p.name for p in (run / "packages").iterdir() if p.is_dir()) == [
        "docker", "edge", "github", "monitoring",
    ]  # fmt: skip
    assert "release.not-packaged" not in (run / "evidence.jsonl").read_text()
