"""How nested values become columns: a tree of rules, made once from what was seen, carried out row by row.

A rule is JSON (it is kept with the run and shipped in the bundle, so that new rows are read in the same
way): ``{"as": KIND, ...}`` with the kinds of :data:`KINDS`. Names of columns are the keys on the way, with
dots between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelwright.core.errors import BadData
from modelwright.data.nested.shape import MOST_PARTS, Shape

Rule = dict[str, Any]

KINDS = (
    "value",  # one cell
    "parts",  # several numbers in one list or text: a cell each
    "join",  # texts, with commas between them
    "numbers",  # numbers, as many as there are: count, mean, min, max, sum
    "first",  # the first of what is hardly ever more than one
    "record",  # a dict: its keys, dotted
    "map",  # a dict whose keys are data: the keys joined, and a summary of what stands under them
    "summary",  # a list of records: how many, and a summary of each column
    "count",  # only how many
    "text",  # the JSON of all of it
    "ignore",  # left out
)

RARE = 0.05
"""Share of holders with several items up to which these are taken for slips, and the first one is used."""
SEQUENCE = 8
"""Numbers that every list has at least where lists are sequences (a day of measurements); sets of numbers, as
the prices of an order, are short at times, and are summarised."""
_FOLD_KEYS = 12
_FOLD_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision that a person may want to know and overrule."""

    path: str
    kind: str
    why: str


class Chooser:
    """Makes the rules, and notes each decision. ``wishes``: what the goal asks for, by dotted path."""

    def __init__(self, wishes: Mapping[str, str]) -> None:
        self._wishes = wishes
        self.choices: list[Choice] = []
        self.met: set[str] = set()
        """Paths that were come by, for messages about wishes that name none of them."""

    def rule(self, shape: Shape, path: str, *, depth: int = 0, fold: bool = True) -> Rule:
        """The rule of one place. ``fold``: whether the keys of a record may turn out to be data."""
        self.met.add(path)
        wish = self._wishes.get(path)
        if wish is not None:
            return self._wished(wish, shape, path, depth)
        if shape.deep:
            return self._chose(
                {"as": "text"}, path, "it holds lists in lists, which are kept as the text of their JSON"
            )
        listed = bool(shape.listed or shape.several)
        if shape.records:
            if not listed:
                return self._record(shape, path, depth, fold)
            return self._list_of_records(shape, path, depth)
        return self._scalars(shape, path, listed)

    def _list_of_records(self, shape: Shape, path: str, depth: int) -> Rule:
        if shape.longest <= 1:
            return {"as": "first", "of": self._record(shape, path, depth)}
        if not shape.listed and shape.several <= RARE * shape.seen:
            said = (
                f"{shape.several:,} of {shape.seen:,} have more than one; of these the first is taken "
                f"(up to {RARE:.0%} are taken for slips)"
            )
            return self._chose({"as": "first", "of": self._record(shape, path, depth)}, path, said)
        return self._summary(shape, path, depth, "")

    def _summary(self, shape: Shape, path: str, depth: int, wished: str) -> Rule:
        if depth >= 2:
            return self._chose(
                {"as": "count"}, path, "it is a list in a list in a list, of which only the count is kept"
            )
        why = (
            wished
            or f"up to {shape.longest:,} records in each row: a row keeps their count, and of each column "
            "its mean, least, largest and sum, or the different texts"
        )
        self.choices.append(Choice(path, "summary", why))
        return _summarised("summary", self._record(shape, path, depth + 1), path)

    def _scalars(self, shape: Shape, path: str, listed: bool) -> Rule:
        parts = shape.parts()
        if not listed or shape.longest <= 1:
            if parts is not None:
                return self._chose(
                    {"as": "parts", "separator": parts[0], "count": parts[1]},
                    path,
                    f"every text is {parts[1]} numbers: each has a column",
                )
            return {"as": "first", "of": _value(shape)} if listed else _value(shape)
        numbers = shape.numbers > 0 and not shape.texts and not shape.booleans
        if not numbers:
            self.choices.append(Choice(path, "join", f"up to {shape.longest:,} texts, joined with commas"))
            return {"as": "join"}
        if not shape.listed and shape.several <= RARE * shape.seen:
            return self._chose(
                {"as": "first", "of": _value(shape)},
                path,
                f"{shape.several:,} of {shape.seen:,} have more than one number; of these the first is taken",
            )
        if shape.shortest == shape.longest and shape.longest <= MOST_PARTS:
            return self._chose(
                {"as": "parts", "separator": "", "count": shape.longest},
                path,
                f"every list is {shape.longest} numbers: each has a column",
            )
        if shape.listed and shape.shortest is not None and shape.shortest >= SEQUENCE:
            return self._chose(
                {"as": "text"},
                path,
                f"every list has at least {shape.shortest} numbers: it is kept as a sequence",
            )
        return self._chose(
            {"as": "numbers"},
            path,
            f"{shape.shortest} to {shape.longest:,} numbers: count, mean, least, largest and sum",
        )

    def _record(self, shape: Shape, path: str, depth: int, fold: bool = True) -> Rule:
        if fold and (shape.folded is not None or _keys_are_data(shape)):
            return self._map(shape, path, depth, "")
        rules: dict[str, Rule] = {}
        if shape.scalars:  # now a text and now a record, as an XML element that has attributes only at times
            own = Shape(shape.typed)
            own.texts, own.numbers, own.booleans = shape.texts, shape.numbers, shape.booleans
            own.seen, own.longest = shape.scalars, 1
            own.pieces = shape.pieces
            if (inner := shape.keys.get("")) is not None:
                own.merge(inner)
            rules[""] = self.rule(own, path)
        for key, inner in shape.keys.items():
            if key == "" and "" in rules:
                continue
            rules[key] = self.rule(inner, dotted(path, key), depth=depth)
        return {"as": "record", "keys": rules}

    def _map(self, shape: Shape, path: str, depth: int, wished: str) -> Rule:
        inner = shape.folded
        if inner is None:
            inner = Shape(shape.typed)
            for one in shape.keys.values():
                inner.merge(one)
        count = "more than 2,000" if shape.folded is not None else f"{len(shape.keys):,}"
        why = wished or (
            f"its {count} keys are data and not names (most rows have few of them): a row keeps its keys, "
            "joined, and a summary of what stands under them"
        )
        self.choices.append(Choice(path, "map", why))
        if depth >= 2:
            return {"as": "count"}
        if inner.records and not inner.scalars and not inner.deep:
            return _summarised("map", self._record(inner, path, depth + 1), path)
        odd = inner.listed or inner.several or inner.deep or inner.records
        under: Rule = {"as": "text"} if odd else _value(inner)
        return _summarised("map", {"as": "record", "keys": {"value": under}}, path)

    def _wished(self, wish: str, shape: Shape, path: str, depth: int) -> Rule:
        asked = "the goal asks for it"
        if wish in ("text", "count", "ignore"):
            return self._chose({"as": wish}, path, asked)
        if wish == "summarise" and shape.records:
            return self._summary(shape, path, depth, asked)
        if wish == "summarise" and shape.numbers and not shape.texts:
            return self._chose({"as": "numbers"}, path, asked)
        if wish == "join" and not shape.records and not shape.deep:
            return self._chose({"as": "join"}, path, asked)
        if wish == "first":
            inner = self._record(shape, path, depth) if shape.records else _value(shape)
            return self._chose({"as": "first", "of": inner}, path, asked)
        if wish == "fold" and shape.records:
            return self._map(shape, path, depth, asked)
        if wish == "columns" and shape.records and shape.folded is None:
            self.choices.append(Choice(path, "record", asked))
            rules = {k: self.rule(s, dotted(path, k), depth=depth) for k, s in shape.keys.items()}
            made: Rule = {"as": "record", "keys": rules}
            return {"as": "first", "of": made} if shape.listed or shape.several else made
        if wish == "columns" and not shape.records and shape.numbers and shape.longest <= 100:
            return self._chose({"as": "parts", "separator": "", "count": shape.longest}, path, asked)
        raise BadData(
            f"{path!r} cannot be read as the goal asks ({wish}): it holds {_holds(shape)}",
            code="data.nested-wish",
            hint="`text`, `count` and `ignore` are always possible; see docs/how-to/sources.md",
        )

    def _chose(self, rule: Rule, path: str, why: str) -> Rule:
        self.choices.append(Choice(path, rule["as"], why))
        return rule


