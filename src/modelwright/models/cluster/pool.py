"""The pool whose workers are a Ray cluster's."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.core.codec import encode
from modelwright.core.errors import BadInput, Stopped
from modelwright.core.secrets import public
from modelwright.core.stage import Say, say_nothing
from modelwright.models.cluster.address import CLIENT_DOOR, look, unreachable
from modelwright.models.pool import Ended, Pool

if TYPE_CHECKING:  # as in models.pool: nothing heavy before the workers are started
    from modelwright.models.fit import Job
    from modelwright.models.rows import Place

REACH = 60.0
"""Seconds from the start within which the cluster must have been reached and looked at."""
PATIENCE = (0.2, 0.3, 0.5)
"""What part of ``REACH`` each try to connect may take where the cluster is reached by ``ray://``."""
LEAVE = 1.0
"""Seconds that the process which speaks to the cluster may take to end."""


class RayPool(Pool):
    """As :class:`Pool`, with a place for each core of the cluster. What its nodes make is written to the
    journal here, by one process.

    ``generation`` is that of one machine, so that a search by work tries the same things. Raises ``BadInput``
    where Ray is missing or nothing listens; what takes longer to find out, ``check`` and ``attach`` raise.
    """

    def __init__(
        self,
        engine: str,
        *,
        generation: int,
        versions: dict[str, str],
        log: Path,
        warm: tuple[str, ...] = (),
        say: Say = say_nothing,
    ) -> None:
        address = look(engine)
        self.size = 0
        self._engine = engine
        self._generation = generation
        self._say = say
        self._journal: Path | None = None
        self._out: dict[int, str] = {}
        self._tickets = 0
        self._ended: list[Ended] = []
        minor = {"python": ".".join(versions["python"].split(".")[:2])} if "python" in versions else {}
        self._given = {"engine": engine, "versions": {**versions, **minor}, "warm": list(warm)}
        self._log = log
        # Only a client door has a server of ours to start: another address gets all of the time at once.
        self._patience = [part * REACH for part in PATIENCE] if address.startswith("ray://") else [REACH]
        self._tries = 0
        self._start()

    def _start(self) -> None:
        """A process that connects; what is given to the cluster is given to it."""
        self._tries += 1
        self._connected = False
        self._until = time.monotonic() + self._patience[self._tries - 1]
        self._buffer = b""
        with self._log.open("ab") as file:
            self._process = subprocess.Popen(
                # -P: the current folder is no place to import from, here or on a node.
                [sys.executable, "-P", "-m", "modelwright.models.cluster.driver"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
                start_new_session=True,  # a Ctrl-C is ours alone
            )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._send(self._given)

    def _again(self, why: str) -> None:
        """Connect once more, from a new process: the client of one that failed may take minutes to end.

        Raises ``BadInput`` after the last try.
        """
        if self._tries == len(self._patience):
            raise unreachable(public(self._engine), f"{why} ({self._tries} tries)", CLIENT_DOOR)
        self._say("connect again", why=why)
        self._end(0.0)
        self._start()

    def _late(self) -> None:
        waited = self._patience[self._tries - 1]
        if self._connected or len(self._patience) == 1:
            raise unreachable(public(self._engine), f"it was not reached within {waited:.0f} s")
        self._again(f"its client server did not start within {waited:.0f} s")

    def attach(self, journal: Path) -> None:
        """Where finished fits go from now on; waits until the cluster has been reached."""
        journal.mkdir(parents=True, exist_ok=True)
        self._journal = journal
        self._listen(0.0)
        while self.size == 0:
            left = self._until - time.monotonic()
            if left <= 0.0:
                self._late()
            self._listen(min(0.5, max(0.0, left)))

    def check(self) -> None:
        """Raise what the cluster was refused for, or that it is lost; connect again where it is time to."""
        self._listen(0.0)
        late = self.size == 0 and not self._connected and time.monotonic() >= self._until
        if late and self._tries < len(self._patience):
            self._late()

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def busy(self) -> int:
        return len(self._out)

    @property
    def idle(self) -> int:
        """Places without a fit; none while more fits are out than the cluster, after a loss, has cores."""
        return max(0, self.size - self.busy)

    def submit(self, key: str, place: Place, job: Job, kill_after: float | None = None) -> None:
        """Send a fit to the cluster; it is cancelled as in :meth:`Pool.submit`."""
        self._tickets += 1
        self._out[self._tickets] = key
        given = {
            "ticket": self._tickets,
            "key": key,
            "journal": str(self._journal),
            "kill_after": kill_after,
            "place": encode(place),
            "job": encode(job),
        }
        self._send(given)

    def wait(self, seconds: float) -> list[Ended]:
        """Fits that ended, waiting at most ``seconds`` for the first one. Raises :class:`Stopped` when the
        cluster is lost or a fit could not be kept."""
        until = time.monotonic() + max(seconds, 0.0)
        self._listen(0.0)
        while not self._ended and time.monotonic() < until:
            self._listen(until - time.monotonic())
        ended, self._ended = self._ended, []
        return ended

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        # Where it is gone, listening says so.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write((json.dumps(message) + "\n").encode())
            self._process.stdin.flush()

    def _listen(self, seconds: float) -> None:
        assert self._process.stdout is not None
        if not self._selector.select(max(0.0, seconds)):
            return
        chunk: bytes | None = self._process.stdout.read()
        if chunk is None:
            return
        if not chunk:
            raise Stopped(
                "the connection to the Ray cluster ended unexpectedly",
                code="engine.lost",
                hint="worker.log of the run says more; `modelwright resume` goes on with every finished fit",
            )
        self._buffer += chunk
        *whole, self._buffer = self._buffer.split(b"\n")
        for line in whole:
            self._heard(json.loads(line))

    def _heard(self, answer: dict[str, Any]) -> None:
        kinds: dict[str, Callable[..., Exception]] = {"refused": BadInput, "stop": Stopped}
        for kind, raised in kinds.items():
            if kind in answer:
                raise raised(**answer[kind])
        if "again" in answer:
            self._again(answer["again"])
        elif "connected" in answer:
            self._connected = True
            self._until = time.monotonic() + REACH
        elif "ready" in answer:
            self.size = answer["ready"]["cores"]
            self._say("cluster", **answer["ready"])
        elif "cores" in answer:
            # One place stays, so that fits wait for a node that comes back; the driver says when to stop.
            self.size = max(1, answer["cores"])
            self._say("cluster", cores=answer["cores"])
        elif "say" in answer:
            self._say(**answer["say"])
        elif "ended" in answer:
            told = answer["ended"]
            if self._out.pop(told["ticket"], None) is not None:
                self._ended.append(Ended(told["key"], told["error"], told["status"]))

    def drop(self) -> None:
        """Cancel whatever is going on."""
        if self._out:
            self._out.clear()
            self._send({"drop": True})
        self._ended.clear()

    def close(self) -> None:
        """Leave the cluster: it ends at once what it was given."""
        if self._out:
            self.drop()
        self._end(LEAVE)

    def _end(self, seconds: float) -> None:
        """The end of the process, which may take so long before it is killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self._process.kill()
        self._process.wait()
        self._selector.close()
        self._process.stdout.close()
