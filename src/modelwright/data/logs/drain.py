"""Templates of log messages, by Drain: a tree of fixed depth over tokens.

P. He, J. Zhu, Z. Zheng, M. R. Lyu: "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017.
Messages of one length and with the same first tokens fall into one leaf; within it a message joins the group
that it shares most tokens with, if that is enough of them, and what differs becomes ``<*>``.

What is ours: values that any log has (addresses, numbers, identifiers, paths) are masked in the same way for
every source, where the paper's experiments give each data set patterns of its own; and templates that differ
only in how many values stand in a row are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

ANY = "<*>"
_DEPTH = 3
"""First tokens that lead to a leaf."""
_ENOUGH = 0.6
"""Share of equal tokens from which on a message belongs to a group."""
_CHILDREN = 100
"""Different tokens at one place of the tree, and templates in one leaf; further ones share the last, so that
the work for a message does not grow with how many unlike ones came before it."""
LONGEST = 200
"""Tokens of a message that are looked at; what follows is one value."""

_MASKS = (
    re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.])"),  # IPv4, with a port
    re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}(?![\w:])"),  # IPv6
    re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"),  # UUID
    re.compile(r"\bblk_-?\d+\b"),
    re.compile(r"\b0[xX][0-9a-fA-F]+\b"),
    re.compile(r"\b(?=[a-fA-F]*\d)[0-9a-fA-F]{6,}\b"),  # hexadecimal digits without a mark
)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_])[-+]?\d+(?:[.:]\d+)*(?![A-Za-z0-9_])")
_DIGIT = re.compile(r"\d")


@dataclass(slots=True)
class Group:
    """Messages of one template."""

    tokens: list[str]
    number: int
    size: int = 0

    @property
    def template(self) -> str:
        return " ".join(self.tokens)


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)


def tokens_of(message: str) -> list[str]:
    """The tokens of a message, with values that any log has written as ``<*>``."""
    for mask in _MASKS:
        message = mask.sub(ANY, message)
    message = _NUMBER.sub(ANY, message)
    found = message.split()
    return found if len(found) <= LONGEST else [*found[:LONGEST], ANY]


class Drain:
    """Mines templates from messages, one after the other."""

    def __init__(
        self, templates: Iterable[Sequence[str]] = (), *, depth: int = _DEPTH, enough: float = _ENOUGH
    ) -> None:
        self.groups: list[Group] = []
        self._depth = depth
        self._enough = enough
        self._lengths: dict[int, _Node] = {}
        for tokens in templates:
            self._new(list(tokens))

    def add(self, message: str) -> Group:
        """The group of a message, which may be a new one; its template takes the message in."""
        tokens = tokens_of(message)
        group = self._found(tokens)
        if group is None:
            leaf = self._leaf(tokens, make=True)
            assert leaf is not None
            if len(leaf.groups) < _CHILDREN:
                group = self._new(tokens)
            else:
                group = leaf.groups[_CHILDREN - 1]
        if group.tokens != tokens:
            group.tokens = [a if a == b else ANY for a, b in zip(group.tokens, tokens, strict=True)]
        group.size += 1
        return group

    def match(self, message: str) -> Group | None:
        """The group of a message among those that are known; nothing changes."""
        return self._found(tokens_of(message))

    def _new(self, tokens: list[str]) -> Group:
        group = Group(tokens, len(self.groups))
        self.groups.append(group)
        self._leaf(tokens, make=True).groups.append(group)  # type: ignore[union-attr]
        return group

    def _leaf(self, tokens: Sequence[str], *, make: bool) -> _Node | None:
        node = self._lengths.get(len(tokens))
        if node is None:
            if not make:
                return None
            node = self._lengths[len(tokens)] = _Node()
        for token in tokens[: self._depth]:
            key = ANY if ANY in token or _DIGIT.search(token) else token
            inner = node.children.get(key)
            if inner is None:
                if len(node.children) >= _CHILDREN:
                    key = ANY
                    inner = node.children.get(key)
                if inner is None:
                    if not make:
                        inner = node.children.get(ANY)
                        if inner is None:
                            return None
                    else:
                        inner = node.children[key] = _Node()
            node = inner
        return node

    def _found(self, tokens: Sequence[str]) -> Group | None:
        leaf = self._leaf(tokens, make=False)
        if leaf is None:
            return None
        best: tuple[float, int, Group] | None = None
        for group in leaf.groups:
            equal = values = words = 0
            for a, b in zip(group.tokens, tokens, strict=True):
                if a == ANY:
                    values += 1
                if ANY in b:
                    values += 1
                else:
                    words += 1
                    equal += a == b
            score = (equal / words if words else 1.0, -values)
            if best is None or score > best[:2]:
                best = (*score, group)
        if best is not None and best[0] >= self._enough:
            return best[2]
        if len(leaf.groups) < _CHILDREN:
            return None
        return next((group for group in leaf.groups if _covers(group.tokens, tokens)), None)

    def merge(self) -> dict[int, Group]:
        """Join each template with the most general one that covers it: by number of the group, the group
        that now holds its messages. A template covers another where it has the same words or a value; half of
        its tokens have to be words."""
        kept: dict[int, Group] = {}
        by_length: dict[int, list[Group]] = {}
        for group in self.groups:
            by_length.setdefault(len(group.tokens), []).append(group)
        for same in by_length.values():
            first: dict[tuple[str, ...], Group] = {}
            for group in same:
                first.setdefault(tuple(group.tokens), group)
            ways = _ways(same)
            for group in same:
                kept[group.number] = _most_general(ways, group) or first[tuple(group.tokens)]
        return kept


@dataclass(slots=True)
class _Way:
    """Templates of one length that have their words at the same places, by those words."""

    values: int
    places: tuple[int, ...]
    groups: dict[tuple[str, ...], list[Group]] = field(default_factory=dict)


def _ways(same: Sequence[Group]) -> list[_Way]:
    """The ways in which templates of one length are general, those with most values first."""
    found: dict[tuple[int, ...], list[Group]] = {}
    for group in same:
        if 0 < sum(ANY in token for token in group.tokens) <= len(group.tokens) / 2:
            places = tuple(k for k, token in enumerate(group.tokens) if token != ANY)
            found.setdefault(places, []).append(group)
    made: dict[tuple[int, tuple[int, ...]], _Way] = {}
    for places, groups in found.items():
        for group in groups:
            values = sum(ANY in token for token in group.tokens)
            way = made.setdefault((values, places), _Way(values, places))
            way.groups.setdefault(tuple(group.tokens[k] for k in places), []).append(group)
    return sorted(made.values(), key=lambda way: -way.values)[:_CHILDREN]


def _most_general(ways: Sequence[_Way], group: Group) -> Group | None:
    """Of the other templates that cover that of a group, the one with most values; of several, the first."""
    best: tuple[int, Group] | None = None
    for way in ways:
        if best is not None and way.values < best[0]:
            break
        for other in way.groups.get(tuple(group.tokens[k] for k in way.places), ())[:2]:
            if other is not group and (best is None or other.number < best[1].number):
                best = (way.values, other)
    return None if best is None else best[1]


def _covers(general: Sequence[str], tokens: Sequence[str]) -> bool:
    return all(a in (b, ANY) for a, b in zip(general, tokens, strict=True))


def parameters(template: Sequence[str], message: str) -> list[str]:
    """The values of a message at the places that its template leaves open: token by token, so that a message
    which has another word elsewhere has them too. None for a message of another length."""
    tokens = message.split(None, LONGEST)
    if len(tokens) != len(template):
        return []
    values: list[str] = []
    for pattern, token in zip(template, tokens, strict=True):
        if ANY in pattern:
            values += _between(pattern.split(ANY), token.rstrip())
    return values


def _between(words: Sequence[str], token: str) -> list[str]:
    """What stands between words in a token, each as short as can be; where the words are not in it, the whole
    token stands at the first place. Each word is looked for once: a regular expression would try all ways."""
    first, *inner, last = words
    at, end = len(first), len(token) - len(last)
    found: list[str] = []
    if at <= end and token.startswith(first) and token.endswith(last):
        for word in inner:
            place = token.find(word, at, end)
            if place < 0:
                break
            found.append(token[at:place])
            at = place + len(word)
        else:
            return [*found, token[at:end]]
    return [token] + [""] * len(inner)
