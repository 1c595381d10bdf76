from __future__ import annotations

import json
import math

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.live.watch.tracks import Track, Turn, feed, threshold, two_sample
from modelwright.stats.cells import Cells

CELLS = Cells("category", (0, 300, 300, 0), names=("a", "b"))


def limit(track: Track, at: int) -> float:
    return threshold(0.01, track.part, 1, len(track.began))


def codes(n: int, share: float, seed: int) -> npt.NDArray[np.int64]:
    return 1 + (np.random.default_rng(seed).random(n) < share).astype(np.int64)


def fed(values: npt.NDArray[np.int64], cuts: list[int]) -> tuple[list[Turn], str]:
    """Feed in pieces, through JSON between any two."""
    when = np.stack([np.arange(len(values)), 10 * np.arange(len(values))], axis=1)
    track, turns = Track("one", 0.1), []
    ends = [*sorted({c for c in cuts if 0 < c < len(values)}), len(values)]
    start = 0
    for end in ends:
        turns += feed(track, CELLS, values[start:end], when[start:end], limit)
        track = Track.from_json("one", json.loads(json.dumps(track.to_json())))
        start = end
    return turns, json.dumps(track.to_json(), sort_keys=True)


SHIFTED = np.concatenate([codes(400, 0.5, 1), codes(700, 0.9, 2), codes(1500, 0.5, 3)])


@settings(max_examples=25)
@given(st.lists(st.integers(0, len(SHIFTED)), max_size=12))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    assert fed(SHIFTED, cuts) == fed(SHIFTED, [])


def test_a_shift_opens_and_its_end_clears() -> None:
    turns, _ = fed(SHIFTED, [])
    assert [t.state for t in turns] == ["open", "cleared"]
    assert 400 < turns[0].number < 500
    assert turns[0].at == 10 * turns[0].number
    assert turns[0].rows == turns[0].number + 1
    assert turns[1].number > 1100 + 200


def test_no_shift_opens_nothing() -> None:
    assert fed(codes(20_000, 0.5, 4), [])[0] == []


def test_while_it_lasts_it_stays_open() -> None:
    turns, _ = fed(np.concatenate([codes(300, 0.5, 1), codes(6000, 0.8, 2)]), [])
    assert [t.state for t in turns] == ["open"]


def test_all_tests_of_a_horizon_share_the_rate() -> None:
    rate, part = 0.01, 0.35
    spent = sum(
        math.exp(-threshold(rate, part, versions, again)) for versions in range(1, 40) for again in range(40)
    )
    assert 0.99 * rate * part < spent <= rate * part


def test_windows_are_compared_with_the_reference_as_two_samples() -> None:
    rng = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    p = np.array(
        [two_sample(rng.multinomial(500, shares), rng.multinomial(300, shares)) for _ in range(2000)]
    )
    assert abs(float((p < 0.05).mean()) - 0.05) < 0.02
    assert two_sample(np.array([100, 100]), np.array([50, 150])) < 1e-6
    assert two_sample(np.array([0, 600, 0]), np.array([0, 200, 0])) == 1.0
