"""What the application asks of whoever loads models (``live/process``) and keeps the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from modelwright.live.entries import Entry, Role
from modelwright.runtime.model import Model

if TYPE_CHECKING:
    from modelwright.live.serve.predict import Prepared


class Served(Protocol):
    """One version, loaded."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def model(self) -> Model: ...
    @property
    def ready(self) -> Any:
        """What :func:`prepare` made of it."""


class Serving(Protocol):
    """What answers one live model at one moment; never changes."""

    @property
    def serial(self) -> int: ...
    @property
    def champion(self) -> Served: ...
    @property
    def challenger(self) -> Served | None: ...
    @property
    def mode(self) -> str | None: ...
    @property
    def share(self) -> float: ...
    @property
    def shadow(self) -> Served | None:
        """Who answers all requests unseen beside the champion."""

    def choose(self, request: str) -> tuple[Served, Role]:
        """Who answers the request of that id."""


class Models(Protocol):
    """The loaded versions of one worker. Asked at each request, on the event loop: a look-up, no work."""

    def names(self) -> Sequence[str]: ...
    def current(self, name: str) -> Serving | None: ...
    def version(self, name: str, version: str) -> Served | None: ...
    async def fetch(self, name: str, version: str) -> Served | None: ...


class Journal(Protocol):
    """The promise that an answered prediction survives the process (``live/log/journal.py``)."""

    def append(self, entries: Sequence[Entry]) -> None:
        """Returns when the promise holds; raises where it cannot. Called on the event loop alone."""

    @property
    def full(self) -> bool: ...


def prepare(name: str, version: str, model: Model) -> Prepared:
    """Compile the checks and the answers of a version, and run it warm; what ``Models`` takes as ``prepare``.

    Takes milliseconds: called in a thread, before the version is swapped in.
    """
    from modelwright.live.serve.predict import Prepared

    return Prepared(name, version, model)
