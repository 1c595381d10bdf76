"""The labelling pages as a server of their own: one process, until it is stopped."""

from __future__ import annotations

from collections.abc import Callable

from modelwright.web.label.desk import Desk
from modelwright.web.serve import run


def serve(desk: Callable[[int], Desk], host: str, port: int, say: Callable[[str], None]) -> None:
    """Listen, tell the address, and answer until a signal. ``desk`` gets the port.

    Raises :class:`~modelwright.core.errors.BadInput` where the address cannot be had.
    """
    from modelwright.web.label.app import build_app

    run(lambda bound: build_app(desk(bound)), host, port, say)
