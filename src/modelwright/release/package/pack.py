"""Packaging a bundle: one folder with a sub-folder for each target, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from modelwright.core.errors import BadInput
from modelwright.release.package.job import Job, Wishes
from modelwright.runtime.bundle import read
from modelwright.store import atomic

TARGETS: Final = ("docker", "kubernetes", "edge", "monitoring", "github")
RECORD: Final = "PACKAGE.json"
"""What was written and from what; its presence says that the folder is ours."""
_HERE: Final = "modelwright.release.package"


def make(
    bundle: Path,
    targets: Sequence[str],
    into: Path,
    wishes: Wishes | None = None,
    *,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Write ``into/<target>/`` for each target; returns what ``PACKAGE.json`` says.

    A folder that an earlier call made, and that nobody changed since, is replaced. Raises :class:`BadInput`
    for unknown targets and for any other folder that is there, :class:`BadBundle` for a damaged bundle,
    :class:`Unsupported` where a target cannot carry the bundle.
    """
    wishes = wishes or Wishes()
    chosen = _chosen(targets)
    job = Job(bundle, read(bundle), wishes)
    _check(job, chosen)
    _free(into)
    if wishes.measured is None and "kubernetes" in chosen:
        from modelwright.release.package.measure import measure

        say("measuring the server's memory and processor time")
        measured = measure(bundle, rate=wishes.rate, workers=wishes.workers)
        job = replace(job, wishes=replace(wishes, measured=measured))
    into.parent.mkdir(parents=True, exist_ok=True)
    temporary = into.with_name(f".{into.name}.{secrets.token_hex(4)}.tmp")
    try:
        facts: dict[str, Any] = {}
        for target in chosen:
            say(f"writing {target}")
            folder = temporary / target
            folder.mkdir(parents=True)
            facts[target] = import_module(f"{_HERE}.{target}").write(job, folder)
        record = {
            "made_by": "modelwright package",
            "model": job.bundle.manifest["name"],
            "bundle": job.digest,
            "run": job.run,
            "targets": facts,
            "files": _digests(temporary),
        }
        atomic.write_json(temporary / RECORD, record)
        old = temporary.with_name(f"{temporary.name}.old")
        if into.exists():
            os.replace(into, old)
        os.replace(temporary, into)
        atomic.sync_folder(into.parent)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return record


def _chosen(targets: Sequence[str]) -> list[str]:
    """The targets, each once, in the order of :data:`TARGETS`."""
    from difflib import get_close_matches

    for name in targets:
        if name not in TARGETS:
            near = get_close_matches(name, TARGETS, 1)
            raise BadInput(
                f"there is no target {name!r}",
                code="package.target",
                hint=f"did you mean {near[0]!r}?" if near else f"the targets are {', '.join(TARGETS)}",
            )
    if not targets:
        raise BadInput(
            "no target was named", code="package.target", hint=f"--for takes one of {', '.join(TARGETS)}"
        )
    return [name for name in TARGETS if name in targets]


def _check(job: Job, targets: Sequence[str]) -> None:
    wishes = job.wishes
    if wishes.database is not None and not wishes.database.startswith("env:"):
        raise BadInput(
            "--database names an address, and a package must hold no password",
            code="package.secret",
            hint="give env:NAME, the environment variable that will hold the address where the model runs",
        )
    if job.database is not None and not (job.database.isascii() and job.database.isidentifier()):
        raise BadInput(
            f"{job.database!r} cannot name an environment variable",
            code="package.environment",
            hint="use letters, digits and '_', such as env:DATABASE_URL",
        )
    if "kubernetes" in targets and job.replicas > 1 and job.database is None:
        raise BadInput(
            f"{job.replicas} servers cannot share one log on their own disks",
            code="package.replicas",
            hint="give --database env:NAME with the address of a PostgreSQL, or --replicas 1",
        )
    for value, what in ((job.replicas, "--replicas"), (wishes.workers, "--workers")):
        if value < 1:
            raise BadInput(f"{what} is {value}", code="package.count", hint="give 1 or more")


def _free(into: Path) -> None:
    """Raise :class:`BadInput` where something is there that is not ours, or was changed since."""
    if not into.exists() and not into.is_symlink():
        return
    if into.is_dir() and not into.is_symlink():
        if not any(into.iterdir()):
            return
        try:
            record = atomic.read_json(into / RECORD)
            files = record["files"] if record["made_by"] == "modelwright package" else None
        except (OSError, ValueError, KeyError, TypeError):
            files = None
        if files is not None:
            found = _digests(into)
            changed = sorted(
                name for name in files.keys() | found.keys() if files.get(name) != found.get(name)
            )
            if not changed:
                return
            raise BadInput(
                f"{into} was made by modelwright, and {changed[0]} was changed or added since",
                code="package.changed",
                hint="name another folder with -o, or move this one away",
            )
    raise BadInput(
        f"{into} is there already, and modelwright did not make it",
        code="package.exists",
        hint="name another folder with -o",
    )


def _digests(folder: Path) -> dict[str, str]:
    """sha256 of every file under a folder but the record, by its path from there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or (path.is_file() and name != RECORD):
            content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            found[name] = hashlib.sha256(content).hexdigest()
    return found
