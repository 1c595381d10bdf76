"""One column: its kind, the operations that make it so, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import polars as pl

from modelwright.core.records.data import CleanOperation, Kind
from modelwright.data.clean.infer import boolean, case, date, missing, number, repair, text, variants
from modelwright.data.clean.infer import notes as told
from modelwright.data.clean.infer.distinct import ANY, BLANK, Distinct
from modelwright.data.clean.infer.notes import Note, cells, unread
from modelwright.goal.sections import ColumnWish
from modelwright.runtime.parse import ColumnParser, ColumnSpec, OperationSpec
from modelwright.runtime.parse.column import build_operation

Duty = Literal["plain", "class", "amount", "answer", "name"]
"""``class``: a target of classes; ``amount``: numbers whatever else; ``answer``: a target of either kind;
``name``: keys and groups, taken as they are written."""

# Beyond this many different whole numbers, or with fewer rows for each, a target of numbers is an amount.
_MOST_CLASSES = 20
_ROWS_A_CLASS = 3


@dataclass(frozen=True, slots=True)
class Inferred:
    kind: Kind
    operations: tuple[CleanOperation, ...]
    why: str
    unit: str = ""
    notes: tuple[Note, ...] = ()
    variants: variants.Variants = variants.NONE


@dataclass(slots=True)
class _Recipe:
    """Operations so far, each with the cells it changed, and the distinct texts that are left."""

    left: Distinct
    off: frozenset[str]
    named: tuple[tuple[str, str], ...] = ()
    """The goal's spellings."""
    wanted: variants.Wanted = "sure"
    """Which spelling variants are merged."""
    units: tuple[tuple[str, float], ...] = ()
    """The goal's factors of units."""
    limits: dict[str, float] = field(default_factory=dict)
    """``least`` and ``most``, as the goal says."""
    operations: list[CleanOperation] = field(default_factory=list)

    def add(
        self,
        name: str,
        options: dict[str, Any],
        sentence: Callable[[int], str],
        may: pl.Expr = ANY,
        *,
        numbers: bool = True,
    ) -> None:
        """A text-to-text operation: apply it to what is left. ``may``, ``numbers``: what it may change."""
        change = build_operation(OperationSpec(name, options))
        self.left, changed = self.left.after(change, may, numbers=numbers)
        self.operations.append(CleanOperation(name, options, sentence(changed), changed))

    def stripped(self) -> Distinct:
        """What is left, without white space around it."""
        return self.left.map(str.strip, BLANK, numbers=False)

    def last(self, name: str, options: dict[str, Any], sentence: str, changed: int) -> None:
        self.operations.append(CleanOperation(name, options, sentence, changed))


def infer_column(
    series: pl.Series,
    duty: Duty = "plain",
    wish: ColumnWish | None = None,
    off: frozenset[str] = frozenset(),
    mask: dict[str, Any] | None = None,
    merge: variants.Wanted = "sure",
) -> Inferred:
    """Look at a whole raw column. ``off``: operations not to be used; ``mask``: options of that operation;
    ``merge``: which spelling variants of categories are merged.

    Of the target only its own spelling is looked at, and of other columns nothing but themselves.
    """
    wished: Kind | None = wish.kind if wish is not None and wish.kind != "ignore" else None
    dtype = series.dtype
    words = dtype in (pl.String, pl.Categorical, pl.Enum)
    spelt = bool(wish is not None and wish.spellings)
    limits = limits_of(wish)
    dates_as_numbers = wished == "date" and dtype.is_numeric()
    if words or spelt or dates_as_numbers or mask is not None:
        return _words(series, duty, wish, wished, off, mask, merge)
    found = _typed(series, duty, wished)
    if found.kind != "number" or not limits:
        return found
    last = found.operations[-1]
    values = series.cast(pl.Float64)
    low, high = limits.get("least"), limits.get("most")
    beyond = int((values < low).sum()) if low is not None else 0
    beyond += int((values > high).sum()) if high is not None else 0
    said = f"Read as numbers; {ends(limits)}, what is beyond as missing ({cells(beyond)})"
    inside = CleanOperation("number", last.options | limits, said, beyond)
    return replace(found, operations=(*found.operations[:-1], inside))


def limits_of(wish: ColumnWish | None) -> dict[str, float]:
    """The goal's ``least`` and ``most`` of a column, as options of ``number``."""
    if wish is None:
        return {}
    ends = {"least": wish.least, "most": wish.most}
    return {name: end for name, end in ends.items() if end is not None}


