"""Words by their letters: what is shared by words that are spelt alike."""

from __future__ import annotations

import numpy as np

from modelwright.features.letters import runs, spelt


def test_runs_know_where_a_word_begins_and_ends() -> None:
    assert runs("ab") == [" ab", "ab ", " ab "]
    assert runs("cat") == [" ca", "cat", "at ", " cat", "cat ", " cat "]
    assert runs("3.5") == runs("!") == runs("") == []


def test_rows_are_of_length_one_or_empty_and_runs_are_shared() -> None:
    made = spelt(["walked", "walking", "7", "zq"])
    length = np.sqrt(np.asarray(made.multiply(made).sum(axis=1))).ravel()
    both = np.asarray((made @ made.T).todense())
    assert both[0, 1] > 0.3
    np.testing.assert_allclose(length[:2] <= 1.0, True)
    assert length[2] == length[3] == 0.0
    assert spelt([]).shape == (0, 0)
