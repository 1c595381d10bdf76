"""Signals: the first Ctrl-C ends a run well, the second ends it now."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from modelwright.core.errors import Stopped
from modelwright.core.stage import Say


class Interrupts:
    """The first Ctrl-C asks to end well with the best so far; the second stops at once."""

    def __init__(self, say: Say) -> None:
        self.asked = False
        self._say = say

    def _first(self, signum: int, frame: Any) -> None:
        if self.asked:
            raise Stopped(
                "stopped by a second interrupt",
                code="stopped.signal",
                hint="`modelwright resume` goes on from here",
            )
        self.asked = True
        self._say("interrupted")

    def _terminate(self, signum: int, frame: Any) -> None:
        raise Stopped(
            f"stopped by {signal.Signals(signum).name}",
            code="stopped.signal",
            hint="`modelwright resume` goes on from here",
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM inside the block (in the main thread alone)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        old = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
        signal.signal(signal.SIGINT, self._first)
        signal.signal(signal.SIGTERM, self._terminate)
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