def _holds(shape: Shape) -> str:
    held = [
        word
        for word, count in (
            ("records", shape.records), ("texts", shape.texts), ("numbers", shape.numbers),
            ("booleans", shape.booleans), ("lists in lists", shape.deep),
        ) if count
    ]  # fmt: skip
    return ", ".join(held) or "nothing"


def _keys_are_data(shape: Shape) -> bool:
    """Whether a dict is a map, such as from a code to a currency: many keys, each in few rows, alike."""
    inner = [one for key, one in shape.keys.items() if key]
    if len(inner) < _FOLD_KEYS:
        return False
    shares = sorted(one.seen / max(1, shape.records) for one in inner)
    if shares[len(shares) // 2] >= _FOLD_SHARE:
        return False
    records = [one for one in inner if one.records]
    if not records:
        return all(not one.records for one in inner)
    if len(records) < len(inner):
        return False
    names = {name for one in records for name in one.keys}
    present = sum(len(one.keys) for one in records)
    return present >= 0.5 * len(names) * len(records)


def dotted(path: str, key: str) -> str:
    return f"{path}.{key}" if path and key else path or key


SUMMARIES = ("mean", "min", "max", "sum")


def columns(rule: Rule, name: str) -> Iterator[tuple[str, bool]]:
    """Names of the columns that a rule makes, in their order, and whether each holds numbers."""
    kind = rule["as"]
    if kind == "value":
        yield name or "value", bool(rule.get("number"))
    elif kind in ("join", "text"):
        yield name or "value", False
    elif kind == "parts":
        yield from ((f"{name}.{k}", True) for k in range(1, rule["count"] + 1))
    elif kind == "count":
        yield f"{name}.count", True
    elif kind == "numbers":
        yield from ((f"{name}.{what}", True) for what in ("count", *SUMMARIES))
    elif kind == "first":
        yield from columns(rule["of"], name)
    elif kind == "record":
        for key, inner in rule["keys"].items():
            yield from columns(inner, dotted(name, key))
    elif kind in ("map", "summary"):
        yield (name, False) if kind == "map" else (f"{name}.count", True)
        for inner_name, number in columns(rule["of"], name):
            if number:
                yield from ((f"{inner_name}.{what}", True) for what in SUMMARIES)
            else:
                yield inner_name, False


def _summarised(kind: str, of: Rule, path: str) -> Rule:
    """``numbers``: the inner columns that are summarised as numbers; of the others the texts are joined."""
    return {"as": kind, "of": of, "numbers": [name for name, number in columns(of, path) if number]}


def _value(shape: Shape) -> Rule:
    return {"as": "value", "number": bool((shape.numbers or shape.booleans) and not shape.texts)}
