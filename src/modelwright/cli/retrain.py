"""``modelwright retrain`` and ``modelwright decide``."""

from __future__ import annotations

from pathlib import Path

import typer

from modelwright.cli.run import BUDGET, JSON, QUIET

LIVE = typer.Option(Path("live"), "--live", help="The folder of live models.", show_default=True)
RUNS = typer.Option(
    None, "--runs", help="The folder of runs; the one that the champion came from if left out."
)
WHY = typer.Option("by hand", "--why", help="The reason, for the record.")


def retrain(
    name: str = typer.Argument(..., help="A live model."),
    live: Path = LIVE,
    runs: Path | None = RUNS,
    budget: str | None = BUDGET,
    promote: str = typer.Option(
        "auto",
        "--promote",
        help="auto: deploy the new version if it passes; never: only say; shadow, canary: try it first.",
    ),
    share: float = typer.Option(0.1, "--share", help="Share of the requests that a canary answers."),
    why: str = WHY,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Learn from feedback: a new version by the same lifecycle, judged against the champion on new rows."""
    from modelwright.cli.started import process_started
    from modelwright.cli.talk import Talk
    from modelwright.core.errors import BadInput
    from modelwright.lifecycle.loop import retrain as learn
    from modelwright.live.place import Place

    if promote not in ("auto", "never", "shadow", "canary"):
        raise BadInput(
            f"--promote {promote} is not known",
            code="retrain.promote",
            hint="choose one of auto, never, shadow, canary",
        )
    if not 0 < share <= 1:
        raise BadInput(f"--share {share} is no share", code="retrain.share", hint="such as 0.1")
    if budget is not None:
        from modelwright.cli.run import _seconds

        _seconds(budget)
    with Talk(quiet) as talk:
        made = learn(
            Place.find(live, name),
            runs=runs,
            budget=budget,
            why=why,
            promote=promote,  # type: ignore[arg-type]  # one of the four, as was looked at
            share=share,
            say=talk,
            started_at=process_started(),
        )
    return _told(made, json)


def decide(
    name: str = typer.Argument(..., help="A live model with a challenger."),
    live: Path = LIVE,
    runs: Path | None = RUNS,
    why: str = WHY,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Judge the challenger that is tried beside the champion: promote it, end its trial, or let it go on."""
    from modelwright.cli.talk import Talk
    from modelwright.lifecycle.loop import decide as judge
    from modelwright.live.place import Place

    with Talk(quiet) as talk:
        made = judge(Place.find(live, name), runs=runs, why=why, say=talk)
    return _told(made, json)


def _told(made: object, as_json: bool) -> int:
    from modelwright.lifecycle.learn.record import Decision, said

    assert isinstance(made, Decision)
    if as_json:
        import json

        places = {"record": str(made.path), "page": str(made.path.with_suffix(".md"))}
        print(json.dumps({**made.data, **places}, indent=1, ensure_ascii=False))
    else:
        print(f"{said(made.action)}: {made.because}")
        for finding in made.data["findings"]:
            if finding["severity"] != "note":
                print(f"{finding['severity']}  {finding['message']}")
        print(f"record  {made.path.with_suffix('.md')}")
    return made.exit_code
