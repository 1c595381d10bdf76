"""Rows out of nested records: which records are the rows, what stands above them, and the table of all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from modelwright.core.errors import BadData
from modelwright.data.nested.flatten import Cells, flatten
from modelwright.data.nested.plan import Choice, Chooser, Rule, columns
from modelwright.data.nested.shape import Shape
from modelwright.data.read.limits import check_columns

VERSION = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How nested records become rows. JSON both ways."""

    records: tuple[str, ...]
    """The last keys of the way to the records that are rows; empty: the outermost records."""
    rule: Rule
    prefix: str = ""
    """Stands before the columns of the row itself."""
    above: dict[str, Rule] = field(default_factory=dict)
    """What stands around a row, by the name of the record that holds it."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What the format needs besides."""

    def columns(self) -> list[str]:
        made = [name for name, _ in columns(self.rule, self.prefix)]
        for name, rule in self.above.items():
            made += [each for each, _ in columns(rule, name)]
        return list(dict.fromkeys(made))

    def to_json(self) -> dict[str, Any]:
        return {
            "version": VERSION, "records": list(self.records), "rule": self.rule, "prefix": self.prefix,
            "above": self.above, "extra": self.extra,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Plan:
        """Raises :class:`BadData` for a plan of another version."""
        if data.get("version") != VERSION:
            raise BadData(
                f"the way in which rows were read has version {data.get('version')!r}; {VERSION} is known",
                code="data.reading",
                hint="use the version of modelwright that made the bundle, or train again",
            )
        return Plan(
            tuple(data["records"]), data["rule"], data["prefix"], dict(data["above"]), dict(data["extra"])
        )

    def row(self, value: Any, above: Sequence[tuple[str, Any]] = ()) -> Cells:
        """Cells of one record; ``above``: the records around it with their names, outermost first."""
        out: Cells = {}
        for name, around in above:  # of several with one name, as binary in binary, the nearest counts
            rule = self.above.get(name)
            if rule is not None:
                flatten(rule, around, name, out)
        flatten(self.rule, value, self.prefix, out)
        return out


class Rows:
    """Cells gathered into columns; what a row lacks is null."""

    def __init__(self, names: Sequence[str]) -> None:
        self._columns: dict[str, list[Any]] = {name: [] for name in names}
        self.height = 0

    def add(self, cells: Cells) -> None:
        for name, value in cells.items():
            held = self._columns.get(name)
            if held is not None:
                held += [None] * (self.height - len(held))
                held.append(value)
        self.height += 1

    def frame(self) -> pl.DataFrame:
        from modelwright.data.read.frame import column_of

        made = []
        for name, held in self._columns.items():
            held += [None] * (self.height - len(held))
            column = column_of(name, held)
            made.append(column.cast(pl.String) if column.dtype == pl.Null else column)
        return pl.DataFrame(made)


def json_plan(
    records: Sequence[Any], wishes: Mapping[str, str], wanted: str | None, target: str | None, name: str
) -> tuple[Plan | None, list[Choice]]:
    """The plan for records of JSON, and the choices in it; no plan where nothing is nested.

    A row is the innermost list of records that holds the target; without a target, or where it stands
    outside of such lists, the outermost record. The goal's ``records`` says otherwise. Raises
    :class:`BadData` for wishes that cannot be had.
    """
    shape = Shape(typed=True)
    for record in records:
        shape.observe(record)
    if shape.folded is not None:
        check_columns(
            max(len(record) for record in records),
            name,
            "are ids used as keys? write a list of records, with the id in each",
        )
    if not any(one.records or one.listed or one.deep for one in shape.keys.values()):
        if wanted is not None:
            raise not_found(wanted, [], name)
        return None, []
    exploded = [path for path, wish in wishes.items() if wish == "explode"]
    if len(exploded) > 1:
        raise BadData(
            f"the goal explodes {' and '.join(exploded)}: a row can be an item of one list",
            code="data.nested-wish",
            hint="explode one of them, and summarise the others",
        )
    way: tuple[str, ...] = ()
    why = ""
    if wanted is not None or exploded:
        asked = wanted if wanted is not None else exploded[0]
        found = _way_to(shape, tuple(asked.split(".")))
        if found is None:
            raise not_found(asked, [".".join(w) for w in _lists(shape)], name)
        way, why = found, "the goal asks for it"
    elif target is not None:
        way = _way_of_target(shape, target)
        why = f"the target {target!r} is one of its keys"
    chooser = Chooser({path: wish for path, wish in wishes.items() if wish != "explode"})
    if not way:
        plan = Plan((), chooser.rule(shape_of_one(shape), "", fold=False))
    else:
        path = ".".join(way)
        chooser.choices.append(Choice(path, "explode", f"each of its records is a row: {why}"))
        chooser.met.add(path)
        inner = shape
        for key in way:
            inner = inner.keys[key]
        own = chooser.rule(shape_of_one(inner), path, fold=False)
        outside = chooser.rule(_without(shape_of_one(shape), way), "", fold=False)
        plan = Plan(way, own, path, {"": outside})
    check_columns(len(plan.columns()), name, "summarise some of it: `reading: {nested: {PATH: count}}`")
    unknown_wishes(wishes, chooser.met, name)
    return plan, chooser.choices


def json_rows(plan: Plan, record: Any) -> Iterator[Cells]:
    """Rows of one outermost record."""
    if not plan.records:
        yield plan.row(record)
        return
    around: Cells = {}
    flatten(plan.above[""], record, "", around)
    for item in _items(record, plan.records):
        yield around | plan.row(item)


def _items(value: Any, way: Sequence[str]) -> Iterable[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _items(one, way)
    elif not way:
        yield value
    elif isinstance(value, Mapping) and (inner := value.get(way[0])) is not None:
        yield from _items(inner, way[1:])


def shape_of_one(shape: Shape) -> Shape:
    """The same records, as if each had stood by itself."""
    made = Shape(shape.typed)
    made.records = made.seen = shape.records
    made.longest = made.shortest = 1
    made.texts, made.numbers, made.booleans, made.pieces = (
        shape.texts,
        shape.numbers,
        shape.booleans,
        shape.pieces,
    )
    made.keys, made.folded = shape.keys, shape.folded
    return made


def _without(shape: Shape, way: Sequence[str]) -> Shape:
    """The shape without what lies at the end of the way."""
    made = shape_of_one(shape)
    made.keys = dict(shape.keys)
    if len(way) == 1:
        made.keys.pop(way[0], None)
    elif way[0] in made.keys:
        made.keys[way[0]] = _without(made.keys[way[0]], way[1:])
    return made


def _lists(shape: Shape, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Ways to all lists of records."""
    for key, inner in shape.keys.items():
        if inner.records:
            if inner.listed or inner.several:
                yield (*way, key)
            yield from _lists(inner, (*way, key))


def _way_to(shape: Shape, wanted: tuple[str, ...]) -> tuple[str, ...] | None:
    return next((way for way in _lists(shape) if way[-len(wanted) :] == wanted), None)


def _way_of_target(shape: Shape, target: str) -> tuple[str, ...]:
    """The innermost list of records that has the target; empty where it stands in the outermost record."""
    best: tuple[str, ...] = ()
    for way in _lists(shape):
        path = ".".join(way)
        if not target.startswith(path + "."):
            continue
        inner = shape
        for key in way:
            inner = inner.keys[key]
        if has(inner, target.removeprefix(path + ".")) is not None and len(way) > len(best):
            best = way
    return best


def has(shape: Shape, path: str) -> Shape | None:
    """What stands at a dotted path, where it is there."""
    if (found := shape.keys.get(path)) is not None:
        return found
    head, _, rest = path.partition(".")
    return has(shape.keys[head], rest) if rest and head in shape.keys else None


def not_found(wanted: str, there: Sequence[str], name: str) -> BadData:
    """For records that the goal names and the source does not have."""
    near = difflib.get_close_matches(wanted, there, 1, 0.5)
    listed = ", ".join(there[:10]) + (", ..." if len(there) > 10 else "")
    return BadData(
        f"{name} has no records {wanted!r}",
        code="data.records",
        hint=(f"did you mean {near[0]}? " if near else "")
        + (f"there are: {listed}" if there else "nothing in it repeats: leave `records` out"),
    )


def unknown_wishes(wishes: Mapping[str, str], met: set[str], name: str) -> None:
    """Raises :class:`BadData` for a wish about a path that was not met."""
    for path in wishes:
        if path not in met:
            near = difflib.get_close_matches(path, sorted(met), 1, 0.5)
            raise BadData(
                f"{name} has nothing at {path!r}, which the goal names in reading.nested",
                code="data.nested-wish",
                hint=f"did you mean {near[0]}?" if near else "name a path as it stands in the report",
            )
