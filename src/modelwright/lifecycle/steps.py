"""The thirty steps of the lifecycle, each with an honest status, from what the run's records show.

A step is ``done`` only where a file of the run shows it; ``not applicable`` says why, ``not done`` says what
would do it. Nothing here looks at what was meant to happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from modelwright.core.records.data import Cleaned, Collected, Development, Labelled, Profile, Sealed
from modelwright.core.records.goal import Defined
from modelwright.core.records.models import Analysis, Compressed, FitRow, Shortlist, Trained
from modelwright.core.records.verdict import Released, Safeguarded, Tested
from modelwright.lifecycle.folder import RunFolder
from modelwright.lifecycle.plan import PLAN, STEPS

T = TypeVar("T")
Status = Literal["done", "not applicable", "not done"]

PENALTIES = ("alpha", "c", "decay", "dropout", "l1", "l2", "prune", "smooth", "strength")
"""Settings of the families that penalise a model for being complicated."""
LIVE = "live"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a step. ``shown_by`` is a path in the run's folder; empty where nothing shows it."""

    status: Status
    why: str
    shown_by: str = ""


def done(why: str, shown_by: str) -> Answer:
    return Answer("done", why, shown_by)


def not_done(why: str, shown_by: str = "") -> Answer:
    return Answer("not done", why, shown_by)


def not_applicable(why: str, shown_by: str = "") -> Answer:
    return Answer("not applicable", why, shown_by)


class Seen:
    """The records of a run, and what they say of its fits."""

    def __init__(self, records: Mapping[type, Any]) -> None:
        self._records = records

    def get(self, kind: type[T]) -> T | None:
        found: T | None = self._records.get(kind)
        return found

    @property
    def fitted(self) -> tuple[FitRow, ...]:
        """Configurations that were fitted to the end or stopped on purpose, baselines left out."""
        trained = self.get(Trained)
        if trained is None:
            return ()
        kept = ("fitted", "stopped early", "pruned")
        return tuple(r for r in trained.leaderboard if r.taken and not r.baseline and r.status in kept)

    def families(self, tag: str, rows: tuple[FitRow, ...]) -> list[str]:
        """Names of the families among ``rows`` that carry a tag, sorted."""
        from modelwright.models.families import FAMILIES

        names = sorted({row.family for row in rows})
        return [name for name in names if name in FAMILIES and getattr(FAMILIES.get(name).tags, tag)]

    def candidates(self, tag: str) -> list[str]:
        """As :meth:`families`, of all that were taken, fitted or not."""
        trained = self.get(Trained)
        return self.families(tag, tuple(r for r in trained.leaderboard if r.taken) if trained else ())


def account(folder: RunFolder, records: dict[type, Any]) -> list[dict[str, Any]]:
    """``steps.json`` of a run: thirty entries, in order.

    ``records`` are those that the run made, by type. A step whose stage was not reached is ``not done``; so
    is one whose file is not in the folder, whatever the record says.
    """
    seen = Seen(records)
    stages: dict[int, str] = {30: LIVE}
    for stage in PLAN:
        for step in stage.steps:
            stages[step] = stage.name
    entries = []
    for number, name in enumerate(STEPS, 1):
        answer = ANSWERS[number](seen)
        if answer is None:
            answer = not_done("the run did not get that far; `modelwright resume` goes on")
        elif answer.shown_by and not (folder.path / answer.shown_by).exists():
            lost = f"{answer.shown_by} is not in the run's folder"
            answer = not_done(lost) if answer.status == "done" else Answer(answer.status, answer.why)
        entries.append(
            {
                "step": number,
                "name": name,
                "stage": stages[number],
                "status": answer.status,
                "why": answer.why,
                "shown_by": answer.shown_by,
            }
        )
    return entries


def count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _problem(seen: Seen) -> Answer | None:
    defined, labelled = seen.get(Defined), seen.get(Labelled)
    if defined is None:
        return None
    if labelled is None:
        return done(f"{defined.name}: stated in the goal", "define/record.json")
    return done(
        f"{labelled.problem}: predict {labelled.target!r}. {labelled.why}".strip(), "define/record.json"
    )


