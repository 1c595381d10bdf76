"""The tests that every check passes, shipped for checks of other packages.

Subclass, supply three tables, inherit every test::

    import polars as pl
    from modelwright.testing.checks import CheckConformance, facts_of
    from my_package import CHECK

    class TestMine(CheckConformance):
        check = CHECK

        def fires(self):
            return facts_of(pl.DataFrame({"x": ..., "y": ...}), "y")

        def quiet(self): ...
        def elsewhere(self): ...
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import get_args

import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.core.records.data import Kind, Role
from modelwright.core.records.evidence import Severity
from modelwright.data.label import label
from modelwright.data.profile.stage import profile
from modelwright.data.split.stage import split
from modelwright.evidence.analyse.check import Check, DoesNotApply, Found
from modelwright.evidence.analyse.facts import Facts
from modelwright.goal.sections import ProblemSection, RolesSection, SplitSection, SuccessSection
from modelwright.testing.tables import cleaned_of


def facts_of(
    frame: pl.DataFrame,
    target: str,
    *,
    roles: RolesSection | None = None,
    success: SuccessSection | None = None,
    kinds: Mapping[str, Kind] | None = None,
) -> Facts:
    """What a check is shown of a table: the stages label, profile and split, with all rows for development.

    ``kinds`` says what columns hold where their type does not (``{"note": "text"}``).
    """
    roles, success = roles or RolesSection(), success or SuccessSection()
    duties: dict[str, Role] = {}
    if roles.group is not None:
        duties[roles.group] = "group"
    if roles.time is not None:
        duties[roles.time] = "time"
    problem = ProblemSection("checked", target=target)
    cleaned = cleaned_of(frame, target, kinds=kinds, roles=duties)
    labelled = label(problem, roles, success, cleaned, Book())
    whole = SplitSection(train=0.8, validation=0.2, test=0.0, given=True)
    parts = split(whole, roles, problem, success, labelled, 0, Book())
    return Facts(parts.development, profile(labelled, Book()), roles, success, 0)


class CheckConformance:
    """What every check must hold to. Supply ``check`` and the facts of three tables."""

    check: Check

    def fires(self) -> Facts:
        """Facts in which the check finds something."""
        raise NotImplementedError("give facts in which the check finds something")

    def quiet(self) -> Facts:
        """Facts that it applies to, in which there is nothing to find."""
        raise NotImplementedError("give facts in which there is nothing to find")

    def elsewhere(self) -> Facts | None:
        """Facts that it cannot say anything of; None for a check that always applies."""
        raise NotImplementedError("give facts that the check does not apply to, or None")

    def test_says_what_it_is(self) -> None:
        assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", self.check.code), self.check.code
        assert len(self.check.title) > 5

    def test_fires(self) -> None:
        facts = self.fires()
        found = self.check.look(facts)
        assert not isinstance(found, DoesNotApply), found.why
        assert found
        for each in found:
            assert isinstance(each, Found)
            assert each.severity in get_args(Severity)
            assert len(each.message) > 10
            assert len(each.remedy) > 5, "a finding says what to do"
            assert each.column is None or each.column in facts.frame.columns
            assert all(math.isfinite(value) for value in each.numbers.values()), each.numbers

    def test_does_not_fire(self) -> None:
        assert self.check.look(self.quiet()) == ()

    def test_does_not_apply(self) -> None:
        facts = self.elsewhere()
        if facts is None:
            pytest.skip(f"{self.check.code} applies to every table")
        answer = self.check.look(facts)
        assert isinstance(answer, DoesNotApply), "say why it does not apply, and not that nothing was found"
        assert len(answer.why) > 5

    def test_same_facts_same_answer(self) -> None:
        assert self.check.look(self.fires()) == self.check.look(self.fires())

    def test_looking_changes_nothing(self) -> None:
        facts = self.fires()
        before = facts.frame.clone()
        self.check.look(facts)
        assert facts.frame.equals(before)
