"""The stage that learns: baselines, the race of candidates, the ensemble, the refits, the diagnosis."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelwright.core.book import Book
from modelwright.core.errors import BadInput
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import Development, Profile
from modelwright.core.records.models import FitRow, Member, Shortlist, Trained
from modelwright.core.stage import Work
from modelwright.goal.metrics import metric as spec_of
from modelwright.goal.sections import SearchSection
from modelwright.models import curves, distil, mended, progress, winsorised
from modelwright.models.board import leaderboard_of
from modelwright.models.choose import facts_of, machine_of
from modelwright.models.ensemble import Blend, HeldOut
from modelwright.models.families import FAMILIES
from modelwright.models.family import DataFacts, Family, Space, Suits, Task
from modelwright.models.fit import CLASS_WEIGHTS, Job
from modelwright.models.inline import InlinePool
from modelwright.models.journal import Journal, key_of
from modelwright.models.pool import Pool, workers_for
from modelwright.models.propose import Proposer, Runner
from modelwright.models.race import Race, Trial
from modelwright.models.refit import Made, refit
from modelwright.models.rows import Learning, Place, place_of
from modelwright.models.score import score
from modelwright.models.tradebook import made, price_of, show
from modelwright.models.tradeoff import Limits, Settled, limits_of, settle
from modelwright.store import atomic, kinds

Scores = npt.NDArray[np.float64]

PRETRAINED = {"image": "pictures", "audio": "sounds", "text": "sentences"}
"""Kinds of columns for which there are networks with weights to begin from."""
PRETRAINED_EXTRA = "pretrained"
MANY_MEDIA = 50_000
"""Rows from which on a network learns from scratch what it needs."""
RARE = 0.4
"""A class with less than this part of an even share is rare enough to try class weights."""
MOST_REFITTED = 200_000
"""Rows up to which members are fitted once more when there is a validation part."""
LEAST_RACE = 1.0
"""Seconds; a race that was given less is a budget too small, and an error, unless the budget was fair."""
OF_MEDIA, PART_OF_MEDIA = 6.0, 0.05
"""Seconds, and part of the whole budget, that probing, explaining and showing pictures and sounds needs more.
The networks before it take all the time that they are given."""
FAIR = 5.0
"""Seconds of the whole budget from which a machine that was too busy for a race still gets a baseline."""
SHORT = 10.0
"""Seconds of a race below which the quickest family has its turn first."""


def after_seconds(rows: int, columns: int) -> float:
    """Seconds that the stages after this one need for a small model: check, test, report. What a large one
    takes more, the race knows (``afterwards.HEAVY``). Measured in ``benchmarks/tabular`` and generous,
    because a budget that is overrun is a promise broken."""
    cells = rows * columns
    of_rows = 5e-5 * min(rows, 50_000) + 1e-5 * max(0, rows - 50_000)
    return 4.0 + 7e-3 * columns + of_rows + 2e-6 * min(cells, 1_000_000) + 3e-7 * max(0, cells - 1_000_000)


def train(
    search: SearchSection,
    development: Development,
    profile: Profile,
    shortlist: Shortlist,
    work: Work,
    book: Book,
) -> Trained:
    """Fit candidates within the budget and settle on an ensemble by held-out predictions alone."""
    began = time.monotonic()
    _stored(development, work)
    place = place_of(development, shortlist.metric, search.interpretable)
    learning = Learning.read(place)
    journal = Journal(work.folder / "fits")
    ends_at = None
    if work.ends_at is not None:
        columns = sum(c.is_input for c in development.columns)
        reserve = after_seconds(development.rows, columns)
        if any(c.is_input and c.is_media for c in development.columns):
            reserve += OF_MEDIA + PART_OF_MEDIA * (work.ends_at - work.started_at)
        # A start that was slow says that this machine is busy, and so that what follows will be slow too.
        slow = 1.5 * (time.monotonic() - work.started_at)
        left = max(work.left(), 0.0)
        ends_at = work.ends_at - max(min(reserve, 0.5 * left), min(slow, 0.25 * left))
    taught_by = ends_at
    if search.distil and ends_at is not None:
        ends_at -= distil.SHARE * max(0.0, ends_at - time.monotonic())
    by_work = search.trials is not None and ends_at is None
    facts = facts_of(development, profile, search.pretrained)
    machine, task = machine_of(work), place.task
    runners, costs = [], {}
    for candidate in shortlist.candidates:
        if not candidate.taken:
            continue
        family = FAMILIES.get(candidate.family)
        answer = family.suits(task, facts, machine)
        costs[candidate.family] = answer.cost if isinstance(answer, Suits) else 1.0
        if not candidate.baseline:
            space = with_class_weights(family, family.space(task, facts), facts, task)
            if facts.media and not family.tags.typed:
                # It sees nothing of the pictures, sounds or series: one look at what stands beside them.
                space = Space({}, space.starts[:1])
            runners.append(Runner(candidate.family, space, costs[candidate.family]))
    baselines = tuple(c.family for c in shortlist.candidates if c.taken and c.baseline)
    proposer = Proposer(runners, search.method, work.seed)
    fits = work.folder / "fits"
    with _pool(work, fits) as pool:
        race = Race(
            place,
            learning.fold_numbers,
            proposer,
            baselines,
            costs,
            journal,
            pool,
            work,
            trials=search.trials,
            ends_at=None if by_work else ends_at,
            seed=work.seed,
            threads=1,
        )
        given = race.left()
        if given < SHORT:
            proposer.hurry()
        ended = race.run()
        fair = work.ends_at is not None and work.ends_at - work.started_at >= FAIR
        if (given > LEAST_RACE or fair) and not any(t.complete for t in race.trials):
            last_resort(race.trials, place, journal, fits, work.seed)
        folds = settle_for_less(race.trials, learning.fold_numbers)
        complete = [t for t in race.trials if t.complete]
        if not complete:
            raise _nothing(race.trials, ended)
        held = {t.name: held_out(t, learning) for t in complete}
        rows = covered(learning, folds)
        y, weights = learning.y[rows], learning.weights_of(rows)
        real = [t for t in complete if not t.baseline] or complete
        best = max(real, key=lambda t: (t.score, t.name))
        settled, limits = Settled(Blend({best.name: 1.0}), (), (0.0, 0.0, 0.0)), None
        scores = {t.name: held[t.name][rows] for t in real}
        if not search.interpretable:  # an ensemble is nothing that a person can read
            columns = sum(c.is_input for c in development.columns)
            limits = limits_of(shortlist.limits, task.classes, columns, media=facts.media > 0)
            prices = {t.name: price_of(t, learning.rows) for t in real}
            settled = settle(scores, y, weights, place.metric, task.problem, prices, limits, work.seed)
        blend = settled.blend
        by_name = {t.name: t for t in complete}
        if ends_at is not None:
            ends_at -= race.afterwards.shipped(best.family, [by_name[n].results for n in blend.weights])
        refitted_by = ends_at
        if ends_at is not None:
            refitted_by = ends_at - race.afterwards.curve(best.family, best.seconds / len(best.folds))
        members = _members(blend.weights, by_name, learning, place, journal, pool, work, refitted_by, limits)
        if limits is not None:
            settled = made(settled, members, limits)
            show(settled, HeldOut.kind_of(place.metric, task.problem), limits, book)
        bases, unmended = [t for t in complete if t.baseline], None
        base_weights = {t.name: 1.0 for t in bases}
        base_members = _members(base_weights, by_name, learning, place, journal, pool, work, ends_at)
        if best in real and not best.baseline:
            curves.learning_curve(best, learning, place, journal, pool, book, ends_at, work.seed)
            unmended = mended.as_before(best, learning, place, journal, pool, ends_at, work.seed)
    together = blend.scores(scores)
    student = None
    if search.distil:
        student = distil.distilled(
            members, blend.pool, learning, place, (rows, together),
            seed=work.seed, threads=work.cores, ends_at=taught_by, book=book,
        )  # fmt: skip
        if student is not None and student.ships:
            members, rows, together = student.members, student.rows, student.scores
            y, weights = learning.y[rows], learning.weights_of(rows)
    value = score(place.metric, task.problem, y, together, weights)
    # A resumed stage finds fits that were made before it began.
    spent = sum(trial.seconds for trial in race.trials) / pool.size
    direction = 1.0 if spec_of(place.metric).direction == "higher" else -1.0
    base_score = max((t.score for t in bases), default=float("nan"))
    leaderboard = leaderboard_of(
        race.trials, shortlist, blend.shares, base_score, best.score, direction, learning
    )
    curves.epochs(best, book)
    progress.report(best, book)
    curves.searched(race.trials, direction, place.metric, book)
    _findings(leaderboard, ended, book)
    _from_scratch(leaderboard, learning, book)
    _sampled(race.trials, learning, book)
    winsorised.show(learning, book)
    strongest = max(bases, key=lambda t: (t.score, t.name)).name if bases else best.name
    everyone = {m.name: m for m in (*base_members, *members)}
    return Trained(
        leaderboard=leaderboard,
        members=members,
        baseline=everyone[strongest] if strongest in everyone else members[0],
        baselines=base_members,
        validation=Blob.of({"row": learning.row[rows], "scores": together}, "arrays"),
        metric=place.metric,
        score=direction * value,
        trials=sum(not t.baseline for t in race.trials),
        seconds=round(max(time.monotonic() - began, spent), 3),
        ended=ended,
        single=best.name,
        pool=blend.pool,
        tradeoff=settled.points,
        shrunk=() if student is None else student.measured,
        mended=unmended,
    )


def with_class_weights(family: Family, space: Space, facts: DataFacts, task: Task) -> Space:
    """Where a class is rare, the first starting point is also tried with classes of even weight; the held-out
    score says whether that helps."""
    rare = task.classes > 1 and facts.smallest_class < RARE * facts.rows / task.classes
    if not (rare and family.tags.weights and space.starts):
        return space
    first, *others = space.starts
    return replace(space, starts=(first, {**first, CLASS_WEIGHTS: True}, *others))


@contextmanager
def _pool(work: Work, fits: Path) -> Iterator[Pool]:
    """The runner's workers if it started some, else workers of our own, or none for tiny work."""
    if work.pool is not None:
        early: Pool = work.pool
        early.attach(fits)
        yield early
        return
    log = work.folder / "worker.log"
    with InlinePool(fits) if work.inline else Pool(workers_for(work.cores), fits, log=log) as own:
        yield own