def _objectives(seen: Seen) -> Answer | None:
    defined = seen.get(Defined)
    if defined is None:
        return None
    if not defined.criteria:
        return done(
            "no criterion was given, so the objective is to beat the best baseline", "define/record.json"
        )
    return done("; ".join(defined.criteria), "define/record.json")


def _requirements(seen: Seen) -> Answer | None:
    defined = seen.get(Defined)
    if defined is None:
        return None
    silent = [question for question, answer in defined.questions if not answer]
    if silent:
        return not_done(
            f"the goal is silent on: {' '.join(silent)} Say it in the goal file.", "define/record.json"
        )
    limits = "; ".join(defined.constraints) or "no limits were set"
    return done(f"the four questions are answered; {limits}", "define/record.json")


def _collect(seen: Seen) -> Answer | None:
    collected = seen.get(Collected)
    if collected is None:
        return None
    broken = f"; {count(collected.quarantined, 'broken row')} put aside" if collected.quarantined else ""
    sources = count(len(collected.sources), "source")
    return done(f"{count(collected.rows, 'row')} from {sources}{broken}", "collect/record.json")


def _store(seen: Seen) -> Answer | None:
    collected = seen.get(Collected)
    if collected is None:
        return None
    if not collected.table.digest:
        return not_done(
            "the rows are in memory alone; a run with a folder stores them", "collect/record.json"
        )
    return done(f"kept by content, sha256 {collected.table.digest[:16]}...", "collect/record.json")


def _clean(seen: Seen) -> Answer | None:
    cleaned = seen.get(Cleaned)
    if cleaned is None:
        return None
    changes = [op.changed for column in cleaned.columns for op in column.operations if op.changed]
    dropped = (
        f"; {count(cleaned.dropped_duplicates, 'duplicate')} dropped" if cleaned.dropped_duplicates else ""
    )
    cells = count(sum(changes), "cell")
    said = (
        f"{count(len(changes), 'operation')} changed {cells}"
        if changes
        else "looked at; nothing had to change"
    )
    return done(said + dropped, "clean/record.json")


def _normalise(seen: Seen) -> Answer | None:
    cleaned = seen.get(Cleaned)
    if cleaned is None:
        return None
    kinds = [column.kind for column in cleaned.columns if column.role != "ignored"]
    each = [count(kinds.count(kind), f"{kind} column") for kind in sorted(set(kinds))]
    return done(f"text was read as typed values: {listed(each)}", "clean/record.json")


def _label(seen: Seen) -> Answer | None:
    labelled = seen.get(Labelled)
    if labelled is None:
        return None
    left = f", {count(labelled.unlabelled, 'row')} without a label left out" if labelled.unlabelled else ""
    what = count(len(labelled.classes), "class", "classes") if labelled.classes else "values"
    return done(
        f"the labels came with the data and were checked: {what} in {count(labelled.rows, 'row')}{left}",
        "label/record.json",
    )


def _analyse(seen: Seen) -> Answer | None:
    profile, analysis = seen.get(Profile), seen.get(Analysis)
    if profile is None:
        return None
    if analysis is None:
        return not_done("columns are profiled; the target is not looked at yet", "profile/record.json")
    return done(
        f"{count(len(profile.columns), 'column')} profiled; {count(len(analysis.relations), 'relation')} to the "
        "target measured on development rows",
        "analyse/record.json",
    )


def _split(seen: Seen) -> Answer | None:
    development, sealed = seen.get(Development), seen.get(Sealed)
    if development is None or sealed is None:
        return None
    test = count(sealed.rows, "sealed test row") if sealed.rows else "no test rows, as the goal asks"
    return done(f"{count(development.rows, 'development row')}, {test}", "split/record.json")


def _architecture(seen: Seen) -> Answer | None:
    shortlist = seen.get(Shortlist)
    if shortlist is None:
        return None
    taken = sum(c.taken for c in shortlist.candidates)
    declined = len(shortlist.candidates) - taken
    return done(
        f"{count(taken, 'family', 'families')} taken, {declined} declined, each with its reason",
        "choose/record.json",
    )


