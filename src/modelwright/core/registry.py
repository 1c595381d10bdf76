"""One registry for every kind of plug-in: families, readers, feature operations, checks.

Built-ins enter by the same door as strangers: by name, lazily, so that listing plug-ins imports none.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from typing import Generic, TypeVar, cast

from modelwright.core.errors import BadInput

T = TypeVar("T")


class Registry(Generic[T]):
    """Plug-ins of one kind, by name; values are ``"package.module:attribute"`` until asked for."""

    def __init__(self, kind: str, group: str, builtin: dict[str, str]) -> None:
        self.kind = kind
        self.group = group
        self._places: dict[str, str] = dict(builtin)
        self._loaded: dict[str, T] = {}
        self._strangers_seen = False

    def _find_strangers(self) -> None:
        if not self._strangers_seen:
            self._strangers_seen = True
            for point in sorted(entry_points(group=self.group), key=lambda p: p.name):
                self.add(point.name, point.value)

    def add(self, name: str, place: str | T) -> None:
        """Register a plug-in, by place or as an object. A name that is taken raises ``ValueError``."""
        if name in self._places:
            raise ValueError(f"the {self.kind} {name!r} is registered already")
        self._places[name] = place if isinstance(place, str) else "<object>"
        if not isinstance(place, str):
            self._loaded[name] = place

    def names(self) -> list[str]:
        self._find_strangers()
        return list(self._places)

    def get(self, name: str) -> T:
        """The plug-in of that name; an unknown name raises :class:`BadInput` with the nearest one."""
        self._find_strangers()
        if name not in self._places:
            near = difflib.get_close_matches(name, self._places, 1)
            raise BadInput(
                f"there is no {self.kind} named {name!r}",
                code=f"{self.kind.replace(' ', '-')}.unknown",
                hint=f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(self._places))}",
            )
        if name not in self._loaded:
            module, _, attribute = self._places[name].partition(":")
            self._loaded[name] = cast(T, getattr(import_module(module), attribute))
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())
