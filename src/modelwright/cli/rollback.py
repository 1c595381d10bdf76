"""``modelwright rollback``."""

from __future__ import annotations

from pathlib import Path

import typer

from modelwright.cli.live import LIVE, changed
from modelwright.cli.run import JSON, QUIET


def rollback(
    name: str = typer.Argument(..., help="The live model."),
    live: Path = LIVE,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Return to the version that answered before: at once, and without a failed request."""
    from modelwright.live import deployment
    from modelwright.live.place import Place

    place = Place.find(live, name)
    before = deployment.read(place).champion
    return changed(place, deployment.rollback(place), before, quiet=quiet, json=json)
