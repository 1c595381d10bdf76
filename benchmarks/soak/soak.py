"""Half an hour of load at half of what the server can do: flat memory, no error, nothing lost.

    .venv/bin/python benchmarks/soak/soak.py [--seconds 1800] [--rate R] [--workers 2] [--database URL]

First what the server can do (``--rate`` skips that): as many requests as 16 connections bring, for a
twentieth of the time. Then half of it, single rows with some of five and some feedback, while the memory of
every process is sampled.

Memory is each process's own (USS: what would be free without it), summed. Growth is the slope of a
least-squares line over what comes after the first fifth, with a 95% interval (Student's t) from means of
blocks: samples that follow each other are alike, means of long blocks hardly. It is flat where the whole
time, at the upper end of the interval, would add less than 5%.

Exit code 1 where memory is not flat, a request failed, or something acknowledged is missing.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from kills import judged
from server import Load, Server, bundle, common, note

BLOCKS = 20
FLAT = 0.05


def soak(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    made, rows, classes = bundle(folder)
    more = ["--database", options.database] if options.database else []
    server = Server(made, folder / "live", options.workers, more)
    server.start()
    clients: list[Load] = []
    try:
        capacity = None
        if not options.rate:
            clients.append(Load(server, rows, folder / "capacity.txt", classes, connections=16))
            time.sleep(max(5.0, options.seconds / 20))
            said = clients[0].end()
            capacity = sum(said["statuses"].values()) / said["seconds"]
            print(f"{capacity:.0f} requests a second at most", flush=True)
        rate = options.rate or capacity / 2
        clients.append(
            Load(
                server,
                rows,
                folder / "acknowledged.txt",
                classes,
                rate=rate,
                connections=16,
                many=0.02,
                feedback=0.1,
                seed=options.seed,
            )
        )
        samples = sampled(server, options.seconds, options.every)
        said = clients[-1].end()
        code = server.stop()
    finally:
        for client in clients:
            if client.process.poll() is None:
                client.process.kill()
                client.process.communicate()
        if server.process is not None and server.process.poll() is None:
            server.kill([one for some in server.processes().values() for one in some])
            server.end_process()
    log = judged(clients[-1], server, said)
    first = clients[0].acknowledged()["p"] if capacity else []  # of the first client, which are logged too
    log["logged_but_never_answered"] -= len(first)
    kinds = [kind for kind in samples[0] if kind != "seconds"]
    memory = {kind: growth([s["seconds"] for s in samples], [s[kind] for s in samples]) for kind in kinds}
    return {
        "seconds": options.seconds,
        "workers": options.workers,
        "database": "postgresql" if "postgres" in (options.database or "") else "sqlite",
        "capacity": None if capacity is None else round(capacity),
        "rate_asked": round(rate),
        "rate": round(sum(said["statuses"].values()) / said["seconds"], 1),
        "clean_stop": code == 0,
        "memory_mb": memory,
        "samples": len(samples),
        **log,
    }


def sampled(server: Server, seconds: float, every: float) -> list[dict[str, float]]:
    """Megabytes by kind of process, and of all of them, every so many seconds."""
    began, found = time.monotonic(), []
    shown = 0.0
    while (now := time.monotonic() - began) < seconds:
        sample = {"seconds": now}
        for kind, processes in server.processes().items():
            sample[kind] = sum(own(one) for one in processes) / 1e6
        sample["all"] = sum(value for kind, value in sample.items() if kind != "seconds")
        found.append(sample)
        if now - shown >= 60:
            shown = now
            print(f"{now:.0f} s: {sample['all']:.1f} MB", flush=True)
        time.sleep(max(0.0, min(every, seconds - now)))
    return found


def own(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().uss)
    except psutil.NoSuchProcess:
        return 0.0


def growth(seconds: list[float], values: list[float]) -> dict[str, Any]:
    """Slope of the values over time with its interval, and what it would add in all."""
    from scipy.stats import t as student

    x, y = np.asarray(seconds), np.asarray(values)
    later = x >= x[-1] / 5
    x, y = x[later], y[later]
    parts = np.array_split(np.arange(len(x)), min(BLOCKS, len(x)))
    bx, by = (np.array([v[part].mean() for part in parts]) for v in (x, y))
    slope, base = (float(v) for v in np.polyfit(bx, by, 1))
    spread = by - (slope * bx + base)
    n = len(bx)
    if n < 4:
        raise SystemExit("too few samples for a slope: --seconds is too short")
    error = math.sqrt(float(spread @ spread) / (n - 2) / float(((bx - bx.mean()) ** 2).sum()))
    margin = float(student.ppf(0.975, n - 2)) * error
    whole = seconds[-1]
    return {
        "mean": round(float(y.mean()), 2),
        "first": round(float(y[0]), 2),
        "last": round(float(y[-1]), 2),
        "slope_an_hour": round(slope * 3600, 3),
        "slope_low": round((slope - margin) * 3600, 3),
        "slope_high": round((slope + margin) * 3600, 3),
        "grows_at_most": round((slope + margin) * whole / max(float(y.mean()), 1e-9), 4),
    }


def said_of(made: dict[str, Any], good: bool) -> str:
    memory, client = made["memory_mb"]["all"], made["client"]
    asked = f", half of {made['capacity']:,}" if made["capacity"] else ""
    return (
        f"{made['seconds'] / 60:.0f} minutes at {made['rate']:,.0f} requests a second{asked} "
        f"({made['workers']} workers, {made['database']}): {sum(client['statuses'].values()):,} answers, "
        f"{sum(client['errors'].values()) + client['broken']} errors; memory {memory['mean']:.0f} MB, slope "
        f"{memory['slope_low']:+.2f} to {memory['slope_high']:+.2f} MB an hour (95%); "
        f"p50 {client['p50_ms']}, "
        f"p99 {client['p99_ms']}, worst {client['worst_ms']} ms; {made['acknowledged_predictions']:,} "
        f"predictions acknowledged, {made['missing_predictions']} missing from the log. "
        f"{'Holds.' if good else '**Does not hold.**'}"
    )


def holds(made: dict[str, Any]) -> bool:
    client = made["client"]
    wrong = ("missing_predictions", "twice_predictions", "missing_feedback", "twice_feedback", "torn_lines")
    return (
        made["memory_mb"]["all"]["grows_at_most"] < FLAT
        and not any(made[name] for name in wrong)
        and not client["errors"]
        and not client["broken"]
        and not client["refused_connections"]
        and made["logged_but_never_answered"] == 0
        and made["clean_stop"]
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument(
        "--rate", type=float, default=0.0, help="requests a second; 0: half of what it can do"
    )
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two samples of memory")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database", help="address of the log, such as postgresql://...; SQLite by itself")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="soak-load", help="name of the results' file; '' for none")
    parser.add_argument("--note", action="store_true", help="a line in benchmarks/LOG.md")
    options = parser.parse_args()
    before = common.load()
    with tempfile.TemporaryDirectory() as folder:
        made = soak(options, Path(folder))
    good = holds(made)
    print("\n".join(f"{name}: {value}" for name, value in made.items()))
    if options.out:
        common.save(options.out, {**made, "holds": good}, before)
    if options.note:
        note(said_of(made, good))
    print("holds" if good else "DOES NOT HOLD")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