def _typed(series: pl.Series, duty: Duty, wished: Kind | None) -> Inferred:
    """A column whose source gives types: they are believed."""
    dtype = series.dtype
    named = "its source gives"
    if wished is not None:
        return Inferred(wished, _plainly(wished, series), "the goal says so")
    if dtype == pl.Null:
        return Inferred("category", (), "it has no value at all")
    if duty == "name":
        return Inferred("category", (), "it names things")
    if dtype == pl.Boolean:
        if duty in ("class", "answer"):
            return Inferred("category", (), f"{named} true and false, taken as classes")
        if duty == "amount":
            return Inferred("number", _plainly("number", series), f"{named} true and false, taken as 1 and 0")
        return Inferred("boolean", _plainly("boolean", series), f"{named} true and false")
    if dtype.is_temporal():
        return Inferred("date", _plainly("date", series), f"{named} dates")
    if duty == "class":
        return Inferred("category", (), "the target names classes")
    if duty == "answer" and _few_whole(series):
        return Inferred("category", (), f"{series.n_unique()} different whole numbers, taken as classes")
    if dtype.is_integer() and duty == "plain" and series.null_count() < len(series):
        low, high = float(cast(int, series.min())), float(cast(int, series.max()))
        options = date.from_numbers(series.name, low, high, whole=True)
        if options is not None:
            said = f"Read counts of {options['epoch']} since 1970 as dates"
            made = CleanOperation("date", options, said, len(series) - series.null_count())
            return Inferred("date", (made,), "its name says a date, and its numbers count time since 1970")
    return Inferred("number", _plainly("number", series), f"{named} numbers")


def _plainly(kind: Kind, series: pl.Series) -> tuple[CleanOperation, ...]:
    """The last operation of a kind for values that are typed already."""
    if kind == "number":
        return (CleanOperation("number", {}, "Read as numbers", 0),)
    if kind == "boolean":
        return (CleanOperation("boolean", boolean.options(), "Read true as 1 and false as 0", 0),)
    if kind == "date":
        formats = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S",
                   "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z",
                   "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S.%f%z"]  # fmt: skip
        return (CleanOperation("date", {"formats": formats}, "Read as dates", 0),)
    if kind == "text":
        return (
            CleanOperation(
                "text",
                {"marks": True},
                "Take texts as lower-case words and marks",
                len(series) - series.null_count(),
            ),
        )
    return ()


def _few_whole(series: pl.Series) -> bool:
    values = series.drop_nulls().cast(pl.Float64)
    values = values.filter(values.is_finite())
    distinct = values.n_unique()
    whole = bool((values == values.round(0)).all())
    return whole and 0 < distinct <= _MOST_CLASSES and len(values) >= _ROWS_A_CLASS * distinct


def _words(
    series: pl.Series,
    duty: Duty,
    wish: ColumnWish | None,
    wished: Kind | None,
    off: frozenset[str],
    mask: dict[str, Any] | None,
    merge: variants.Wanted,
) -> Inferred:
    """A column of text."""
    if series.dtype not in (pl.String, pl.Categorical, pl.Enum):
        plainly = ColumnParser(ColumnSpec(series.name, "category"))
        series = pl.Series(series.name, plainly.many(series.to_list()), dtype=pl.String)
    named = wish.spellings if wish is not None else ()
    recipe = _Recipe(
        Distinct.of(series),
        off,
        named,
        merge if duty == "plain" else "propose",
        wish.units if wish is not None else (),
        limits_of(wish),
    )
    mended: list[Note] = []
    if "repair" not in off and duty != "name":
        wrong = repair.infer(recipe.left.words)  # plain numbers are never broken
        lost = repair.lost(recipe.left)
        if wrong:
            recipe.add("repair", {"wrong": wrong}, lambda n: f"Mend {' and '.join(wrong)} ({cells(n)})")
        count = recipe.operations[-1].changed if wrong else 0
        mended = told.repaired(series.name, wrong, count, lost)
    found = _settled(recipe, duty, wish, wished, off, mask)
    return replace(found, notes=(*mended, *found.notes)) if mended else found


