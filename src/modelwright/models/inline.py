"""A pool that is no pool: fits one after the other in this very process.

For tiny work from Python (an estimator fitted on a few rows), where starting workers would take longer than
the work. Such a fit cannot be killed; families that look at their deadline still end by it.
"""

from __future__ import annotations

import warnings
from collections import deque
from pathlib import Path

import numpy as np

from modelwright.core.errors import Stopped
from modelwright.models.fit import Bench, FitResult, Job, Product, fit
from modelwright.models.journal import Journal
from modelwright.models.pool import Ended, Pool
from modelwright.models.rows import Place


class InlinePool(Pool):
    """As :class:`Pool`, with one place: ``submit`` returns when the fit has ended."""

    def __init__(self, journal: Path) -> None:
        self.size = 1
        self._bench = Bench()
        self._entries = Journal(journal)
        self._ended: deque[Ended] = deque()
        journal.mkdir(parents=True, exist_ok=True)

    @property
    def idle(self) -> int:
        return 1 - len(self._ended)

    @property
    def busy(self) -> int:
        return len(self._ended)

    def submit(self, key: str, place: Place, job: Job, kill_after: float | None = None) -> None:
        """Carry the job out, on one thread, as a worker would."""
        from threadpoolctl import threadpool_limits

        with warnings.catch_warnings(), threadpool_limits(job.threads):
            warnings.simplefilter("ignore")
            try:
                product = fit(self._bench, place, job, notes=self._entries.folder / key)
            except Stopped:
                raise
            except Exception as error:  # a defect of a family must not end the run
                why = f"{type(error).__name__}: {error}"
                result = FitResult(job.family, job.config, job.fold, error=why, status="failed")
                product = Product(result, b"", np.empty((0, 1)))
        self._entries.write(key, product)
        self._ended.append(Ended(key, product.result.error, product.result.status))

    def wait(self, seconds: float) -> list[Ended]:
        """The fit that ended, if one was not told of yet; never waits."""
        ended = list(self._ended)
        self._ended.clear()
        return ended

    def drop(self) -> None:
        """Forget a fit that was not told of yet; the journal has it."""
        self._ended.clear()

    def close(self) -> None:
        """There is nothing to end."""
