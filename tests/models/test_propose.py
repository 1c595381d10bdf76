from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.models.family import Choice, Float, Int, Space
from modelwright.models.propose import Proposer, Runner

Config = dict[str, Any]
Score = Callable[[str, Config], float]
SPACE = Space(
    ranges={"rate": Float(1e-3, 1.0, log=True), "depth": Int(2, 9), "kind": Choice(("a", "b"))},
    starts=({"rate": 0.1, "depth": 4, "kind": "a"}, {"rate": 0.3, "depth": 6, "kind": "b", "extra": True}),
)
FIXED = Space(ranges={}, starts=({},))


def proposer(method: str, seed: int = 0, **spaces: Space) -> Proposer:
    given = spaces or {"one": SPACE, "two": SPACE, "fixed": FIXED}
    return Proposer(
        [Runner(name, space, float(i)) for i, (name, space) in enumerate(given.items())], method, seed
    )


def worth(family: str, config: Config) -> float:
    """A score that is best at rate 0.2 and depth 5; family ``two`` is a little better."""
    rate, depth = float(config.get("rate", 1)), int(config.get("depth", 9))
    return -abs(rate - 0.2) - 0.1 * abs(depth - 5) + 0.1 * (family == "two")


def play(
    of: Proposer, trials: int, score: Callable[[str, Config], float] = worth
) -> list[tuple[str, Config]]:
    made = []
    for _ in range(trials):
        found = of.next()
        if found is None:
            break
        made.append(found)
        of.tell(*found, score(*found))
    return made


@pytest.mark.parametrize("method", ["bayesian", "random", "grid"])
def test_the_same_scores_give_the_same_proposals(method: str) -> None:
    first, second = play(proposer(method), 30), play(proposer(method), 30)
    assert first == second
    assert len(first) == 30


@pytest.mark.parametrize("method", ["bayesian", "random"])
def test_another_seed_searches_elsewhere(method: str) -> None:
    assert play(proposer(method, 0), 20) != play(proposer(method, 1), 20)


@pytest.mark.parametrize("method", ["bayesian", "random", "grid"])
def test_nothing_is_tried_twice_and_all_lies_within_the_ranges(method: str) -> None:
    made = play(proposer(method), 40)
    assert len({repr(m) for m in made}) == len(made)
    for family, config in made:
        if family == "fixed":
            assert config == {}
            continue
        assert 1e-3 <= config["rate"] <= 1.0
        assert config["depth"] in range(2, 10)
        assert config["kind"] in ("a", "b")


def test_starting_points_come_first_family_by_family() -> None:
    made = play(proposer("bayesian"), 5)
    assert [family for family, _ in made[:3]] == ["one", "two", "fixed"]
    assert made[0][1] == SPACE.starts[0]
    assert made[3][1] == SPACE.starts[1]


def test_a_grid_is_walked_to_its_end() -> None:
    small = Space({"depth": Int(1, 3), "kind": Choice(("a", "b"))}, ({"depth": 1, "kind": "a"},))
    made = play(proposer("grid", one=small), 100)
    assert {(c["depth"], c["kind"]) for _, c in made} == {(d, k) for d in (1, 2, 3) for k in ("a", "b")}
    assert len(made) == 6


def test_a_family_without_ranges_is_tried_once() -> None:
    of = proposer("bayesian", fixed=FIXED)
    assert play(of, 10) == [("fixed", {})]
    assert of.next() is None


def test_failures_are_not_gone_back_to() -> None:
    made = play(proposer("bayesian"), 40, lambda f, c: float("-inf") if f == "one" else worth(f, c))
    assert sum(family == "one" for family, _ in made) <= len(SPACE.starts)
    assert sum(family == "two" for family, _ in made) >= 30


def test_when_all_fail_the_search_still_ends() -> None:
    assert len(play(proposer("bayesian"), 30, lambda f, c: float("-inf"))) == 30


def test_bayesian_search_beats_random_on_a_smooth_score() -> None:
    def best(method: str) -> float:
        found = [max(worth(*m) for m in play(proposer(method, seed), 40)) for seed in range(3)]
        return sum(found) / len(found)

    assert best("bayesian") > best("random")


@settings(max_examples=10)
@given(st.lists(st.floats(-10, 10), min_size=25, max_size=25))
def test_any_scores_give_proposals(scores: list[float]) -> None:
    left = iter(scores)
    assert len(play(proposer("bayesian"), 25, lambda f, c: next(left))) == 25


def test_a_closed_family_is_proposed_no_more() -> None:
    of = proposer("random")
    play(of, 4)
    of.close("one")
    assert "one" not in {family for family, _ in play(of, 20)}


def test_in_a_hurry_the_quickest_family_comes_first() -> None:
    runners = [("lightgbm", SPACE, 5.0), ("quick", FIXED, 0.1)]
    made = Proposer([Runner(*one) for one in runners], "bayesian", 0)
    assert next(family for family, _ in play(made, 1)) == "lightgbm"
    made = Proposer([Runner(*one) for one in runners], "bayesian", 0)
    made.hurry()
    assert [family for family, _ in play(made, 3)] == ["quick", "lightgbm", "lightgbm"]
