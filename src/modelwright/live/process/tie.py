"""What ties a child to the supervisor: one end of a socket pair each.

The child says over it that it is ready; and when the supervisor is gone, whatever the cause, its end closes,
which the child sees and ends too. No orphan keeps the port, whoever was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time

READY = b"ready\n"


class Tie:
    """The child's end."""

    def __init__(self, number: int) -> None:
        self._end = socket.socket(fileno=number)

    def ready(self) -> None:
        """Tell the supervisor, if it is still there."""
        with contextlib.suppress(OSError):
            self._end.sendall(READY)

    def watch(self, patience: float) -> None:
        """From now on, end this process as SIGTERM would when the supervisor is gone; hard after
        ``patience`` seconds, in case it hangs."""
        threading.Thread(target=self._wait, args=(patience,), name="tie", daemon=True).start()

    def _wait(self, patience: float) -> None:
        with contextlib.suppress(OSError):
            while self._end.recv(64):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(patience)
        os._exit(1)
