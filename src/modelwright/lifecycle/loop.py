"""The loop closed: a new version from old rows and feedback, and whether it answers from now on.

The rule of promotion is argued in docs/decisions/0011-promotion.md.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from modelwright.core.codec import encode
from modelwright.core.errors import BadInput
from modelwright.core.records.evidence import Finding
from modelwright.core.stage import Say, say_nothing
from modelwright.lifecycle.folder import find_runs
from modelwright.lifecycle.learn import fresh, record, snapshot
from modelwright.lifecycle.learn.champion import Champion, find
from modelwright.lifecycle.learn.labelled import Feedback, Told
from modelwright.lifecycle.learn.labelled import read as read_feedback
from modelwright.lifecycle.learn.record import Action, Decision
from modelwright.lifecycle.learn.sides import Sides, digest_of
from modelwright.lifecycle.run import Run, resume, start
from modelwright.live import deployment
from modelwright.live import settings as live_settings
from modelwright.live.place import Place
from modelwright.live.settings import Settings
from modelwright.release.lineage import BORN
from modelwright.runtime import Model, load
from modelwright.store import atomic
from modelwright.store.lock import locked

if TYPE_CHECKING:
    from modelwright.goal.metrics.scored import Scored
    from modelwright.goal.metrics.spec import MetricSpec
    from modelwright.live.judge import Comparison, Ruling
    from modelwright.live.log.database import LogDatabase

Promote = Literal["auto", "never", "shadow", "canary"]
GROWTH = 1.5
"""A challenger that is tried beside the champion is looked at again when there are so many times the rows of
the last look: each look spends a share of alpha."""


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
        desk = _Desk(place, champion, told, made, sides, why, began)
        plan = _Plan.read(place, champion)
        if plan is None:
            lacking = desk.lacking(made.fresh, made.learned)
            if lacking:
                return desk.without_evidence("retrain", lacking, promote, share)
            plan = _Plan.write(place, champion, made.fresh)
        done = _run(champion, made, plan, home, budget, say, began, inline, report)
        return desk.judge_run(done, plan, promote, share)


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
        desk = _Desk(place, champion, told, made, sides, why, time.monotonic())
        return desk.judge_trial(now.challenger, database, home)


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """One retraining of a live model at a time; what an earlier one left undone is done first."""
    folder = place.folder / "learn"
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
    def read(cls, place: Place, champion: Champion) -> _Plan | None:
        """The plan that was not finished; None where there is none, or the champion is another by now."""
        path = place.folder / "learn" / "plan.json"
        if not path.exists():
            return None
        data = atomic.read_json(path)
        if data["champion"] != champion.digest:
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


class _Desk:
    """Where a challenger is judged: what is known of the champion and of the labelled rows."""

    def __init__(
        self,
        place: Place,
        champion: Champion,
        told: Feedback,
        made: snapshot.Snapshot,
        sides: Sides,
        why: str,
        began: float,
    ) -> None:
        from modelwright.goal.metrics import metric
        from modelwright.live.judge import alpha_of

        self.place, self.champion, self.told, self.made = place, champion, told, made
        self.sides, self.why, self.began = sides, why, began
        self.round = record.rounds(place, champion.digest) + 1
        self.alpha = alpha_of(self.round)
        self.seed = champion.goal.sections.seed
        name, average, for_class = snapshot.scored_by(champion.goal.sections, champion.problem)
        self.spec: MetricSpec = metric(name)
        self.choice: dict[str, Any] = {
            "average": average,
            "for_class": None if for_class is None else champion.model.classes.index(for_class),
        }

    def lacking(self, rows: Sequence[Told], others: Sequence[Told]) -> str:
        """Why these judging rows cannot settle anything; empty where they can. ``others``: labelled rows that
        are not for judging, which tell how many are needed."""
        from modelwright.live.judge import LEAST_ROWS, rows_needed

        have = f"{len(rows)} labelled rows are for judging"
        learned = f"{len(others)} to learn from"
        if len(others) < LEAST_ROWS // 2 or len(rows) < LEAST_ROWS:
            need = f"{have} and {learned}; at least {LEAST_ROWS} and {LEAST_ROWS // 2} are needed"
            return f"{need}, about {round(LEAST_ROWS / 0.4)} more or less evenly drawn rows with feedback"
        known = fresh.rows_of(self.champion, others)
        needed = rows_needed(
            self.spec, fresh.asked(self.champion.model, self.champion, known), self.alpha, **self.choice
        )
        if needed is None:
            return f"the champion makes no error on {learned}: nothing can be proven better than it"
        if len(rows) < needed:
            return (
                f"{have}, and {needed} are needed to prove with a chance of 80% that a challenger is better "
                f"which halves what the champion lacks in {self.spec.name} (alpha {self.alpha:.3g}, round "
                f"{self.round}): wait for about {round((needed - len(rows)) / 0.4)} more rows with feedback"
            )
        return ""

    def without_evidence(
        self, kind: str, lacking: str, promote: str, share: float, version: str | None = None
    ) -> Decision:
        because = f"Not enough evidence: {lacking}."
        challenger = None if version is None else self._version(version)
        data = self._data(kind, "not enough evidence", because, promote, share, challenger, self.made.fresh)
        return record.keep(self.place, data)

    def judge_run(self, done: Run, plan: _Plan, promote: Promote, share: float) -> Decision:
        """The decision on a finished run."""
        from modelwright.live.judge import Check

        if done.bundle is None:
            reason = done.released.reason if done.released else "its run did not finish"
            because = f"The champion stays: there is no challenger. {reason}"
            data = self._data("retrain", "keep", because, promote, share, self._unborn(done), ())
            decision = record.keep(self.place, data)
            _Plan.done(self.place)
            return decision
        by_id = {row.id: row for row in self.told.rows}
        rows = fresh.rows_of(self.champion, [by_id[one] for one in plan.judge if one in by_id])
        number = record.next_number(self.place)
        self.sides.open((row.id for row in rows.told), number)
        version = deployment.add_version(self.place, done.bundle)
        model = load(self.place.bundle(version), threads=1)
        old = fresh.asked(self.champion.model, self.champion, rows)
        new = fresh.asked(model, self.champion, rows)
        blockers = done.released.blockers if done.released else ()
        released = done.released is not None and done.released.released and not done.released.forced
        judged = self._judge(rows, model, old, new, blockers, released, replayed=True)
        compared, ruling = judged["compared"], judged["ruling"]
        action: Action = ruling.action
        because, to_do = ruling.because, promote == "auto"
        if promote in ("shadow", "canary"):
            stopped = [c for c in ruling.checks if c.name in ("sound", "slices", "criteria") and not c.holds]
            tried = not stopped and not compared.worse
            action, to_do = "challenge" if tried else "keep", True
            if tried:
                because = f"The challenger is tried as a {promote}: it is not proven worse. {because}"
            assert all(isinstance(c, Check) for c in stopped)
        elif promote == "never" and action == "promote":
            because = f"{because} Nothing was deployed, as asked (--promote never)."
        data = self._data(
            "retrain", action, because, promote, share, self._version(version), rows.told, judged
        )
        data["spent"] = promote in ("auto", "never")
        data["done"] = "to do" if to_do and action in ("promote", "challenge") else "nothing to do"
        decision = record.keep(self.place, data, judged["packed"])
        _Plan.done(self.place)
        return record.carry_out(decision)

    def judge_trial(self, challenger: deployment.Challenger, database: LogDatabase, runs: Path) -> Decision:
        """The decision on a challenger that is tried beside the champion."""
        version, mode = challenger.version, challenger.mode
        model = load(self.place.bundle(version), threads=1)
        entry = self._version(version)
        since = _since(self.place, version)
        looks = [
            d
            for d in record.every(self.place)
            if d["kind"] == "decide" and d["spent"] and d["challenger"]["digest"] == entry["digest"]
        ]
        mine = {int(d["number"]) for d in looks}
        fresh_ids = {row.id for row in self.made.fresh}
        taken = [
            row
            for row in self.told.rows
            if row.at >= since and (row.id in fresh_ids or self.sides.opened(row.id) in mine)
        ]
        others = [row for row in self.told.rows if self.sides[row.id] != "judge"]
        answers: dict[str, Any] = {}
        if mode == "shadow":
            seen = database.get_many([f"{row.id}.s" for row in taken])
            answers = {one.removesuffix(".s"): p for one, p in seen.items() if p.version == version}
            taken = [
                row for row in taken if row.id in answers and row.prediction.version == self.champion.version
            ]
        lacking = self.lacking(taken, others)
        last = max((int(d["rows"]["judged"]) for d in looks), default=0)
        if not lacking and len(taken) < GROWTH * last:
            lacking = f"{len(taken)} rows are there, and the next look is due at {round(GROWTH * last)}"
        if lacking:
            return self.without_evidence("decide", lacking, mode, challenger.share, version)
        rows = fresh.rows_of(self.champion, taken)
        self.sides.open((row.id for row in rows.told), record.next_number(self.place))
        if mode == "shadow":
            own = {row.id: row.prediction for row in rows.told}
            old = fresh.logged(self.champion.model, self.champion, rows, own)
            new = fresh.logged(model, self.champion, rows, answers)
        else:
            old = fresh.asked(self.champion.model, self.champion, rows)
            new = fresh.asked(model, self.champion, rows)
        blockers, released = _verdict(model, runs)
        judged = self._judge(rows, model, old, new, blockers, released, replayed=mode == "canary")
        ruling, compared = judged["ruling"], judged["compared"]
        action: Action = ruling.action
        because = ruling.because
        if action == "keep" and (compared.worse or compared.harmed):
            action, because = "end challenge", f"{because} Its trial is ended."
        data = self._data("decide", action, because, mode, challenger.share, entry, rows.told, judged)
        data["spent"] = True
        data["done"] = "nothing to do" if action == "keep" else "to do"
        return record.carry_out(record.keep(self.place, data, judged["packed"]))

    def _judge(
        self,
        rows: fresh.Rows,
        model: Model,
        old: Scored,
        new: Scored,
        blockers: Sequence[str],
        released: bool,
        *,
        replayed: bool,
    ) -> dict[str, Any]:
        from modelwright.live.judge import Facts, comparison, rule

        champion, success = self.champion, self.champion.goal.sections.success
        slices = fresh.slices(champion, rows)
        compared: Comparison = comparison(
            self.spec,
            old,
            new,
            alpha=self.alpha,
            slices=slices,
            groups=rows.groups,
            time_order=rows.time_order,
            seed=self.seed,
            **self.choice,
        )
        services = fresh.services([champion.model, model], rows)
        ours = fresh.criteria(champion, rows, old, services[0], self.seed)
        theirs = fresh.criteria(champion, rows, new, services[1], self.seed)
        ruling: Ruling = rule(
            Facts(
                comparison=compared,
                champion_meets=fresh.meets(success, ours),
                challenger_meets=fresh.meets(success, theirs),
                released=released,
                blockers=tuple(blockers),
                lost=fresh.lost(success, ours, theirs),
                unlike=fresh.unlike(champion, rows, old) if replayed else 0.0,
            )
        )
        return {
            "compared": compared,
            "ruling": ruling,
            "comparison": encode(compared),
            "checks": [encode(c) for c in ruling.checks],
            "criteria": {"champion": encode(ours), "challenger": encode(theirs)},
            "service": {"champion": services[0].to_json(), "challenger": services[1].to_json()},
            "judged": {
                "classes": list(old.classes),
                "positive": old.positive,
                "time_order": rows.time_order,
                "slices": [name for name, _ in slices],
            },
            "packed": record.packed(old, new, slices, rows.groups),
        }

    def _version(self, version: str) -> dict[str, Any]:
        entry = atomic.read_json(self.place.versions / version / "version.json")
        return {name: entry.get(name) for name in ("version", "digest", "run", "data", "goal", "verdict")}

    @staticmethod
    def _unborn(done: Run) -> dict[str, Any]:
        return {
            "version": None,
            "digest": "",
            "run": done.folder.name,
            "data": None,
            "goal": None,
            "verdict": done.verdict,
        }

    def _data(
        self,
        kind: str,
        action: Action,
        because: str,
        promote: str,
        share: float,
        challenger: dict[str, Any] | None,
        judged: Sequence[Told],
        found: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        found = found or {}
        findings: list[Finding] = [*self.champion.findings, *self.told.findings, *self.made.findings]
        return {
            "number": record.next_number(self.place),
            "kind": kind,
            "action": action,
            "because": because,
            "why": self.why,
            "mode": promote,
            "share": share,
            "round": self.round,
            "spent": False,
            "done": "nothing to do",
            "seed": self.seed,
            "policy": self.champion.goal.sections.success.policy,
            "goal": self.champion.goal.digest,
            "champion": self._version(self.champion.version),
            "challenger": challenger,
            "rows": {
                "labelled": len(self.told.rows),
                "share labelled": None if self.told.share != self.told.share else round(self.told.share, 6),
                "train": self.made.counts["train"],
                "validation": self.made.counts["validation"],
                "test": self.made.counts["test"],
                "judged": len(judged),
                "digest of the judged": digest_of((row.id, row.outcome) for row in judged),
                "digest of the learned": self.made.digest,
            },
            "findings": [encode(one) for one in findings],
            "ids": [row.id for row in judged],
            "seconds": round(time.monotonic() - self.began, 2),
            **{name: found.get(name) for name in ("comparison", "criteria", "service", "judged")},
            "checks": found.get("checks", []),
        }


def _since(place: Place, version: str) -> int:
    """When the trial of this challenger began: microseconds since 1970."""
    import datetime as dt

    began = ""
    for line in place.history.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if (entry.get("challenger") or {}).get("version") != version:
            began = ""
        elif not began:
            began = entry["changed"]
    return round(dt.datetime.fromisoformat(began).timestamp() * 1e6) if began else 0


def _verdict(model: Model, runs: Path) -> tuple[tuple[str, ...], bool]:
    """What blocks a version, and whether its run released it without force."""
    forced = bool(model.metadata.get("forced"))
    run = str(model.metadata.get("lineage", {}).get("run") or "")
    path = runs / run / "verdict.json"
    if run and path.exists():
        return tuple(atomic.read_json(path)["blockers"]), not forced
    return (("its run is gone, and with it what blocks it",) if forced else ()), not forced
