"""The steps around the fits: the goal, the rows, the test, the release."""

from __future__ import annotations

from collections.abc import Callable

from modelwright.core.records.data import Cleaned, Collected, Development, Labelled, Profile, Sealed
from modelwright.core.records.goal import Defined
from modelwright.core.records.labels import Doubted
from modelwright.core.records.models import Analysis, Shortlist
from modelwright.core.records.verdict import Released, Safeguarded, Tested
from modelwright.lifecycle.seen import Answer, Seen, count, done, listed, not_done


def _problem(seen: Seen) -> Answer | None:
    defined, labelled = seen.get(Defined), seen.get(Labelled)
    if defined is None:
        return None
    if labelled is None:
        return done(f"{defined.name}: stated in the goal", "define/record.json")
    return done(f"predict {labelled.target!r}. {labelled.why}".strip(), "define/record.json")


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
    how = labelled.process or "the labels came with the data and were checked"
    if labelled.weak:
        left += f", {count(labelled.weak, 'label')} made by rules"
    doubted = seen.get(Doubted)
    doubts = f"; {count(doubted.count, 'label')} doubted, see doubt/" if doubted and doubted.count else ""
    return done(
        f"{how}: {what} in {count(labelled.rows, 'row')}{left}{doubts}",
        "label/record.json",
    )


def _analyse(seen: Seen) -> Answer | None:
    profile, analysis = seen.get(Profile), seen.get(Analysis)
    if profile is None:
        return None
    if analysis is None:
        return not_done("columns are profiled; the target is not looked at yet", "profile/record.json")
    return done(
        f"{count(len(profile.columns), 'column')} profiled; "
        f"{count(len(analysis.relations), 'relation')} to the target measured on development rows",
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


def _framework(seen: Seen) -> Answer | None:
    shortlist = seen.get(Shortlist)
    if shortlist is None:
        return None
    return done(shortlist.framework, "choose/record.json")


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
        f"{count(len(tested.metrics), 'metric')}, "
        f"{count(len(tested.criteria), 'criterion', 'criteria')} judged",
        "test/record.json",
    )


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


ROWS: dict[int, Callable[[Seen], Answer | None]] = {
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
    13: _framework,
    25: _testing,
    27: _safety,
    29: _deployment,
    30: _monitoring,
}
"""One answer for each step; None where the run has not come to it."""
