"""``modelwright data forget`` and ``forgotten``: a person's rows are deleted, and deletions are told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modelwright.cli.live import LIVE
from modelwright.cli.run import JSON, QUIET

if TYPE_CHECKING:
    from modelwright.lifecycle.forget import Plan

RUNS = typer.Option(Path("runs"), "--runs", help="The folder of runs.", show_default=True)


def forget(
    column: str = typer.Option(..., "--column", help="The column of the data that says who somebody is."),
    value: list[str] = typer.Option([], "--value", help="What it holds of the person; may be given again."),
    file: Path | None = typer.Option(
        None, "--file", help="A file with one value a line; - reads standard input."
    ),
    yes: bool = typer.Option(False, "--yes", help="Delete without asking."),
    runs: Path = RUNS,
    live: Path = LIVE,
    labels: list[str] = typer.Option(
        [], "--labels", help="A store of labels besides those here and beside the goals; may be given again."
    ),
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Delete a person's rows from runs, logs of live models and stores of labels, and list the models that
    learned from them. Files of your own are never changed."""
    from modelwright.lifecycle import forget as forgetting

    places = forgetting.Places(runs, live, tuple(labels))
    asked = forgetting.asked(column, value, file)
    plan = forgetting.look(asked, places)
    if not json:
        _found(plan, quiet)
    if not plan.anything:
        if json:
            _print({"found": False, "unlooked": plan.unlooked})
        return 0
    if not yes:
        _ask(plan)

    def step(name: str) -> None:
        if not quiet:
            print(f"deleting from {name}", file=sys.stderr)

    record = forgetting.carry_out(plan, places, step)
    if json:
        _print({"found": True, **record})
        return 0
    _told(record, runs)
    return 0


def forgotten(runs: Path = RUNS, json: bool = JSON) -> int:
    """List what was deleted at people's wish, without their names, and the models that learned from it."""
    from modelwright.lifecycle.forget import Ledger

    records = Ledger.of(runs).records()
    if json:
        _print(records)
        return 0
    if not records:
        print(f"nothing was deleted in {runs}")
    for one in records:
        state = f"done {one['done'][:10]}" if one["done"] else "cut short: give the same command again"
        rows = sum(run["rows"] for run in one["runs"].values())
        people = _count(len(one["people"]), "person", "people")
        where = f"{_count(rows, 'row')} in {_count(len(one['runs']), 'run')}"
        head = f"{one['number']:>4}  asked {one['asked'][:10]}, {state}"
        print(f"{head}: {people} by {one['column']!r}, {where}")
        for name, run in one["runs"].items():
            print(f"      {_run(name, run)}")
    return 0


def _found(plan: Plan, quiet: bool) -> None:
    if not plan.anything:
        print("nobody was found by that value; nothing was deleted")
        for name in plan.unlooked:
            print(f"  {name} has no column {plan.asked.column!r}: nobody was looked for in it")
        return
    if quiet:
        return
    said = [f"{_count(plan.asked.people, 'person', 'people')} looked for by {plan.asked.column!r}:"]
    for one in plan.runs:
        facts = {
            "rows": len(one.rows),
            **one.parts,
            "bundle": one.bundle,
            "live": plan.deployed.get(one.run.name, []),
        }
        said.append(f"  {_run(one.run.name, facts)}")
    if not plan.runs:
        said.append("  no run holds a row of theirs" + (" any more" if plan.unfinished else ""))
    said += [
        f"  {where}: {_count(n, 'item')} to label, with the answers to them"
        for where, n in plan.labels.items()
    ]
    said += [f"  the log of the live model {name} will be searched" for name in plan.logs]
    if plan.unfinished:
        said.append("  an equal request was cut short: it will be ended")
    print("\n".join(said), file=sys.stderr)


def _run(name: str, facts: dict[str, Any]) -> str:
    where = [
        f"{facts[part]} {words}"
        for part, words in (
            ("development", "learned from"),
            ("test", "tested on"),
            ("other", "in neither part"),
        )
        if facts[part]
    ]
    made = ["a bundle was released"] if facts["bundle"] else []
    made += [f"live: {one}" for one in facts["live"]]
    told = f"; {'; '.join(made)}" if made else ""
    return f"{name}: {_count(facts['rows'], 'row')} ({', '.join(where)}){told}"


def _ask(plan: Plan) -> None:
    from modelwright.core.errors import BadInput

    if sys.stdin.isatty():
        print("Delete them? This cannot be undone. [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().casefold() in ("y", "yes"):
            return
        raise BadInput("nothing was deleted", code="forget.declined", hint="answer y, or give --yes")
    raise BadInput(
        "nothing was deleted: nobody could be asked, since this is no terminal",
        code="forget.confirm",
        hint="look at what was found, then give the same command with --yes",
    )


def _told(record: dict[str, Any], runs: Path) -> None:
    rows = sum(run["rows"] for run in record["runs"].values())
    print(f"deleted {_count(rows, 'row')} from {_count(len(record['runs']), 'run')}", end="")
    print("".join(f", {_count(n, 'item')} from {where}" for where, n in record["labels"].items()))
    for name, run in record["runs"].items():
        print(f"  {_run(name, run)}")
    for name, log in record["live"].items():
        if "error" in log:
            print(f"  the log of {name} was NOT searched: {log['error']}")
            continue
        print(f"  {_count(log['predictions'], 'logged prediction')} of the live model {name}")
        for kind in ("runs", "decisions"):
            if log[kind]:
                print(f"    {kind} that rest on them: {', '.join(log[kind])}")
    trained = [name for name, run in record["runs"].items() if run["development"]]
    if trained:
        print(f"models that learned from them: {', '.join(trained)}")
        print(
            "  what a model has learned stays in it: train anew without the rows, then `modelwright runs "
            "--delete RUN`"
        )
    for name in record["still_shown"]:
        print(f"still shows a value: {name}")
    for line in record["unreached"]:
        print(f"not reached: {line}")
    print(f"record: {Path(runs / '.store' / 'forgotten')}/{record['number']:06d}.json")


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _print(data: object) -> None:
    import json

    print(json.dumps(data, indent=1, ensure_ascii=False))
