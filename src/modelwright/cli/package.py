"""``modelwright package``."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from modelwright.cli.run import QUIET, RUNS


def package(
    bundle: str = typer.Argument(..., help="A bundle's folder, a run, or a goal's name: its newest release."),
    targets: list[str] = typer.Option(
        ..., "--for", metavar="TARGET", help="docker, kubernetes, edge, monitoring, github; may be repeated."
    ),
    output: Path | None = typer.Option(
        None, "--output", "-o", help="The folder to write; NAME-package in the current one."
    ),
    database: str | None = typer.Option(
        None, "--database", help="env:NAME, the variable that will hold the address of the log's PostgreSQL."
    ),
    replicas: int | None = typer.Option(
        None, "--replicas", min=1, help="Servers in a cluster: 1, or 2 with a database."
    ),
    workers: int = typer.Option(
        1, "--workers", min=1, max=256, help="Processes that answer, in each server.", show_default=True
    ),
    image: str | None = typer.Option(
        None, "--image", help="Name and tag of the image; modelwright/NAME:RUN."
    ),
    rate: float = typer.Option(
        50.0, "--rate", min=1.0, help="Requests a second at which the server is measured.", show_default=True
    ),
    runs: Path = RUNS,
    quiet: bool = QUIET,
    json: bool = typer.Option(False, "--json", help="Print what was written as JSON."),
) -> int:
    """Write what a bundle is shipped in: an image, a cluster's manifests, JavaScript, monitoring, CI."""
    from modelwright.lifecycle.predict import find_bundle
    from modelwright.release.package import Wishes, make

    found = find_bundle(bundle, runs)

    def say(line: str) -> None:
        if not quiet and not json:
            print(line, file=sys.stderr, flush=True)

    wishes = Wishes(database=database, replicas=replicas, workers=workers, image=image, rate=rate)
    into = output or Path(f"{_name(found)}-package")
    record = make(found, targets, into, wishes, say=say)
    if json:
        import json as codec

        print(codec.dumps({"folder": str(into), **{k: v for k, v in record.items() if k != "files"}}))
    else:
        say(f"{len(record['files'])} files in {into}")
    return 0


def _name(bundle: Path) -> str:
    from modelwright.release.package.job import Job, Wishes
    from modelwright.runtime.bundle import read

    return Job(bundle, read(bundle), Wishes()).name
