"""The loop closed: a new version from old rows and feedback, and whether it answers from now on.

The rule of promotion is argued in docs/decisions/0011-promotion.md.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from modelwright.core.codec import encode
from modelwright.core.errors import BadInput
from modelwright.core.stage import Say, say_nothing
from modelwright.lifecycle.folder import find_runs
from modelwright.lifecycle.learn import record, snapshot
from modelwright.lifecycle.learn.champion import Champion, find
from modelwright.lifecycle.learn.desk import Desk
from modelwright.lifecycle.learn.labelled import Told
from modelwright.lifecycle.learn.labelled import read as read_feedback
from modelwright.lifecycle.learn.record import Decision
from modelwright.lifecycle.learn.sides import Sides
from modelwright.lifecycle.run import Run, resume, start
from modelwright.live import deployment
from modelwright.live import settings as live_settings
from modelwright.live.judge import LEAST_ROWS
from modelwright.live.place import Place
from modelwright.live.settings import Settings
from modelwright.release.lineage import BORN
from modelwright.store import atomic
from modelwright.store.lock import locked

if TYPE_CHECKING:
    from modelwright.live.log.database import LogDatabase

Promote = Literal["auto", "never", "shadow", "canary"]


def retrain(
    place: Place,
    *,
    runs: Path | None = None,
    budget: str | None = None,
    why: str = "by hand",
    promote: Promote = "auto",
    share: float = 0.1,
    say: Say = say_nothing,
    inline: bool = False,
    report: bool = True,
    started_at: float | None = None,
) -> Decision:
    """Learn from feedback, judge the result against the champion on rows that neither has seen, and act.

    ``runs``: the folder of the champion's run (default: what the settings say). ``promote``: ``auto`` deploys
    a challenger that the rule lets pass, ``never`` only says so, ``shadow`` and ``canary`` (of ``share`` of
    the requests) try one beside the champion that is not proven worse. A retraining that was killed is gone
    on with. Raises :class:`BadInput` where another is going on, or the champion's rows cannot be had.
    """
    began = started_at or time.monotonic()
    with _alone(place), _opened(place, runs) as (settings, database, home):
        champion = find(place, settings, home)
        sides = Sides(place)
        told = read_feedback(database, champion, settings)
        snapshot.settle(champion, told.rows, sides)
        made = snapshot.make(champion, told.rows, sides)
        desk = Desk(place, champion, told, made, sides, why, began)
        plan = _Plan.read(place, champion, told.rows)
        if plan is None:
            lacking = desk.lacking(made.fresh, made.learned)
            if lacking:
                return desk.without_evidence("retrain", lacking, promote, share)
            plan = _Plan.write(place, champion, made.fresh)
        done = _run(champion, made, plan, home, budget, say, began, inline, report)
        decision = desk.judge_run(done, plan.judge, plan.token, promote, share)
        plan.done(place)
        return record.carry_out(decision)


def decide(
    place: Place, *, runs: Path | None = None, why: str = "by hand", say: Say = say_nothing
) -> Decision:
    """Judge the challenger that is tried beside the champion, on rows that came since and have feedback.

    A shadow's answers were logged beside the champion's; of a canary, both are asked again. It is promoted,
    its trial is ended (proven worse, or a slice harmed), or it goes on. Raises :class:`BadInput` where there
    is no challenger.
    """
    with _alone(place), _opened(place, runs) as (settings, database, home):
        now = deployment.read(place)
        if now.challenger is None:
            raise BadInput(
                f"{place.name!r} has no challenger",
                code="decide.no-challenger",
                hint="`modelwright retrain NAME --promote shadow` makes one",
            )
        champion = find(place, settings, home)
        sides = Sides(place)
        told = read_feedback(database, champion, settings)
        snapshot.settle(champion, told.rows, sides)
        made = snapshot.make(champion, told.rows, sides)
        say("judging", challenger=now.challenger.version, mode=now.challenger.mode)
        desk = Desk(place, champion, told, made, sides, why, time.monotonic())
        return record.carry_out(desk.judge_trial(now.challenger, database, home))


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """One retraining of a live model at a time; what an earlier one left undone is done first."""
    folder = place.folder / "learn"
    atomic.private_folder(folder)
    try:
        with locked(folder):
            record.finish(place)
            yield
    except BadInput as error:
        if error.code != "run.locked" or error.message.rpartition(" ")[2] != folder.name:
            raise
        raise BadInput(
            f"{place.name!r} is being retrained or judged already",
            code="retrain.busy",
            hint="wait for that to end",
        ) from error


@contextmanager
def _opened(place: Place, runs: Path | None) -> Iterator[tuple[Settings, LogDatabase, Path]]:
    """Settings, the log with all that waited in the journal, and the folder of runs."""
    from modelwright.live.log.database import LogDatabase
    from modelwright.live.log.drain import drain

    settings = live_settings.read(place)
    database = LogDatabase(live_settings.database_url(place, settings))
    try:
        while drain(place, database):
            pass
        yield settings, database, runs or Path(settings.runs or "runs")
    finally:
        database.close()


@dataclass(frozen=True)
class _Plan:
    """A retraining that has begun: ``learn/plan.json``. It names the judging rows before anything is learned,
    and the run by its token, so that a killed one can be gone on with."""

    token: str
    champion: str
    judge: tuple[str, ...]

    @classmethod
    def read(cls, place: Place, champion: Champion, rows: Sequence[Told]) -> _Plan | None:
        """The plan that was not finished; None where there is none, where it has been decided, where the
        champion is another by now, or where the log (``rows``) no longer holds what was to judge."""
        path = place.folder / "learn" / "plan.json"
        if not path.exists():
            return None
        data = atomic.read_json(path)
        decided = any(d.get("token") == data["token"] for d in record.every(place))
        left = len({row.id for row in rows}.intersection(data["judge"]))
        if decided or data["champion"] != champion.digest or left < LEAST_ROWS:
            path.unlink()
            return None
        return cls(data["token"], data["champion"], tuple(data["judge"]))

    @classmethod
    def write(cls, place: Place, champion: Champion, rows: Sequence[Told]) -> _Plan:
        plan = cls(secrets.token_hex(8), champion.digest, tuple(row.id for row in rows))
        atomic.write_json(place.folder / "learn" / "plan.json", encode(plan))
        return plan

    @staticmethod
    def done(place: Place) -> None:
        (place.folder / "learn" / "plan.json").unlink(missing_ok=True)


def _run(
    champion: Champion,
    made: snapshot.Snapshot,
    plan: _Plan,
    runs: Path,
    budget: str | None,
    say: Say,
    began: float,
    inline: bool,
    report: bool,
) -> Run:
    """The challenger's run: one that was begun under this plan, or a new one."""
    from modelwright.core.records.verdict import Released

    for folder in reversed(find_runs(runs)):
        path = folder.path / BORN
        if not path.exists() or atomic.read_json(path).get("token") != plan.token:
            continue
        if folder.status == "finished":
            stage = folder.read_stage("release")
            released = None if stage is None else folder.store.revive(Released, stage[1])
            if released is not None:
                return Run(folder, released)
            continue
        try:
            return resume(folder, say=say, started_at=began, report=report)
        except BadInput as error:
            if error.code not in ("run.rows-lost", "run.versions"):
                raise
            say("source changed", what=error.message, used="a new run")
    goal = snapshot.goal_of(champion, made.frame)
    if budget is not None:
        from modelwright.goal.units import seconds

        goal = goal.with_budget(float(seconds(budget)))
    born = {
        "token": plan.token,
        "parent": {
            "version": champion.version,
            "digest": champion.digest,
            "run": champion.run.name if champion.run else None,
        },
        "feedback": {"rows": made.counts, "digest": made.digest},
        "ids": list(made.ids),
    }
    # Released whatever its verdict: whether that is enough is decided against the champion.
    return start(
        goal,
        runs,
        say=say,
        started_at=began,
        force_release=True,
        report=report,
        inline=inline,
        born=born,
    )