def _stored(development: Development, work: Work) -> None:
    """Workers read the rows from a file: keep one here when no store has done so."""
    blob = development.table
    if blob.path is None:
        path = work.folder / "development.arrow"
        atomic.write_bytes(path, kinds.to_bytes("table", blob.get()))
        blob.attach(path, lambda: kinds.from_file("table", path))


def last_resort(trials: list[Trial], place: Place, journal: Journal, fits: Path, seed: int) -> None:
    """Time ran out before any fit ended: fit the first baseline in this process, which takes moments, so that
    a run always has a best so far."""
    baseline = next((t for t in trials if t.baseline), None)
    if baseline is None:
        return
    inline = InlinePool(fits)
    for fold in baseline.folds:
        job = Job(baseline.family, {}, fold, seed)
        key = key_of(place, job, FAMILIES.get(baseline.family).version)
        if journal.read(key) is None:
            inline.submit(key, place, job)
            inline.wait(0.0)
        entry = journal.read(key)
        if entry is not None and not entry.result.error:
            baseline.entries[fold] = entry
    baseline.status, baseline.why = "fitted", ""


def _nothing(trials: list[Trial], ended: str) -> BadInput:
    reasons = sorted({f"{t.family}: {t.why}" for t in trials if t.why})
    if ended == "time":
        return BadInput(
            "the budget ended before a single fit did",
            code="budget.too-small",
            hint="what was done is kept: go on with more time, `modelwright resume --budget 60s`; or name "
            "quick families: `search: {families: [logistic]}`",
        )
    return BadInput(
        f"no candidate could be fitted: {'; '.join(reasons) or 'no family suits'}",
        code="train.nothing-fitted",
        hint="see the leaderboard and log.txt of the run",
    )


