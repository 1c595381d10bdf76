"""uvicorn's server, with an end that keeps its word: what was accepted is answered.

uvicorn itself closes every idle connection the moment it is told to end, and a request that is on its way on
such a connection meets a reset. Here a worker that ends first stops listening, takes the connections that the
system had made already, says ``Connection: close`` with every answer, and waits a moment for requests that
are on their way.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PAUSE, TURNS = 0.01, 50
"""Seconds of a pause, and how many of them an idle connection stays open at the end, for a request that is on
its way. Turns and no time: on a busy machine half a second can go by in which this process may do nothing,
and what has come meanwhile is read in the next turn."""
KEEP_ALIVE: Final = 75
"""Seconds for which an idle connection stays open; longer than the balancers before servers wait."""
BACKLOG: Final = 2048
"""Connections that may wait to be taken."""
HEAD: Final = 65_536
"""Bytes that the head of a request may have."""
_TOO_LARGE: Final = (
    b'{"error":{"code":"head-too-large","message":"the head of the request is longer than 65,536 bytes",'
    b'"hint":"send what is long in the body","fields":[]}}'
)
_CLOSE: Final = (b"connection", b"close")


class Protocol(HttpToolsProtocol):
    """uvicorn's, with a limit on the head of a request, which it takes at any length."""

    _head = -1
    """Bytes received of a head that has begun and not ended; -1 between heads."""

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head = -1
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head >= 0:
            self._head += len(data)
            if self._head > HEAD and not self.transport.is_closing():
                head = (
                    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
                    b"content-length: %d\r\nconnection: close\r\n\r\n" % len(_TOO_LARGE)
                )
                self.transport.write(head + _TOO_LARGE)
                self.transport.close()


class Server(uvicorn.Server):
    """Ends when told by SIGTERM or SIGINT.

    ``late``: seconds for a request's head to arrive. ``patience``: seconds for what is under way when the
    server ends. ``begun``: called once it answers; ``ending``: called before it stops to.
    """

    def __init__(
        self, app: Any, *, late: float, patience: float, begun: Callable[[], None], ending: Callable[[], None]
    ) -> None:
        # Malformed requests are answered 400; a line for each would fill the log of whoever is attacked.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=max(1, round(patience)),
                backlog=BACKLOG,
            )
        )
        self._late = late
        self._begun = begun
        self._ending = ending
        self._waiting: dict[Any, float] = {}

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._begun()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            self._close_late()
        return await super().on_tick(counter)

    def _close_late(self) -> None:
        """Close connections whose request does not come: the application sees only what has a whole head."""
        now = asyncio.get_running_loop().time()
        waiting = {}
        for connection in self.server_state.connections:
            cycle = getattr(connection, "cycle", None)
            kept = getattr(connection, "timeout_keep_alive_task", None)
            if kept is None and (cycle is None or cycle.response_complete):
                waiting[connection] = self._waiting.get(connection, now)
        self._waiting = waiting
        for connection, since in waiting.items():
            if now - since > self._late:
                connection.transport.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending()
        rest = [listening.dup() for listening in sockets or []]
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        # The list is shared with every request that begins from now on.
        self.server_state.default_headers.append(_CLOSE)
        for connection in self.server_state.connections:
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and not cycle.response_complete:
                cycle.default_headers = [*cycle.default_headers, _CLOSE]
        for listening in rest:
            await self._take_the_rest(listening)
            listening.close()
        for _ in range(TURNS):
            if not self.server_state.connections:
                break
            await asyncio.sleep(PAUSE)
        for _ in range(TURNS):
            if not self._close_quiet():
                break
            await asyncio.sleep(PAUSE)
        closing = asyncio.ensure_future(self._close_idle())
        try:
            await super().shutdown(None)
        finally:
            closing.cancel()

    async def _close_idle(self) -> None:
        """Again and again: a connection that was accepted just before may only now be made, after uvicorn has
        told all others to close, and one that then sends nothing would hold the end up for its whole time."""
        while True:
            await asyncio.sleep(0.2)
            self._close_quiet()

    def _close_quiet(self) -> bool:
        """Close the idle connections on which nothing waits to be read; whether something waits on others."""
        waiting = False
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            idle = cycle is None or cycle.response_complete
            if idle and _unread(connection.transport):
                waiting = True
            else:
                connection.shutdown()
        return waiting

    async def _take_the_rest(self, listening: socket.socket) -> None:
        """The connections that wait to be taken: closing the last listening socket would reset them."""
        loop = asyncio.get_running_loop()
        listening.setblocking(False)
        for _ in range(BACKLOG):
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """As uvicorn's, but the signal is not raised again: one that was told to end ends well, and being
        told twice changes nothing."""
        for which in (signal.SIGINT, signal.SIGTERM):
            signal.signal(which, self._told)
        try:
            yield
        finally:
            for which in (signal.SIGINT, signal.SIGTERM):
                signal.signal(which, signal.SIG_IGN)

    def _told(self, which: int, frame: FrameType | None) -> None:
        del which, frame
        self.should_exit = True


def _unread(transport: asyncio.Transport) -> bool:
    """Whether bytes have come on a connection that its protocol has not seen."""
    made = transport.get_extra_info("socket")
    if transport.is_closing() or made is None or not hasattr(socket, "MSG_DONTWAIT"):
        return False
    try:
        # A copy of the descriptor: what event loops give is a stand-in that cannot be read.
        with socket.socket(fileno=os.dup(made.fileno())) as own:
            return bool(own.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return False
