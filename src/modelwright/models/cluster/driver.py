"""The process that speaks to the cluster: jobs as JSON lines on standard input, finished fits to the journal.

Ray lives here and not in the command's own process: it starts threads, takes over signals, prints, and ends
its process when it loses the cluster for good. This one can be killed; when it ends, the cluster ends what it
was given. It ends when its parent does.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelwright.core.codec import decode
from modelwright.core.errors import BadInput, ModelwrightError, Stopped
from modelwright.core.secrets import masked, public
from modelwright.models.cluster import address as where
from modelwright.models.cluster import node
from modelwright.models.fit import Job
from modelwright.models.journal import Journal
from modelwright.models.rows import Place

GRACE = 1.0
"""Seconds past its deadline after which a fit is cancelled, as on one machine."""
TRIES = {"NodeDiedError": 4, "LocalRayletDiedError": 4, "ObjectLostError": 4, "WorkerCrashedError": 2}
"""How often a fit is tried where Ray says that. A node that dies says nothing of the fit; a process that dies
alone may be the fit's own doing."""
LOOKS = 30.0
"""Seconds for the versions of the nodes."""
LOST = 30.0
"""Seconds without a word of the cluster, or without a core on it, after which it is taken for lost."""
EVERY = 1.0
"""Seconds between two looks at how many cores the cluster has."""
TABLES = 2
"""Development tables kept in the object store (outer folds have one each)."""

NO_SERVER = (
    "Starting Ray client server failed",
    "Proxy failed to Connect to backend",
    "psutil.ZombieProcess",
    "psutil.NoSuchProcess",
)
"""What a cluster's client door says where its server for this client has not started: another try may do."""

Say = Callable[..., None]
Events = queue.SimpleQueue[tuple[str, Any]]


@dataclass
class _Fit:
    """One job that is out."""

    key: str
    journal: Path
    place: Place
    job: Job
    began: float
    kill_at: float
    tries: int = 0
    ref: Any = None


def lost(why: str) -> Stopped:
    return Stopped(
        f"the Ray cluster is lost: {why}",
        code="engine.lost",
        hint="`modelwright resume` goes on with every finished fit, with `--engine local` on this machine",
    )


