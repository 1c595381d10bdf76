"""What every benchmark here shares: real tables, repeated timing, results with their machine beside them."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"
SHARED = ROOT.parent / "shared" / "data"
ADULT = SHARED / "tabular_binary" / "adult_census" / "adult-train.csv"
LIBRARIES = ("modelwright", "lightgbm", "numpy", "onnxruntime", "polars", "scikit-learn", "scipy", "typer")


@dataclass(frozen=True)
class Times:
    """Of some calls, in seconds: ``wall`` by the clock, ``cpu`` of all threads of the process (or child)."""

    wall: list[float]
    cpu: list[float]

    def to_json(self) -> dict[str, Any]:
        return {
            "wall_median": round(statistics.median(self.wall), 4),
            "wall_best": round(min(self.wall), 4),
            "cpu_median": round(statistics.median(self.cpu), 4),
            "calls": len(self.wall),
        }


def timed(call: Callable[[], object], times: int) -> Times:
    """Call some times; processor time counts threads and finished children."""
    wall, cpu = [], []
    for _ in range(times):
        began, used = time.perf_counter(), _used()
        call()
        wall.append(time.perf_counter() - began)
        cpu.append(_used() - used)
    return Times(wall, cpu)


def _used() -> float:
    """Processor seconds of this process and of the children that have ended."""
    return sum(os.times()[:4])


def load() -> float:
    """Processes that wanted a core in the last minute. Beyond the number of cores the clock says little."""
    return round(os.getloadavg()[0], 2)


def lines(journal: Path) -> list[dict[str, Any]]:
    """What a journal holds; a last line that was cut off by a kill is no line."""
    found = []
    for line in journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def once(journal: Path, key: dict[str, Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The line of a journal with this key; made, and written with the load, where there is none yet."""
    for line in lines(journal):
        if all(line.get(k) == v for k, v in key.items()):
            return line
    made = {**key, **make(), "load": load()}
    journal.parent.mkdir(exist_ok=True)
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(made) + "\n")
    return made


def save(name: str, results: Any, load_before: float) -> None:
    """Write ``results/<name>.json``: the results, and what they were measured on."""
    machine = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {library: version(library) for library in LIBRARIES},
        "load_before": load_before,
        "load_after": load(),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(
        json.dumps({"measured_on": machine, "results": results}, indent=1) + "\n", encoding="utf-8"
    )
    print(f"load {load_before} before, {machine['load_after']} after; written to {path.relative_to(ROOT)}")


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def show(rows: list[dict[str, Any]]) -> None:
    """Print rows with the same keys as a table."""
    heads = list(rows[0])
    cells = [heads, *[[_cell(row[head]) for head in heads] for row in rows]]
    widths = [max(len(line[j]) for line in cells) for j in range(len(heads))]
    for line in cells:
        first, *others = zip(line, widths, strict=True)
        print("  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
