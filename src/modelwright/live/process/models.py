"""The versions that a worker holds ready, and which of them answers each request.

Everything runs on the worker's event loop but loading, which has a thread of its own. A swap is one
assignment: a request that has asked :meth:`Models.current` keeps what it was given, so none fails.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from modelwright.core.errors import ModelwrightError
from modelwright.live import deployment
from modelwright.live.entries import Role
from modelwright.live.place import Place
from modelwright.runtime import Model, load

LOOK: Final = 0.1
"""Seconds between two looks at deployment.json."""
AGAIN: Final = 10.0
"""Seconds after which a version that could not be loaded is tried again."""
EXTRA: Final = 2
"""Versions beside those of the deployment that stay loaded because somebody asked for them."""


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """One loaded version."""

    name: str
    version: str
    """Such as "v2"."""
    model: Model
    ready: Any = None
    """What ``prepare`` made of it, before it answered anything: compiled checks, say."""


Prepare = Callable[[str, str, Model], Any]
"""``prepare(name, version, model)``: called in a thread. What it raises refuses the version."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A version that cannot be loaded; what answered before goes on answering."""

    serial: int
    """Of the deployment that asked for it."""
    version: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """What answers for one name at one moment. Never changed: a swap makes a new one."""

    name: str
    serial: int
    """Of the deployment that it follows; of the one before where that was refused."""
    champion: Served
    challenger: Served | None = None
    mode: Literal["shadow", "canary"] | None = None
    share: float = 0.0
    """Of the requests that a canary answers."""

    def choose(self, request: str) -> tuple[Served, Role]:
        """Who answers a request, by its id: the same id gets the same version as long as the share stays."""
        if self.mode == "canary" and self.challenger is not None and part(request) < self.share:
            return self.challenger, "canary"
        return self.champion, "champion"

    @property
    def shadow(self) -> Served | None:
        """Who answers all requests unseen beside the champion."""
        return self.challenger if self.mode == "shadow" else None


