"""``modelwright serve``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modelwright.cli.live import LIVE
from modelwright.cli.run import QUIET, RUNS

if TYPE_CHECKING:
    from modelwright.live.process.setup import Asked, Prepared, Wish


def serve(
    bundles: list[str] = typer.Argument(
        ...,
        metavar="BUNDLE...",
        help="A bundle's folder, a live model's name (served again), a run, or a goal's name.",
    ),
    port: int = typer.Option(
        8000, "--port", min=0, max=65535, help="Where to listen; 0 takes any free port."
    ),
    host: str = typer.Option(
        "127.0.0.1", "--host", help="The address to listen at; 0.0.0.0 for every network of this machine."
    ),
    live: Path = LIVE,
    workers: int | None = typer.Option(
        None, "--workers", min=1, max=256, help="Processes that answer; as many as cores."
    ),
    name: str | None = typer.Option(None, "--name", help="What to call the live model; its goal's name."),
    database: str | None = typer.Option(
        None, "--database", help="Address of the log, or env:NAME; SQLite in the model's folder."
    ),
    sync: str | None = typer.Option(
        None, "--sync", help="always: an answer waits until its log survives a power cut; process (default)."
    ),
    retention: str | None = typer.Option(
        None,
        "--retention",
        help="How long predictions are kept, such as 90d, or forever; what the goal says.",
    ),
    rate: float | None = typer.Option(
        None, "--rate", min=0.0, help="Requests a second that one key (or address) may make; 0: any number."
    ),
    max_body: str | None = typer.Option(None, "--max-body", help="Size of a request, such as 8MB."),
    timeout: float | None = typer.Option(
        None, "--timeout", min=0.1, max=3600.0, help="Seconds for a request; 30."
    ),
    concurrency: int | None = typer.Option(
        None, "--concurrency", min=1, help="Requests at work at once in one worker; 256."
    ),
    webhook: str | None = typer.Option(
        None, "--webhook", help="Address that alarms are sent to (POST, JSON), or env:NAME; '' ends it."
    ),
    alarm_command: str | None = typer.Option(
        None, "--alarm-command", help="Program, with arguments, to start for each alarm (JSON on its input)."
    ),
    runs: Path = RUNS,
    goal: Path | None = typer.Option(
        None, "--goal", help="The goal file to retrain by; that of the bundle's run."
    ),
    trust: str | None = typer.Option(None, "--trust", help="Public key that must have signed the bundles."),
    number: int | None = typer.Option(
        None, "--number", min=1, max=10**17, help="Of a new version, where servers share one log; the next."
    ),
    quiet: bool = QUIET,
    json: bool = typer.Option(False, "--json", help="Print where it answers as JSON, once it does."),
) -> int:
    """Serve models over HTTP, with their log, until Ctrl-C or SIGTERM; then finish what was accepted.

    A new bundle under a name that is live already becomes its new version; the one before stays for
    `modelwright rollback`. The same bundle as the last time leaves what was decided since.
    """
    from modelwright.core.errors import BadInput
    from modelwright.live.process import setup, supervisor

    asked = _asked(
        database, sync, retention, rate, max_body, timeout, concurrency, webhook, alarm_command, goal, runs,
        number,
    )  # fmt: skip
    setup.check(asked)
    wishes = [_wish(bundle, live, runs, name, trust) for bundle in bundles]
    names = [wish.name for wish in wishes]
    if (name is not None or number is not None) and len(bundles) > 1:
        option = "--name" if name is not None else "--number"
        raise BadInput(
            f"{option} is for one bundle", code="serve.name", hint=f"serve one bundle, or leave {option} out"
        )
    for twice in sorted({n for n in names if names.count(n) > 1}):
        raise BadInput(
            f"two of the bundles are named {twice!r}", code="serve.twice", hint="serve one with --name"
        )
    listening = supervisor.listen(host, port)
    with listening, supervisor.held([setup.place_of(live, wish) for wish in wishes]):
        made = [setup.prepare(live, wish, asked) for wish in wishes]
        say = _silent if quiet else _line
        for wish, each in zip(wishes, made, strict=True):
            _told(wish, each, say)
        plan = supervisor.Plan(
            live, tuple(names), workers or supervisor.default_workers(), setup.patience(made)
        )
        url = supervisor.url_of(listening)

        def ready() -> None:
            if json:
                _print(url, plan, made)
            for each in made:
                where = url if len(made) == 1 else f"{url}/models/{each.place.name}"
                say(f"{each.place.name} {each.version} answers at {where} (page: {url}/docs)")
            for warning in setup.warnings(host, made):
                say(warning)

        # What goes wrong with a process is told even when quiet.
        return supervisor.Supervisor(plan, listening, _line).run(ready)


def _wish(bundle: str, live: Path, runs: Path, name: str | None, trust: str | None) -> Wish:
    from modelwright.live.place import Place, every
    from modelwright.live.process import setup

    if not (Path(bundle) / "model.json").exists() and bundle in [place.name for place in every(live)]:
        return setup.wish_again(Place.find(live, bundle), trust)
    from modelwright.lifecycle.predict import find_bundle

    return setup.wish_for(find_bundle(bundle, runs), name, trust)


def _asked(
    database: str | None,
    sync: str | None,
    retention: str | None,
    rate: float | None,
    max_body: str | None,
    timeout: float | None,
    concurrency: int | None,
    webhook: str | None,
    alarm_command: str | None,
    goal: Path | None,
    runs: Path,
    number: int | None,
) -> Asked:
    import shlex
    from typing import Literal, cast

    from modelwright.core.errors import BadInput
    from modelwright.goal.units import seconds, size
    from modelwright.live.process.setup import Asked

    if sync not in (None, "always", "process"):
        raise BadInput(
            f"--sync {sync}: expected always or process", code="serve.sync", hint="such as --sync always"
        )
    if goal is not None and not goal.is_file():
        raise BadInput(f"there is no goal file {goal}", code="serve.goal", hint="--goal names a file")
    try:
        command = None if alarm_command is None else tuple(shlex.split(alarm_command))
    except ValueError as error:
        raise BadInput(
            f"--alarm-command {alarm_command}: {error}",
            code="serve.command",
            hint="close every quotation mark",
        ) from None
    kept = (
        retention
        if retention in (None, "forever")
        else _read("--retention", retention, seconds, "90d, forever")
    )
    return Asked(
        database=database,
        sync=cast("Literal['always', 'process'] | None", sync),
        retention=cast("float | Literal['forever'] | None", kept),
        rate=rate,
        body=None if max_body is None else int(_read("--max-body", max_body, size, "8MB")),
        timeout=timeout,
        concurrency=concurrency,
        webhook=webhook,
        command=command,
        runs=str(runs.resolve()) if runs.is_dir() else None,
        goal=None if goal is None else str(goal.resolve()),
        number=number,
    )


def _read(option: str, text: str | None, reader: Any, example: str) -> float:
    from modelwright.core.errors import BadInput

    try:
        return float(reader(text))
    except ValueError as error:
        raise BadInput(f"{option} {text}: {error}", code="serve.option", hint=f"such as {example}") from None


def _told(wish: Wish, made: Prepared, say: Any) -> None:
    name = made.place.name
    if wish.bundle is None:
        say(f"{name}: {made.version} again, as its deployment says (a bundle's folder makes a new version)")
    if made.passed is not None:
        say(
            f"{name}: the bundle is {made.passed} as before; {made.version} answers, as decided since "
            f"(`modelwright promote {name} {made.passed}` changes that)"
        )
    if made.before is not None:
        new = "is new and answers" if made.new else "answers again"
        say(f"{name}: {made.version} {new} instead of {made.before}; `modelwright rollback {name}` goes back")


def _print(url: str, plan: Any, made: list[Prepared]) -> None:
    import json
    import os

    facts = {
        "url": url,
        "process": os.getpid(),
        "workers": plan.workers,
        "models": [{"name": each.place.name, "version": each.version} for each in made],
    }
    print(json.dumps(facts), flush=True)


def _line(text: str) -> None:
    from modelwright.core.secrets import masked

    print(masked(text), file=sys.stderr, flush=True)


def _silent(text: str) -> None:
    del text
