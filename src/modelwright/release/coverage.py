"""Whom and what the rows cover, for the data card: groups of people, groups of rows, times, classes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from modelwright.release import words
from modelwright.release.cards import cell, table
from modelwright.release.facts import Facts
from modelwright.runtime.parse import MEDIA

if TYPE_CHECKING:
    import polars as pl

LEAST = 10
"""Rows from which a group is named: fewer might name somebody."""
MOST_GROUPS = 20
_TARGET = "__target__"


def section(facts: Facts) -> str:
    """Groups of every sensitive column, with how the target is spread in them; groups of rows; times."""
    frame: pl.DataFrame = facts.labelled.table.get()
    said = []
    for name in sorted(facts.sensitive - facts.personal):
        kind = next((c.kind for c in facts.labelled.columns if c.name == name), None)
        if name in frame.columns and kind not in (None, "date", "text", *MEDIA):
            said.append(_groups(frame, name, facts))
    for name in sorted(facts.sensitive & facts.personal):
        said.append(f"Groups by {cell(name)} are not named: it holds personal data.")
    group, time = facts.development.group, facts.development.time
    if group and group in frame.columns:
        sizes = sorted(frame[group].drop_nulls().value_counts()["count"].to_list())
        if sizes:
            said.append(
                f"{words.count(len(sizes), 'group')} by {cell(group)}: {sizes[0]:,} to {sizes[-1]:,} rows "
                f"each, {sizes[len(sizes) // 2]:,} in the middle."
            )
    dates = [c.name for c in facts.labelled.columns if c.kind == "date" and c.name in frame.columns]
    for name in dict.fromkeys([*([time] if time in dates else []), *dates]):
        if name not in facts.private and (times := frame[name].drop_nulls()).len():
            said.append(f"{cell(name)}: from {_day(times.min())} to {_day(times.max())}.")
    if not facts.sensitive:
        said.insert(
            0, "No column was declared sensitive (`data.sensitive`): groups of people were not counted."
        )
    return "\n\n".join(said)


def _groups(frame: pl.DataFrame, name: str, facts: Facts) -> str:
    import polars as pl

    numeric = frame[name].dtype.is_numeric()
    kind = next((c.kind for c in facts.labelled.columns if c.name == name), "category")
    column = frame[name]
    bands = numeric and kind != "boolean" and column.n_unique() > MOST_GROUPS
    if numeric and kind == "boolean":
        column = column.replace_strict({0.0: "no", 1.0: "yes"}, default=None, return_dtype=pl.String)
    elif bands:
        edges = sorted({float(column.quantile(q) or 0.0) for q in (0.25, 0.5, 0.75)})
        labels = [f"up to {edges[0]:g}"]
        labels += [f"above {a:g}, up to {b:g}" for a, b in itertools.pairwise(edges)]
        labels.append(f"above {edges[-1]:g}")
        column = column.cut(edges, labels=labels).cast(pl.String)
    made = frame.select(
        column.cast(pl.String).fill_null("(missing)").alias("group"),
        pl.col(_TARGET).alias("y"),
        frame[name].cast(pl.Float64).alias("at") if bands else pl.lit(0.0).alias("at"),
    )
    counts = made.group_by("group").agg(
        pl.len().alias("n"),
        pl.col("y").mean().alias("mean"),
        (pl.col("y") == 1).mean().alias("share"),
        pl.col("at").min(),
    )
    # Bands in their order, names with the largest group first.
    counts = counts.sort(["at", "n", "group"], descending=[False, True, False], nulls_last=True)
    problem, classes = facts.labelled.problem, facts.labelled.classes
    lines: list[tuple[object, ...]] = []
    named = counts.filter(pl.col("n") >= LEAST).head(MOST_GROUPS)
    for row in named.iter_rows(named=True):
        lines.append(
            (row["group"], f"{row['n']:,}", f"{row['n'] / frame.height:.1%}", *_target_of(row, problem))
        )
    left = counts.height - named.height
    if left:
        rows = frame.height - int(named["n"].sum())
        lines.append(
            (
                f"{words.count(left, 'smaller group')}",
                f"{rows:,}",
                f"{rows / frame.height:.1%}",
                *([""] if problem != "multiclass" else []),
            )
        )
    head = ["group", "rows", "share"]
    if problem == "binary":
        head.append(f"share of {cell(classes[1])}")
    elif problem == "regression":
        head.append("mean of the target")
    return f"By {cell(name)}:\n\n{table(head, lines)}"


def _target_of(row: dict[str, Any], problem: str) -> list[str]:
    if problem == "binary":
        return [f"{row['share']:.1%}"]
    return [words.figure(row["mean"])] if problem == "regression" else []


def target(facts: Facts) -> str:
    """How the target is spread, over all labelled rows."""

    frame: pl.DataFrame = facts.labelled.table.get()
    values = frame[_TARGET]
    if facts.labelled.problem == "regression":
        # Not the extremes: each is the value of one row.
        shown = [(f"{q:.0%} are below", values.quantile(q)) for q in (0.01, 0.25, 0.5, 0.75, 0.99)]
        shown.append(("mean", float(values.to_numpy().mean())))
        numbers = [words.figure(float(v)) for _, v in shown if isinstance(v, int | float)]
        return table([name for name, _ in shown], [numbers])
    counts = [int((values == code).sum()) for code in range(len(facts.labelled.classes))]
    lines = [
        (name, f"{n:,}", f"{n / max(1, frame.height):.1%}")
        for name, n in zip(facts.labelled.classes, counts, strict=True)
    ]
    lines.sort(key=lambda line: -int(line[1].replace(",", "")))
    more = len(lines) - MOST_GROUPS
    left = f"\n\n{words.count(more, 'more class', 'more classes')}." if more > 0 else ""
    return table(("class", "rows", "share"), lines[:MOST_GROUPS]) + left


def _day(value: object) -> str:
    if not isinstance(value, int):
        return str(value)
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)).strftime("%Y-%m-%d")
    except OverflowError:
        return str(value)
