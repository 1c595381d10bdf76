"""Words by their letters: what words have in common that are spelt alike, for linear models.

A word is the set of its runs of three to five characters, its own beginning and end among them (Cavnar and
Trenkle, 1994; as part of a word's weight: Bojanowski et al., 2017). What is learned of the runs is added to
the weights of the words, so a model that knows letters is no larger and no slower than one that knows words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sparse

SHORTEST, LONGEST = 3, 5
RAREST = 2
"""Words that a run of letters stands in at least: a rarer one is the word itself."""


def runs(word: str) -> list[str]:
    """The different runs of a word of letters, in their order; none of a number or a mark."""
    if not word.isalpha():
        return []
    whole = f" {word} "
    return list(
        dict.fromkeys(
            whole[at : at + size]
            for size in range(SHORTEST, LONGEST + 1)
            for at in range(len(whole) - size + 1)
        )
    )


def spelt(words: Sequence[str]) -> Any:
    """csr float64 [words, runs]: which runs a word has, each row of length 1 (or of zeros)."""
    found = [runs(word) for word in words]
    seen: Counter[str] = Counter()
    for one in found:
        seen.update(one)
    place = {run: j for j, run in enumerate(sorted(run for run, times in seen.items() if times >= RAREST))}
    columns = [[place[run] for run in one if run in place] for one in found]
    sizes = np.array([len(one) for one in columns], dtype=np.int64)
    flat = np.array([j for one in columns for j in one], dtype=np.int64)
    values = np.repeat(1.0 / np.sqrt(np.maximum(sizes, 1)), sizes)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    return sparse.csr_matrix((values, flat, ends), shape=(len(found), len(place)))
