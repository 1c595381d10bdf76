"""Every registered family passes the suite that ships for strangers; a guard sees that none was left out."""

from __future__ import annotations

import importlib.util
from typing import Any, ClassVar

import pytest

from modelwright.models.families import FAMILIES, HIDDEN, considered
from modelwright.models.family import Family, Rows, Task
from modelwright.testing.families import FamilyConformance

MODULES = {"deep": "torch", "pretrained": "transformers"}
"""What shows that an extra is installed, where it is not a module of its own name."""
NETWORKS = [name for name in FAMILIES if FAMILIES.get(name).tags.keeps]
TEXTS = [
    name for name in FAMILIES if FAMILIES.get(name).tags.typed and name not in NETWORKS and name not in HIDDEN
]
"""They learn from the columns themselves, and so from the toy texts of the networks' suite."""
PRETRAINED = [name for name in NETWORKS if FAMILIES.get(name).tags.extra == "pretrained"]
"""They need a folder of weights: see test_vision.py and its like."""


def asked_for(name: str) -> Family:
    family = FAMILIES.get(name)
    extra = family.tags.extra
    if extra and importlib.util.find_spec(MODULES.get(extra, extra)) is None:
        pytest.skip(f"the extra {extra} is not installed")
    return family


class TestFamilies(FamilyConformance):
    @pytest.fixture(params=[name for name in FAMILIES if name not in NETWORKS and name not in TEXTS])
    def family(self, request: pytest.FixtureRequest) -> Family:
        return asked_for(request.param)


@pytest.mark.slow  # networks: torch is imported, and every test trains one for some epochs
class TestNetworks(FamilyConformance):
    rows = 240
    asked = 2000
    less: ClassVar[dict[str, Any]] = {"depth": 1, "layers": 1, "hidden": 32, "pairs": 1000}

    def quick(self, family: Family, task: Task, rows: Rows) -> dict[str, Any]:
        config = super().quick(family, task, rows)
        if "width" in config and "image" not in family.tags.media:  # a narrow one of pictures learns too late
            config["width"] = min(config["width"], 32)
        return config

    @pytest.fixture(params=[*TEXTS, *(name for name in NETWORKS if name not in PRETRAINED)])
    def family(self, request: pytest.FixtureRequest) -> Family:
        return asked_for(request.param)


def test_the_suite_collects_every_family(request: pytest.FixtureRequest) -> None:
    """The items that pytest collected name each registered family (asked of pytest, not of this file)."""
    suites = ("TestFamilies", "TestNetworks")
    names = [item.name for item in request.session.items if any(suite in item.nodeid for suite in suites)]
    if not any("test_says_what_it_is" in name for name in names):
        pytest.skip("the suite was not collected in this call")
    # Networks are slow tests: a call without those collects the others alone.
    slow = any("TestNetworks" in item.nodeid for item in request.session.items)
    asked = [n for n in FAMILIES if n not in PRETRAINED and (slow or (n not in NETWORKS and n not in TEXTS))]
    assert [name for name in asked if f"test_says_what_it_is[{name}]" not in names] == []


def test_names_match_the_registry() -> None:
    assert [FAMILIES.get(name).name for name in FAMILIES] == list(FAMILIES)


def test_the_toy_is_considered_only_when_named() -> None:
    assert "toy" in HIDDEN
    assert "toy" not in considered()
    assert set(considered()) == set(FAMILIES) - HIDDEN
    assert considered(("toy", "logistic")) == ["toy", "logistic"]
