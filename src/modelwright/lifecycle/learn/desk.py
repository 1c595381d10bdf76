"""Where a challenger is judged: from two versions and labelled rows to a decision that is written down."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelwright.core.codec import encode
from modelwright.core.records.evidence import Finding
from modelwright.lifecycle.learn import fresh, record, snapshot
from modelwright.lifecycle.learn.champion import Champion
from modelwright.lifecycle.learn.labelled import Feedback, Told, without_content
from modelwright.lifecycle.learn.record import Action, Decision
from modelwright.lifecycle.learn.sides import Sides, digest_of
from modelwright.lifecycle.run import Run
from modelwright.live import deployment
from modelwright.live.place import Place
from modelwright.runtime import Model, load
from modelwright.store import atomic

if TYPE_CHECKING:
    from pathlib import Path

    from modelwright.goal.metrics.scored import Scored
    from modelwright.goal.metrics.spec import MetricSpec
    from modelwright.live.judge import Comparison
    from modelwright.live.log.database import LogDatabase
    from modelwright.live.promotion import Ruling

GROWTH = 1.5
"""A challenger that is tried beside the champion is looked at again when there are so many times the rows of
the last look: each look spends a share of alpha."""


class Desk:
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
        self.findings: tuple[Finding, ...] = ()
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

        held = without_content(self.champion.model)
        if held:
            return (
                f"the log holds no content of {', '.join(held)}, so that answered rows can be neither "
                "learned from nor judged again: put new files with their labels into the source, and run "
                "the goal anew"
            )
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

    def judge_run(self, done: Run, judge: Sequence[str], token: str, promote: str, share: float) -> Decision:
        """The decision on a finished run, on the rows with the ids ``judge``; not carried out yet."""
        if done.bundle is None:
            reason = done.released.reason if done.released else "its run did not finish"
            because = f"The champion stays: there is no challenger. {reason}"
            data = self._data("retrain", "keep", because, promote, share, self._unborn(done), ())
            return record.keep(self.place, data | {"token": token})
        by_id = {row.id: row for row in self.told.rows}
        rows = fresh.rows_of(self.champion, [by_id[one] for one in judge if one in by_id])
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
        elif promote == "never" and action == "promote":
            because = f"{because} Nothing was deployed, as asked (--promote never)."
        data = self._data(
            "retrain", action, because, promote, share, self._version(version), rows.told, judged
        )
        data["spent"] = promote in ("auto", "never")
        data["done"] = "to do" if to_do and action in ("promote", "challenge") else "nothing to do"
        return record.keep(self.place, data | {"token": token}, judged["packed"])

    def judge_trial(self, challenger: deployment.Challenger, database: LogDatabase, runs: Path) -> Decision:
        """The decision on a challenger that is tried beside the champion; not carried out yet."""
        version, mode = challenger.version, challenger.mode
        model = load(self.place.bundle(version), threads=1)
        entry = self._version(version)
        since, self.findings = _since(self.place, version)
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
        return record.keep(self.place, data, judged["packed"])

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
        from modelwright.live.judge import comparison
        from modelwright.live.promotion import Facts, rule

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
                unlike=fresh.unlike(self.place, champion, rows) if replayed else 0.0,
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
        findings += self.findings
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


def _since(place: Place, version: str) -> tuple[int, tuple[Finding, ...]]:
    """When the trial of this challenger began (microseconds since 1970), and what a person should know of
    it."""
    import datetime as dt

    now = deployment.read(place)
    known, torn = deployment.changes(place)
    began = ""
    for entry in [*known, now]:  # the last change is in the deployment itself, whatever its history lost
        if entry.challenger is None or entry.challenger.version != version:
            began = ""
        elif not began:
            began = entry.changed
    found: tuple[Finding, ...] = ()
    if torn:
        found = (
            Finding(
                "retrain.history-torn",
                "warning",
                f"{torn} lines of history.jsonl cannot be read: the trial may have begun earlier than is "
                f"known, and rows before {began or 'its beginning'} do not count",
                "nothing, where few rows are lost; a disk that was full, or damage, may have cut them",
                numbers={"lines": float(torn)},
            ),
        )
    return (round(dt.datetime.fromisoformat(began).timestamp() * 1e6) if began else 0), found


def _verdict(model: Model, runs: Path) -> tuple[tuple[str, ...], bool]:
    """What blocks a version, and whether its run released it without force."""
    forced = bool(model.metadata.get("forced"))
    run = str(model.metadata.get("lineage", {}).get("run") or "")
    path = runs / run / "verdict.json"
    if run and path.exists():
        return tuple(atomic.read_json(path)["blockers"]), not forced
    return (("its run is gone, and with it what blocks it",) if forced else ()), not forced