def part(request: str) -> float:
    """A number in [0, 1) that depends on the id alone, evenly spread over ids of any form."""
    digest = hashlib.blake2b(request.encode("utf-8", "replace"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


class Models:
    """The loaded versions of every name that a worker answers for."""

    def __init__(self, places: Sequence[Place], prepare: Prepare | None = None) -> None:
        self._places = {place.name: place for place in places}
        self._prepare = prepare
        self._current: dict[str, Serving] = {}
        self._loaded: dict[str, dict[str, Served]] = {name: {} for name in self._places}
        self._extra: OrderedDict[tuple[str, str], Served] = OrderedDict()
        self._refused: dict[str, Refused | None] = dict.fromkeys(self._places)
        self._seen: dict[str, tuple[int, ...]] = {}
        self._tried: dict[str, float] = {}
        self._following = asyncio.Lock()
        # Another one: a swap (and a rollback) must not wait for versions that clients ask for by name.
        self._fetching = asyncio.Lock()
        self.changed: list[Callable[[str], None]] = []
        """Called on the event loop with the name after a swap, or a refusal."""

    # --- what a request asks --------------------------------------------------------------------------

    def names(self) -> tuple[str, ...]:
        return tuple(self._places)

    def place(self, name: str) -> Place:
        return self._places[name]

    def current(self, name: str) -> Serving | None:
        """What answers for a name now; None where nothing could be loaded, or the name is not served."""
        return self._current.get(name)

    def version(self, name: str, version: str) -> Served | None:
        """A version that is loaded now."""
        return self._loaded.get(name, {}).get(version) or self._extra.get((name, version))

    async def fetch(self, name: str, version: str) -> Served | None:
        """A version, loaded for this if need be; None where there is none. Raises as :func:`load`."""
        found = self.version(name, version)
        if found is not None or name not in self._places:
            return found
        if not version.isalnum() or not (self._places[name].versions / version / "version.json").is_file():
            return None
        async with self._fetching:
            found = self.version(name, version)
            if found is None:
                found = await asyncio.to_thread(self._load, name, version)
                self._extra[name, version] = found
                while len(self._extra) > EXTRA:
                    self._extra.popitem(last=False)
        return found

    def refused(self, name: str) -> Refused | None:
        """The version that could not be loaded, as long as a deployment asks for it."""
        return self._refused.get(name)

    def status(self, name: str) -> dict[str, Any]:
        """What a worker says of itself in ``workers/<process>.json``."""
        serving, refused = self._current.get(name), self._refused.get(name)
        return {
            "process": os.getpid(),
            "model": name,
            "seen": time.time(),
            "serial": serving.serial if serving else 0,
            "version": serving.champion.version if serving else None,
            "challenger": serving.challenger.version if serving and serving.challenger else None,
            "loaded": list(self._loaded[name]),
            "refused": None
            if refused is None
            else {"serial": refused.serial, "version": refused.version, "why": refused.why},
        }

    # --- following the deployment ---------------------------------------------------------------------

    def open(self) -> None:
        """Load everything, before the first request. What cannot be loaded is told by :meth:`refused`."""
        for name in self._places:
            self._seen[name] = self._stamp(name)
            self._take(name, self._follow(name))

    async def watch(self) -> None:
        """Follow every deployment until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            for name in self._places:
                if self._due(name):
                    async with self._following:
                        made = await asyncio.to_thread(self._follow, name)
                        self._take(name, made)

    def _due(self, name: str) -> bool:
        stamp = self._stamp(name)
        if stamp and stamp != self._seen.get(name):
            self._seen[name] = stamp
            return True
        return self._refused[name] is not None and time.monotonic() - self._tried[name] > AGAIN

    def _stamp(self, name: str) -> tuple[int, ...]:
        try:
            facts = os.stat(self._places[name].deployment)
        except OSError:  # being replaced by hand, or gone: what answers goes on
            return ()
        return facts.st_ino, facts.st_mtime_ns, facts.st_size

    def _follow(self, name: str) -> tuple[Serving | None, dict[str, Served], Refused | None]:
        """What a name's deployment asks for, loaded; only reads what belongs to the event loop."""
        self._tried[name] = time.monotonic()
        old, held = self._current.get(name), self._loaded[name]
        try:
            wanted = deployment.read(self._places[name])
        except ModelwrightError as error:
            return old, held, Refused(0, "", error.message)
        found: dict[str, Served] = {}
        refused: Refused | None = None
        for version in wanted.versions:
            try:
                found[version] = held.get(version) or self.version(name, version) or self._load(name, version)
            except Exception as error:  # a bundle may be damaged in more ways than can be named
                refused = refused or Refused(wanted.serial, version, _said(error))
        if wanted.champion not in found:
            if old is not None:
                return old, {**held, **found}, refused
            standby = next((found[v] for v in wanted.previous[:1] if v in found), None)
            made = Serving(name, wanted.serial - 1, standby) if standby else None
            return made, found, refused
        trial = wanted.challenger if wanted.challenger and wanted.challenger.version in found else None
        made = Serving(
            name,
            wanted.serial,
            found[wanted.champion],
            found[trial.version] if trial else None,
            trial.mode if trial else None,
            trial.share if trial else 0.0,
        )
        return made, found, refused

    def _take(self, name: str, made: tuple[Serving | None, dict[str, Served], Refused | None]) -> None:
        serving, loaded, refused = made
        if serving is not None:
            self._current[name] = serving
        self._loaded[name] = loaded
        self._refused[name] = refused
        for key in [key for key in self._extra if key[0] == name and key[1] in loaded]:
            del self._extra[key]
        for tell in self.changed:
            tell(name)

    def _load(self, name: str, version: str) -> Served:
        model = load(self._places[name].bundle(version), threads=1)
        warm(model)
        return Served(name, version, model, self._prepare(name, version, model) if self._prepare else None)


def _said(error: Exception) -> str:
    return error.message if isinstance(error, ModelwrightError) else f"{type(error).__name__}: {error}"


def warm(model: Model) -> None:
    """One prediction, of the signature's own examples: the first one costs more, and shows what is broken."""
    model.predict_all({column.name: column.example for column in model.signature.inputs})
