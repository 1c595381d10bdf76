"""A new snapshot: the champion's rows on their old sides, and labelled rows of the log beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwright.core.records.evidence import Finding
from modelwright.goal.goal import Goal
from modelwright.lifecycle.learn.champion import PART, Champion, class_named
from modelwright.lifecycle.learn.labelled import Told
from modelwright.lifecycle.learn.sides import Row, Sides, digest_of
from modelwright.runtime.parse import UNREAD, ColumnParser
from modelwright.runtime.parse.values import plain, render

if TYPE_CHECKING:
    import polars as pl

    from modelwright.goal.sections import Sections

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Snapshot:
    """The rows of a new run, and those that are kept for judging."""

    frame: pl.DataFrame
    """With :data:`PART`."""
    ids: tuple[str, ...]
    """Predictions whose rows are in it, those of the champion's snapshot included."""
    counts: dict[str, int]
    """New rows by part."""
    digest: str
    """Of the new rows: their ids and outcomes."""
    fresh: tuple[Told, ...]
    """Labelled rows that no run has seen and no decision has looked at, oldest first."""
    learned: tuple[Told, ...]
    """New rows that are learned from."""
    findings: tuple[Finding, ...]


def make(champion: Champion, rows: Sequence[Told], sides: Sides) -> Snapshot:
    """Put the rows together. Every row must have its side.

    Judging rows that a decision has looked at become test rows; those that none has are ``fresh``. Learning
    rows equal to a test or a judging row are left out, and judging rows equal to a learning row are not
    fresh, except where rows are alike by chance (docs/decisions/0010-alike-by-chance.md).
    """
    import polars as pl

    new = [row for row in rows if row.id not in champion.held]
    old, added = in_form(champion, new)
    both = pl.concat([old, added]) if new else old
    copies, chance = _copies(champion, both)
    parts = np.array([*champion.parts, *(_part(row, sides) for row in new)], dtype=object)
    judged = np.isin(parts, ("test", "fresh"))
    learns = np.isin(parts, ("train", "validation"))
    first = np.arange(len(parts)) >= old.height
    left = np.zeros(len(parts), dtype=bool)
    if not chance:
        left |= learns & first & np.isin(copies, copies[judged])
        left |= (parts == "fresh") & np.isin(copies, copies[learns & ~left])
    findings = []
    if left.any():
        findings.append(
            Finding(
                "retrain.copies",
                "note",
                f"{int(left.sum())} labelled rows are copies of rows on the other side, and were left out",
                "nothing: what is learned is not judged on",
                numbers={"rows": float(left.sum())},
            )
        )
    in_run = ~left & (parts != "fresh")
    frame = both.with_columns(pl.Series(PART, parts.tolist(), dtype=pl.String))
    taken = [row for row, there in zip(new, in_run[old.height :], strict=True) if there]
    fresh = [
        row
        for row, part, out in zip(new, parts[old.height :], left[old.height :], strict=True)
        if part == "fresh" and not out
    ]
    names = parts[old.height :][in_run[old.height :]]
    counts = {name: int(np.sum(names == name)) for name in ("train", "validation", "test")}
    return Snapshot(
        frame=frame.filter(pl.Series(in_run)),
        ids=tuple(sorted([*champion.held, *(row.id for row in taken)])),
        counts=counts,
        digest=digest_of((row.id, row.outcome) for row in taken),
        fresh=tuple(fresh),
        learned=tuple(row for row in taken if sides[row.id] != "judge"),
        findings=tuple(findings),
    )


def settle(champion: Champion, rows: Sequence[Told], sides: Sides) -> None:
    """Give every labelled row that has none its side."""
    roles = champion.goal.sections.roles
    old = champion.rows
    groups: dict[str, str] = {}
    if roles.group is not None and roles.group in old.columns:
        for value, part in zip(old[roles.group].to_list(), champion.parts, strict=True):
            # A group on both sides is learned from already.
            if value is not None and groups.get(_named(value)) in (None, "test"):
                groups[_named(value)] = part
    parts = champion.parts
    validation = parts.count("validation") / max(1, len(parts) - parts.count("test"))
    when = times(champion, rows)
    sides.assign(
        [
            Row(row.id, None if roles.group is None else group_of(row, roles.group), at)
            for row, at in zip(rows, when, strict=True)
        ],
        groups=groups,
        validation=validation,
        time_order=roles.time is not None,
    )


