"""Leakage is a wiring error, and a stage's key says all that its result depends on."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modelwright.core.book import Book
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import (
    Cleaned,
    Collected,
    Development,
    Labelled,
    Sealed,
    SourceFacts,
    Split,
)
from modelwright.core.records.goal import Defined, Force, Openings
from modelwright.core.records.models import Outer, Shortlist
from modelwright.core.records.verdict import Findings
from modelwright.core.stage import Work
from modelwright.goal.goal import Goal
from modelwright.goal.sections import MonitorSection, SuccessSection
from modelwright.lifecycle import wiring
from modelwright.lifecycle.plan import PLAN, SEALED_MAY, STEPS, Caching, Stage
from modelwright.lifecycle.wiring import MiswiredError, check, key_of, made_by, parameters

NAMES = [stage.name for stage in PLAN]
TABLE = Blob("table", "a" * 64, 10)
COLLECTED = Collected(TABLE, 9, ("a",), (SourceFacts("a.csv", "csv", 9, 1, 99, "d", "2026-01-01"),), "d")
VERSIONS = {"numpy": "2"}

StageOf = Callable[[str, Callable[..., Any]], Stage]


@pytest.fixture
def stage_of(monkeypatch: pytest.MonkeyPatch) -> StageOf:
    """A stage whose function stands in a module that can be imported."""
    module = types.ModuleType("stages_of_a_test")
    monkeypatch.setitem(sys.modules, "stages_of_a_test", module)

    def make(name: str, function: Callable[..., Any]) -> Stage:
        setattr(module, function.__name__, function)
        return Stage(name, f"stages_of_a_test:{function.__name__}", (1,), "run")

    return make


def with_stage(new: Stage, before: str) -> tuple[Stage, ...]:
    at = NAMES.index(before)
    return (*PLAN[:at], new, *PLAN[at:])


def peek(sealed: Sealed) -> Defined:
    raise NotImplementedError


def peek_whole(split: Split) -> Defined:
    raise NotImplementedError


def peek_outer(outer: Outer) -> Defined:
    raise NotImplementedError


def peek_labelled(labelled: Labelled) -> Defined:
    raise NotImplementedError


def peek_collected(collected: Collected) -> Defined:
    raise NotImplementedError


def wish(word: complex) -> Defined:
    raise NotImplementedError


def early(shortlist: Shortlist) -> Defined:
    raise NotImplementedError


def test_the_plan_is_wired() -> None:
    check(PLAN)


@pytest.mark.parametrize("function", [peek, peek_whole, peek_outer])
@pytest.mark.parametrize("before", [name for name in NAMES[NAMES.index("split") + 1 :] if name != "release"])
def test_no_stage_before_the_test_sees_sealed_rows(
    stage_of: StageOf, function: Callable[..., Any], before: str
) -> None:
    with pytest.raises(MiswiredError, match=r"peeker asks for (Sealed|Split|Outer), and only"):
        check(with_stage(stage_of("peeker", function), before))


@pytest.mark.parametrize("function", [peek_labelled, peek_collected])
@pytest.mark.parametrize("before", NAMES[NAMES.index("split") + 1 :])
def test_no_stage_after_the_split_sees_all_rows(
    stage_of: StageOf, function: Callable[..., Any], before: str
) -> None:
    with pytest.raises(MiswiredError, match="which holds test rows"):
        check(with_stage(stage_of("peeker", function), before))
    check(with_stage(stage_of("peeker", function), "split"))


def test_the_sealed_rows_are_for_two_stages() -> None:
    takers = {s.name for s in PLAN if {Sealed, Split, Outer} & set(parameters(s).values())}
    assert takers <= SEALED_MAY == {"test", "safeguard"}
    assert "test" in takers


def test_learning_stages_see_no_rows_from_before_the_split() -> None:
    whole = {Collected, Cleaned, Labelled}
    for stage in PLAN[NAMES.index("split") + 1 :]:
        if stage.name in ("analyse", "choose", "train", "compress"):
            assert not whole & set(parameters(stage).values()), stage.name


def test_what_nobody_makes_is_a_defect_of_the_plan(stage_of: StageOf) -> None:
    with pytest.raises(MiswiredError, match="nobody makes"):
        check(with_stage(stage_of("wisher", wish), "train"))
    with pytest.raises(MiswiredError, match="nobody makes"):
        check(with_stage(stage_of("early", early), "clean"))
    check(with_stage(stage_of("late", early), "train"))


def test_no_stage_of_training_depends_on_monitoring_or_release() -> None:
    for stage in PLAN[: NAMES.index("train") + 1]:
        assert MonitorSection not in parameters(stage).values(), stage.name


def test_the_plan_carries_the_thirty_steps() -> None:
    assert len(STEPS) == len(set(STEPS)) == 30
    carried = [step for stage in PLAN for step in stage.steps]
    # Step 9 is in two halves (what needs no target, and what does); step 30 begins when a model is live.
    assert sorted(carried) == sorted([*range(1, 30), 9])
    assert [s.name for s in PLAN if 9 in s.steps] == ["profile", "analyse"]
    assert len(set(NAMES)) == len(NAMES)
    assert len({made_by(s) for s in PLAN}) == len(PLAN)


def goal(**keys: Any) -> Goal:
    return Goal(data={"source": "a.csv", "target": "y"}, name="g", **keys)


def keys_of(asked: Goal, stage: str, records: dict[type, Any]) -> str:
    """The key as the runner forms it, for a stage that takes sections and the given records."""
    found = next(s for s in PLAN if s.name == stage)
    sections = {type(v): v for v in (getattr(asked.sections, f) for f in asked.sections.__dataclass_fields__)}
    lent = {Findings: Findings(()), Force: Force(), Openings: Openings(1, 0.95), Outer: Outer(), Book: Book()}
    given = {
        name: asked.sections.seed if name == "seed" else (records | lent | sections).get(kind)
        for name, kind in parameters(found).items()
    }
    return key_of(found, given, asked.sections.seed, VERSIONS)


@pytest.mark.parametrize(
    ("keys", "same"),
    [
        ({"monitor": {"alarm_rate": 0.5}}, ["collect", "clean", "label", "profile", "split", "train"]),
        ({"success": ["accuracy >= 0.9"]}, ["collect", "clean", "profile", "train"]),
        ({"budget": "9s"}, ["collect", "clean", "label", "profile", "split", "train"]),
        ({"search": {"trials": 3}}, ["collect", "clean", "label", "profile", "split", "analyse"]),
        ({"split": {"train": 0.5, "validation": 0.2, "test": 0.3}}, ["collect", "clean", "label", "profile"]),
        ({"intervals": 0.9}, ["collect", "clean", "label", "profile", "split", "train"]),
        ({"release": {"sign_with": "key.pem"}}, ["collect", "clean", "label", "split", "train", "compress"]),
    ],
)
def test_a_stage_depends_on_its_sections_alone(keys: dict[str, Any], same: list[str]) -> None:
    records: dict[type, Any] = {Collected: COLLECTED}
    for stage in same:
        assert keys_of(goal(), stage, records) == keys_of(goal(**keys), stage, records), stage


@pytest.mark.parametrize(
    ("keys", "stage"),
    [
        ({"clean": {"off": ["units"]}}, "clean"),
        ({"split": {"train": 0.5, "validation": 0.2, "test": 0.3}}, "split"),
        ({"search": {"trials": 3}}, "train"),
        ({"success": ["accuracy >= 0.9"]}, "compress"),
        ({"intervals": 0.9}, "compress"),
        ({"seed": 7}, "clean"),
        ({"seed": 7}, "train"),
    ],
)
def test_a_changed_section_is_a_changed_key(keys: dict[str, Any], stage: str) -> None:
    records: dict[type, Any] = {Collected: COLLECTED}
    assert keys_of(goal(), stage, records) != keys_of(goal(**keys), stage, records)


def test_what_a_key_is_made_of(tmp_path: Any) -> None:
    stage = next(s for s in PLAN if s.name == "clean")
    given = {"collected": COLLECTED, "success": SuccessSection()}
    base = key_of(stage, given, 0, VERSIONS)
    assert key_of(stage, dict(reversed(given.items())), 0, dict(VERSIONS)) == base
    assert key_of(replace(stage, steps=(), caching="looks"), given, 0, VERSIONS) == base
    later = replace(
        COLLECTED, read_at="2030-01-01", sources=(replace(COLLECTED.sources[0], modified="2030"),)
    )
    assert key_of(stage, given | {"collected": later}, 0, VERSIONS) == base
    assert (
        key_of(stage, given | {"book": Book(), "work": Work(tmp_path, 5, 3), "frame": 3}, 0, VERSIONS) == base
    )
    others = [
        key_of(replace(stage, version=stage.version + 1), given, 0, VERSIONS),
        key_of(stage, given, 1, VERSIONS),
        key_of(stage, given, 0, {"numpy": "3"}),
        key_of(stage, given, 0, VERSIONS | {"onnx": "1"}),
        key_of(
            stage, given | {"collected": replace(COLLECTED, table=Blob("table", "b" * 64, 10))}, 0, VERSIONS
        ),
        key_of(stage, given | {"collected": replace(COLLECTED, licence="CC0")}, 0, VERSIONS),
        key_of(stage, given | {"success": SuccessSection(policy="point")}, 0, VERSIONS),
    ]
    assert len({base, *others}) == len(others) + 1


def test_a_split_hands_on_its_two_parts() -> None:
    assert {Split, Development, Sealed} == set(wiring.unpack_types(Split))


def test_what_is_taken_from_the_store_comes_before_the_split_ends() -> None:
    """A new run always looks at its source again, and always trains and tests afresh."""
    caching: dict[str, Caching] = {s.name: s.caching for s in PLAN}
    assert caching["collect"] == "looks"
    shared = [name for name, how in caching.items() if how == "shared"]
    assert shared == ["clean", "label", "profile", "split"]
