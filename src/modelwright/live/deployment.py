"""Which version of a live model answers. One small file that workers watch: changing it swaps the model.

Versions are ``v1``, ``v2``, ... in the order in which they came, each a whole bundle that is never changed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from modelwright.core.codec import decode, encode
from modelwright.core.errors import BadInput
from modelwright.live.place import Place
from modelwright.runtime.bundle import MANIFEST
from modelwright.runtime.bundle import read as read_bundle
from modelwright.store import atomic
from modelwright.store.lock import in_turn


@dataclass(frozen=True, slots=True)
class Challenger:
    """A version that is tried beside the champion.

    ``shadow``: it answers all requests, and nobody sees its answers. ``canary``: it answers ``share`` of
    them.
    """

    version: str
    mode: Literal["shadow", "canary"]
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """What answers now. ``serial`` grows with every change, so that a worker can say what it has seen."""

    serial: int
    champion: str
    previous: tuple[str, ...] = ()
    """Champions before this one, newest first: what a rollback goes back to."""
    challenger: Challenger | None = None
    changed: str = ""
    """ISO 8601, UTC."""
    why: str = ""

    @property
    def versions(self) -> tuple[str, ...]:
        """Those that must be ready to answer: champion, challenger, and where a rollback would go."""
        found = [self.champion, *([self.challenger.version] if self.challenger else []), *self.previous[:1]]
        return tuple(dict.fromkeys(found))


def read(place: Place) -> Deployment:
    """The deployment of a live model; :class:`BadInput` where it is not there or damaged."""
    try:
        return decode(Deployment, atomic.read_json(place.deployment))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            f"deployment.json of {place.name!r} cannot be read: {error}",
            code="live.deployment",
            hint="serve a bundle under this name; the versions that are there stay",
        ) from error


def versions(place: Place) -> list[dict[str, Any]]:
    """``version.json`` of every version, oldest first."""
    if not place.versions.is_dir():
        return []
    found = [p for p in place.versions.iterdir() if (p / "version.json").is_file()]
    return [atomic.read_json(p / "version.json") for p in sorted(found, key=lambda p: int(p.name[1:]))]


def add_version(place: Place, bundle: Path, number: int | None = None) -> str:
    """Copy a bundle, checked, into the place; the version that already holds the same one, or a new one.

    ``number``: of a new version, where servers with places of their own share one log and must agree on what
    a version is called; the next one without it. Raises :class:`BadBundle`, and :class:`BadInput` for a
    number that another bundle has.
    """
    checked = read_bundle(bundle)
    digest = hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    with in_turn(place.versions):
        known = versions(place)
        for entry in known:
            if entry["digest"] == digest:
                return str(entry["version"])
        numbers = [int(entry["version"][1:]) for entry in known]
        if number in numbers:
            raise BadInput(
                f"v{number} of {place.name!r} is another bundle",
                code="live.version-number",
                hint="give each bundle a number of its own, or none",
            )
        version = f"v{number or max(numbers, default=0) + 1}"
        folder = place.versions / version
        if folder.exists():  # a copy that was cut short: no version.json
            shutil.rmtree(folder)
        shutil.copytree(bundle, folder / "bundle", ignore=shutil.ignore_patterns(".*"))
        read_bundle(folder / "bundle")
        lineage = checked.manifest.get("lineage")
        atomic.write_json(
            folder / "version.json",
            {
                "version": version,
                "digest": digest,
                "added": _now(),
                "run": lineage.get("run") if isinstance(lineage, dict) else None,
                "data": lineage.get("data") if isinstance(lineage, dict) else None,
                "goal": lineage.get("goal") if isinstance(lineage, dict) else None,
                "parent": lineage.get("parent") if isinstance(lineage, dict) else None,
                "feedback": lineage.get("feedback") if isinstance(lineage, dict) else None,
                "modelwright": checked.manifest.get("versions", {}).get("modelwright"),
                "verdict": checked.manifest.get("verdict"),
            },
        )
        return version


def deploy(place: Place, version: str, why: str) -> Deployment:
    """Make a version the champion (its first deployment, or a promotion); the one before it can come back."""

    def change(old: Deployment | None) -> Deployment:
        known(place, version)
        if old is None:
            return Deployment(0, version)
        if old.champion == version:
            return old
        before = tuple(v for v in (old.champion, *old.previous) if v != version)
        challenger = old.challenger if old.challenger and old.challenger.version != version else None
        return replace(old, champion=version, previous=before, challenger=challenger)

    return _change(place, change, why)


def rollback(place: Place, why: str = "rolled back by hand") -> Deployment:
    """Back to the champion before this one; :class:`BadInput` where there was none."""

    def change(old: Deployment | None) -> Deployment:
        if old is None or not old.previous:
            raise BadInput(
                f"{place.name!r} has no version to go back to",
                code="live.no-previous",
                hint="no version answered before this one, or that one was left by rolling back; "
                "`modelwright promote NAME VERSION` names any version",
            )
        return replace(old, champion=old.previous[0], previous=old.previous[1:], challenger=None)

    return _change(place, change, why)


def challenge(place: Place, challenger: Challenger | None, why: str) -> Deployment:
    """Try a version beside the champion, or end that with None."""

    def change(old: Deployment | None) -> Deployment:
        if old is None:
            raise BadInput(
                f"{place.name!r} has no champion yet", code="live.no-champion", hint="deploy a version first"
            )
        if challenger is not None:
            known(place, challenger.version)
            if challenger.version == old.champion:
                raise BadInput(
                    f"{challenger.version} is the champion of {place.name!r}",
                    code="live.same-version",
                    hint="a challenger is another version",
                )
        return replace(old, challenger=challenger)

    return _change(place, change, why)


def known(place: Place, version: str) -> None:
    """Raise :class:`BadInput` where there is no such version."""
    if not (place.versions / version / "version.json").is_file():
        names = ", ".join(entry["version"] for entry in versions(place))
        raise BadInput(
            f"{place.name!r} has no version {version!r}",
            code="live.version",
            hint=f"it has {names or 'none'}",
        )


def _change(place: Place, change: Callable[[Deployment | None], Deployment], why: str) -> Deployment:
    with in_turn(place.folder / "workers"):
        old = read(place) if place.deployment.exists() else None
        made = change(old)
        if made == old:
            return made
        made = replace(made, serial=(old.serial if old else 0) + 1, changed=_now(), why=why)
        atomic.append_line(place.history, json.dumps(encode(made), ensure_ascii=False))
        atomic.write_json(place.deployment, encode(made))
        return made


def changes(place: Place) -> tuple[list[Deployment], int]:
    """Every change of the deployment, oldest first, and how many lines of its history cannot be read: a disk
    that was full, or a machine that stopped, may have cut one short."""
    found, torn = [], 0
    try:
        lines = place.history.read_bytes().split(b"\n")
    except FileNotFoundError:
        return [], 0
    for line in lines:
        try:
            if line.strip():
                found.append(decode(Deployment, json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError):
            torn += 1
    return found, torn


def reached(place: Place, serial: int, *, patience: float = 5.0) -> bool:
    """Whether every live worker has taken the deployment of that serial; waits up to ``patience`` seconds.

    Workers write ``workers/<process>.json`` with ``serial`` and ``seen`` (epoch seconds, renewed every
    second) and remove it when they end; one not renewed for 10 s counts as dead. True without workers.
    """
    until = time.monotonic() + patience
    while True:
        behind = [w for w in alive(place) if int(w.get("serial", 0)) < serial]
        if not behind:
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.02)


def alive(place: Place) -> list[dict[str, Any]]:
    """What the workers that answer say of themselves."""
    found = []
    for path in sorted(place.workers.glob("*.json")) if place.workers.is_dir() else []:
        try:
            worker = atomic.read_json(path)
        except (OSError, ValueError):
            continue
        if time.time() - float(worker.get("seen", 0)) < 10:
            found.append(worker)
    return found


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