def settle_for_less(trials: list[Trial], folds: tuple[int, ...]) -> tuple[int, ...]:
    """The folds that candidates are compared on. All of them, but where time ran out before any candidate had
    finished all, those of the one that was best on the first fold: fewer held-out rows are better than a
    baseline."""
    real = [t for t in trials if not t.baseline]
    started = [t for t in real if folds[0] in t.entries and t.status not in ("pruned", "failed")]
    if any(t.complete for t in real) or not started:
        return folds
    best = max(started, key=lambda t: (t.entries[folds[0]].result.score, t.name))
    fewer = tuple(f for f in folds if f in best.entries)
    for trial in trials:
        if trial.status != "failed" and all(f in trial.entries for f in fewer):
            trial.folds, trial.status = fewer, "fitted"
            if not trial.baseline:
                trial.why = f"time ran out: compared on {len(fewer)} of {len(folds)} folds"
    return fewer


def covered(learning: Learning, folds: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Positions of development rows that one of these folds holds out, ascending."""
    parts = [learning.part(f).valid for f in folds]
    return np.unique(np.concatenate(parts))


def held_out(trial: Trial, learning: Learning) -> Scores:
    """Out-of-fold scores float64 [all rows, k]; the mean over repeats; NaN for rows never held out."""
    first = trial.entries[trial.folds[0]].scores
    total = np.zeros((learning.rows, first.shape[1]))
    count = np.zeros((learning.rows, 1))
    for fold in trial.folds:
        rows = learning.part(fold).valid
        total[rows] += trial.entries[fold].scores
        count[rows] += 1
    with np.errstate(invalid="ignore"):
        result: Scores = total / count
    return result


def _members(
    chosen: dict[str, float],
    by_name: dict[str, Trial],
    learning: Learning,
    place: Place,
    journal: Journal,
    pool: Pool,
    work: Work,
    ends_at: float | None,
    limits: Limits | None = None,
) -> tuple[Member, ...]:
    """The graphs that ship: each chosen configuration fitted once more, on all development rows; the fit
    itself where the rows are so many that those of a validation part would add nothing."""
    if place.scheme == "holdout" and learning.rows > MOST_REFITTED:
        how = "fitted without the validation rows"
        graphs = {n: Made(by_name[n].entries[0].graph, how) for n in chosen}
    else:
        trials = [by_name[n] for n in chosen]
        graphs = refit(trials, learning.rows, place, journal, pool, work.seed, ends_at, limits)
    return tuple(
        Member(
            name,
            by_name[name].family,
            Blob.of(graphs[name].graph, "bytes"),
            chosen[name],
            by_name[name].config,
            by_name[name].results[0].recipe,
            graphs[name].how,
            # A baseline looks at none of them.
            () if FAMILIES.get(by_name[name].family).tags.baseline else by_name[name].results[0].told,
        )
        for name in chosen
    )


def _sampled(trials: list[Trial], learning: Learning, book: Book) -> None:
    """Say which families saw a sample of the training rows."""
    seen: dict[str, int] = {}
    for trial in (t for t in trials if t.entries):
        fold, entry = next(iter(trial.entries.items()))
        if entry.result.rows < len(learning.part(fold).train):
            seen[trial.family] = entry.result.rows
    if seen:
        whole = len(learning.part(learning.fold_numbers[0]).train)
        book.finding(
            "train.sampled",
            "note",
            f"{', '.join(seen)} were fitted on a sample of {max(seen.values()):,} of {whole:,} rows; "
            "all others had every row",
            "nothing: they take categories as columns of their own, and would need many times the memory",
            numbers={"rows": float(max(seen.values())), "of": float(whole)},
        )


def _from_scratch(leaderboard: tuple[FitRow, ...], learning: Learning, book: Book) -> None:
    """Say where a network that leads has seen nothing but these rows, and they are few."""
    lead = next((r for r in leaderboard if r.status in ("fitted", "stopped early") and not r.baseline), None)
    if lead is None or learning.rows >= MANY_MEDIA:
        return
    tags = FAMILIES.get(lead.family).tags
    kinds = [kind for kind in tags.media if kind in PRETRAINED]
    if not tags.keeps or tags.extra == PRETRAINED_EXTRA or not kinds:
        return
    book.finding(
        "train.from-scratch",
        "note",
        f"{lead.name} has learned from these {learning.rows:,} rows and nothing else; a network that was "
        f"trained on millions of {PRETRAINED[kinds[0]]} before needs far fewer of yours",
        "name a folder with pretrained weights (`search: {pretrained: FOLDER}`) if its licence suits you",
        numbers={"rows": float(learning.rows)},
    )


def _findings(leaderboard: tuple[FitRow, ...], ended: str, book: Book) -> None:
    fitted = [r for r in leaderboard if r.status in ("fitted", "stopped early") and not r.baseline]
    if not fitted:
        book.finding(
            "train.only-baselines",
            "warning",
            "only baselines were fitted",
            "allow more time or trials, or name families that suit",
        )
        return
    lead = fitted[0]
    # Codes stand here in full, so that the guard of the catalogue finds them.
    codes = {
        "overfitting": "train.overfitting",
        "unstable": "train.unstable",
        "underfitting": "train.underfitting",
    }
    if lead.diagnosis in codes:
        book.finding(
            codes[lead.diagnosis],
            "note" if lead.diagnosis == "overfitting" else "warning",
            f"the best candidate, {lead.name}, shows {lead.diagnosis}",
            lead.advice,
        )
    failed = [r for r in leaderboard if r.status == "failed"]
    if failed:
        book.finding(
            "train.failed-fits",
            "note",
            f"{len(failed)} configurations failed: {'; '.join(f'{r.name}: {r.why}' for r in failed[:3])}",
            "see log.txt and train/worker.log of the run",
        )
    if ended == "stopped":
        book.finding(
            "train.stopped-by-user",
            "note",
            "the search was ended by the user; the best so far is used",
            "give a finished run more with `modelwright resume RUN --budget 60s`",
        )
