"""The process that holds the listening socket, and starts, watches and ends the others.

One socket is made before any worker and inherited by all: which worker takes a connection is up to the
system, and a worker that dies loses only what it had taken. The supervisor itself answers nothing and loads
nothing, so there is little that could end it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelwright.core.codec import encode
from modelwright.core.errors import BadInput, ModelwrightError
from modelwright.live.place import Place
from modelwright.live.serve.counters import forget
from modelwright.store.lock import locked

KEEPER: Final = "modelwright.live.process.keeper"
WORKER: Final = "modelwright.live.process.worker"
COUNTERS: Final = "counters"
"""Folder of the workers' counts, in the place of the server's first model."""
RATES: Final = "rates"
"""File there: the requests of each client, which all workers count together."""
BACKLOG: Final = 2048
STEADY: Final = 10.0
"""Seconds after which a process that started counts as sound: its next end is restarted at once."""
LONGEST: Final = 10.0
"""Seconds between two starts of a process that ends again and again."""
LAST: Final = 20.0
"""Seconds for the keeper to bring the rest of the journals to the database at the end."""
ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one server serves, and how."""

    live: Path
    names: tuple[str, ...]
    workers: int
    patience: float
    """Seconds for requests under way when the server ends."""

    @property
    def places(self) -> list[Place]:
        return [Place.of(self.live, name) for name in self.names]


def listen(host: str, port: int) -> socket.socket:
    """A socket that will listen there (port 0: any free one). Raises :class:`BadInput`."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError, OverflowError):
        raise BadInput(
            f"there is no address {host!r} to listen at",
            code="serve.host",
            hint="--host 127.0.0.1 for this machine alone, 0.0.0.0 for every network of it",
        ) from None
    # "localhost" may be two addresses; clients try the one of IPv4.
    family, kind, protocol, _, address = sorted(found, key=lambda each: each[0] != socket.AF_INET)[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise _cannot_listen(host, port, error) from None
    return made


_NO_SYN: Final = (
    (0x30, 0, 0, 13),
    (0x54, 0, 0, 0x12),
    (0x15, 0, 1, 0x02),
    (6, 0, 0, 0),
    (6, 0, 0, 2**32 - 1),
)
"""A filter of packets for the kernel (classic BPF): where the flags, byte 13 of a segment, have SYN and no
ACK, it is dropped; all others pass."""


def refuse_new(listening: socket.socket) -> None:
    """From now on nobody new is connected, while who is connected can still be taken. Between the last look
    of the last worker and its closing of the socket, a client would otherwise be connected and then reset.

    Clients that ask meanwhile are not answered, and ask again after a second (RFC 6298): by then the port is
    refused, or the next server has it. Where a system has no such filter, that moment stays.
    """
    if not sys.platform.startswith("linux"):
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in _NO_SYN))
    filter_ = struct.pack("@HP", len(_NO_SYN), ctypes.addressof(code))
    with contextlib.suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, 26, filter_)  # SO_ATTACH_FILTER, which Python does not name


def _cannot_listen(host: str, port: int, error: OSError) -> BadInput:
    if error.errno == errno.EADDRINUSE:
        what, hint = f"port {port} is in use", "end what listens there, or take another with --port (0: any)"
    elif error.errno == errno.EACCES:
        what, hint = f"port {port} is kept for the system's administrator", "take one from 1024 on"
    elif error.errno == errno.EADDRNOTAVAIL:
        what, hint = f"{host} is no address of this machine", "--host 127.0.0.1, or 0.0.0.0 for all of them"
    else:
        what, hint = f"it cannot listen at {host}, port {port}: {error.strerror}", "take another --port"
    return BadInput(what, code="serve.port", hint=hint)


def url_of(listening: socket.socket) -> str:
    """Where a client on this machine reaches the server."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def held(places: Sequence[Place]) -> Iterator[None]:
    """The right to serve these models: one server each. Raises :class:`BadInput`."""
    with contextlib.ExitStack() as stack:
        for place in places:
            try:
                stack.enter_context(locked(place.folder))
            except BadInput as error:
                raise BadInput(
                    f"another server serves {place.name!r} from {place.folder.parent}",
                    code="serve.locked",
                    hint="end that one first; `modelwright promote` changes the version of a running server",
                ) from error
            except OSError as error:
                raise unwritable(place.folder, error) from None
        yield


