"""Kill the server again and again while a client writes down what was acknowledged to it.

    .venv/bin/python benchmarks/soak/kills.py [--kills 200] [--rate 400] [--workers 2] [--database URL]

Each time one is drawn: a worker, the keeper (which moves the journal to the database), the supervisor, or all
processes at once; always ``kill -9``, at a moment that is drawn. What is gone is started again, by the
supervisor or by us. In the end the server is stopped and the journal moved, and then

- every prediction and every outcome that was acknowledged is in the database: none is missing;
- none is there twice;
- what is there besides is what was cut short on its way to the client, not more than requests that were.

Exit code 1 where this does not hold.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from server import Load, Server, bundle, common, logged, note

KINDS = ("worker", "keeper", "supervisor", "all")


def kills(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    made, rows, classes = bundle(folder)
    more = ["--database", options.database] if options.database else []
    server = Server(made, folder / "live", options.workers, more)
    rng = random.Random(options.seed)
    starts = [server.start()]
    client = Load(
        server, rows, folder / "acknowledged.txt", classes,
        rate=options.rate, connections=16, many=0.2, feedback=0.2, seed=options.seed,
    )  # fmt: skip
    done: Counter[str] = Counter()
    away: list[float] = []
    began = time.monotonic()
    try:
        for number in range(options.kills):
            time.sleep(rng.uniform(0.1, 1.2))
            kind = rng.choice(KINDS)
            found = server.processes()
            until = time.monotonic() + 60
            while not found.get(kind, found) and time.monotonic() < until:  # killed just now, not back yet
                time.sleep(0.1)
                found = server.processes()
            everybody = [one for some in found.values() for one in some]
            victims = everybody if kind == "all" else [rng.choice(found[kind])]
            fell = time.monotonic()
            server.kill(victims)
            done[kind] += 1
            if kind in ("all", "supervisor"):
                server.end_process()
                starts.append(server.start())
            server.wait_whole()
            away.append(time.monotonic() - fell)
            if number % 10 == 9:
                print(f"{number + 1} kills, {time.monotonic() - began:.0f} s", flush=True)
        time.sleep(1.0)
        said = client.end()
        code = server.stop()
    finally:
        if client.process.poll() is None:
            client.process.kill()
            client.process.communicate()
        if server.process is not None and server.process.poll() is None:
            server.kill([one for some in server.processes().values() for one in some])
            server.end_process()
    return {**judged(client, server, said), "kills": dict(done), "total_kills": sum(done.values()),
            "clean_stop": code == 0, "seconds": round(time.monotonic() - began, 1),
            "seconds_until_whole": summary(away), "workers": options.workers, "rate_asked": options.rate,
            "database": "postgresql" if "postgres" in (options.database or "") else "sqlite"}  # fmt: skip


def judged(client: Load, server: Server, said: dict[str, Any]) -> dict[str, Any]:
    """What was acknowledged against what is in the log."""
    told = client.acknowledged()
    ids, marked, counts = logged(server.live)
    there, told_of = Counter(ids), Counter(marked)
    known, sure = set(told["p"]), set(told["f"])
    extra = len(set(ids) - known)
    return {
        "acknowledged_predictions": len(told["p"]),
        "missing_predictions": sum(1 for ident in told["p"] if ident not in there),
        "twice_predictions": sum(1 for n in there.values() if n > 1),
        "acknowledged_feedback": len(told["f"]),
        "missing_feedback": sum(1 for ident in told["f"] if ident not in told_of),
        "twice_feedback": sum(1 for n in told_of.values() if n > 1),
        "unasked_feedback": len(set(marked) - sure - set(told["u"])),
        "logged_but_never_answered": extra,
        "counted_rows": counts["rows"],
        "rows": len(ids),
        "torn_lines": counts["unreadable"],
        "client": said,
    }


def holds(made: dict[str, Any]) -> bool:
    wrong = (
        "missing_predictions",
        "twice_predictions",
        "missing_feedback",
        "twice_feedback",
        "unasked_feedback",
    )
    return (
        not any(made[name] for name in wrong)
        and made["logged_but_never_answered"] <= 5 * made["client"]["broken"]
        and made["counted_rows"] == made["rows"]
        and made["acknowledged_predictions"] > 0
    )


def said_of(made: dict[str, Any], good: bool) -> str:
    kinds = ", ".join(f"{n} of {kind}" for kind, n in sorted(made["kills"].items()))
    return (
        f"{made['total_kills']} times `kill -9` ({kinds}) in {made['seconds']:.0f} s under load, "
        f"{made['database']}: {made['acknowledged_predictions']:,} predictions and "
        f"{made['acknowledged_feedback']:,} outcomes acknowledged, {made['missing_predictions']} and "
        f"{made['missing_feedback']} missing, "
        f"{made['twice_predictions']} and {made['twice_feedback']} twice; "
        f"{made['logged_but_never_answered']} logged whose answer was cut short ({made['client']['broken']} "
        f"requests were). Whole again after {made['seconds_until_whole'].get('median')} s (median). "
        f"{'Holds.' if good else '**Does not hold.**'}"
    )


def summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {}
    return {"median": round(ordered[len(ordered) // 2], 2), "worst": round(ordered[-1], 2)}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rate", type=float, default=400.0, help="requests a second")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database", help="address of the log, such as postgresql://...; SQLite by itself")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="soak-kills", help="name of the results' file; '' for none")
    parser.add_argument("--note", action="store_true", help="a line in benchmarks/LOG.md")
    options = parser.parse_args()
    before = common.load()
    with tempfile.TemporaryDirectory() as folder:
        made = kills(options, Path(folder))
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
