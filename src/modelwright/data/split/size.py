"""How large the test part is."""

from __future__ import annotations

from modelwright.core.records.data import Labelled
from modelwright.data.split.inner import Layout
from modelwright.goal.sections import SplitSection, SuccessSection


def test_share(
    section: SplitSection, success: SuccessSection, labelled: Labelled, layout: Layout
) -> tuple[float, str]:
    """The share of the test part, and why."""
    if section.test <= 0:
        return 0.0, "no test rows, as the goal says: nothing can be proven"
    said = "as the goal says" if section.given else "the usual share"
    return section.test, f"{section.test:.0%} of the rows are kept for the test, {said}"
