"""The race of candidates: fits handed to workers, hopeless ones dropped, the clock or the count obeyed.

With a budget of work every choice is made by counted work: trials come in generations of fixed size, a
decision about a trial looks only at earlier generations, and scores are told in the order of the trials,
so that neither speed nor interruption changes the outcome. With a budget of time, whichever worker is idle
gets the next fit.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from modelwright.core.stage import Work
from modelwright.models.afterwards import Afterwards
from modelwright.models.families import FAMILIES
from modelwright.models.fit import FitResult, Job
from modelwright.models.journal import Entry, Journal, key_of
from modelwright.models.pool import Pool
from modelwright.models.propose import Proposer
from modelwright.models.pruning import Bar, bar_of
from modelwright.models.rows import Place

Ending = Literal["trials", "time", "stopped", "exhausted"]

PRUNE_AFTER = 4
"""Finished trials before any is pruned."""
FIRST_TURN = 0.2
"""Part of a race's time that a family's first fit may take at most, once another has shown what can be had:
what is slow to learn is cut short."""
MOST_NETWORKS = 3
"""Families of networks that the time is shared out to; what comes later gets what they left."""
HANGS = 6 * 3600.0
"""Seconds after which a fit without a limit in time is taken for hung. Far beyond any fit that ends, so that
it is no choice made by the clock."""
LEAST = 0.1
"""Seconds in which no fit can be made: with less, the race is over."""
ESTIMATE_SLACK = 1.5
"""A fit that cannot be stopped is started only when this many times its expected seconds are left."""


@dataclass
class Trial:
    """One configuration over all its folds."""

    number: int
    family: str
    config: dict[str, Any]
    baseline: bool
    folds: tuple[int, ...]
    generation: int
    entries: dict[int, Entry] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    status: str = "fitted"
    why: str = ""
    told: bool = False

    @property
    def name(self) -> str:
        return f"{self.family}-{self.number}"

    @property
    def waiting(self) -> list[int]:
        if self.status != "fitted":
            return []
        return [f for f in self.folds if f not in self.entries and f not in self.running]

    @property
    def ended(self) -> bool:
        return not self.running and (self.status != "fitted" or all(f in self.entries for f in self.folds))

    @property
    def complete(self) -> bool:
        return self.status == "fitted" and all(f in self.entries for f in self.folds)

    @property
    def results(self) -> list[FitResult]:
        return [self.entries[f].result for f in self.folds if f in self.entries]

    @property
    def score(self) -> float:
        """Mean over folds, larger is better; minus infinity unless every fold was fitted."""
        return statistics.fmean(r.score for r in self.results) if self.complete else float("-inf")

    @property
    def seconds(self) -> float:
        return sum(r.seconds for r in self.results)


class Race:
    """Runs trials until the budget, the user, or the proposals end it."""

    def __init__(
        self,
        place: Place,
        folds: tuple[int, ...],
        proposer: Proposer,
        baselines: tuple[str, ...],
        costs: dict[str, float],
        journal: Journal,
        pool: Pool,
        work: Work,
        *,
        trials: int | None,
        ends_at: float | None,
        seed: int,
        threads: int,
    ) -> None:
        self.place, self.folds, self.proposer = place, folds, proposer
        self.journal, self.pool, self.work = journal, pool, work
        self.limit, self.ends_at, self.seed, self.threads = trials, ends_at, seed, threads
        self.by_work = ends_at is None
        self.costs = costs
        self._whole = 0.0 if ends_at is None else max(0.0, ends_at - time.monotonic())
        self.afterwards = Afterwards(self._whole, len(folds), place.group is not None, pool.size)
        self.trials: list[Trial] = []
        self._jobs: dict[str, tuple[Trial, int]] = {}
        self._told = 0
        self._counted = 0
        self._generation = 0
        self._no_more = False
        self.ended: Ending = "exhausted"
        self._size = max(2, pool.generation)
        for family in baselines:
            self._add(family, {}, baseline=True)

    def _add(self, family: str, config: dict[str, Any], baseline: bool = False) -> Trial:
        number = sum(t.family == family for t in self.trials) + 1
        trial = Trial(number, family, config, baseline, self.folds, self._generation)
        self.trials.append(trial)
        return trial

    def left(self) -> float:
        """Seconds that the race may still take: what is left, less what refits of the leaders will need, and
        the learning curve of the first."""
        if self.ends_at is None:
            return float("inf")
        leaders = sorted((t for t in self.trials if t.complete), key=lambda t: -t.score)
        kept = self.afterwards.seconds([(t.family, t.results) for t in leaders])
        return self.ends_at - time.monotonic() - kept

    def run(self) -> Ending:
        """Race to the end; afterwards ``trials`` holds what was tried."""
        while True:
            if self.work.stop():
                self._end("stopped")
                for ended in self.pool.wait(0.0):  # what is finished already counts among the best so far
                    self._arrived(ended.key, ended.error, ended.status)
                if any(t.complete for t in self.trials):
                    break
            if self.left() <= LEAST:
                self._end("time")
                break
            self._fill()
            if not self._jobs:
                if self._active():
                    continue
                break
            for ended in self.pool.wait(min(self.left(), 0.5)):
                self._arrived(ended.key, ended.error, ended.status)
            self._tell()
        self.pool.drop()
        self._jobs.clear()
        for trial in self.trials:
            if trial.status == "fitted" and not trial.complete:
                trial.status, trial.why = (
                    "out of time",
                    "the search ended before all of its folds were fitted",
                )
                trial.running.clear()
        self._tell()
        return self.ended

    def _end(self, how: Ending) -> None:
        self.ended, self._no_more = how, True

    def _active(self) -> list[Trial]:
        return [t for t in self.trials if not t.ended]

    def _fill(self) -> None:
        """Give every idle worker something to do; fits that the journal has are taken from it."""
        while self.pool.idle and self.left() > LEAST:
            found = next(((t, f) for t in self.trials for f in t.waiting if self._may(t, f)), None)
            if found is None:
                if not self._propose():
                    return
                continue
            self._start(*found)

    def _may(self, trial: Trial, fold: int) -> bool:
        """Later folds wait for the first: it says whether the rest is worth its time. After the end was
        called, started trials are finished only when the user did not ask to stop."""
        if self._no_more and self.ended == "stopped" and not trial.entries and not trial.baseline:
            trial.status, trial.why = "out of time", "the user asked to stop"
            return False
        return fold == trial.folds[0] or (trial.folds[0] in trial.entries)

    def _start(self, trial: Trial, fold: int) -> None:
        version = FAMILIES.get(trial.family).version
        job = Job(trial.family, trial.config, fold, self.seed, self.threads)
        key = key_of(self.place, job, version)
        known = self.journal.read(key)
        if known is not None and not self._again(known, trial):
            self._take(trial, fold, known)
            self._tell()
            return
        if not self.by_work:
            expected = self._expected(trial)
            # What can be stopped is worth starting with a part of its time: its best so far counts.
            stoppable = FAMILIES.get(trial.family).tags.stoppable
            needed = max(1.0, expected / 4) if stoppable else expected * ESTIMATE_SLACK
            if not trial.baseline and needed > self.left():
                trial.status = "out of time"
                trial.why = f"a fit takes about {expected:.0f} s and {self.left():.0f} s were left"
                self.proposer.close(trial.family)
                return
            job = replace(job, seconds=self._allowed(trial))
        job = replace(job, bar=self._bar(trial, fold))
        trial.running.add(fold)
        self._jobs[key] = (trial, fold)
        self.pool.submit(key, self.place, job, HANGS if self.by_work else max(self.left(), LEAST))

    def _bar(self, trial: Trial, fold: int) -> Bar:
        """What earlier networks of the family had reached on this fold, epoch by epoch. The first of each
        family is never ended, so that the leaderboard speaks of every one."""
        if trial.number == 1 or trial.baseline or not FAMILIES.get(trial.family).tags.keeps:
            return ()
        earlier = [
            t.entries[fold].result.curve
            for t in self.trials
            if t.family == trial.family
            and t is not trial
            and fold in t.entries
            # With a budget of work nothing may hang on which of two fits ended first.
            and (t.generation < trial.generation or not self.by_work)
        ]
        return bar_of(earlier)

    def _again(self, known: Entry, trial: Trial) -> bool:
        """Whether a kept fit is to be made again: the clock cut it short, and now there is more time."""
        if self.by_work or not known.cut_short:
            return False
        return known.result.status == "out of time" or self._allowed(trial) > 1.5 * known.result.seconds

    def _allowed(self, trial: Trial) -> float:
        """Seconds after which a fit should end with what it has: all that is left for what cannot be stopped,
        half of it for what can, and less for a family's first turn, so that no single fit eats the time of
        all others. A part stays for making and scoring its graph."""
        left = max(self.left(), LEAST)
        tags = FAMILIES.get(trial.family).tags
        if trial.baseline or not tags.stoppable:
            return left
        if tags.keeps:
            return self._turn(trial, left)
        share = 0.5 * left
        if trial.number == 1 and any(t.complete and not t.baseline for t in self.trials):
            share = min(share, FIRST_TURN * self._whole)
        return max(share, min(0.8 * left - 1.0, 3.0), LEAST)

    def _turn(self, trial: Trial, left: float) -> float:
        """Seconds of one fit of a network that trains for as long as it may: the first of each such family
        get equal parts of what is not kept for refits, over their folds and beside each other. Later ones get
        as much as the first had, or what is left of it."""
        networks = min(MOST_NETWORKS, sum(FAMILIES.get(f).tags.keeps for f in self.proposer.runners))
        kept = self.afterwards.kept()
        rounds = max(1.0, networks * len(self.folds) / self.pool.size)
        fair = (1.0 - kept) * self._whole / rounds
        waiting = -(-len([f for f in trial.folds if f not in trial.entries]) // self.pool.size)
        return max(min(fair, 0.9 * left / max(1, waiting)), LEAST)

    def _expected(self, trial: Trial) -> float:
        """Seconds of one fit: of this trial's own folds, else of its family so far, else the family's guess
        corrected by how wrong the guesses have been."""
        own = [r.seconds for r in trial.results]
        if own:
            return statistics.fmean(own)
        family = [r.seconds for t in self.trials if t.family == trial.family for r in t.results]
        if family:
            return statistics.median(family)
        # Short fits are mostly overhead and say nothing of how wrong the guesses for long ones are.
        long = [(r.seconds, self.costs.get(t.family, 1.0)) for t in self.trials for r in t.results]
        long = [(seconds, cost) for seconds, cost in long if seconds > 1.0 and cost > 0.5]
        ratio = sum(s for s, _ in long) / sum(c for _, c in long) if long else 1.0
        return self.costs.get(trial.family, 1.0) * ratio

    def _propose(self) -> bool:
        """Add trials; False when there is nothing to add now."""
        if self._no_more:
            return False
        if self.by_work and self._active():
            return False
        if self.by_work or not self.trials or all(t.baseline for t in self.trials):
            self._generation += 1
        added = False
        for _ in range(self._size if self.by_work else 1):
            if self.limit is not None and self._counted >= self.limit:
                self._end("trials")
                break
            found = self.proposer.next()
            if found is None:
                self._end("exhausted")
                break
            self._counted += 1
            self._add(*found)
            added = True
        return added

    def _arrived(self, key: str, error: str, status: str) -> None:
        trial, fold = self._jobs.pop(key)
        trial.running.discard(fold)
        entry = None if error and status == "out of time" else self.journal.read(key)
        if entry is None:
            if trial.status == "fitted":
                trial.status, trial.why = status if error else "failed", error or "nothing was kept"
            return
        self._take(trial, fold, entry)

    def _take(self, trial: Trial, fold: int, entry: Entry) -> None:
        if entry.result.error:
            if trial.status == "fitted":
                trial.status, trial.why = entry.result.status, entry.result.error
            return
        trial.entries[fold] = entry
        if fold == trial.folds[0] and not trial.baseline and self._hopeless(trial):
            trial.status = "pruned"
            trial.why = "its first fold was worse than the median of earlier trials' first folds"
        self.work.say(
            "fit",
            name=trial.name,
            fold=fold,
            score=entry.result.score,
            seconds=round(entry.result.seconds, 2),
            best=max((t.score for t in self.trials), default=float("-inf")),
            done=sum(t.ended and not t.baseline for t in self.trials),
            trials=self.limit,
            left=round(self.left(), 1) if self.ends_at is not None else None,
        )

    def _hopeless(self, trial: Trial) -> bool:
        """The median rule (Golovin et al. 2017, Vizier) on the first fold. A family's first configuration is
        always finished, so that the leaderboard speaks of every family."""
        if len(trial.folds) == 1 or trial.number == 1:
            return False
        earlier = [
            t.entries[t.folds[0]].result.score
            for t in self.trials
            if t is not trial
            and not t.baseline
            and t.folds[0] in t.entries
            and (t.generation < trial.generation if self.by_work else True)
        ]
        first = trial.entries[trial.folds[0]].result.score
        return len(earlier) >= PRUNE_AFTER and first < statistics.median(earlier)

    def _tell(self) -> None:
        """Tell the proposer of ended trials: in their order with a budget of work, else as they end."""
        if self.by_work:
            while self._told < len(self.trials) and self.trials[self._told].ended:
                self._tell_one(self.trials[self._told])
                self._told += 1
            return
        for trial in self.trials:
            if trial.ended and not trial.told:
                self._tell_one(trial)

    def _tell_one(self, trial: Trial) -> None:
        trial.told = True
        if not trial.baseline:
            value = trial.score
            if trial.status == "pruned":
                value = float("-inf")
            self.proposer.tell(trial.family, trial.config, value)
