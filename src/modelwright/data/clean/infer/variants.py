"""Spelling variants of the values of a category, and which value each stands for.

Four ways to be a variant, after OpenRefine's clustering ("Clustering In Depth", openrefine.org): one key
(case, accents, hyphens, points), "Smith, John" for "John Smith", a misspelling (Damerau-Levenshtein distance,
found through texts with a letter taken out, or one bigram fingerprint), and an abbreviation. The first two
are sure. The others change letters, and "island" is no misspelling of "inland": they are put to the person,
with counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Final, Literal

from modelwright.data.clean.infer.distinct import Distinct
from modelwright.runtime.parse.variants import key

How = Literal["spelling", "word order", "misspelling", "abbreviation"]
Wanted = Literal["sure", "all", "none", "propose"]

MOST_VALUES = 20_000
"""Different values beyond which a column is no list of categories that somebody wrote."""
_MOST_COMPARED = 3_000
_MOST_KEYS = 2_000
_RARER = 4
_LETTERS = re.compile(r"[^\W\d_]+")
_SMALL_WORDS = frozenset("of the and for de la le du des und der die das en et y".split())
_VOWELS = frozenset("aeiouy")
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SOUND_ALIKE = tuple(
    frozenset(group) for group in ("aeiouy", "ckqs", "sz", "fv", "gj", "mn", "dt", "bp", "vw")
)


@dataclass(frozen=True, slots=True)
class Variant:
    """``text`` (in ``rows`` cells) is read, or may be read, as ``to`` (in ``to_rows`` cells)."""

    text: str
    rows: int
    to: str
    to_rows: int
    how: How
    sure: bool


@dataclass(frozen=True, slots=True)
class Variants:
    merged: tuple[Variant, ...] = ()
    proposed: tuple[Variant, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    """Keys of the values that stay: a spelling that was not met so far is read by its key too."""

    def options(self) -> dict[str, dict[str, str]]:
        """Options of the operation ``variants``."""
        known = dict(self.keys)
        by_hand = {v.text: v.to for v in self.merged if known.get(key(v.text)) != v.to}
        return {"map": dict(sorted(by_hand.items())), "keys": dict(sorted(known.items()))}


def infer(left: Distinct, wanted: Wanted = "sure", named: Iterable[tuple[str, str]] = ()) -> Variants:
    """Variants among the (stripped, present) texts.

    ``named``: the goal's spellings. A value named for itself is one of its own; one that others are to be
    written as stands for its spellings, however rare it is. With ``all`` proposals are taken too, with
    ``propose`` nothing is.
    """
    if wanted == "none" or not 2 <= left.size <= MOST_VALUES or 2 * left.size > left.cells + 2:
        return Variants()
    spelt = list(named)
    own = frozenset(found for found, to in spelt if found == to)
    fixed = frozenset(to for _, to in spelt)
    groups = _by_key(left, own, fixed - own)
    heads = [_Head(*group[0], sum(rows for _, rows in group)) for group in groups]
    found = [
        Variant(text, rows, group[0][0], group[0][1], "spelling", True)
        for group in groups
        for text, rows in group[1:]
    ]
    left_over = heads
    for look in (_reordered, _misspelt, _abbreviated):
        # A value that is a variant itself has no variants of its own.
        looked = {one.text: one for one in reversed(list(look(left_over, fixed)))}
        found += [looked[head.text] for head in left_over if head.text in looked]
        left_over = [head for head in left_over if head.text not in looked]
    chosen = _settle([v for v in found if wanted == "all" or (v.sure and wanted == "sure")])
    moved = {v.text: v.to for v in chosen}
    proposed = tuple(replace(v, to=moved.get(v.to, v.to)) for v in found if v.text not in moved)
    if not chosen:
        return Variants((), proposed)
    shared = Counter(head.key for head in heads)
    # Short keys say too little of a text that nobody has seen.
    known = [h for h in heads[:_MOST_KEYS] if len(h.key) > 2 and shared[h.key] == 1]
    return Variants(tuple(chosen), proposed, tuple((h.key, moved.get(h.text, h.text)) for h in known))


NONE: Final = Variants()


@dataclass(frozen=True)
class _Head:
    """The commonest spelling of a key, and the cells of all its spellings."""

    text: str
    own: int
    rows: int

    @cached_property
    def key(self) -> str:
        return key(self.text)

    @cached_property
    def words(self) -> list[str]:
        return _LETTERS.findall(self.text.casefold())


def _by_key(left: Distinct, own: frozenset[str], first: frozenset[str]) -> list[list[tuple[str, int]]]:
    """Texts with one key, the one that stands for them in front; the groups by their commonest text."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for text, rows in zip(left.texts, left.counts, strict=True):
        short = key(text)
        # One letter may be a code, and what has no letter is no word.
        alone = text in own or len(short) < 2 or not any(c.isalpha() for c in short)
        groups.setdefault(f"\0{text}" if alone else short, []).append((text, rows))
    return [sorted(group, key=lambda one: one[0] not in first) for group in groups.values()]


