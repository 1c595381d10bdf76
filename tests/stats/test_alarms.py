"""The alarm budget of a horizon: Holm's method, its shares, and what follows a clearing."""

from __future__ import annotations

import itertools
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.stats.alarms import AGAIN, Alarms


def test_one_stream_has_the_whole_budget_over_its_episodes() -> None:
    alarms = Alarms(0.01, {"a": 3.0})
    spent = 0.0
    for _ in range(40):
        # As if nothing had been freed: the plain part of this episode.
        spent += math.exp(-alarms.threshold("a")) * (1 - alarms.freed)
        assert alarms.judge({"a": alarms.threshold("a")}) == ["a"]
        assert alarms.threshold("a") == math.inf
        assert alarms.judge({"a": 1e9}) == []
        alarms.clear("a")
    assert spent == pytest.approx(0.01, rel=1e-9)


@given(st.lists(st.tuples(st.floats(0.1, 9), st.floats(0, 12)), min_size=1, max_size=6))
@settings(deadline=None)
def test_named_streams_are_those_of_closed_testing(told: list[tuple[float, float]]) -> None:
    # A stream is named when every set of streams that holds it is rejected by weighted Bonferroni.
    rate = 0.05
    weights = {str(i): weight for i, (weight, _) in enumerate(told)}
    evidence = {str(i): value for i, (_, value) in enumerate(told)}
    alarms = Alarms(rate, weights)
    whole = sum(weights.values())
    owned = {name: weight / whole * (1 - AGAIN) for name, weight in weights.items()}

    def rejected(names: tuple[str, ...]) -> bool:
        # The episodes to come keep their part, whatever set it is.
        part = sum(owned[n] for n in names) + AGAIN
        return any(evidence[n] >= math.log(part / (owned[n] * rate)) - 1e-12 for n in names)

    subsets = [s for r in range(1, len(told) + 1) for s in itertools.combinations(weights, r)]
    expected = {name for name in weights if all(rejected(s) for s in subsets if name in s)}
    assert set(alarms.judge(evidence)) == expected


def test_open_streams_wait_and_state_returns() -> None:
    alarms = Alarms(0.01, {"a": 1, "b": 1, "c": 2})
    first = alarms.threshold("b")
    assert alarms.judge({"a": 50.0, "b": 0.0}) == ["a"]
    assert alarms.open == ["a"]
    assert alarms.threshold("b") < first
    alarms.clear("a")
    assert alarms.threshold("a") > alarms.threshold("b")
    copy = Alarms.from_json(json.loads(json.dumps(alarms.to_json())))
    assert copy == alarms
    with pytest.raises(ValueError, match="not in list"):
        alarms.clear("a")


@pytest.mark.parametrize("weights", [{}, {"a": 0.0}, {"a": math.inf}])
def test_weights_are_checked(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Alarms(0.01, weights)
    with pytest.raises(ValueError, match="rate"):
        Alarms(1.0, {"a": 1.0})