def unwritable(folder: Path, error: OSError) -> BadInput:
    return BadInput(
        f"{folder} cannot be written: {error.strerror}",
        code="serve.unwritable",
        hint="--live DIR names a folder that this user may write",
    )


@dataclass(slots=True)
class _Child:
    """A slot that is always filled by one process."""

    name: str
    module: str
    process: subprocess.Popen[bytes] | None = None
    end: socket.socket | None = None
    started: float = 0.0
    ready: bool = False
    failures: int = 0
    due: float = 0.0
    """When the next one starts (monotonic)."""
    code: int | None = None


class Supervisor:
    """Runs the processes of one server. ``say`` hears one line for each thing that happens."""

    def __init__(self, plan: Plan, listening: socket.socket, say: Callable[[str], None]) -> None:
        self.plan = plan
        self.listening = listening
        self.say = say
        self.workers = [_Child(f"w{n}", WORKER) for n in range(plan.workers)]
        self.keeper = _Child("keeper", KEEPER)
        self._ending = 0
        self._selector = selectors.DefaultSelector()

    def run(self, ready: Callable[[], None]) -> int:
        """Until a signal ends it; 0 after an end that was asked for. ``ready`` is called once, when the first
        worker answers. Holds no lock and makes no place: see :func:`held`."""
        forget(self.plan.places[0].folder / COUNTERS)
        (self.plan.places[0].folder / COUNTERS / RATES).unlink(missing_ok=True)
        for place in self.plan.places:
            for left in place.workers.glob("*.json") if place.workers.is_dir() else []:
                left.unlink(missing_ok=True)
        with self._signals():
            try:
                return self._run(ready)
            finally:
                self._kill()
                self._selector.close()
                self.listening.close()

    def _run(self, ready: Callable[[], None]) -> int:
        answering = False
        while not self._ending:
            now = time.monotonic()
            for child in [*self.workers, *([self.keeper] if answering else [])]:
                if child.process is None and now >= child.due:
                    self._start(child)
            self._wait(self._next_due(answering))
            self._reap()
            if not answering and any(child.ready for child in self.workers):
                answering = True
                ready()
            failed = [child for child in self.workers if child.code is not None and not child.ready]
            if not answering and failed and (failed[0].code == 2 or failed[0].failures >= 3):
                self._end()
                if failed[0].code == 2:  # it has said why
                    return 2
                raise ModelwrightError(
                    f"no worker could be started: the last one ended with {_how(failed[0].code or 0)}",
                    code="serve.workers",
                    hint="what it said stands above",
                )
        self._end()
        return 0

    # --- one child ------------------------------------------------------------------------------------

    def _start(self, child: _Child) -> None:
        ours, theirs = socket.socketpair()
        plan: dict[str, Any] = {
            "live": str(self.plan.live),
            "names": list(self.plan.names),
            "tie": theirs.fileno(),
            "patience": self.plan.patience,
        }
        numbers = [theirs.fileno()]
        if child is not self.keeper:
            counters = self.plan.places[0].folder / COUNTERS
            plan |= {"listen": self.listening.fileno(), "slot": child.name, "counters": str(counters)}
            numbers.append(self.listening.fileno())
        # -P: what lies in the current folder is not imported.
        command = [sys.executable, "-P", "-m", child.module, json.dumps(encode(plan))]
        child.process = subprocess.Popen(command, pass_fds=numbers, stdin=subprocess.DEVNULL)
        theirs.close()
        ours.setblocking(False)
        child.end, child.started, child.ready, child.code = ours, time.monotonic(), False, None
        self._selector.register(ours, selectors.EVENT_READ, child)

    def _reap(self) -> None:
        for child in [*self.workers, self.keeper]:
            if child.process is None or child.process.poll() is None:
                continue
            number, child.code = child.process.pid, child.process.returncode
            self._forget(child)
            lived = time.monotonic() - child.started
            child.failures = 0 if lived > STEADY else child.failures + 1
            wait = 0.0 if child.failures <= 1 else min(LONGEST, 0.1 * 2.0**child.failures)
            child.due = time.monotonic() + wait
            for place in self.plan.places if child is not self.keeper else []:
                (place.workers / f"{number}.json").unlink(missing_ok=True)
            if not self._ending:
                what = "the keeper" if child is self.keeper else f"worker {number}"
                then = f"another starts in {wait:.1f} s" if wait else "another starts"
                self.say(f"{what} ended ({_how(child.code)}); {then}")

    def _forget(self, child: _Child) -> None:
        if child.end is not None:
            with contextlib.suppress(KeyError):
                self._selector.unregister(child.end)
            child.end.close()
        child.process, child.end = None, None

    def _end(self) -> None:
        """Workers first, which finish what they have accepted; then the keeper, which writes the rest."""
        # Workers must be the last who hold the socket, or connections would wait where nobody takes them.
        refuse_new(self.listening)
        self.listening.close()
        once = self._ending
        for children, patience in ((self.workers, self.plan.patience + 5.0), ([self.keeper], LAST)):
            until = time.monotonic() + patience
            # One that has only just started could not do anything yet: a keeper has journals to empty.
            while children[0] is self.keeper and self._starting(self.keeper) and time.monotonic() < until:
                self._wait(0.1)
                self._reap()
            for child in children:
                if child.process is not None:
                    child.process.terminate()
            while any(child.process is not None for child in children):
                if time.monotonic() >= until or (self._ending > max(once, 1) and children is self.workers):
                    for child in children:
                        if child.process is not None:
                            self.say(f"{child.name} did not end in time and is killed")
                            child.process.kill()
                            child.process.wait()
                self._wait(0.1)
                self._reap()

    @staticmethod
    def _starting(child: _Child) -> bool:
        return child.process is not None and not child.ready

    def _kill(self) -> None:
        for child in [*self.workers, self.keeper]:
            if child.process is not None:
                child.process.kill()
                child.process.wait()
                self._forget(child)

    # --- waiting --------------------------------------------------------------------------------------

    def _next_due(self, answering: bool) -> float:
        waiting = [c.due for c in [*self.workers, *([self.keeper] if answering else [])] if c.process is None]
        return max(0.0, min(1.0, *(due - time.monotonic() for due in waiting))) if waiting else 1.0

    def _wait(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            child = key.data
            try:
                told = key.fileobj.recv(4096)  # type: ignore[union-attr]
            except BlockingIOError:
                continue
            except OSError:
                told = b""
            if child is None:  # a signal: one byte each, its number
                self._ending += sum(1 for which in told if which in ENDING)
            elif told:
                child.ready = True
            else:  # it has ended, or is about to
                self._selector.unregister(key.fileobj)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals arrive as bytes in the selector: nothing is done in a handler."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        # Who ignores hang-ups (nohup) goes on ignoring them.
        heard = [w for w in (*ENDING, signal.SIGCHLD) if signal.getsignal(w) is not signal.SIG_IGN]
        before = {which: signal.signal(which, lambda *_: None) for which in heard}
        wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._selector.register(ours, selectors.EVENT_READ, None)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for which, handler in before.items():
                signal.signal(which, handler)
            ours.close()
            theirs.close()


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def default_workers() -> int:
    """As many as there are cores for this process, at most eight."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, 8))
