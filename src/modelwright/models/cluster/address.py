"""What ``engine`` means: where a cluster is, and whether anything answers there."""

from __future__ import annotations

import os
import socket
from importlib.util import find_spec

from modelwright.core.errors import BadInput
from modelwright.core.secrets import public

ANSWER = 5.0
"""Seconds within which the cluster's port must accept a connection."""
INSTALL = "pip install 'modelwright[ray]'"
LOCALLY = "`--engine local` fits on this machine"


CLIENT_DOOR = (
    "start its head with GRPC_ENABLE_FORK_SUPPORT=0 in the environment (docs/how-to/cluster.md), or run on a"
    " node and name the cluster HEAD:6379"
)
"""What helps where a ``ray://`` address answers, but the server for this client does not start.

The head forks it off a process that is full of gRPC's threads. gRPC's handlers of forks run in the child,
before it has become another program, and kill it or hang now and then (ray-project/ray#63202,
grpc/grpc#43055). Without these handlers there is nothing that could.
"""


def unreachable(where: str, why: str, hint: str = "") -> BadInput:
    hint = hint or f"start a cluster with `ray start --head`, or name one that runs: {LOCALLY}"
    return BadInput(f"no Ray cluster answers at {where}: {why}", code="engine.unreachable", hint=hint)


def address_of(engine: str) -> str:
    """What Ray is told: the address itself, or for ``ray`` that of RAY_ADDRESS, or ``auto``, the cluster that
    runs on this machine."""
    return (os.environ.get("RAY_ADDRESS") or "auto") if engine == "ray" else engine


def look(engine: str) -> str:
    """The address, once Ray is installed here and its port answers.

    Raises ``BadInput``: ``engine.missing`` or ``engine.unreachable``. Takes ``ANSWER`` seconds at most; that
    a cluster is behind the port is only known to who connects.
    """
    if find_spec("ray") is None:
        raise BadInput(
            f"engine: {public(engine)} needs Ray, which is not installed",
            code="engine.missing",
            hint=f"{INSTALL}, here and on every node; {LOCALLY}",
        )
    address = address_of(engine)
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
        except (OSError, OverflowError) as error:
            why = (
                "no answer"
                if isinstance(error, TimeoutError)
                else getattr(error, "strerror", "") or str(error)
            )
            raise unreachable(public(address), why) from None
    return address
