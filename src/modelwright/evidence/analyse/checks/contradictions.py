"""``analyse.contradictions``: rows alike in every input with different answers; no model gets both."""

from __future__ import annotations

import numpy as np

from modelwright.data.split.units import alike
from modelwright.evidence.analyse.check import DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts

SHARE = 0.01


class Contradictions:
    code = "analyse.contradictions"
    title = "equal rows with different answers"

    def look(self, facts: Facts) -> tuple[Found, ...] | DoesNotApply:
        if facts.regression:
            return DoesNotApply("numbers differ by chance where inputs are equal")
        # Pictures and sounds too: what they hold tells rows apart.
        names = [c.name for c in facts.development.columns if c.is_input]
        if not names:
            return DoesNotApply("there are no inputs")
        same = alike(facts.sample, names)
        k = len(facts.classes)
        table = np.bincount(same * k + facts.target.astype(np.int64), minlength=(int(same.max()) + 1) * k)
        table = table.reshape(-1, k)
        wrong = int((table.sum(axis=1) - table.max(axis=1)).sum())
        share = wrong / max(1, facts.sample.height)
        if share < SHARE:
            return ()
        return (
            Found(
                "warning" if share > 0.1 else "note",
                f"{share:.1%} of rows have an equal row with another {facts.development.target!r}: "
                f"on such rows no model exceeds an accuracy of {1 - share:.3f}",
                "look for the input that tells them apart, or for mistakes in the labels",
                numbers={"share": share},
            ),
        )


CHECK = Contradictions()
