"""What the commands for live models share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from modelwright.live.deployment import Deployment
    from modelwright.live.place import Place

LIVE = typer.Option(Path("live"), "--live", help="The folder of live models.", show_default=True)


def changed(place: Place, made: Deployment, before: str | None, *, quiet: bool, json: bool) -> int:
    """Wait until the running workers have followed a change, and tell."""
    import json as codec
    import sys

    from modelwright.core.errors import BadInput, Stopped
    from modelwright.live.process.follow import follow

    done = follow(place, made.serial)
    if done.refused:
        raise BadInput(
            f"a worker of {place.name!r} cannot take {made.champion}: {done.refused}",
            code="live.refused",
            hint=f"it goes on answering with what it has; `modelwright promote {place.name} VERSION` names "
            "another version",
        )
    if done.behind:
        raise Stopped(
            f"{done.behind} workers of {place.name!r} have not followed in {done.seconds:.0f} s",
            code="live.behind",
            hint="the change is written and holds for every worker that looks; see what the server says",
        )
    if json:
        facts = {
            "model": place.name,
            "version": made.champion,
            "before": before,
            "challenger": made.challenger.version if made.challenger else None,
            "mode": made.challenger.mode if made.challenger else None,
            "share": made.challenger.share if made.challenger else None,
            "serial": made.serial,
            "workers": done.workers,
            "seconds": round(done.seconds, 3),
        }
        print(codec.dumps(facts))
    elif not quiet:
        where = f"{done.workers} worker{'s' if done.workers != 1 else ''} followed in {done.seconds:.2f} s"
        print(
            f"{place.name}: {_said(made, before)}; {where if done.workers else 'no server runs'}",
            file=sys.stderr,
        )
    return 0


def _said(made: Deployment, before: str | None) -> str:
    text = f"{made.champion} answers"
    if before not in (None, made.champion):
        text += f" instead of {before}"
    if made.challenger is not None:
        trial = made.challenger
        what = (
            "answers unseen beside it" if trial.mode == "shadow" else f"answers {trial.share:.0%} of requests"
        )
        text += f"; {trial.version} {what}"
    return text
