"""The last moments of a server: nobody is connected who cannot be answered."""

from __future__ import annotations

import socket
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from modelwright.live.process import server
from modelwright.live.process.supervisor import listen, refuse_new


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a filter of Linux")
def test_who_is_connected_is_taken_and_nobody_new_is_connected() -> None:
    listening = listen("127.0.0.1", 0)
    address = listening.getsockname()
    with socket.create_connection(address, 60.0) as early:
        early.sendall(b"early")
        refuse_new(listening)
        # What is not answered is asked again only after a second: there is nothing to wait for here.
        with socket.socket() as late:
            late.setblocking(False)
            with pytest.raises(BlockingIOError):
                late.connect(address)
        taken, _ = listening.accept()
        with taken:
            assert taken.recv(10) == b"early"
            early.sendall(b"more")
            assert taken.recv(10) == b"more"
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()
    listening.close()


class Connection:
    """As the server knows one: idle, on a socket."""

    cycle = None

    def __init__(self, made: socket.socket) -> None:
        self.transport: Any = SimpleNamespace(get_extra_info=lambda _: made, is_closing=lambda: False)
        self.closed = False

    def shutdown(self) -> None:
        self.closed = True


def test_an_idle_connection_on_which_something_has_come_is_not_closed() -> None:
    (one, client), (other, quiet) = socket.socketpair(), socket.socketpair()
    with one, client, other, quiet:
        client.sendall(b"POST /predict")
        asked, silent = Connection(one), Connection(other)
        end: Any = SimpleNamespace(server_state=SimpleNamespace(connections={asked, silent}))
        assert server.Server._close_quiet(end)
        assert (asked.closed, silent.closed) == (False, True)
        assert one.recv(100) == b"POST /predict"  # it was only looked at
        assert not server.Server._close_quiet(end)
        assert asked.closed