class Driver:
    """Hands fits to the cluster and keeps what comes back. ``answer`` tells the parent."""

    def __init__(self, ray: Any, versions: dict[str, str], events: Events, answer: Say) -> None:
        self._ray = ray
        self._versions = versions
        self._answer = answer
        self._fits: dict[int, _Fit] = {}
        self._tables: dict[str, Any] = {}
        look, shell = node.functions()
        self._look = ray.remote(look)
        self._shell = ray.remote(shell).options(num_cpus=1, max_retries=0)
        self.events = events
        self._heard = time.monotonic()
        self._cores = 0
        self._had_cores = time.monotonic()

    def begin(self, modules: list[str]) -> None:
        """Refuse a cluster that is not fit, tell how large it is, and let its processes import early."""
        self._examine()
        nodes, self._cores = self._size()
        if self._cores == 0:
            raise BadInput(
                "the Ray cluster has no core for fits",
                code="engine.no-cores",
                hint=f"add a node: `ray start --address=... --num-cpus=...`; {where.LOCALLY}",
            )
        self._answer(ready={"nodes": nodes, "cores": self._cores})
        self._warm(modules)
        threading.Thread(target=self._watch, daemon=True).start()

    def _alive(self) -> list[dict[str, Any]]:
        return [found for found in self._ray.nodes() if found["Alive"]]

    def _size(self) -> tuple[int, int]:
        nodes = self._alive()
        return len(nodes), sum(int(found["Resources"].get("CPU", 0)) for found in nodes)

    def _examine(self) -> None:
        """Every node must have what is installed here: another version may fit another model."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        names = list(self._versions)
        asked = {}
        for found in self._alive():
            there = NodeAffinitySchedulingStrategy(found["NodeID"], soft=False)
            options = {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": there}
            asked[found["NodeManagerAddress"], found["NodeID"]] = self._look.options(**options).remote(names)
        _, late = self._ray.wait(list(asked.values()), num_returns=len(asked), timeout=LOOKS)
        wrong = []
        for (address, _), ref in sorted(asked.items(), key=lambda item: item[0]):
            if ref in late:
                raise where.unreachable(f"node {address}", f"it did not answer within {LOOKS:.0f} s")
            try:
                said = json.loads(self._ray.get(ref))
            except self._ray.exceptions.RayError as error:
                raise where.unreachable(f"node {address}", in_short(error)) from None
            if other := node.differences(self._versions, said):
                wrong.append(f"{address}: {other}")
        if wrong:
            raise BadInput(
                f"nodes of the Ray cluster have other versions than this machine: {'; '.join(wrong)}",
                code="engine.versions",
                hint=f"install the same on every node, or fit where they are the same: {where.LOCALLY}",
            )

    def _warm(self, modules: list[str]) -> None:
        def imports(names: list[str]) -> None:
            import contextlib
            from importlib import import_module

            for name in names:
                with contextlib.suppress(ImportError):
                    import_module(name)

        early = ["modelwright.models.cluster.node", "polars", "onnxruntime", *modules]
        task = self._ray.remote(imports).options(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")
        for _ in range(self._cores):
            task.remote(early)

    def _watch(self) -> None:
        """Ask after the cluster's size for ever; a question that hangs is one without an answer."""
        while True:
            time.sleep(EVERY)
            try:
                self.events.put(("cores", self._size()[1]))
            except Exception as error:  # Ray raises what it likes when a cluster goes away
                print(masked(f"{type(error).__name__}: {error}"), file=sys.stderr)

    def go(self) -> None:
        """Until the parent has gone. Raises ``Stopped`` where the cluster has, or a disk is full."""
        while True:
            soonest = min((fit.kill_at for fit in self._fits.values()), default=float("inf"))
            pause = max(0.0, min(soonest - time.monotonic(), EVERY))
            try:
                event, what = self.events.get(timeout=pause)
            except queue.Empty:
                event, what = "", None
            if event == "gone":
                return
            if event == "line":
                self._told(json.loads(what))
            elif event == "done":
                self._done(*what)
            elif event == "cores":
                self._counted(what)
            self._overdue()

    def _counted(self, cores: int) -> None:
        self._heard = time.monotonic()
        if cores:
            self._had_cores = self._heard
        if cores != self._cores:
            self._cores = cores
            self._answer(cores=cores)

    def _overdue(self) -> None:
        now = time.monotonic()
        for ticket, fit in [item for item in self._fits.items() if item[1].kill_at <= now]:
            self._cancel(fit)
            self._end(ticket, "it did not end in time and was stopped", "out of time")
        if now - self._heard > LOST:
            raise lost(f"it gave no answer for {LOST:.0f} s")
        if now - self._had_cores > LOST:
            raise lost(f"it had no node with a core for {LOST:.0f} s")

    def _told(self, message: dict[str, Any]) -> None:
        if "drop" in message:
            for fit in self._fits.values():
                self._cancel(fit)
            self._fits.clear()
            return
        job, now = decode(Job, message["job"]), time.monotonic()
        kill_at = float("inf")
        if message["kill_after"] is not None:
            kill_at = now + message["kill_after"]
        elif job.seconds is not None:
            kill_at = now + job.seconds + GRACE
        place = decode(Place, message["place"])
        fit = _Fit(message["key"], Path(message["journal"]), place, job, now, kill_at)
        self._fits[message["ticket"]] = fit
        self._send(message["ticket"], fit)

    def _send(self, ticket: int, fit: _Fit) -> None:
        fit.tries += 1
        job = fit.job
        if job.seconds is not None and fit.tries > 1:
            job = replace(job, seconds=max(job.seconds - (time.monotonic() - fit.began), 0.1))
        # Where the table lies on this machine is nothing that a node needs to know.
        order = node.order_of(replace(fit.place, table=""), job)
        fit.ref = self._shell.remote(order, [self._table(fit.place)], self._versions)
        tries = fit.tries
        fit.ref.future().add_done_callback(lambda done: self.events.put(("done", (ticket, tries, done))))

    def _table(self, place: Place) -> Any:
        """The reference to the rows in the object store, put there once."""
        import numpy as np

        if place.digest not in self._tables:
            while len(self._tables) >= TABLES:
                del self._tables[next(iter(self._tables))]
            self._tables[place.digest] = self._ray.put(np.fromfile(place.table, dtype=np.uint8))
        return self._tables[place.digest]

    def _done(self, ticket: int, tries: int, done: Any) -> None:
        fit = self._fits.get(ticket)
        if fit is None or fit.tries != tries:
            return  # cancelled, or sent again
        error = done.exception()
        if error is not None:
            self._failed(ticket, fit, error)
            return
        answer: bytes = done.result()
        if answer.startswith(b"!"):
            raise Stopped(
                "a node joined the Ray cluster with other versions than this machine: "
                + node.differences(self._versions, json.loads(answer[1:])),
                code="engine.versions",
                hint="install the same there, or remove the node; then `modelwright resume`",
            )
        try:
            product, trace = node.unpack(answer)
        except ValueError as wrong:
            self._end(ticket, str(wrong), "failed")
            return
        if trace:
            print(masked(trace), file=sys.stderr)
        Journal(fit.journal).write(fit.key, product)
        self._end(ticket, product.result.error, product.result.status)

    def _failed(self, ticket: int, fit: _Fit, error: BaseException) -> None:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if isinstance(error, ConnectionError):
            raise lost(in_short(error))
        if fit.tries < max((TRIES.get(kind, 1) for kind in kinds), default=1):
            why = "its process died" if "WorkerCrashedError" in kinds else "its node is gone"
            said = {"family": fit.job.family, "fold": fit.job.fold, "why": why}
            print(f"fit {fit.key} ({fit.job.family}): {why}; it is made again", file=sys.stderr)
            self._answer(say={"event": "fit again", **said})
            self._send(ticket, fit)
            return
        if "OutOfMemoryError" in kinds:
            why = "it took more memory than its node has"
        elif "WorkerCrashedError" in kinds:
            why = "its process died (out of memory?)"
        elif "NodeDiedError" in kinds:
            why = f"its node died, {fit.tries} times"
        else:
            why = in_short(error)
        print(masked(f"fit {fit.key} ({fit.job.family}): {error}"), file=sys.stderr)
        self._end(ticket, why, "failed")

    def _cancel(self, fit: _Fit) -> None:
        try:
            self._ray.cancel(fit.ref, force=True)
        except (
            Exception
        ) as error:  # it has ended, or the cluster is gone: either way nothing is left to cancel
            print(masked(f"{type(error).__name__}: {error}"), file=sys.stderr)

    def _end(self, ticket: int, error: str, status: str) -> None:
        fit = self._fits.pop(ticket)
        self._answer(ended={"ticket": ticket, "key": fit.key, "error": masked(error), "status": status})


