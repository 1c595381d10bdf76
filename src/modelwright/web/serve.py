"""The pages as a server of their own: one process, until it is stopped."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

from starlette.applications import Starlette

from modelwright.core.errors import BadInput
from modelwright.web.site import Site


def serve(site: Callable[[int], Site], host: str, port: int, say: Callable[[str], None]) -> None:
    """Listen, tell the address, and answer until a signal. ``site`` gets the port (the system chooses for 0).

    Raises :class:`BadInput` where the address cannot be had.
    """
    from modelwright.web.app import build_app

    run(lambda bound: build_app(site(bound)), host, port, say)


def run(app: Callable[[int], Starlette], host: str, port: int, say: Callable[[str], None]) -> None:
    """As :func:`serve`, for any pages: ``app`` gets the port that was bound."""
    import uvicorn

    listening = _listen(host, port)
    bound = int(listening.getsockname()[1])
    made = app(bound)
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        made,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    say(f"http://{shown}:{bound}/")
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind)
    except OSError as error:
        raise BadInput(
            f"{host!r} is no address of this machine: {error.strerror or error}",
            code="ui.address",
            hint="--host 127.0.0.1 is reached from this machine alone, 0.0.0.0 from every network",
        ) from error
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(128)
    except OSError as error:
        made.close()
        busy = error.errno == errno.EADDRINUSE
        raise BadInput(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            code="ui.address",
            hint="something listens there already: --port takes another one, 0 a free one"
            if busy
            else "--host takes an address of this machine",
        ) from error
    return made