def _settled(
    recipe: _Recipe,
    duty: Duty,
    wish: ColumnWish | None,
    wished: Kind | None,
    off: frozenset[str],
    mask: dict[str, Any] | None,
) -> Inferred:
    """What is done to the texts first, the kind that they then have, and the rest of its recipe."""
    if "strip" not in off:
        recipe.add(
            "strip", {}, lambda n: f"Take off white space around texts ({cells(n)})", BLANK, numbers=False
        )
    if wish is not None and wish.spellings and "spellings" not in off:
        mapping = dict(wish.spellings)
        others = [(a, b) for a, b in mapping.items() if a != b]  # else: a value of its own
        shown = ", ".join(f"{a!r} as {b!r}" for a, b in others[:3]) or "values as they are"
        recipe.add("spellings", {"map": mapping}, lambda n: f"Write {shown} ({cells(n)})")
    if mask is not None and "mask" not in off:
        kinds = " and ".join(
            dict.fromkeys([*([mask["whole"]] if mask.get("whole") else []), *mask["patterns"]])
        )
        recipe.add("mask", mask, lambda n: f"{mask['how'].capitalize()} personal data: {kinds} ({cells(n)})")
    stripped = recipe.stripped()
    if wished is not None:
        return _as_kind(recipe, wished, "the goal says so", must=True, duty=duty)
    if duty == "name":
        return _as_kind(recipe, "category", "it names things", must=True, duty=duty)
    if duty == "class":
        return _as_kind(recipe, "category", "the target names classes", must=True, duty=duty)
    if duty == "amount":
        return _as_kind(recipe, "number", "it has to be numbers", must=True, duty=duty)
    values = _present(stripped, off, words=False, target=duty == "answer")
    if values.empty:
        return _as_kind(recipe, "category", "it has no value at all", must=True, duty=duty)
    kind, why = _kind(values, duty, off, recipe.units)
    if kind == "category" and duty == "plain" and "text" not in off:
        values = _present(stripped, off, words=True, target=False)
        if text.infer(values):
            kind, why = "text", f"{values.size} different texts of several words"
    return _as_kind(recipe, kind, why, must=False, duty=duty)


def _kind(
    values: Distinct, duty: Duty, off: frozenset[str], units: tuple[tuple[str, float], ...]
) -> tuple[Kind, str]:
    """The kind of the values that are there, and why."""
    if "boolean" not in off and duty == "plain" and boolean.infer(values) is not None:
        return "boolean", f"all values are spellings of yes and no ({', '.join(values.first(4))})"
    if "date" not in off and duty == "plain" and date.compact(values) is not None:
        return "date", "all values are dates of eight digits"
    if "number" not in off:
        numbers = number.infer(values, off, given=dict(units))
        if numbers is not None:
            if duty == "answer":
                parsed = (
                    pl.Series(_read_all(values, numbers.options), dtype=pl.Float64)
                    if values.any_hard
                    else values.numbers
                )
                if _few_whole(parsed):
                    return "category", f"{_different(values)}, all of them whole numbers, taken as classes"
            whole = values.numbers
            if duty == "plain" and not values.any_hard and (whole == whole.round(0)).all():
                low, high = float(cast(float, whole.min())), float(cast(float, whole.max()))
                if "date" not in off and date.from_numbers(values.name, low, high, whole=True) is not None:
                    return "date", "its name says a date, and its numbers count time since 1970"
            return (
                "number",
                "all values are numbers" if not numbers.unread else "nearly all values are numbers",
            )
        if duty == "plain" and not values.any_hard:
            return "category", f"{_different(values)}, digits of one length with leading zeros: codes"
    if "date" not in off and duty == "plain" and date.infer(values) is not None:
        return "date", "all values are dates"
    return "category", _different(values)


def _different(values: Distinct) -> str:
    return f"{values.size} different value" + ("s" if values.size != 1 else "")


def _read_all(values: Distinct, options: dict[str, Any]) -> list[float | None]:
    read = build_operation(OperationSpec("number", options))
    made: list[float | None] = []
    for one, count in zip(values.texts, values.counts, strict=True):
        made += [read(one)] * count
    return made


def _present(stripped: Distinct, off: frozenset[str], *, words: bool, target: bool) -> Distinct:
    dropped = {""} if "missing" in off else set(missing.markers(stripped, words=words, target=target)) | {""}
    return stripped.without(dropped)