def in_short(error: BaseException) -> str:
    """The first and the last line of what Ray says, which may be pages of a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return masked(" ".join(dict.fromkeys([*lines[:1], *lines[-1:]]))[:300]) or type(error).__name__


class NoServer(Exception):
    """The cluster is there, and has not started a server for this client."""


def connect(engine: str) -> Any:
    """Ray, connected. Raises ``BadInput`` where no cluster of ours is, and :class:`NoServer`."""
    address = where.look(engine)
    import ray

    shown = public(address) if address != "auto" else "this machine"
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except Exception as error:  # Ray has no common base for what goes wrong here
        if "ersion mismatch" in str(error):
            text = " ".join(masked(str(error)).split())
            raise BadInput(
                f"the Ray cluster at {shown} runs other versions: {text}",
                code="engine.versions",
                hint=f"install the same Python and Ray there and here; {where.LOCALLY}",
            ) from None
        if any(words in str(error) for words in NO_SERVER):
            print(masked(str(error)), file=sys.stderr, flush=True)
            raise NoServer("its client server did not start") from None
        raise where.unreachable(shown, in_short(error)) from None
    return ray


def _listen(events: Events) -> None:
    for line in sys.stdin:
        events.put(("line", line))
    events.put(("gone", None))
    time.sleep(2.0)
    os._exit(0)  # whatever the cluster is doing, we do not outlive the command


def main() -> None:
    """``python -m modelwright.models.cluster.driver``: the first line says engine, versions and modules."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what Ray prints is talk, not an answer

    def answer(**what: Any) -> None:
        out.write(json.dumps(what) + "\n")

    given = json.loads(sys.stdin.readline() or "null")
    if given is None:
        return
    events: Events = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(events,), daemon=True).start()
    try:
        ray = connect(given["engine"])
        answer(connected=True)
        driver = Driver(ray, given["versions"], events, answer)
        driver.begin(given["warm"])
        driver.go()
        ray.shutdown()
    except ModelwrightError as error:
        kind = "stop" if isinstance(error, Stopped) else "refused"
        answer(**{kind: {"message": error.message, "code": error.code, "hint": error.hint}})
    except NoServer as error:
        answer(again=str(error))
    except Exception as error:  # Ray raises what it likes when a cluster goes away, and may hang at the exit
        print(masked(traceback.format_exc()), file=sys.stderr, flush=True)
        end = lost(f"{type(error).__name__}: {in_short(error)}")
        answer(stop={"message": end.message, "code": end.code, "hint": end.hint})
    os._exit(0)


if __name__ == "__main__":
    main()
