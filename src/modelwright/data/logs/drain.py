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
"""Different tokens at one place of the tree; further ones share a branch."""
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
            group = self._new(tokens)
        else:
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
        return best[2] if best is not None and best[0] >= self._enough else None

    def merge(self) -> dict[int, Group]:
        """Join each template with the most general one that covers it: by number of the group, the group
        that now holds its messages. A template covers another where it has the same words or a value; half of
        its tokens have to be words."""
        kept: dict[int, Group] = {}
        by_length: dict[int, list[Group]] = {}
        for group in self.groups:
            by_length.setdefault(len(group.tokens), []).append(group)
        for same in by_length.values():
            general = [g for g in same if 0 < sum(ANY in t for t in g.tokens) <= len(g.tokens) / 2]
            general.sort(key=lambda g: (-sum(ANY in t for t in g.tokens), g.number))
            for group in same:
                over = next((g for g in general if g is not group and _covers(g.tokens, group.tokens)), None)
                over = over or next(g for g in same if g.tokens == group.tokens)
                kept[group.number] = over
        return kept


def _covers(general: Sequence[str], tokens: Sequence[str]) -> bool:
    return all(a in (b, ANY) for a, b in zip(general, tokens, strict=True))


def parameters(template: Sequence[str], message: str) -> list[str]:
    """The values of a message at the places that its template leaves open."""
    pattern = r"\s+".join(
        "".join(
            "(.*?)" if piece == ANY else re.escape(piece) for piece in re.split(r"(<\*>)", token) if piece
        )
        for token in template
    )
    found = re.fullmatch(r"\s*" + pattern + r"\s*", message)
    return list(found.groups()) if found else []
