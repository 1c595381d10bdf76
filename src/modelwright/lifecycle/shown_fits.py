"""The steps that fits carry out: what the leaderboard and the members show of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelwright.core.records.data import Development
from modelwright.core.records.models import Compressed, FitRow, Trained
from modelwright.lifecycle.seen import Answer, Seen, count, done, listed, not_applicable, not_done

SMALLER = {"int8": "weights of 8 bits", "pruned": "fewer channels"}
"""Notes of the record of compression, in words."""
PENALTIES = ("alpha", "c", "decay", "dropout", "l1", "l2", "prune", "smooth", "strength")
"""Settings of the families that penalise a model for being complicated."""


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


def _fine_tuning(seen: Seen) -> Answer | None:
    trained = seen.get(Trained)
    if trained is None:
        return None
    tuned = _pretrained(seen.fitted)
    if tuned:
        return done(f"a pretrained model was tuned by {listed(tuned)}", "leaderboard.csv")
    wanted = _pretrained(tuple(row for row in trained.leaderboard if row.taken))
    if wanted:
        return not_done(
            f"{listed(wanted)} was a candidate and never finished a fit; a larger budget would",
            "leaderboard.csv",
        )
    return not_applicable("no pretrained model was a candidate", "leaderboard.csv")


def _pretrained(rows: tuple[FitRow, ...]) -> list[str]:
    """Families among ``rows`` that begin from weights of somebody else's model."""
    from modelwright.models.families import FAMILIES

    names = sorted({row.family for row in rows})
    return [name for name in names if name in FAMILIES and FAMILIES.get(name).tags.extra == "pretrained"]


def _compression(seen: Seen) -> Answer | None:
    compressed, trained = seen.get(Compressed), seen.get(Trained)
    if compressed is None or trained is None:
        return None
    before = sum(_size(member.graph) for member in trained.members)
    after = _size(compressed.graph)
    check = f"checked on {count(compressed.check.rows + compressed.check.hard_rows, 'row')}"
    tried = [name for name in SMALLER if name in compressed.notes]
    ships = [SMALLER[name] for name in tried if compressed.notes[name]]
    ships += ["a smaller network that learned from the others"] if _taught(trained) else []
    told = "no network was quantised, pruned or taught"
    if ships:
        told = f"what ships has {listed(ships)}"
    elif tried or trained.shrunk:
        told = "smaller ways were measured, and none ships"
    graphs = count(len(trained.members), "graph")
    if after < before or ships:
        return done(
            f"{graphs} of {before:,} bytes joined into one of {after:,}, {check}; {told}",
            "compress/record.json",
        )
    return not_done(
        f"exported as one graph of {after:,} bytes, {check}, with nothing to be saved by sharing; {told}",
        "compress/record.json",
    )


def _taught(trained: Trained) -> bool:
    """Whether the last of what distillation measured, the student, is what ships."""
    return bool(trained.shrunk) and trained.shrunk[-1].ships


def _size(blob: Any) -> int:
    return blob.size or len(blob.get())


FITS: dict[int, Callable[[Seen], Answer | None]] = {
    12: _features,
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
    26: _fine_tuning,
    28: _compression,
}
"""One answer for each step; None where the run has not come to it."""
