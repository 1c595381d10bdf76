"""What is shown, and under which names and to whom."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from modelwright.core.errors import BadInput

LEAST_TOKEN = 16
"""Characters of a token that somebody chose: shorter ones can be guessed."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class Site:
    """The folders that are shown, and what a request must bring."""

    live: Path
    runs: Path
    port: int = 8080
    token: str | None = None
    """What a visitor must enter once; None where only this machine can reach the pages."""
    host: str = "127.0.0.1"
    """The address that the pages are bound to."""
    names: tuple[str, ...] = ()
    """Other names under which they are reached, such as that of a proxy."""
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """Signs forms; new with each start."""

    @property
    def local(self) -> bool:
        return is_local(self.host)

    def knows(self, header: str) -> bool:
        """Whether a ``Host`` header names this server.

        A page elsewhere that has its own name pointed at this address (DNS rebinding) sends that name:
        addresses written as numbers cannot be abused so, and names must be known.
        """
        name = host_of(header)
        if name is None:
            return False
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            known = {"localhost", self.host.lower(), *(n.lower() for n in self.names)}
            return name in known
        return address.is_loopback or not self.local or name in self.names


def host_of(header: str) -> str | None:
    """The name in a ``Host`` header, lower case and without port; None where it is malformed."""
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::\d{1,5})?", header.strip())
    if match is None:
        return None
    name = match[1].strip("[]").lower()
    if ":" in name:
        return name
    return name if _NAME.fullmatch(name) else None


def is_local(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def token_for(host: str, asked: str | None) -> tuple[str | None, bool]:
    """The token that visitors need, and whether it was made here (and must be told).

    ``asked`` is ``env:NAME`` or ``new``; a token on the command line could be read by every user of the
    machine, and is refused. Raises :class:`BadInput`.
    """
    if asked is None:
        return (None, False) if is_local(host) else (secrets.token_urlsafe(24), True)
    if asked == "new":
        return secrets.token_urlsafe(24), True
    if not asked.startswith("env:"):
        raise BadInput(
            "--token takes no token itself: whoever lists the processes of this machine would read it",
            code="ui.token",
            hint="put it in the environment and say --token env:NAME, or --token new to have one made",
        )
    name = asked.removeprefix("env:")
    token = os.environ.get(name, "")
    if len(token) < LEAST_TOKEN:
        raise BadInput(
            f"the environment variable {name} "
            + ("is not set" if not token else f"holds a token of {len(token)} characters"),
            code="ui.token",
            hint=f"a token has at least {LEAST_TOKEN} characters, such as those of `openssl rand -hex 16`",
        )
    return token, False