def group_of(row: Told, column: str) -> str | None:
    value = row.inputs.get(column)
    return None if value is None else _named(value)


def _named(value: Any) -> str:
    """A group by one name, whether a file or a client wrote it."""
    made = plain(value)
    return "" if made is None else render(made)


def times(champion: Champion, rows: Sequence[Told]) -> list[float]:
    """What orders the rows: the goal's time where every row was sent with one that can be read, else when
    they were asked."""
    name = champion.goal.sections.roles.time
    asked = [float(row.at) for row in rows]
    if name is None:
        return asked
    parser = _parser(champion, name)
    if parser is None or parser.kind not in ("date", "number"):
        return asked
    read = [parser.value(row.inputs.get(name)) for row in rows]
    if any(value is None or value is UNREAD for value in read):
        return asked
    return [float(value) for value in read]  # type: ignore[arg-type]


def _part(row: Told, sides: Sides) -> str:
    side = sides[row.id]
    if side != "judge":
        return side
    return "fresh" if sides.opened(row.id) is None else "test"


def _copies(champion: Champion, frame: pl.DataFrame) -> tuple[Any, bool]:
    """The set of equal rows that each row is of, over inputs and target; and whether that is chance."""
    import polars as pl

    from modelwright.data.split.units import alike, by_chance
    from modelwright.lifecycle.predict import typed_frame

    model, target = champion.model, frame[champion.target]
    if model.classes:
        place = {value: class_named(value, model.classes) for value in target.unique().to_list()}
        meant = pl.Series("__target__", [place[value] for value in target.to_list()], dtype=pl.String)
    else:
        meant = target.cast(pl.Float64, strict=False).alias("__target__")
    ready = typed_frame(model, frame).with_columns(meant)
    names = list(model.tensors.names)
    copies = alike(ready, [*names, "__target__"])
    return copies, by_chance(copies, alike(ready, names), alike(ready, ["__target__"]))


