"""How one live model is served and watched: what the command line and the bundle said, kept for the commands
that come later."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from modelwright.core.codec import decode, encode
from modelwright.core.errors import BadInput
from modelwright.live.place import Place
from modelwright.store import atomic


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may ask of the server."""

    body: int = 8_000_000
    """Bytes of a request's body."""
    rows: int = 10_000
    """Rows of one request."""
    rate: float | None = None
    """Requests a second for each API key (for each client's address where no keys are used)."""
    concurrency: int = 256
    """Requests at work at once in one worker; more are answered 503."""
    timeout: float = 30.0
    """Seconds for a request, its body's arrival included."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is kept of predictions."""

    database: str | None = None
    """An SQLAlchemy URL, or ``env:NAME``; None is SQLite in the model's folder."""
    sync: Literal["process", "always"] = "process"
    """``process``: an answered prediction survives the death of the process; ``always``: a power cut too."""
    retention: float | None = 90 * 86400.0
    """Seconds after which a prediction and its feedback are deleted; None keeps them."""
    journal: int = 1_000_000_000
    """Bytes that may wait for the database before requests are refused."""
    personal: Literal["drop", "mask", "hash", "keep"] = "mask"
    """What is kept of inputs with personal data."""


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How the model is watched, and who is told."""

    alarm_rate: float = 0.01
    alarm_horizon: float = 30 * 86400.0
    """Seconds."""
    every: float = 60.0
    """Seconds between two looks."""
    retrain: str | None = None
    """``on drift``, ``never``, ``every 30d``; None as ``never``."""
    webhook: str | None = None
    """Address that alarms are sent to (POST, JSON), or ``env:NAME``."""
    command: tuple[str, ...] = ()
    """Program and arguments that are started for each alarm, with its JSON on standard input."""


@dataclass(frozen=True, slots=True)
class Settings:
    name: str
    runs: str | None = None
    """The folder of runs that the bundle came from: where retraining finds goal and data."""
    goal: str | None = None
    """Path of the goal file to retrain by; None takes the one of the bundle's run."""
    served: str | None = None
    """The version of the bundle that ``serve`` was given the last time: a server that is started again with
    the same one leaves what was promoted or rolled back since."""
    limits: Limits = field(default_factory=Limits)
    log: LogSettings = field(default_factory=LogSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)


def write(place: Place, settings: Settings) -> None:
    """Keep the settings, readable by their owner alone: addresses may hold passwords."""
    place.folder.mkdir(parents=True, exist_ok=True)
    atomic.write_json(place.settings, encode(settings))
    place.settings.chmod(0o600)


def read(place: Place) -> Settings:
    """The settings of a live model; raises :class:`BadInput` where they are damaged."""
    try:
        data: Any = atomic.read_json(place.settings)
        return decode(Settings, data)
    except FileNotFoundError:
        return Settings(place.name)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            f"live.json of {place.name!r} cannot be read: {error}",
            code="live.settings",
            hint="serve the bundle again; that writes it anew",
        ) from error


def secret(value: str | None) -> str | None:
    """The value itself, or what the environment holds where it is ``env:NAME``. Raises :class:`BadInput`."""
    if value is None or not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    if name not in os.environ:
        raise BadInput(
            f"the environment variable {name} is not set",
            code="live.environment",
            hint=f"the settings name it as {value!r}; set it and start again",
        )
    return os.environ[name]


def database_url(place: Place, settings: Settings) -> str:
    """The URL of the model's log. One database may hold several models: where the settings name it, the URL
    says in a parameter which one is meant."""
    named = secret(settings.log.database)
    if not named:
        return place.database
    return f"{named}{'&' if '?' in named else '?'}modelwright_model={quote(place.name)}"
