"""``modelwright promote``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from modelwright.cli.live import LIVE, changed
from modelwright.cli.run import JSON, QUIET, RUNS

if TYPE_CHECKING:
    from modelwright.live.place import Place

_LIKE_A_VERSION = re.compile(r"v\d+")


def promote(
    name: str = typer.Argument(..., help="The live model."),
    version: str | None = typer.Argument(
        None, help="A version such as v2, or a bundle, a run or a goal's name: it becomes a new version."
    ),
    shadow: bool = typer.Option(
        False, "--shadow", help="Let it answer all requests, unseen, beside the champion."
    ),
    canary: float | None = typer.Option(
        None, "--canary", help="Let it answer this share of requests, such as 0.1."
    ),
    stop: bool = typer.Option(False, "--stop", help="End the trial of the challenger; the champion stays."),
    live: Path = LIVE,
    runs: Path = RUNS,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Make a version of a live model its champion, or try it beside the champion; no request fails."""
    from modelwright.live import deployment
    from modelwright.live.place import Place

    place = Place.find(live, name)
    _check(version, shadow, canary, stop)
    before = deployment.read(place).champion
    if stop:
        made = deployment.challenge(place, None, "trial ended by hand")
    else:
        assert version is not None
        ready = _version(place, version, runs)
        if shadow:
            made = deployment.challenge(place, deployment.Challenger(ready, "shadow"), "shadow by hand")
        elif canary is not None:
            made = deployment.challenge(
                place, deployment.Challenger(ready, "canary", canary), "canary by hand"
            )
        else:
            made = deployment.deploy(place, ready, "promoted by hand")
    return changed(place, made, before, quiet=quiet, json=json)


def _check(version: str | None, shadow: bool, canary: float | None, stop: bool) -> None:
    from modelwright.core.errors import BadInput

    if stop + shadow + (canary is not None) > 1:
        raise BadInput(
            "--shadow, --canary and --stop exclude each other",
            code="promote.options",
            hint="give one of them",
        )
    if stop == (version is not None):
        raise BadInput(
            "--stop takes no version" if stop else "which version is to be promoted?",
            code="promote.version",
            hint="`modelwright promote NAME v2`; the versions lie in the folder of the live model",
        )
    if canary is not None and not 0.0 < canary < 1.0:
        raise BadInput(
            f"--canary {canary}: a share lies between 0 and 1", code="promote.share", hint="such as 0.1"
        )


def _version(place: Place, named: str, runs: Path) -> str:
    """The version, loaded here first: what cannot answer is refused before anything changes."""
    from modelwright.live import deployment
    from modelwright.live.process.models import warm
    from modelwright.runtime import load

    if any(entry["version"] == named for entry in deployment.versions(place)):
        warm(load(place.bundle(named), threads=1))
        return named
    if _LIKE_A_VERSION.fullmatch(named) and not Path(named).exists():
        deployment.known(place, named)
    from modelwright.lifecycle.predict import find_bundle

    bundle = find_bundle(named, runs)
    warm(load(bundle, threads=1))
    return deployment.add_version(place, bundle)
