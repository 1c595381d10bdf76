"""A challenger that answers the champion's requests unseen, after their answers are sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from modelwright.live.entries import Prediction
from modelwright.live.log.journal import JournalFull
from modelwright.live.serve.door import Door
from modelwright.live.serve.hearing import report
from modelwright.live.serve.predict import Asked, Prepared, Unanswerable
from modelwright.live.serve.served import Served
from modelwright.live.serve.validate import Invalid

WAITING: Final = 10_000
"""Rows that may wait for a shadow; more are not shown to it, and counted."""


class Shadows:
    """One thread for all shadows of a worker: it may fall behind, and never keeps anybody waiting."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "shadow")
        self.closing = False

    def show(self, door: Door, shadow: Served, rows: list[Any], asked: Asked, ids: Sequence[str]) -> None:
        """Let a shadow answer rows that were answered; its entries have the ids ``<id>.s``."""
        if door.shadowing + len(rows) > WAITING or self.closing:
            door.unanswered("shadow-dropped", len(rows))
            return
        door.shadowing += len(rows)
        treat = door.tally(shadow, "shadow").treat
        loop = asyncio.get_running_loop()

        def work() -> None:
            entries: list[Prediction] = []
            labels: list[int] = []
            failed = ""
            began = time.perf_counter_ns()
            mine = Asked(asked.request, asked.at, began, "shadow", asked.key, treat)
            prepared: Prepared = shadow.ready
            try:
                _, entries, _, labels = prepared.many(rows, mine, [f"{ident}.s" for ident in ids])
                door.journal.append(entries)
            except (Invalid, Unanswerable):
                failed = "shadow-invalid"
            except JournalFull:
                failed = "shadow-journal-full"
            except Exception as error:
                report(error)
                failed = "shadow-defect"
            if not loop.is_closed():
                loop.call_soon_threadsafe(shown, entries, labels, failed)

        def shown(entries: list[Prediction], labels: list[int], failed: str) -> None:
            door.shadowing -= len(rows)
            if failed:
                door.unanswered(failed, len(rows))
            else:
                door.answered(shadow, "shadow", entries, labels)

        self._pool.submit(work)

    def close(self) -> None:
        """Wait for what was shown."""
        self.closing = True
        self._pool.shutdown()