def in_form(champion: Champion, rows: Sequence[Told]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The champion's rows, and logged rows in the form of its source: names, order and types the same."""
    import polars as pl

    sections = champion.goal.sections
    old, old_made, new_made = champion.rows, [], []
    for name in old.columns:
        values: list[Any]
        if name == champion.target:
            values = [champion.raw.get(str(row.outcome), row.outcome) for row in rows]
        elif name == sections.roles.time:
            values = _times(champion, name, rows)
        else:
            values = [row.inputs.get(name) for row in rows]
        if name == sections.roles.weight:
            usual = old[name].cast(pl.Float64, strict=False).median()
            values = [usual if value is None else value for value in values]
        parser = None if name == champion.target else _parser(champion, name)
        before, after = _like(old[name], values, parser)
        old_made.append(before)
        new_made.append(after)
    return pl.DataFrame(old_made), pl.DataFrame(new_made)


def _parser(champion: Champion, name: str) -> ColumnParser | None:
    """How the text of a column is read: as the bundle says, or as the run cleaned it."""
    if name in champion.model.parsers:
        return champion.model.parsers[name]
    from modelwright.data.clean.apply import spec_of

    return next((ColumnParser(spec_of(c)) for c in champion.columns if c.name == name), None)


def _times(champion: Champion, name: str, rows: Sequence[Told]) -> list[Any]:
    """The goal's time of each row; where it was not sent, when the row was asked, as the source writes it."""
    import polars as pl

    sent = [row.inputs.get(name) for row in rows]
    column = next((c for c in champion.columns if c.name == name), None)
    if column is None or column.kind != "date" or all(value is not None for value in sent):
        return sent
    options = next((op.options for op in column.operations if op.name == "date"), {})
    formats = options.get("formats") or ["%Y-%m-%d %H:%M:%S"]
    if options.get("epoch") is not None:
        return sent
    made = []
    for value, row in zip(sent, rows, strict=True):
        asked = _EPOCH + dt.timedelta(microseconds=row.at)
        text = champion.rows[name].dtype == pl.String
        made.append(value if value is not None else asked.strftime(formats[0]) if text else asked)
    return made


def _like(old: pl.Series, values: Sequence[Any], parser: ColumnParser | None) -> tuple[pl.Series, pl.Series]:
    """A column of the source and what was sent for it, of one type; what cannot be read as it is null."""
    import polars as pl

    name, kind = old.name, old.dtype
    if kind == pl.Binary or kind.is_nested():
        return old, pl.Series(name, [None] * len(values), dtype=kind)
    if kind.is_numeric():
        numbers = [_number(value, parser) for value in values]
        whole = all(value is None or float(value).is_integer() for value in numbers)
        if kind.is_integer() and whole:
            made = pl.Series(name, [None if v is None else int(v) for v in numbers], dtype=pl.Int64)
            cast = made.cast(kind, strict=False)
            if cast.null_count() == made.null_count():
                return old, cast
        return old.cast(pl.Float64), pl.Series(name, numbers, dtype=pl.Float64)
    if kind == pl.Boolean:
        read = [_number(value, parser) for value in values]
        return old, pl.Series(name, [None if v is None else bool(v) for v in read], dtype=pl.Boolean)
    if isinstance(kind, (pl.Date, pl.Datetime)) or kind in (pl.Date, pl.Datetime):
        stamps = [_stamp(value, parser) for value in values]
        return old, pl.Series(name, stamps, dtype=pl.Datetime("us")).cast(kind, strict=False)
    text = old.cast(pl.String) if kind != pl.String else old
    spelled = _spellings(text, parser)
    return text, pl.Series(name, [_text(value, spelled) for value in values], dtype=pl.String)


def _number(value: Any, parser: ColumnParser | None) -> float | None:
    made: Any = value
    if parser is not None and parser.kind in ("number", "boolean"):
        made = parser.value(value)
    elif isinstance(value, str):
        try:
            made = float(value)
        except ValueError:
            made = {"true": 1.0, "false": 0.0}.get(value.strip().casefold())
    return None if made is None or made is UNREAD or isinstance(made, str) else float(made)


def _stamp(value: Any, parser: ColumnParser | None) -> int | None:
    if isinstance(value, dt.datetime):
        return round((value - _EPOCH).total_seconds() * 1e6)
    made = parser.value(value) if parser is not None and parser.kind == "date" else None
    return made if isinstance(made, int) else None


def _spellings(old: pl.Series, parser: ColumnParser | None) -> dict[bool, str]:
    """How the source spells true and false, for a column of them."""
    if parser is None or parser.kind != "boolean":
        return {}
    found: dict[bool, str] = {}
    for text in sorted(old.drop_nulls().unique().to_list()):
        made = parser.text(text)
        if isinstance(made, float):
            found.setdefault(bool(made), text)
    return found


def _text(value: Any, spelled: dict[bool, str]) -> str | None:
    made = plain(value)
    if made is None:
        return None
    if spelled and not isinstance(made, str) and made in (0, 1):
        return spelled.get(bool(made), render(made))
    return render(made)


def goal_of(champion: Champion, frame: pl.DataFrame) -> Goal:
    """The champion's goal for new rows: the same demands, the sides named by a column, and what its run
    found out for itself (the kind of problem, the positive class) said, so that new rows do not change it."""
    from modelwright.goal.keys import FRAME
    from modelwright.goal.yaml import write

    given = champion.goal.given
    data = dict(given["data"]) if isinstance(given.get("data"), dict) else {}
    for key in ("query", "test"):
        data.pop(key, None)
    manifest = champion.model.metadata
    data |= {"source": FRAME, "target": manifest["target"]}
    if manifest.get("positive") is not None:
        data["positive"] = manifest["positive"]
    keys = {**given, "data": data, "problem": manifest["problem"], "split": {"column": PART}}
    name = champion.goal.name
    return Goal.restore(write(keys), base=champion.goal.base, name=name, frame=frame)


def scored_by(sections: Sections, problem: str) -> tuple[str, str | None, str | None]:
    """What versions are compared by: metric, average and class of the goal's first criterion that is not
    about cost, else the metric that is searched by."""
    from modelwright.goal.metrics import default_metric, metric

    for criterion in sections.success.criteria:
        if metric(criterion.metric).needs != "resource":
            return criterion.metric, criterion.average, criterion.for_class
    return default_metric(problem).name, None, None
