"""Rows that break things: what a released graph must survive, made from real rows of the same table."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.features.calendar import DAY, EARLIEST, LATEST
from modelwright.features.typed import Typed
from modelwright.runtime.signature import NULL_TEXT, NULL_TIME

NUMBERS = (
    float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e300, -1e300, 3.5e38, -3.5e38, 5e-324, 1e-40,
    2.0**53 + 1, -1.0, 1e10, 16777217.0, 0.1,
)  # fmt: skip
TEXTS = (
    NULL_TEXT, "", " ", "  ", "never seen before", " led by a space", "followed by one ", "nan", "None",
    "null", "0", "1.5", "é", "e\u0301", "日本語 の テキスト", "\U0001f642", "\u202ertl", "tab\tand\nline",
    "a\x00b", "word " * 3000 + "end", "x" * 100_000,
)  # fmt: skip
TIMES = (
    NULL_TIME, NULL_TIME + 1, 2**63 - 1, -1, 0, 1, EARLIEST, EARLIEST - 1, LATEST, LATEST + 1,
    -DAY, -DAY - 1, 19_782 * DAY, 11_016 * DAY, -25_508 * DAY, 951_782_400_000_000,
)  # fmt: skip
"""Nulls, both ends, around 1970, 29 February 2024 and 2000, 1 March 1900."""


def hard_rows(typed: Typed, seed: int) -> Typed:
    """Hard variants of rows of ``typed`` (at least one): every column missing, each column missing alone,
    each hard value in all columns of its kind, and rows that mix hard values at random. About 100 rows plus
    one a column (64 columns at most)."""
    if typed.rows == 0:
        raise ValueError("hard rows are made from real ones: give at least one")
    random = np.random.default_rng(seed)
    widths = typed.numbers.shape[1], typed.strings.shape[1], typed.times.shape[1]
    singles = np.sort(random.permutation(sum(widths))[:64])
    variants = max(len(NUMBERS), len(TEXTS), len(TIMES))
    mixed = 64
    n = 1 + singles.size + variants + mixed
    base = typed.take(random.integers(0, typed.rows, n))
    numbers, strings, times = base.numbers.copy(), base.strings.copy(), base.times.copy()
    numbers[0], strings[0], times[0] = np.nan, NULL_TEXT, NULL_TIME
    row = 1
    for place in singles:
        if place < widths[0]:
            numbers[row, place] = np.nan
        elif place < widths[0] + widths[1]:
            strings[row, place - widths[0]] = NULL_TEXT
        else:
            times[row, place - widths[0] - widths[1]] = NULL_TIME
        row += 1
    for v in range(variants):
        numbers[row] = NUMBERS[v % len(NUMBERS)]
        strings[row] = TEXTS[v % len(TEXTS)]
        times[row] = TIMES[v % len(TIMES)]
        row += 1
    for _ in range(mixed):
        for j in range(widths[0]):
            if random.random() < 0.4:
                numbers[row, j] = NUMBERS[random.integers(len(NUMBERS))]
        for j in range(widths[1]):
            if random.random() < 0.4:
                # Also another column's value: seen, but not here.
                other = typed.strings[random.integers(typed.rows), random.integers(widths[1])]
                strings[row, j] = (*TEXTS, other, other)[random.integers(len(TEXTS) + 2)]
        for j in range(widths[2]):
            if random.random() < 0.4:
                times[row, j] = TIMES[random.integers(len(TIMES))]
        row += 1
    return Typed(typed.signature, numbers, strings, times, _tensors(base, random))


def _tensors(base: Typed, random: np.random.Generator) -> tuple[np.ndarray[Any, Any], ...]:
    """The first row all missing; of the others a third each as they are, at one end of what can be, and noise
    over all of it."""
    made = []
    for tensor in base.tensors:
        hard = tensor.copy()
        if np.issubdtype(hard.dtype, np.integer):
            low, high = float(np.iinfo(hard.dtype).min), float(np.iinfo(hard.dtype).max)
        else:
            low, high = -1e6, 1e6
        for row in range(1, len(hard)):
            if row % 3 == 1:
                hard[row] = (low, high)[row % 2]
            elif row % 3 == 2:
                hard[row] = random.uniform(low, high, hard.shape[1:]).astype(hard.dtype)
        hard[0] = 0
        made.append(hard)
    return tuple(made)
