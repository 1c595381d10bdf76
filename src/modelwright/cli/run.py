"""``modelwright run`` and ``modelwright resume``."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

RUNS = typer.Option(Path("runs"), "--runs", help="The folder of runs.", show_default=True)
QUIET = typer.Option(False, "--quiet", "-q", help="Say nothing on standard error but errors.")
JSON = typer.Option(False, "--json", help="Print the result as JSON.")
BUDGET = typer.Option(None, "--budget", help="Limit on time, such as 60s or 5m; replaces the goal's.")

ENGINE = typer.Option(
    None,
    "--engine",
    help="Where to fit: local, ray, ray://host:port or host:port; replaces the goal's.",
)


def run(
    goal: Path = typer.Argument(..., help="The goal file (YAML)."),
    budget: str | None = BUDGET,
    engine: str | None = ENGINE,
    force_release: bool = typer.Option(
        False, "--force-release", help="Release whatever the verdict; the bundle carries that verdict."
    ),
    runs: Path = RUNS,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Carry out the whole lifecycle: from the goal to the verdict, the report and the bundle."""
    from modelwright.cli.started import process_started
    from modelwright.cli.talk import Talk
    from modelwright.goal.goal import Goal
    from modelwright.lifecycle.run import start
    from modelwright.models.together import followed, leads

    if (said := followed(runs)) is not None:
        if not quiet:
            print(said, file=sys.stderr)
        return 0
    asked = Goal.load(goal)
    if budget is not None:
        asked = asked.with_budget(_seconds(budget))
    if engine is not None:
        asked = asked.with_engine(engine)
    with leads(runs), Talk(quiet) as talk:
        done = start(asked, runs, say=talk, started_at=process_started(), force_release=force_release)
    return _end(done, json)


def resume(
    name: str | None = typer.Argument(
        None, help="A run or a goal's name; the newest unfinished run if left out."
    ),
    budget: str | None = BUDGET,
    engine: str | None = ENGINE,
    allow_versions: bool = typer.Option(
        False, "--allow-versions", help="Go on although versions of libraries have changed."
    ),
    runs: Path = RUNS,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Go on with an unfinished run, or give a finished one more time."""
    from modelwright.cli.started import process_started
    from modelwright.cli.talk import Talk
    from modelwright.lifecycle.folder import find_run
    from modelwright.lifecycle.run import newest_unfinished
    from modelwright.lifecycle.run import resume as go_on
    from modelwright.models.together import followed, leads

    if (said := followed(runs)) is not None:
        if not quiet:
            print(said, file=sys.stderr)
        return 0
    folder = find_run(name, runs) if name else newest_unfinished(runs)
    seconds = None if budget is None else _seconds(budget)
    with leads(runs), Talk(quiet) as talk:
        done = go_on(
            folder,
            say=talk,
            started_at=process_started(),
            seconds=seconds,
            allow_versions=allow_versions,
            engine=engine,
        )
    return _end(done, json)


def _seconds(text: str) -> float:
    from modelwright.goal.units import seconds

    try:
        return float(seconds(text))
    except ValueError as error:
        from modelwright.core.errors import BadInput

        raise BadInput(
            f"--budget {text}: {error}", code="budget.unreadable", hint="such as 60s, 5m, 1h"
        ) from None


def _end(done: object, as_json: bool) -> int:
    import json

    from modelwright.lifecycle.run import Run
    from modelwright.report import as_text

    assert isinstance(done, Run)
    assert done.released is not None
    if as_json:
        verdict = json.loads((done.path / "verdict.json").read_text(encoding="utf-8"))
        places = {
            "run": str(done.path),
            "report": str(done.report),
            "bundle": str(done.bundle) if done.bundle else None,
        }
        print(json.dumps({**verdict, **places}, indent=1))
    else:
        print(as_text(done.path), end="")
        print(f"report  {done.report}")
        if done.bundle is not None:
            print(f"bundle  {done.bundle}")
    return done.exit_code
