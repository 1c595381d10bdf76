"""The chosen configuration fitted once more on the labels as they were, where people have mended some.

What it says of held-out rows, beside what the fit on the mended labels says of the same rows, tells what
mending them has given (``evidence/label_errors/gain.py``).
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from modelwright.core.records.blob import Blob
from modelwright.core.records.models import Mended
from modelwright.models.families import FAMILIES
from modelwright.models.fit import Job
from modelwright.models.journal import Journal, key_of
from modelwright.models.pool import Pool
from modelwright.models.race import Trial
from modelwright.models.rows import Learning, Place

LEAST = 5
"""Changed labels among the rows to learn from, below which the difference would be chance."""


def as_before(
    trial: Trial,
    learning: Learning,
    place: Place,
    journal: Journal,
    pool: Pool,
    ends_at: float | None,
    seed: int,
) -> Mended | None:
    """Fit ``trial`` on the labels as they were before people mended them; all of its folds, or as many as
    there is time for. None where too few labels were changed, or there is no time."""
    if learning.before is None:
        return None
    if ends_at is not None and FAMILIES.get(trial.family).tags.keeps:
        return None  # a network plans its epochs by the time that is left, which is not the same for both
    changed = learning.before != learning.y
    # A fit that the clock ended has nothing to be compared with: the other one has more time, or less.
    whole = [f for f in trial.folds if not trial.entries[f].cut_short]
    folds = [f for f in whole if int(changed[learning.part(f).train].sum()) >= LEAST]
    if not folds:
        return None
    jobs = {fold: Job(trial.family, trial.config, fold, seed, 1, before=True) for fold in folds}
    version = FAMILIES.get(trial.family).version
    keys = {fold: key_of(place, job, version) for fold, job in jobs.items()}
    slowest = max(trial.entries[fold].result.seconds for fold in folds)
    waiting = [fold for fold in folds if journal.read(keys[fold]) is None]
    while waiting or pool.busy:
        while waiting and pool.idle:
            left = None if ends_at is None else ends_at - time.monotonic()
            if left is not None and 1.5 * slowest > left:
                waiting.clear()
                break
            fold = waiting.pop(0)
            pool.submit(keys[fold], place, replace(jobs[fold], seconds=left))
        if pool.busy:
            pool.wait(0.5)
    rows, ours, theirs = [], [], []
    for fold in folds:
        entry = journal.read(keys[fold])
        if entry is None or entry.result.error or entry.cut_short:
            continue
        rows.append(learning.part(fold).valid)
        ours.append(trial.entries[fold].scores)
        theirs.append(entry.scores)
    if not rows:
        return None
    at = np.concatenate(rows)
    arrays = {"at": at, "now": np.concatenate(ours), "before": np.concatenate(theirs)}
    return Mended(int(changed.sum()), trial.name, Blob.of(arrays, "arrays"))
