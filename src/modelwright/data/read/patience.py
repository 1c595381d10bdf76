"""How long a database may keep us waiting: for the connection, for an answer, and when it is gone."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from modelwright.core.errors import BadData

if TYPE_CHECKING:
    from sqlalchemy import Connection

SECONDS = 600.0
"""That an answer may take, where the goal says nothing (``data.reading.wait``)."""
KEPT_ALIVE: dict[str, int] = {
    "keepalives": 1, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # fmt: skip
"""A server whose machine is gone is noticed within half a minute (libpq's names; the last in ms)."""


def gone(shown: str, reason: str) -> BadData:
    """For a database that ended the connection while it was read."""
    return BadData(
        f"the database {shown} went away while it was read: {reason}",
        code="data.database-gone",
        hint="see that the server runs, and start again; nothing of it was changed",
    )


@contextmanager
def bounded(connection: Connection, seconds: float, shown: str) -> Iterator[None]:
    """Whatever is asked within is cut off after so many seconds, whether the server works or is frozen.

    Raises :class:`BadData` then.
    """
    expired = threading.Event()
    held: Any = connection.connection.driver_connection

    def cut() -> None:
        expired.set()
        with suppress(Exception):  # it has ended by itself
            if hasattr(held, "interrupt"):  # SQLite
                held.interrupt()
            else:  # A frozen server hears no request to cancel; the socket does.
                with suppress(OSError), socket.socket(fileno=os.dup(held.fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if expired.is_set():
            raise BadData(
                f"the database {shown} gave no answer within {seconds:g} s",
                code="data.database-silent",
                hint="look whether it hangs or the query waits for a lock; or allow more: "
                "`reading: {wait: 1h}` in data",
            ) from None
        raise
    finally:
        timer.cancel()
