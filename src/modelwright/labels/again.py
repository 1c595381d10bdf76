"""Learns again while people label: in a process of its own, so that no page waits for it.

Its order comes on standard input, so that no list of processes shows the address of a database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import sqlalchemy as sa

from modelwright.labels import tables
from modelwright.labels.final import finals
from modelwright.labels.own import LEAST, step
from modelwright.labels.store import Store
from modelwright.labels.suggest import Told, tell


class Again:
    """Keeps the project's own model up to date. Safe for several threads; a failure is told once, and people
    go on labelling in the order that there is."""

    def __init__(self, store: Store, *, own: bool, say: Callable[[str], None]) -> None:
        """``own``: show its suggestions, and not only the order; ``say`` gets a line on what was done."""
        self._store, self._own, self._say = store, own, say
        self._lock = threading.Lock()
        self._new, self._step = 0, LEAST
        self._process: subprocess.Popen[str] | None = None
        self._busy = self._over = False
        self.learned: Callable[[], None] = lambda: None
        """Called when the queue is in a new order."""

    def begin(self) -> None:
        """Learn now, where there is enough to learn from."""
        _, project = self._store.must()
        labels = sum(one.answer is not None for one in finals(self._store, project))
        with self._lock:
            self._new, self._step = labels, LEAST
        self._go()

    def answered(self) -> None:
        """One more answer is kept."""
        with self._lock:
            self._new += 1
        self._go()

    def close(self) -> None:
        """Stop; what it has written so far stays, and is whole."""
        with self._lock:
            self._over = True
            process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def _go(self) -> None:
        with self._lock:
            if self._over or self._busy or self._new < self._step:
                return
            self._busy, self._new = True, 0
        threading.Thread(target=self._learn, daemon=True).start()

    def _learn(self) -> None:
        try:
            told = self._asked()
        except OSError as error:  # no process could be started, or it went away while it was told what to do
            told = None
            self._say(f"the project's own model was not learned: {error}")
        finally:
            with self._lock:
                self._busy = False
        if told is not None:
            with self._lock:
                self._step = step(told.labels)
            self.learned()
            if told.ordered or told.suggested:
                order = f": {told.ordered:,} items in the order of what teaches most" if told.ordered else ""
                self._say(f"learned from {told.labels:,} labels{order}")
        self._go()

    def _asked(self) -> Told | None:
        where = self._store.url.render_as_string(hide_password=False)
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        with self._lock:
            process = subprocess.Popen(
                [sys.executable, "-m", "modelwright.labels.again"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env={**os.environ, **dict.fromkeys(names, "1")},
            )  # fmt: skip
            self._process = process
            if self._over:  # since this round was wished for
                process.kill()
        out, errors = process.communicate(json.dumps({"store": where, "own": self._own}))
        with self._lock:
            over, self._process = self._over, None
        if over:
            return None
        if process.returncode:
            why = (errors.strip().splitlines() or ["it was ended"])[-1]
            self._say(f"the project's own model was not learned: {why}")
            with self._lock:
                self._step *= 2
            return None
        said = json.loads(out)
        told = Told(**said) if said is not None else None
        return told if told is not None and told.labels else None


def main() -> None:
    """``python -m modelwright.labels.again``: one round; prints what was done as JSON."""
    asked = json.loads(sys.stdin.read())
    if hasattr(os, "nice"):
        os.nice(10)  # whoever labels comes first
    url = sa.make_url(asked["store"])
    store = Store(url, make=False)
    try:
        with store.reading() as connection:
            there = connection.execute(sa.select(sa.func.count()).select_from(tables.items)).scalar_one()
        told = tell(store, None, own=asked["own"]) if there else None
    finally:
        store.close()
    print(json.dumps(None if told is None else
                     {"suggested": told.suggested, "model": told.model, "ordered": told.ordered,
                      "labels": told.labels}))  # fmt: skip


if __name__ == "__main__":
    main()
