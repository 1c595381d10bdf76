"""``leak.together``: all inputs together predict the target almost without error.

Some leaks show in no single column: in COMPAS the end of an observation and whether it ended in an event give
a new offence away together. A quick boosted model on rows that it has not seen tells. Easy tasks exist, so
this is a question and not a refusal; columns that another check accuses are left out, so that what hides
behind them shows at once.

The limits were set on real tables. Honest ones reach: adult census Gini 0.85, letters 85% of the errors of
guessing avoided, dry beans 90%, diamonds R2 0.98; COMPAS with what is known afterwards reaches Gini 0.99.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from modelwright.core.records.data import Column
from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.checks import golden_feature, known_afterwards, parts
from modelwright.evidence.analyse.facts import Facts
from modelwright.evidence.analyse.matrix import matrix
from modelwright.stats.ranking import Ranked

LEAST = 500
"""With fewer rows, or classes that lie far apart, perfection is no surprise."""
ROWS = 4000
ROUNDS = 80
WIDEST = 300
"""Inputs that are looked at together: of more, those that say most alone."""
GINI, AVOIDED, R2 = 0.98, 0.97, 0.995
"""From here on it is too good: two classes, several (share of the errors of guessing avoided), numbers."""
NAMED = 4
Floats = npt.NDArray[np.float64]


class Together:
    code = "leak.together"
    title = "all inputs together give the target away"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        accused = {
            found.column
            for check in (golden_feature.CHECK, known_afterwards.CHECK, parts.CHECK)
            for found in _found(check.look(facts))
        }
        inputs = [c for c in facts.plain if c.name not in accused]
        if facts.sample.height < LEAST:
            return DoesNotApply(f"under {LEAST} rows, in which an easy task cannot be told from a leak")
        if len(inputs) < 2:
            return DoesNotApply("there are no two inputs")
        if len(inputs) > WIDEST:
            alone = {name: strength.score for name, strength in facts.strengths.items()}
            strongest = sorted(inputs, key=lambda c: (-alone.get(c.name, 0.0), c.name))[:WIDEST]
            inputs = [c for c in inputs if c in strongest]
        score, method, limit, weights = _tried(facts, inputs)
        if score < limit:
            return ()
        order = np.argsort(-weights, kind="stable")
        shares = np.cumsum(weights[order]) / max(float(weights.sum()), 1e-300)
        most = int(np.searchsorted(shares, 0.9)) + 1
        names = ", ".join(repr(inputs[int(k)].name) for k in order[: min(most, NAMED)])
        return (
            Found(
                "warning",
                f"all inputs together predict {facts.development.target!r} almost without error ({method} "
                f"{score:.3f} on rows not seen), resting most on {names}",
                "ask of each of these whether it is known when the prediction is made, and name it in "
                "data.later if it is not; if the task is that easy, accept this finding and say why",
                numbers={"score": score},
            ),
        )


def _found(answer: tuple[Found, ...] | DoesNotApply) -> tuple[Found, ...]:
    return () if isinstance(answer, DoesNotApply) else answer


def _tried(facts: Facts, inputs: list[Column]) -> tuple[float, str, float, Floats]:
    """The score on held-out rows, its name, the limit, and what each input gained in the model."""
    import lightgbm

    rows = np.linspace(0, facts.sample.height - 1, min(ROWS, facts.sample.height)).astype(np.int64)
    y = facts.target[rows]
    judge = facts.folds[rows] == 0
    table, named = matrix(facts.sample[rows], inputs)
    k = len(facts.classes)
    several: dict[str, object] = {"objective": "multiclass", "num_class": k}
    parameters: dict[str, object] = {
        "learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 10, "verbose": -1, "num_threads": 1,
        "seed": facts.seed, "deterministic": True, "force_row_wise": True, "min_data_per_group": 10,
        **(several if k > 2 else {"objective": "regression" if facts.regression else "binary"}),
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of categories that the held-out rows alone have
        data = lightgbm.Dataset(table[~judge], y[~judge], categorical_feature=named or "auto")
        model = lightgbm.train(parameters, data, max(20, ROUNDS * 2 // max(2, k)))
        made = np.asarray(model.predict(table[judge]), dtype=np.float64)
    weights = np.asarray(model.feature_importance("gain"), dtype=np.float64)
    truth = y[judge]
    if facts.regression:
        spread = float(((truth - truth.mean()) ** 2).sum())
        return 1 - float(((truth - made) ** 2).sum()) / max(spread, 1e-300), "R2", R2, weights
    if k > 2:
        codes = truth.astype(np.int64)
        guessed = 1 - float(np.bincount(codes).max()) / len(codes)
        wrong = float((made.argmax(axis=1) != codes).mean())
        return 1 - wrong / max(guessed, 1e-300), "share of guessing's errors avoided", AVOIDED, weights
    return 2 * Ranked(truth == 1, made).roc_auc(np.ones(len(truth))) - 1, "Gini", GINI, weights


CHECK = Together()