def _settle(found: Sequence[Variant]) -> list[Variant]:
    """Follow chains (a misspelling of a variant), so that each text goes to a value that stays."""
    to = {v.text: v.to for v in found}
    rows = {v.to: v.to_rows for v in found}

    def end(text: str) -> str:
        seen = {text}
        while to.get(text, text) not in seen:
            text = to[text]
            seen.add(text)
        return text

    made = []
    for v in found:
        last = end(v.to)
        if last != v.text:
            made.append(Variant(v.text, v.rows, last, rows.get(last, v.to_rows), v.how, v.sure))
    return made


def _reordered(heads: Sequence[_Head], fixed: frozenset[str]) -> Iterator[Variant]:
    """ "Smith, John" where there is "John Smith"."""
    known = {head.key: head for head in heads}
    for head in heads:
        parts = [part.strip() for part in head.text.split(",")]
        if len(parts) != 2 or not all(parts) or head.text in fixed or any(c.isdigit() for c in head.text):
            continue
        other = known.get(key(f"{parts[1]} {parts[0]}"))
        if other is not None and "," not in other.text:
            yield Variant(head.text, head.own, other.text, other.own, "word order", True)


def _misspelt(heads: Sequence[_Head], fixed: frozenset[str]) -> Iterator[Variant]:
    """Rarer values whose words are those of a commoner one but for a slip in one long word."""
    if len(heads) > _MOST_COMPARED:
        return
    words = [head.words for head in heads]
    keys = [head.key for head in heads]
    digits = [re.sub(r"\D", "", head.text) for head in heads]
    in_values = Counter(word for own in words for word in set(own))
    for a, b in sorted(_near(keys)):
        common, rare = (a, b) if (heads[a].rows, -a) >= (heads[b].rows, -b) else (b, a)
        c, r = heads[common], heads[rare]
        if r.text in fixed or digits[a] != digits[b] or _RARER * r.rows > c.rows:
            continue
        slip = _slip(words[common], words[rare])
        if slip is None:
            continue
        right, wrong = slip
        # A word that other values have too is a word, and no slip.
        if wrong[0] != right[0] or in_values[wrong] > 1:
            continue
        distance = damerau(right, wrong)
        most = 1 if len(right) < 9 else 2
        if not 0 < distance <= most or min(len(right), len(wrong)) < 5:
            continue
        if _is_typing(right, wrong):
            yield Variant(r.text, r.own, c.text, c.own, "misspelling", False)


