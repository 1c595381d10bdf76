"""Every registered family passes the suite that ships for strangers; a guard sees that none was left out."""

from __future__ import annotations

import importlib.util

import pytest

from modelwright.models.families import FAMILIES, HIDDEN, considered
from modelwright.models.family import Family
from modelwright.testing.families import FamilyConformance


class TestFamilies(FamilyConformance):
    @pytest.fixture(params=list(FAMILIES))
    def family(self, request: pytest.FixtureRequest) -> Family:
        name: str = request.param
        family = FAMILIES.get(name)
        if family.tags.extra and importlib.util.find_spec(family.tags.extra) is None:
            pytest.skip(f"the extra {family.tags.extra} is not installed")
        return family


def test_the_suite_collects_every_family(request: pytest.FixtureRequest) -> None:
    """The items that pytest collected name each registered family (asked of pytest, not of this file)."""
    names = [item.name for item in request.session.items if "TestFamilies" in item.nodeid]
    if not any("test_says_what_it_is" in name for name in names):
        pytest.skip("the suite was not collected in this call")
    missing = [name for name in FAMILIES if f"test_says_what_it_is[{name}]" not in names]
    assert missing == []


def test_names_match_the_registry() -> None:
    assert [FAMILIES.get(name).name for name in FAMILIES] == list(FAMILIES)


def test_the_toy_is_considered_only_when_named() -> None:
    assert "toy" in HIDDEN
    assert "toy" not in considered()
    assert set(considered()) == set(FAMILIES) - HIDDEN
    assert considered(("toy", "logistic")) == ["toy", "logistic"]
