"""How long the pages of ``modelwright ui`` take, over HTTP, with 100 runs and a log of 100,000 predictions.

    .venv/bin/python benchmarks/pages.py

Allowed: 0.1 s a page. ``first`` is the first request (two seconds after the start), ``again`` the median of
those that follow, ``growing`` the same while 50 predictions reach the log before each request. Everything is
made by the real parts: a run of the toy family, the journal's database, the monitor.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from common import load, save, show

from modelwright import report
from modelwright.live import settings
from modelwright.live.entries import Entry, Feedback, Prediction
from modelwright.live.log.database import LogDatabase
from modelwright.live.place import Place
from modelwright.live.watch.look import look
from modelwright.testing.answered import served

PREDICTIONS = 100_000
OUTCOMES = 0.3
"""Share of the predictions whose outcome comes back."""
RUNS = 100
TIMES = 25
ALLOWED = 0.1


def main() -> None:
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        place = served(Path(folder))
        database = LogDatabase(settings.database_url(place, settings.read(place)))
        fill(database, PREDICTIONS, 86_400)
        look(place, settings.read(place), database)
        (run,) = (p for p in (Path(folder) / "runs").iterdir() if (p / "state.json").is_file())
        report.write(run)
        for number in range(RUNS - 1):
            shutil.copytree(run, run.with_name(f"{run.name}-{number:02}"))
        rows = measure(Path(folder), place, database, run.name)
        database.close()
    show(rows)
    save("pages", rows, before)


def fill(database: LogDatabase, rows: int, seconds: float) -> None:
    """Predictions of the last so many seconds, evenly spread, some with their outcomes."""
    draw, now = random.Random(rows), time.time()
    batch: list[Entry] = []
    segment, upto = f"bench-{time.time_ns()}-1.jsonl", 0
    for i in range(rows):
        at = int((now - seconds * (1 - i / rows)) * 1e6)
        a, b, site = draw.gauss(0, 1), draw.gauss(0, 1), draw.choice(["north", "south"])
        said = "yes" if a > 0 else "no"
        inputs = {"a": round(a, 4), "b": round(b, 4), "site": site}
        took = int(draw.lognormvariate(6.5, 0.5))
        name = f"{at:x}-{i}"
        batch.append(
            Prediction(name, at, "v1", "champion", inputs, said, (0.2, 0.8), micros=took, request=name)
        )
        if draw.random() < OUTCOMES:
            batch.append(Feedback(name, at + 1, said if draw.random() < 0.85 else "no"))
        if len(batch) >= 5000 or i == rows - 1:
            upto += 1
            database.add(batch, segment=segment, upto=upto)
            batch = []


def measure(folder: Path, place: Place, database: LogDatabase, run: str) -> list[dict[str, object]]:
    command = [sys.executable, "-m", "modelwright", "ui", "--port", "0", "--quiet"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        base = process.stdout.readline().strip().rstrip("/")
        time.sleep(2.0)
        size = json.loads((folder / "runs" / run / "steps.json").read_text())
        assert len(size) == 30
        pages = {
            "live models": "/",
            "one model": "/live/toy",
            "one model, 30 days": "/live/toy?span=30+d",
            "a version": "/live/toy/versions/v1",
            f"{RUNS} runs": "/runs",
            "one run": f"/runs/{run}",
            "its report": f"/runs/{run}/report.html",
            "two runs compared": f"/compare?run={run}&run={run}-00",
        }
        rows: list[dict[str, object]] = []
        with httpx.Client(base_url=base, timeout=60.0) as client:
            for name, path in pages.items():
                first = once(client, path)
                again = [once(client, path) for _ in range(TIMES)]
                growing = []
                for _ in range(TIMES if path.startswith("/live/toy") or path == "/" else 0):
                    fill(database, 50, 1.0)
                    growing.append(once(client, path))
                    time.sleep(0.3)
                rows.append(
                    {
                        "page": name,
                        "first_s": round(first, 4),
                        "again_s": round(statistics.median(again), 4),
                        "growing_s": round(statistics.median(growing), 4) if growing else "-",
                        "growing_worst_s": round(max(growing), 4) if growing else "-",
                        "allowed_s": ALLOWED,
                    }
                )
        return rows
    finally:
        process.terminate()
        process.wait(30)


def once(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - began
    answer.raise_for_status()
    return took


if __name__ == "__main__":
    main()
