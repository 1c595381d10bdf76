"""Whose rows are to go: values of a column that names people, in every form in which they may be kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modelwright.core.errors import BadInput
from modelwright.live.log.personal import canonical, forms
from modelwright.live.place import Place
from modelwright.runtime.parse.mask import digest


@dataclass(frozen=True)
class Asked:
    """A request: the column, and what it holds of the people that are meant."""

    column: str
    values: tuple[str, ...] = field(repr=False)

    @property
    def people(self) -> int:
        return len(self.values)

    def kept_as(self, places: Iterable[Place], secrets: Iterable[str]) -> frozenset[str]:
        """The values and their digests: those of logs of live models (rows of a log may have become rows of a
        run), and those of goals whose secret is in the environment."""
        found = set(self.values)
        every = list(places)
        keys = [os.environ[name].encode() for name in sorted(set(secrets)) if os.environ.get(name)]
        for value in self.values:
            for place in every:
                found |= {str(one) for one in forms(place, value)}
            for key in keys:
                found |= {f"{kind}-{digest(value, key)}" for kind in _KINDS}
        return frozenset(found)


_KINDS = ("email", "phone", "name", "address", "card", "iban", "national id", "ip", "birth date")


def asked(column: str, values: Sequence[str], file: Path | None) -> Asked:
    """The request of a command line: values, or a file with one a line ("-": standard input).

    Raises :class:`BadInput` where nothing, or nothing but white space, is named.
    """
    named = list(values)
    if file is not None:
        named += _lines(file)
    made = dict.fromkeys(canonical(value) for value in named)
    made.pop("", None)
    if not made:
        raise BadInput(
            "it is not said whose rows are to be deleted",
            code="forget.nobody",
            hint="--value VALUE names one person, --file FILE one a line (`--file -` reads standard input, "
            "which keeps the value out of the shell's history)",
        )
    return Asked(column, tuple(made))


def _lines(file: Path) -> list[str]:
    import sys

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text in UTF-8'}",
            code="forget.file",
            hint="a text file with one value a line",
        ) from error
    return text.splitlines()