def _features(seen: Seen) -> Answer | None:
    trained = seen.get(Trained)
    if trained is None:
        return None
    made = [member.name for member in trained.members if member.recipe]
    if made:
        return done(
            f"recipes fitted inside each fold; those that ship belong to {listed(made)}", "train/record.json"
        )
    if seen.fitted:
        return done("recipes fitted inside each fold; what ships uses no feature", "leaderboard.csv")
    return not_applicable("only baselines were fitted, and they use no feature", "leaderboard.csv")


def _framework(seen: Seen) -> Answer | None:
    shortlist = seen.get(Shortlist)
    if shortlist is None:
        return None
    return done(f"{shortlist.framework}. {shortlist.why}".strip(), "choose/record.json")


def _build(seen: Seen) -> Answer | None:
    trained = seen.get(Trained)
    if trained is None:
        return None
    names = listed([member.name for member in trained.members])
    return done(f"{count(len(trained.members), 'member')}: {names}", "train/record.json")


def _by_gradient(what: str) -> Callable[[Seen], Answer | None]:
    def answer(seen: Seen) -> Answer | None:
        if seen.get(Trained) is None:
            return None
        names = seen.families("gradient", seen.fitted)
        if names:
            return done(f"{what} of {listed(names)}", "leaderboard.csv")
        wanted = seen.candidates("gradient")
        if wanted:
            return not_done(
                f"{listed(wanted)} was a candidate and never finished a fit; a larger budget would"
            )
        return not_applicable("no gradient-trained model was a candidate", "leaderboard.csv")

    return answer


def _by_rounds(what: str, boosting: str) -> Callable[[Seen], Answer | None]:
    """For what gradient-trained and gradient-boosted models both do."""

    def answer(seen: Seen) -> Answer | None:
        if seen.get(Trained) is None:
            return None
        epochs = seen.families("gradient", seen.fitted)
        rounds = [name for name in seen.families("rounds", seen.fitted) if name not in epochs]
        said = [f"{what} by {listed(epochs)}"] if epochs else []
        said += [f"{boosting} by {listed(rounds)}"] if rounds else []
        if said:
            return done("; ".join(said), "leaderboard.csv")
        return _by_gradient(what)(seen)

    return answer


def _validation(seen: Seen) -> Answer | None:
    trained, development = seen.get(Trained), seen.get(Development)
    if trained is None or development is None:
        return None
    how = (
        "a validation part"
        if development.scheme == "holdout"
        else f"{development.folds} folds, {count(development.repeats, 'time')}"
    )
    return done(f"candidates compared by {trained.metric} on {how}", "leaderboard.csv")


def _tuning(seen: Seen) -> Answer | None:
    if seen.get(Trained) is None:
        return None
    rows = seen.fitted
    each = {row.family: sum(r.family == row.family for r in rows) for row in rows}
    tuned = sorted(name for name, n in each.items() if n > 1)
    if tuned:
        configurations = count(sum(each[name] for name in tuned), "configuration")
        return done(f"{configurations} of {listed(tuned)} compared", "leaderboard.csv")
    return not_done(
        "no family was tried with more than one configuration; a larger budget or search.trials would",
        "leaderboard.csv",
    )


def _regularisation(seen: Seen) -> Answer | None:
    if seen.get(Trained) is None:
        return None
    used: dict[str, set[str]] = {}
    for row in seen.fitted:
        names = {k for k in PENALTIES if isinstance(row.config.get(k), (int, float)) and row.config[k] > 0}
        if names:
            used.setdefault(row.family, set()).update(names)
    if used:
        said = [f"{family} ({', '.join(sorted(names))})" for family, names in sorted(used.items())]
        return done(f"penalties in the configurations of {listed(said)}", "leaderboard.csv")
    if seen.fitted:
        return not_done(
            "no fitted configuration sets a penalty; more trials would try some that do",
            "leaderboard.csv",
        )
    return not_applicable(
        "only baselines were fitted, and they have nothing to regularise", "leaderboard.csv"
    )


def _overfitting(seen: Seen) -> Answer | None:
    trained = seen.get(Trained)
    if trained is None:
        return None
    rows = seen.fitted
    stopped = sum(row.status == "stopped early" for row in rows)
    judged = [row for row in rows if row.diagnosis]
    said = [f"{count(stopped, 'fit')} stopped early"] if stopped else []
    if judged:
        bad = sum(row.diagnosis == "overfitting" for row in judged)
        said.append(f"{count(len(judged), 'configuration')} diagnosed on held-out rows, {bad} as overfitting")
    if said:
        return done("; ".join(said), "leaderboard.csv")
    if rows:
        return not_done(
            "no fit was stopped early or diagnosed; more folds or budget would", "leaderboard.csv"
        )
    return not_applicable("only baselines were fitted, and they cannot overfit", "leaderboard.csv")


