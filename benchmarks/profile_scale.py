"""Large tables read, cleaned and profiled: seconds and memory, beside ydata-profiling's minimal report.

    python benchmarks/profile_scale.py [--rows 5000000] [--repeats 3] [--peer /path/to/python] [--work FOLDER]

The table is made by a fixed seed: 20 columns of what tables hold (counts, measurements, categories of few
and of many values, dates, times, short texts, yes and no), with missing cells and some dirt. Ours runs
through the public command `modelwright data profile`, the peer through `ProfileReport(frame, minimal=True)`
of a file that `pandas.read_csv` reads, both to a page on disk. Runs alternate; wall time is that of the whole
process, memory the largest proportional set size of its tree. ``--peer`` is a Python in whose environment
ydata-profiling is installed; without it only ours is measured. Results go to
``benchmarks/results/profile_scale.json``, by rows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tabular import measure

HERE = Path(__file__).resolve().parent
AT_ONCE = 250_000
"""Rows that are made at once."""
WORDS = (
    "late early parcel broken box returned by customer driver could not find door left with neighbour "
    "new address given wrong size colour as ordered paid twice refund asked nobody home signed at desk "
    "fragile item"
).split()
PEER = """
import sys, pandas
from ydata_profiling import ProfileReport
frame = pandas.read_csv(sys.argv[1])
ProfileReport(frame, minimal=True, progress_bar=False).to_file(sys.argv[2])
"""


def part(start: int, rows: int) -> pl.DataFrame:
    """Some rows, as text; the same ones for the same ``start``."""
    rng = np.random.default_rng([7, start])
    days = np.datetime64("2019-01-01") + rng.integers(0, 1800, rows)
    times = np.datetime64("2019-01-01T00:00:00", "ms") + 1000 * rng.integers(0, 1800 * 86_400, rows)
    weight = rng.lognormal(1.0, 0.8, rows)
    words = np.array(WORDS)
    picked = rng.integers(0, len(words), (rows, 6))
    text = pl.DataFrame({f"w{k}": words[picked[:, k]] for k in range(6)}).select(
        pl.concat_str(pl.all(), separator=" ")
    )
    score = 0.8 * np.log(weight) + rng.normal(size=rows)
    frame = pl.DataFrame(
        {
            "order_number": np.arange(start, start + rows),
            "age": rng.integers(18, 95, rows),
            "items": rng.poisson(3.0, rows),
            "stock": rng.integers(0, 1_000_000, rows),
            "weight": weight.round(3),
            "price": (rng.lognormal(3.0, 1.0, rows)).round(2),
            "temperature": rng.normal(12.0, 8.0, rows).round(1),
            "load": rng.normal(size=rows),
            "distance": rng.gamma(2.0, 30.0, rows),
            "region": rng.choice(["north", "south", "east", "west"], rows),
            "channel": rng.choice(["web", "shop", "phone"], rows, p=[0.7, 0.2, 0.1]),
            "country": rng.choice([f"country {k}" for k in range(60)], rows),
            "product": pl.Series("p", rng.zipf(1.3, rows) % 5_000).cast(pl.String).str.pad_start(5, "P"),
            "customer": pl.Series("c", rng.integers(0, 200_000, rows)).cast(pl.String).str.pad_start(8, "C"),
            "ordered_on": days,
            "paid_at": times,
            "express": rng.choice(["yes", "no"], rows),
            "member": rng.choice(["true", "false"], rows),
            "remark": text.to_series(),
            "returned": np.where(score > 1.2, "returned", "kept"),
        }
    ).with_columns(pl.col("paid_at").dt.strftime("%Y-%m-%d %H:%M:%S"))
    frame = frame.with_columns(pl.all().cast(pl.String))
    dirt: dict[str, list[tuple[float, str]]] = {
        "age": [(0.02, ""), (0.0005, "n/a")],
        "weight": [(0.03, ""), (0.0005, "-")],
        "price": [(0.01, "")],
        "temperature": [(0.05, "NA")],
        "region": [(0.01, "North"), (0.02, "")],
        "country": [(0.01, "Country 1 "), (0.01, "unknown")],
        "ordered_on": [(0.02, "")],
        "express": [(0.03, "")],
        "remark": [(0.4, "")],
    }
    changed = []
    for name, ways in dirt.items():
        dice, column, done = pl.Series(rng.random(rows)), pl.col(name), 0.0
        for share, written in ways:
            column = pl.when((dice >= done) & (dice < done + share)).then(pl.lit(written)).otherwise(column)
            done += share
        changed.append(column.alias(name))
    return frame.with_columns(changed)


def make(path: Path, rows: int, columns: list[str] | None = None) -> None:
    """Write the table, some rows at a time."""
    with path.open("wb") as file:
        for start in range(0, rows, AT_ONCE):
            made = part(start, min(AT_ONCE, rows - start))
            made = made if columns is None else made.select(columns)
            # A missing cell is written as nothing, and not as a pair of quotes.
            made = made.with_columns(pl.when(pl.all() != "").then(pl.all()))
            made.write_csv(file, include_header=start == 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--only", choices=("ours", "peer"))
    parser.add_argument("--columns", help="names of the columns to keep, with commas")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds after which a run is ended")
    parser.add_argument("--work", type=Path, help="a folder for the table, which is kept there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        work = asked.work or Path(made)
        work.mkdir(parents=True, exist_ok=True)
        few = asked.columns.split(",") if asked.columns else None
        name = f"{asked.rows}" if few is None else f"{asked.rows}x{len(few)}"
        table = work / f"table-{name}.csv"
        if not table.exists():
            make(table, asked.rows, few)
        (work / "peer.py").write_text(PEER, encoding="utf-8")
        python = Path(sys.executable)
        commands: dict[str, list[str | Path]] = {
            "ours": [
                "env", f"PYTHONPATH={HERE.parent / 'src'}",  # this very code, and not an installed one
                python, "-m", "modelwright", "data", "profile", table, "--page", work / "ours.html", "--json",
            ],
        }  # fmt: skip
        if asked.peer is not None:
            commands["peer"] = [asked.peer, work / "peer.py", table, work / "peer.html"]
        if asked.only:
            commands = {asked.only: commands[asked.only]}
        rows: dict[str, list[dict[str, Any]]] = {who: [] for who in commands}
        for _ in range(asked.repeats):
            for who, command in commands.items():
                log = work / f"{who}.log"
                log.unlink(missing_ok=True)
                found = measure.run(command, cores=os.cpu_count() or 1, limit=asked.limit, log=log)
                line = {
                    "code": found.code,
                    "seconds": round(found.wall, 1),
                    "processor_seconds": round(found.cpu, 1),
                    "peak_mb": round(found.peak),
                    "cores_of_others": round(found.outside, 2),
                }
                rows[who].append(line)
                print(who, line, flush=True)
                if found.code:
                    print(log.read_text(encoding="utf-8", errors="replace")[-2000:])
        keep(name, asked.rows, table.stat().st_size, rows, asked.peer)
    return 0


def keep(name: str, rows: int, size: int, found: dict[str, list[dict[str, Any]]], peer: Path | None) -> None:
    """Set what was measured beside what was measured of other sizes."""
    path = HERE / "results" / "profile_scale.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    one = known.get(name, {})
    one |= {"rows": rows, "bytes": size, "machine": machine(), "versions": versions(peer)} | found
    middle = {who: middle_of(runs) for who, runs in one.items() if who in ("ours", "peer")}
    one["median_seconds"] = middle
    if middle.get("ours") and middle.get("peer"):
        one["times_faster"] = round(middle["peer"] / middle["ours"], 2)
    known[name] = one
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({"median_seconds": middle, "times_faster": one.get("times_faster")}))


def middle_of(runs: list[dict[str, Any]]) -> float | None:
    good = [run["seconds"] for run in runs if not run["code"]]
    return round(statistics.median(good), 1) if good else None


def machine() -> dict[str, Any]:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cores": os.cpu_count(), "memory_gb": round(pages / 1024**3, 1), "system": platform.system()}


def versions(peer: Path | None) -> dict[str, str]:
    from importlib.metadata import version

    found = {"python": platform.python_version(), "polars": version("polars"), "numpy": version("numpy")}
    if peer is not None:
        ask = (
            "from importlib.metadata import version as v; import json; "
            "print(json.dumps({n: v(n) for n in ('ydata-profiling', 'pandas')}))"
        )
        found |= json.loads(subprocess.run([peer, "-c", ask], capture_output=True, check=True).stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
