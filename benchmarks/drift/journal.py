"""Results as they come, one JSON line each, so that a benchmark can be stopped and run in parts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "journal"


def read(name: str) -> dict[str, dict[str, Any]]:
    """By key, from all parts."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(FOLDER.glob(f"{name}*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            found[told["key"]] = told
    return found


def work(name: str, part: str, jobs: Iterable[tuple[str, Any]], do: Callable[[Any], dict[str, Any]]) -> None:
    """Do the jobs of this part (``K/M``) that are not done yet, and write each result down."""
    number, of = (int(n) for n in part.split("/"))
    FOLDER.mkdir(exist_ok=True)
    done = read(name)
    path = FOLDER / (f"{name}.jsonl" if of == 1 else f"{name}-{number}-of-{of}.jsonl")
    with path.open("a", encoding="utf-8") as out:
        for i, (key, job) in enumerate(jobs):
            if i % of != number - 1 or key in done:
                continue
            began = time.process_time()
            told = {"key": key, **do(job), "cpu": round(time.process_time() - began, 3)}
            out.write(json.dumps(told) + "\n")
            out.flush()
