"""Clean (steps 6 and 7): infer each column's recipe, apply it, settle roles and duplicates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

import polars as pl

from modelwright.core.book import Book
from modelwright.core.errors import BadData
from modelwright.core.records.blob import Blob
from modelwright.core.records.data import ROW, Cleaned, Collected, Column, Role
from modelwright.data.clean import anonymity, identify, impossible, media, mixture, near, spelt, treat, wishes
from modelwright.data.clean.apply import spec_of, typed_column
from modelwright.data.clean.duplicates import repeated
from modelwright.data.clean.examples import examples
from modelwright.data.clean.infer.column import Duty, Inferred, infer_column
from modelwright.data.fingerprint import is_media
from modelwright.data.media import Media
from modelwright.data.media import kind_of as media_kind
from modelwright.data.side import by_side
from modelwright.goal.sections import CleanSection, ColumnWish, ProblemSection, RolesSection
from modelwright.runtime.parse import MEDIA, ColumnParser

VERSION = 1


@dataclass(slots=True)
class _Told:
    """What is told of one column, and what has to be known of it; ``read_at``: when the source was read."""

    book: Book
    read_at: datetime | None
    beside: bool
    """Whether it says where a row came from."""
    files: pl.Series | None
    """Of a column of media: the file that each cell came from."""
    spelt: list[spelt.Line] = field(default_factory=list)
    personal: list[treat.Line] = field(default_factory=list)
    """Lines of tables over all columns."""


def clean(
    section: CleanSection, roles: RolesSection, problem: ProblemSection, collected: Collected, book: Book
) -> Cleaned:
    """Typed columns of all collected rows, with the recipe that made them and the role of each.

    Raises :class:`~modelwright.core.errors.BadData` where the goal names a column that is not there.
    """
    raw: pl.DataFrame = collected.table.get()
    wishes.check_names(wishes.named(section, roles, problem), collected.columns)
    wished = dict(section.columns)
    columns: list[Column] = []
    identifiers: list[str] = list(roles.keys)
    series: list[pl.Series] = [raw[ROW]]
    read_at = datetime.fromisoformat(collected.read_at) if collected.read_at else None
    beside = frozenset(collected.beside) - {name for name, wish in section.columns if wish.kind}

    def look(name: str) -> tuple[Column, pl.Series, bool, _Told]:
        named = [kept for kept in (f"{name}.file", "file") if kept in collected.beside]
        told = _Told(book.beside(), read_at, name in beside, raw[named[0]] if named else None)
        return (*_column(raw[name], section, roles, problem, wished.get(name), told), told)

    spellings: list[spelt.Line] = []
    personal: list[treat.Line] = []
    for column, values, identifies, told in by_side(look, collected.columns, raw.height):
        identifiers += [column.name] if identifies or told.beside else []
        columns.append(column)
        series.append(values)
        book.add(told.book)
        spellings += told.spelt
        personal += told.personal
    spelt.table(spellings, book)
    treat.table(personal, book)
    table = pl.DataFrame(series)
    if problem.target is not None and not any(column.is_input for column in columns):
        book.finding(
            "clean.no-inputs",
            "warning",
            "No column is left that a model could learn from: all are constant, identifiers, or kept out by "
            "the goal.",
            "Give a column a kind in data.columns to bring it in, or add columns to the source.",
        )
    table, duplicates, dropped, test_rows = _duplicates(
        section, identifiers, [c.name for c in columns if c.role == "time"], table, collected, book
    )
    off = section.off
    if "near" not in off:
        near.report(table, columns, book)
    sensitive = [
        *([problem.target] if problem.target and problem.problem != "regression" else []),
        *roles.sensitive,
    ]
    anonymity.report(table, section.privacy, sensitive, book)
    anonymity.demands(section.privacy, collected.licence, collected.consent, book)
    return Cleaned(
        table=Blob.of(table, "table"),
        rows=table.height,
        columns=tuple(columns),
        test_rows=test_rows,
        dropped_duplicates=dropped,
        duplicates=duplicates,
        examples=examples(raw, columns),
        part=collected.part,
    )


def _column(
    raw: pl.Series,
    section: CleanSection,
    roles: RolesSection,
    problem: ProblemSection,
    wish: ColumnWish | None,
    told: _Told,
) -> tuple[Column, pl.Series, bool]:
    """The column, its typed values, and whether it was found to identify rows."""
    name, book = raw.name, told.book
    role = role_of(name, roles, problem, wish)
    role = "ignored" if role == "input" and told.beside else role
    wished = wish.kind if wish is not None else None
    kind = wished if wished in MEDIA else (media_kind(raw) if wished is None and role == "input" else None)
    if kind is None and raw.dtype == pl.Binary:
        kind = "audio" if name == "audio" else "image"  # from files of such names, but most are broken
    if kind is not None:
        return (*_media(raw, cast(Media, kind), role, book, told.files), False)
    off = frozenset(
        entry.partition(":")[0]
        for entry in section.off
        if ":" not in entry or entry.partition(":")[2] == name
    )
    mask, dropped = treat.treat(raw, section, role, book, told.personal)
    merge = (wish.variants if wish is not None else None) or section.variants
    found = infer_column(raw, _duty(role, problem), wish, off, mask, merge)
    column = Column(
        name=name,
        kind=found.kind,
        role=role,
        is_input=role == "input" or role == "time" or (role == "sensitive" and roles.use_sensitive),
        operations=found.operations,
        unit=found.unit,
        why="it says where the row came from" if told.beside else _why(found, role),
    )
    values, _ = typed_column(raw, ColumnParser(spec_of(column)))
    for note in found.notes:
        book.finding(note.code, note.severity, note.message, note.remedy, column=name, numbers=note.numbers)
    if role == "target" and problem.problem == "regression":
        _check_numbers(raw, values)
    identifies = False
    if dropped:
        column = replace(column, role="ignored" if role == "input" else role, is_input=False, why=dropped)
    elif wish is not None and wish.kind == "ignore":
        column = replace(column, is_input=False, why="the goal says to ignore it")
    elif column.is_input and (wish is None or wish.kind is None):
        column, identifies = _useless(column, values, off, book)
    if column.is_input:
        impossible.look(column, values, told.read_at, book)
        if column.kind == "number":
            mixture.look(values, book)
    column = wishes.winsorised(column, wish, section, book)
    if column.is_input or role == "target":
        told.spelt.extend(spelt.tell(name, found.variants, book))
    return column, values, identifies


def _media(
    raw: pl.Series, kind: Media, role: Role, book: Book, names: pl.Series | None
) -> tuple[Column, pl.Series]:
    """A column of images, sounds or series, its cells of one form."""
    found = media.inspect(raw, kind, names)
    options = found.options
    present = len(raw) - raw.null_count()
    operation = media.operation(kind, options, present)
    column = Column(raw.name, kind, role, role == "input", (operation,), why=f"its cells are {_CELLS[kind]}")
    values, _ = typed_column(raw, ColumnParser(spec_of(column)))
    if found.table is not None:
        book.table(found.table)
    for note in found.notes:
        book.finding(
            note.code, note.severity, note.message, note.remedy, column=raw.name, numbers=note.numbers
        )
    return column, values


_CELLS = {"image": "images", "audio": "sounds", "series": "lists of numbers"}


def role_of(name: str, roles: RolesSection, problem: ProblemSection, wish: ColumnWish | None) -> Role:
    """The first duty that applies, in the order that :data:`~modelwright.core.records.data.Role` names."""
    duties: tuple[tuple[Role, bool], ...] = (
        ("target", name == problem.target),
        ("weight", name == roles.weight),
        ("key", name in roles.keys),
        ("later", name in roles.later),
        ("group", name == roles.group),
        ("time", name == roles.time),
        ("sensitive", name in roles.sensitive),
        ("ignored", wish is not None and wish.kind == "ignore"),
    )
    return next((role for role, applies in duties if applies), "input")


def _duty(role: Role, problem: ProblemSection) -> Duty:
    if role == "target":
        if problem.problem is None:
            return "answer"
        return "amount" if problem.problem == "regression" else "class"
    if role == "weight":
        return "amount"
    return "name" if role in ("key", "group") else "plain"


def _why(found: Inferred, role: Role) -> str:
    return f"{found.kind}: {found.why}" + (
        f"; {role}: the goal says so" if role not in ("input", "ignored") else ""
    )


def _useless(column: Column, values: pl.Series, off: frozenset[str], book: Book) -> tuple[Column, bool]:
    """An input that is constant or an identifier is ignored, and it is said."""
    why = identify.constant(values) if "constant" not in off else None
    code, what = "clean.constant", "is constant"
    if why is None and "identifier" not in off and column.role != "time":
        why = identify.identifier(values, column.kind)
        code, what = "clean.identifier", "looks like an identifier"
    if why is None:
        return column, False
    book.finding(
        code,
        "note",
        f"{column.name!r} {what} and is left out: {why}.",
        f"Give it a kind in data.columns if it should be used all the same: `{column.name}: {column.kind}`.",
        column=column.name,
    )
    role: Role = "ignored" if column.role == "input" else column.role
    ignored = replace(column, role=role, is_input=False, why=f"{column.why}; ignored: {why}")
    return ignored, code == "clean.identifier"


def _check_numbers(raw: pl.Series, values: pl.Series) -> None:
    """A target of a regression has to be numbers, nearly all of it."""
    there = raw.is_not_null()
    if raw.dtype == pl.String:
        there &= raw.str.strip_chars() != ""
    unread = raw.filter(there & values.is_null())
    if values.null_count() == len(values) or len(unread) > 0.5 * max(1, int(there.sum())):
        shown = ", ".join(
            repr(str(value)[:40]) for value in unread.unique(maintain_order=True).head(3).to_list()
        )
        raise BadData(
            f"the target {raw.name!r} of a regression has to hold numbers; {len(unread):,} of "
            f"{int(there.sum()):,} values are not: {shown}",
            code="data.target-kind",
            hint="name a column of numbers as the target, or leave `problem` out for a target of classes",
        )


def _duplicates(
    section: CleanSection,
    identifiers: list[str],
    times: list[str],
    table: pl.DataFrame,
    collected: Collected,
    book: Book,
) -> tuple[pl.DataFrame, int, int, int]:
    """The rows that stay, the repeats, the dropped, and how many test rows stay."""
    told = {*identifiers, *times}
    every = list(collected.columns)
    part = "__part__"
    first_test = table.height - collected.test_rows
    parted = table.with_columns((pl.int_range(pl.len()) >= first_test).alias(part))
    content = [name for name in every if name not in identifiers]
    # Two rows whose pictures cannot be read are not the same thing twice.
    whole = table.select(
        pl.all_horizontal(
            [pl.lit(True), *(pl.col(n).is_not_null() for n in content if is_media(table[n].dtype))]
        )
    ).to_series()
    repeats = repeated(table, content) & whole
    count = int(repeats.sum())
    if section.duplicates == "drop":
        gone = repeated(parted, [*content, part]) & whole
        why = "the goal asks for it"
    elif section.duplicates is None and told:
        gone = repeated(parted, [*every, part])
        named_all = pl.Series([True] * table.height)
        for name in sorted(told):
            named_all &= table[name].is_not_null()
        gone &= named_all
        why = f"{' and '.join(sorted(told))} show that one record was entered twice"
    else:
        gone = pl.repeat(False, table.height, eager=True)
        why = ""
    dropped = int(gone.sum())
    if count:
        book.finding(
            "clean.duplicates",
            "note" if count < 0.05 * table.height else "warning",
            f"{count:,} rows are exactly equal to an earlier one; "
            + (f"{dropped:,} of them were dropped: {why}." if dropped else "all are kept."),
            "Say `clean: {duplicates: drop}` in the goal if they are entries made twice, "
            "`split: {duplicates: independent}` if they are different things that happen to be alike.",
            numbers={"rows": float(count), "dropped": float(dropped)},
        )
    if not dropped:
        return table, count, 0, collected.test_rows
    kept = parted.filter(~gone)
    return kept.drop(part), count, dropped, int(kept[part].sum())