def _is_typing(right: str, wrong: str) -> bool:
    """Whether fingers or ears slip so: a letter left out, doubled, put in or swapped with its neighbour, or
    one for a letter beside it on the keyboard or of a like sound."""
    if len(right) != len(wrong):
        return True
    apart = [(a, b) for a, b in zip(right, wrong, strict=True) if a != b]
    swapped = len(apart) == 2 and apart[0] == apart[1][::-1]
    return swapped or all(_beside(a, b) or any({a, b} <= group for group in _SOUND_ALIKE) for a, b in apart)


def _beside(a: str, b: str) -> bool:
    places = {letter: (row, at) for row, line in enumerate(_KEYBOARD) for at, letter in enumerate(line)}
    if a not in places or b not in places:
        # A letter that the rows above do not hold may stand anywhere.
        return True
    (r1, c1), (r2, c2) = places[a], places[b]
    return abs(r1 - r2) <= 1 and abs(c1 - c2) <= 1


def _slip(common: list[str], rare: list[str]) -> tuple[str, str] | None:
    """The one word in which two lists of words differ, as (in the common one, in the rare one)."""
    if len(common) != len(rare):
        return None
    apart = [(a, b) for a, b in zip(common, rare, strict=True) if a != b]
    return apart[0] if len(apart) == 1 else None


def _near(keys: Sequence[str]) -> set[tuple[int, int]]:
    """Pairs of keys that have a text in common once up to two letters are taken out (one of short keys), or
    have the same bigrams: candidates, each met by hashing, never by comparing all with all."""
    places: dict[str, list[int]] = {}
    for at, text in enumerate(keys):
        if not 5 <= len(text) <= 60:
            continue
        outs = {text, "\0" + "".join(sorted({text[k : k + 2] for k in range(len(text) - 1)}))}
        outs |= {text[:k] + text[k + 1 :] for k in range(len(text))}
        if 9 <= len(text) <= 30 and len(keys) <= 600:
            outs |= {text[:j] + text[j + 1 : k] + text[k + 1 :] for j, k in combinations(range(len(text)), 2)}
        for out in outs:
            places.setdefault(out, []).append(at)
    pairs: set[tuple[int, int]] = set()
    for group in places.values():
        if 1 < len(group) <= 50:
            pairs |= set(combinations(sorted(set(group)), 2))
    return pairs


def damerau(one: str, two: str) -> int:
    """Letters put in, taken out, changed or swapped with their neighbour (optimal string alignment; Damerau
    1964)."""
    before: list[int] = []
    last = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(two, 1):
            cost = min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def _abbreviated(heads: Sequence[_Head], fixed: frozenset[str]) -> Iterator[Variant]:
    """Short forms with exactly one value that they can stand for."""
    short = [h for h in heads if h.text not in fixed and _looks_short(h.text)]
    full = [h for h in heads if not _looks_short(h.text) and len(h.key) >= 5]
    # Where many values are short they are codes of their own.
    if not short or len(short) > max(3, 0.3 * len(full)) or len(full) > _MOST_COMPARED:
        return
    for one in short:
        fits = [other for other in full if _stands_for(one.key, other)]
        if len(fits) == 1:
            yield Variant(one.text, one.own, fits[0].text, fits[0].own, "abbreviation", False)


def _looks_short(text: str) -> bool:
    letters = text.replace(".", "").replace(" ", "")
    if not 2 <= len(letters) <= 5 or not letters.isalpha() or not letters.isascii():
        return False
    return letters.isupper() or text.endswith(".") or not _VOWELS & set(letters.casefold())


def _stands_for(short: str, full: _Head) -> bool:
    words = full.words
    initials = {"".join(w[0] for w in words), "".join(w[0] for w in words if w not in _SMALL_WORDS)}
    if len(words) > 1:
        return short in initials
    word = full.key
    if len(short) < 3 or len(word) < len(short) + 3 or word[0] != short[0]:
        return False
    if word.startswith(short):
        return True
    # Short forms leave vowels out: "JHB", "blvd.".
    rest = iter(word)
    return not _VOWELS & set(short[1:]) and all(letter in rest for letter in short)