def _testing(seen: Seen) -> Answer | None:
    tested = seen.get(Tested)
    if tested is None:
        return None
    if tested.rows == 0:
        return not_done(
            "no rows were kept for a test; `split: {test: 0.15}` would keep some", "test/record.json"
        )
    return done(
        f"{count(tested.rows, 'sealed row')} scored through the graph that ships: "
        f"{count(len(tested.metrics), 'metric')}, {count(len(tested.criteria), 'criterion', 'criteria')} judged",
        "test/record.json",
    )


def _fine_tuning(seen: Seen) -> Answer | None:
    if seen.get(Trained) is None:
        return None
    return not_applicable("no pretrained model was a candidate", "leaderboard.csv")


def _safety(seen: Seen) -> Answer | None:
    safe = seen.get(Safeguarded)
    if safe is None:
        return None
    if not safe.sensitive:
        looked = "no sensitive column was declared, so no groups were compared"
    elif safe.gaps:
        looked = f"{count(len(safe.gaps), 'gap')} between groups by {listed(list(safe.sensitive))} measured"
    else:
        looked = f"no gap between groups by {listed(list(safe.sensitive))} could be measured"
    if safe.not_done:
        return not_done(
            f"{looked}; this version does not make: {', '.join(safe.not_done)}", "safeguard/record.json"
        )
    return done(looked, "safeguard/record.json")


def _compression(seen: Seen) -> Answer | None:
    compressed, trained = seen.get(Compressed), seen.get(Trained)
    if compressed is None or trained is None:
        return None
    before = sum(_size(member.graph) for member in trained.members)
    after = _size(compressed.graph)
    check = f"checked on {count(compressed.check.rows + compressed.check.hard_rows, 'row')}"
    quantise = "this version does not quantise or prune"
    graphs = count(len(trained.members), "graph")
    if after < before:
        return done(
            f"{graphs} of {before:,} bytes joined into one of {after:,}, {check}; {quantise}",
            "compress/record.json",
        )
    return not_done(
        f"exported as one graph of {after:,} bytes, {check}, with nothing to be saved by sharing; {quantise}",
        "compress/record.json",
    )


def _size(blob: Any) -> int:
    return blob.size or len(blob.get())


def _deployment(seen: Seen) -> Answer | None:
    released = seen.get(Released)
    if released is None:
        return None
    if released.bundle is None:
        return not_done(released.reason, "verdict.json")
    if released.forced:
        return done(
            f"a bundle was written by force, with the verdict {released.verdict!r}",
            f"{released.bundle}/model.json",
        )
    return done("a bundle was written that predicts anywhere", f"{released.bundle}/model.json")


def _monitoring(seen: Seen) -> Answer | None:
    return not_done("nothing is live yet: this begins when a released bundle is served and watched")


ANSWERS: dict[int, Callable[[Seen], Answer | None]] = {
    1: _problem,
    2: _objectives,
    3: _requirements,
    4: _collect,
    5: _store,
    6: _clean,
    7: _normalise,
    8: _label,
    9: _analyse,
    10: _split,
    11: _architecture,
    12: _features,
    13: _framework,
    14: _build,
    15: _by_gradient("starting weights drawn from the seed in each fit"),
    16: _by_gradient("batches passed forward in each epoch"),
    17: _by_rounds("a loss over batches", "a loss over the rows of each round"),
    18: _by_gradient("the loss's gradient passed back through the layers"),
    19: _by_rounds("weights moved along the gradient", "a step along the gradient in each round (boosting)"),
    20: _by_gradient("epochs over the training rows"),
    21: _validation,
    22: _tuning,
    23: _regularisation,
    24: _overfitting,
    25: _testing,
    26: _fine_tuning,
    27: _safety,
    28: _compression,
    29: _deployment,
    30: _monitoring,
}
"""One answer for each step; None where the run has not come to it."""
