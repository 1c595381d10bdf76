"""``analyse.target-skew``: a numeric target whose largest values decide squared errors."""

from __future__ import annotations

import numpy as np

from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

SHARE = 0.5


class TargetSkew:
    code = "analyse.target-skew"
    title = "a target with a heavy tail"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        if not facts.regression:
            return DoesNotApply("the target is not a number")
        y = facts.target
        squares = np.sort((y - y.mean()) ** 2)
        top = max(1, len(y) // 100)
        share = float(squares[-top:].sum() / squares.sum()) if squares.sum() > 0 else 0.0
        if len(y) < 200 or share < SHARE:
            return ()
        return (
            Found(
                "warning",
                f"1% of the rows carry {share:.0%} of the variance of {facts.development.target!r}",
                "judge by mae, median_ae or mape, or predict its logarithm",
                column=facts.development.target,
                numbers={"share": share},
            ),
        )


CHECK = TargetSkew()