def _as_kind(recipe: _Recipe, kind: Kind, why: str, *, must: bool, duty: Duty) -> Inferred:
    """Complete the recipe for a kind that is settled."""
    off = recipe.off
    target = duty in ("class", "answer")
    words = kind in ("category", "text")
    stripped = recipe.stripped()
    if "missing" not in off and duty != "name":
        found = missing.markers(stripped, words=words, target=target)
        listed = list(dict.fromkeys([*found, *([] if words else missing.ALWAYS)])) or [""]
        shown = ", ".join(f'"{marker}"' if marker else "empty" for marker in found) or "empty"
        recipe.add(
            "missing",
            {"markers": listed},
            lambda n: f"Read {shown} as missing ({cells(n)})",
            BLANK | pl.col("text").is_in(listed),
            numbers=False,
        )
    unit, notes, alike = "", [], variants.NONE
    left = recipe.stripped().without({""})
    if kind == "category":
        if duty == "plain" and not must and "number" not in off:
            notes += told.units_apart(left.name, number.units_apart(left)) or told.mixed(left)
        folded = case.infer(left) if "case" not in off and duty != "name" else {}
        if folded:
            shown = ", ".join(repr(to) for to in list(folded.values())[:3])
            recipe.add(
                "case", {"spellings": folded}, lambda n: f"Write other spellings as {shown} ({cells(n)})"
            )
        if "variants" not in off and duty != "name":
            alike = variants.infer(recipe.stripped().without({""}), recipe.wanted, recipe.named)
            if alike.merged:
                few = ", ".join(f"{v.text!r} as {v.to!r}" for v in alike.merged[:3])
                recipe.add("variants", alike.options(), lambda n: f"Write {few} and the like ({cells(n)})")
    elif kind == "number":
        given = dict(recipe.units)
        numbers = number.infer(left, off, must=True, given=given) or number.Numbers({}, [], "", [])
        how = f": {'; '.join(numbers.said)}" if numbers.said else ""
        changed = left.cells_of(left.words)
        said = f"Read as numbers{how} ({cells(changed)} not written plainly)"
        if recipe.limits:
            beyond = _beyond(left, recipe.limits)
            said += f"; {ends(recipe.limits)}, what is beyond as missing ({cells(beyond)})"
            changed += beyond
        recipe.last("number", numbers.options | recipe.limits, said, changed)
        unit = numbers.unit
        notes += unread(left, numbers.unread, "number") + told.units(left.name, numbers)
    elif kind == "boolean":
        made = boolean.options()
        known = {*made["true"], *made["false"]}
        recipe.last("boolean", made, f"Read yes as 1 and no as 0 ({cells(left.cells)})", left.cells)
        notes += unread(left, [t for t in left.texts if t.casefold() not in known], "yes or no")
    elif kind == "date":
        notes += _dates(recipe, left, must)
    else:
        sentence = f"Take texts as lower-case words and marks ({cells(left.cells)})"
        recipe.last("text", {"marks": True}, sentence, left.cells)
    return Inferred(kind, tuple(recipe.operations), why, unit, tuple(notes), alike)


def ends(limits: dict[str, float]) -> str:
    """ "0 to 120"."""
    return " to ".join("any" if end is None else f"{end:g}" for end in map(limits.get, ("least", "most")))


def _beyond(left: Distinct, limits: dict[str, float]) -> int:
    """Cells of plain numbers that the goal's limits turn into missing."""
    low, high = limits.get("least", float("-inf")), limits.get("most", float("inf"))
    outside = ((left.plain < low) | (left.plain > high)).fill_null(False)
    return int(pl.Series(left.counts, dtype=pl.Int64).filter(outside).sum())


def _dates(recipe: _Recipe, left: Distinct, must: bool) -> list[Note]:
    options = date.compact(left, must=must)
    if options is None and not left.empty and not left.any_hard:
        numbers = left.numbers
        low, high = float(cast(float, numbers.min())), float(cast(float, numbers.max()))
        whole = bool((numbers == numbers.round(0)).all())
        options = date.from_numbers(left.name, low, high, whole, must=must)
    lost: list[str] = []
    ambiguous = ""
    if options is None:
        dates = date.infer(left, must=True)
        assert dates is not None
        options, lost, ambiguous = dates.options, dates.unread, dates.ambiguous
    shown = ", ".join(options.get("formats", [])) or f"counts of {options.get('epoch')} since 1970"
    recipe.last("date", options, f"Read {shown} as dates ({cells(left.cells)})", left.cells)
    notes = unread(left, lost, "date")
    if ambiguous:
        notes.append(
            Note(
                "clean.ambiguous-date",
                "warning",
                f"No value of {left.name!r} tells day and month apart; it was read as {ambiguous}.",
                "Write the dates as year-month-day in the source if this is the wrong way round.",
            )
        )
    return notes
