"""Before a server starts: each model's place, its settings, its version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from modelwright.core.errors import BadInput
from modelwright.live import deployment, settings
from modelwright.live.place import Place
from modelwright.live.process.supervisor import unwritable
from modelwright.live.settings import Limits, LogSettings, Settings, WatchSettings
from modelwright.runtime import bundle as bundles


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of how to serve; None is not said."""

    database: str | None = None
    sync: Literal["process", "always"] | None = None
    retention: float | Literal["forever"] | None = None
    """Seconds."""
    rate: float | None = None
    body: int | None = None
    timeout: float | None = None
    concurrency: int | None = None
    webhook: str | None = None
    command: tuple[str, ...] | None = None
    runs: str | None = None
    goal: str | None = None
    number: int | None = None
    """Of a new version."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One model to serve: a bundle under a name, or (no bundle) what the name's deployment says."""

    name: str
    bundle: Path | None
    manifest: dict[str, Any]
    runs: str | None = None
    """The folder of runs that the bundle lies in."""


@dataclass(frozen=True, slots=True)
class Prepared:
    place: Place
    version: str
    """The one that answers."""
    new: bool
    """Whether the version was added now."""
    before: str | None
    """The champion before, where it was another."""
    passed: str | None = None
    """The bundle's version, where another answers: promoted, or gone back to, since it was last served."""


def check(asked: Asked) -> None:
    """Raise :class:`BadInput` for a name of the environment that is not set."""
    settings.secret(asked.database)
    settings.secret(asked.webhook)


def wish_for(bundle: Path, name: str | None, trust: str | None) -> Wish:
    """The wish to serve a bundle, every file of it checked. Raises :class:`BadBundle`, :class:`BadInput`."""
    checked = bundles.read(bundle, trust=trust)
    named = name or str(checked.manifest.get("name") or "")
    folder = bundle.resolve().parent
    runs = str(folder.parent) if (folder / "state.json").is_file() else None
    return Wish(named, bundle, checked.manifest, runs)


def wish_again(place: Place, trust: str | None) -> Wish:
    """The wish to serve a live model as its deployment says."""
    champion = deployment.read(place).champion
    return Wish(place.name, None, bundles.read(place.bundle(champion), trust=trust).manifest)


def place_of(root: Path, wish: Wish) -> Place:
    """The place of a wish, its folder made; :class:`BadInput` where it cannot be."""
    place = Place.of(root, wish.name)
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(root, error) from None
    return place


def patience(made: Sequence[Prepared]) -> float:
    """Seconds that a request under way may still take when the server ends."""
    return max(settings.read(each.place).limits.timeout for each in made) + 1.0


def warnings(host: str, made: Sequence[Prepared]) -> list[str]:
    """What whoever serves should know."""
    if host in ("localhost", "::1") or host.startswith("127."):
        return []
    return [
        f"{each.place.name} has no API keys: whoever reaches {host} may ask it "
        f"(`modelwright keys add {each.place.name} WHO`)"
        for each in made
        if not each.place.keys.is_file()
    ]


def prepare(root: Path, wish: Wish, asked: Asked) -> Prepared:
    """Write the settings, keep the bundle as a version, and make it the champion. The same bundle as the last
    time changes nothing: a container that starts again must not undo a rollback or a promotion. The caller
    holds the place (``supervisor.held``)."""
    place = Place.of(root, wish.name)
    try:
        before = deployment.read(place).champion if place.deployment.exists() else None
        known = settings.read(place)
        settings.write(place, settings_for(wish, known, asked))
        if wish.bundle is None:
            assert before is not None
            return Prepared(place, before, False, None)
        had = {str(entry["version"]) for entry in deployment.versions(place)}
        version = deployment.add_version(place, wish.bundle, asked.number)
        if version != before and before is not None and version == known.served:
            return Prepared(place, before, False, None, version)
        if version != before:
            why = "first served" if before is None else f"served instead of {before}"
            deployment.deploy(place, version, why)
        settings.write(place, replace(settings.read(place), served=version))
        return Prepared(place, version, version not in had, before if before != version else None)
    except OSError as error:
        raise unwritable(place.folder, error) from None


def settings_for(wish: Wish, known: Settings, asked: Asked) -> Settings:
    """What the command line says, else what the bundle's goal says, else what was said the last time."""
    goal = wish.manifest.get("live") or {}
    watched = goal.get("monitor") or {}
    watch, log, limits = known.watch, known.log, known.limits
    try:
        if wish.bundle is not None and watched:
            watch = replace(
                watch,
                alarm_rate=float(watched.get("alarm_rate", watch.alarm_rate)),
                alarm_horizon=float(watched.get("alarm_horizon", watch.alarm_horizon)),
                every=float(watched.get("every", watch.every)),
                retrain=watched.get("retrain", watch.retrain),
            )
        if wish.bundle is not None and goal:
            log = replace(
                log,
                personal=goal.get("personal") or log.personal,
                retention=goal.get("retention", log.retention),
            )
    except (TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"what model.json of the bundle says under 'live' cannot be read: {error}",
            code="serve.live",
            hint="take the bundle from its release again",
        ) from None
    return Settings(
        name=wish.name,
        runs=wish.runs or asked.runs or known.runs,
        goal=asked.goal or known.goal,
        served=known.served,
        limits=_limits(limits, asked),
        log=_log(log, asked),
        watch=_watch(watch, asked),
    )


def _limits(known: Limits, asked: Asked) -> Limits:
    return replace(
        known,
        body=known.body if asked.body is None else asked.body,
        rate=known.rate if asked.rate is None else asked.rate or None,
        timeout=known.timeout if asked.timeout is None else asked.timeout,
        concurrency=known.concurrency if asked.concurrency is None else asked.concurrency,
    )


def _log(known: LogSettings, asked: Asked) -> LogSettings:
    retention = known.retention
    if asked.retention is not None:
        retention = None if asked.retention == "forever" else asked.retention
    return replace(
        known, database=asked.database or known.database, sync=asked.sync or known.sync, retention=retention
    )


def _watch(known: WatchSettings, asked: Asked) -> WatchSettings:
    return replace(
        known,
        webhook=known.webhook if asked.webhook is None else asked.webhook or None,
        command=known.command if asked.command is None else asked.command,
    )
