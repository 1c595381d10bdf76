"""The keys of ``data``: which rows, how they are read, and what their columns mean."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from modelwright.goal import constraints as c
from modelwright.goal.constraints import Constraint, Shorthand, wrong

COLUMN_KINDS = ("number", "category", "date", "text", "boolean", "image", "audio", "series", "ignore")
_LATER_KINDS = ("video",)
_MEANT_KINDS = {
    "numeric": "number", "float": "number", "int": "number", "integer": "number", "string": "text",
    "str": "text", "categorical": "category", "bool": "boolean", "datetime": "date", "time": "date",
    "skip": "ignore", "drop": "ignore",
}  # fmt: skip


FRAME = "<frame>"
"""Stands in ``data.source`` (or ``data.test``) for rows that were given from Python."""

UNKNOWN = "<unknown>"
"""Stands in ``data.source`` while the rest of a goal whose source is wrong is looked at."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
DATABASES = ("sqlite", "postgresql")
REMOTE = ("https", "http", "s3", "gs", "gcs")
"""Addresses of files that are fetched first (``data/read/remote.py``)."""
_LATER_SCHEMES = (
    "az",
    "abfs",
    "abfss",
    "ftp",
    "hdfs",
    "mysql",
    "mssql",
    "oracle",
)


def scheme(source: str) -> str | None:
    """``postgresql`` of ``postgresql+psycopg://...``; ``None`` of a path."""
    match = _SCHEME.match(source)
    return match[1].split("+")[0].lower() if match else None


def _place(expected: str) -> Constraint:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise wrong(expected)
        kind = scheme(value.strip())
        if value in (FRAME, UNKNOWN):
            return value
        if kind in _LATER_SCHEMES:
            raise wrong(expected, f"{kind}:// does not work yet: fetch the rows to a file first")
        if kind in REMOTE:
            if "@" in value.partition("://")[2].partition("/")[0]:
                raise wrong(expected, "a login belongs in the environment, and not in the address")
            return value.strip()
        if kind is not None and kind not in DATABASES:
            near = {"postgres": "postgresql", "sqlite3": "sqlite"}.get(kind)
            raise wrong(expected, f"did you mean {near}://?" if near else "")
        return value.strip()

    return Constraint(
        "path",
        check,
        {"type": "string", "minLength": 1},
        (5, True, [], {}, "", "az://bucket/a.csv", "https://ann:word@host/a.csv"),
    )


def table(expected: str, value_of: Any, schema: dict[str, Any], label: str) -> Constraint:
    """A mapping from text to values, each settled by ``value_of(key, value)``."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong(expected)
        settled: dict[str, Any] = {}
        for key, entry in value.items():
            word = c.label_of(key)
            if not word:
                raise wrong(expected)
            settled[word] = value_of(word, entry)
        return settled

    return Constraint(label, check, {"type": "object", "additionalProperties": schema}, (5, True, "x", []))


def _spelling(found: str, wanted: Any) -> str:
    text = c.label_of(wanted)
    if text is None:
        raise wrong(
            "a mapping from what is found to what is wanted", f"{found!r} has no single text after it"
        )
    return text


def _factor(unit: str, factor: Any) -> float:
    if not c.is_number(factor) or not factor > 0:
        raise wrong("a mapping from a unit to a number above zero", f"{unit!r} has {factor!r}")
    return float(factor)


def winsorising() -> Constraint:
    """``robust``, ``none``, or two quantiles."""
    expected = "robust, none, or two quantiles such as [0.01, 0.99]"

    def check(value: Any) -> str | tuple[float, float]:
        if isinstance(value, str) and value in ("robust", "none"):
            return value
        if not isinstance(value, list | tuple):
            raise wrong(expected)
        if len(value) != 2 or not all(c.is_number(end) for end in value):
            raise wrong(expected, "the lower and the upper share of the values")
        low, high = float(value[0]), float(value[1])
        if not 0.0 <= low < high <= 1.0:
            near = (
                f"did you mean [{low / 100:g}, {high / 100:g}]?"
                if 0 <= low < high <= 100 < 100 * high
                else ""
            )
            raise wrong(expected, near or "shares from 0 to 1, the lower first")
        return low, high

    quantile = {"type": "number", "minimum": 0, "maximum": 1}
    schema = {
        "anyOf": [
            {"enum": ["robust", "none"]},
            {"type": "array", "items": quantile, "minItems": 2, "maxItems": 2},
        ]
    }
    bad: tuple[Any, ...] = (5, True, {}, "", "all", [], [0.1], [0.9, 0.1], [1, 99], [0.1, "x"], [-1, 2])
    return Constraint("winsorising", check, schema, bad)


def key(text: str, *, default: str | None = None) -> Any:
    """A key that may be left out. ``default`` says in words what then holds."""
    return Field(
        default=None, description=text, json_schema_extra={"x-default": default} if default else None
    )


class Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnKeys(Keys):
    kind: Annotated[str | None, c.one_of(*COLUMN_KINDS, later=_LATER_KINDS, meant=_MEANT_KINDS)] = key(
        "What the column holds; found by looking at it when left out. `ignore` keeps it from the model.",
        default="inferred",
    )
    spellings: Annotated[
        dict[str, str] | None,
        table("a mapping from what is found to what is wanted", _spelling, {"type": "string"}, "mapping"),
    ] = key(
        "Values to be written differently: `{JHB: Johannesburg}`. A value named for itself is one of its "
        "own, and never taken for another spelling."
    )
    variants: Annotated[str | None, c.one_of("sure", "all", "none")] = key(
        "As `clean.variants`, for this column.", default="as clean.variants"
    )
    units: Annotated[
        dict[str, float] | None,
        table(
            "a mapping {unit: how many of the column's unit one of it is}",
            _factor,
            {"type": "number"},
            "mapping",
        ),
    ] = key(
        "Units that are not known, or not turned into one another: `{km/kg: 1.4}` beside numbers in kmpl.",
        default="known units are brought to the commonest",
    )
    least: Annotated[float | None, c.real("a number")] = key(
        "The least that a number of this column can be; what is below is read as missing.", default="no limit"
    )
    most: Annotated[float | None, c.real("a number")] = key(
        "The most that a number of this column can be; what is above is read as missing.", default="no limit"
    )
    winsorise: Annotated[str | tuple[float, float] | None, winsorising()] = key(
        "As `clean.winsorise`, for this column of numbers.", default="as clean.winsorise"
    )


NESTED_WISHES = ("explode", "summarise", "join", "first", "count", "text", "columns", "fold", "ignore")


def _nested(path: str, wish: Any) -> str:
    if wish not in NESTED_WISHES:
        raise wrong(f"one of {', '.join(NESTED_WISHES)}", f"{path!r} has {wish!r}")
    return str(wish)


def file_pattern() -> Constraint:
    """The pattern of file names (see ``data/read/named.py``, which reads it for good)."""
    expected = "a pattern of file names with columns in braces, such as {digit}_{speaker}_{}.wav"

    def check(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise wrong(expected)
        names = re.findall(r"\{([^{}]*)\}", value)
        if not any(names) or value.count("{") != len(names) or value.count("}") != len(names):
            raise wrong(expected, "a column's name stands in braces: {speaker}")
        if len({name for name in names if name}) < len([name for name in names if name]):
            raise wrong(expected, "no column can be named twice")
        if "}{" in value:
            raise wrong(expected, "between two columns stands at least one character")
        return value

    return Constraint(
        "file pattern",
        check,
        {"type": "string", "minLength": 1},
        (5, True, [], {}, "", "a.wav", "{a}{b}", "{a"),
    )


class ReadingKeys(Keys):
    records: Annotated[str | None, c.text("the name of an element, or the path of a list of records")] = key(
        "What one row is, in XML and JSON: the name of an element (`planet`), or the dotted path of a list "
        "of records (`order.lines`).",
        default="what holds the target; without one, the outermost that repeats",
    )
    nested: Annotated[
        dict[str, str] | None,
        table(
            "a mapping {path: what to do}",
            _nested,
            {"type": "string", "enum": list(NESTED_WISHES)},
            "mapping",
        ),
    ] = key(
        "What to do with lists and records inside of a row, by dotted path: `explode` (each item is a row), "
        "`summarise`, `join`, `first`, `count`, `text` (its JSON), `columns`, `fold` (keys are data), "
        "`ignore`.",
        default="found by looking at it, and said in the report",
    )
    format: Annotated[str | None, c.text("the name of a log's format, or the format spelt out")] = key(
        "How the lines of a log begin: the name of a format (`syslog`, `log4j`, ...), or the parts spelt "
        "out: `<date> <time> <level> <component>: <message>`.",
        default="found by the first lines",
    )
    window: Annotated[float | None, c.time("a time such as 60s or 10m", "10m")] = key(
        "Of a log: a row is a window of this length, with counts of templates and levels.",
        default="a row is a line",
    )
    name: Annotated[str | None, file_pattern()] = key(
        "Of a folder of images, sounds or documents: how its files are named. Each part in braces is a "
        'column, `{}` a part that is not wanted: `"{digit}_{speaker}_{}.wav"`.',
        default="only the folders are columns: `label`, and the parts of the split",
    )
    wait: Annotated[float | None, c.time("a time such as 60s or 10m", "10m")] = key(
        "Of a database: how long the answer to a query may take.", default="10m"
    )
    sheets: Annotated[str | None, c.one_of("all")] = key(
        "Of a workbook: `all` puts the sheets with the same columns one under the other, with the column "
        "`sheet` that names them.",
        default="the first sheet with a table, or the one that the source names",
    )


class DataKeys(Keys):
    source: Annotated[
        str,
        _place("a file, a glob, a folder, an https://, s3:// or gs:// address, or a database"),
    ] = Field(
        description="Where the rows are: a file (CSV, Parquet, JSON, JSON lines, XML, Excel), a glob, or "
        "a database URL with `query`. Relative to the goal file."
    )
    query: Annotated[str | None, c.text("the SQL query that selects the rows", 100_000)] = key(
        "The SQL that selects the rows, where the source is a database."
    )
    test: Annotated[str | None, _place("a file, a glob or a database with the rows for the test")] = key(
        "Rows for the test that come from elsewhere (a database: by the same query). Excludes `split.test`."
    )
    increment: Annotated[bool | str | None, c.flag_or_name("true, or the name of a column")] = key(
        "Keep what an earlier run read, and read only what is new: of files `true` (they are known again by "
        "their content), of a database the name of a column that only grows, such as `updated_at`.",
        default="all is read in every run",
    )
    reading: ReadingKeys | None = key(
        "How nested sources become rows, where what is found is not what is meant."
    )
    target: Annotated[str | None, c.name("the name of the column to predict")] = key("The column to predict.")
    positive: Annotated[str | None, c.label("the class of the target that counts as positive")] = key(
        "Of two classes, the one that `precision`, `recall` and the probabilities speak of.",
        default="inferred",
    )
    weight: Annotated[str | None, c.name("the name of one column")] = key(
        "A column of sample weights: how much each row counts, in training and in every metric."
    )
    keys: Annotated[tuple[str, ...] | None, c.names("a list of column names")] = key(
        "Columns that identify a row: never inputs, passed through to the predictions."
    )
    later: Annotated[tuple[str, ...] | None, c.names("a list of column names")] = key(
        "Columns that are not known yet when a prediction is needed: never inputs."
    )
    group: Annotated[str | None, c.name("the name of one column")] = key(
        "Rows that share its value stay on one side of every split, and intervals resample whole groups."
    )
    time: Annotated[str | None, c.name("the name of one column")] = key(
        "A column of dates: the split is in time order, so the test lies after the training."
    )
    columns: dict[str, Annotated[ColumnKeys, Shorthand("kind", {"enum": list(COLUMN_KINDS)})]] | None = key(
        "What is known of single columns: `{age: number, city: {kind: category}}`."
    )
    sensitive: Annotated[tuple[str, ...] | None, c.names("a list of column names")] = key(
        "Columns to report fairness on. Never inputs, unless `use_sensitive: true`."
    )
    use_sensitive: Annotated[bool | None, c.flag()] = key(
        "Whether sensitive columns may also be inputs.", default="false"
    )
    personal: Annotated[
        str | None, c.one_of("drop", "mask", "hash", "generalise", "keep", meant={"generalize": "generalise"})
    ] = key(
        "What to do with personal data found in columns and in texts: names, e-mail and postal addresses, "
        "phone, card, account and national numbers, IP addresses, dates of birth. `drop` leaves the column "
        "out, `mask` writes the kind, `hash` a digest, `generalise` something coarser. Where nothing is "
        "said, the data is kept and the log of a served model masks it.",
        default="keep; mask in the log",
    )
    personal_secret: Annotated[str | None, c.text("the name of an environment variable")] = key(
        "With `personal: hash`: the environment variable that holds the secret of the digests. It is asked "
        "for wherever the model runs, and is no part of the bundle.",
        default="digests without a secret, which can be undone by trying",
    )
    quasi_identifiers: Annotated[tuple[str, ...] | None, c.names("a list of column names")] = key(
        "Columns that together may point at a person (age, post code, sex): k-anonymity and l-diversity are "
        "measured over them.",
    )
    k_anonymity: Annotated[int | None, c.whole("a whole number, 2 or more", 2)] = key(
        "The least rows that each combination of the quasi-identifiers must have; fewer block the release.",
        default="measured, not asked for",
    )
    l_diversity: Annotated[int | None, c.whole("a whole number, 2 or more", 2)] = key(
        "The least different values of the target, and of each sensitive column, within each combination.",
        default="measured, not asked for",
    )
    require: Annotated[tuple[str, ...] | None, c.some_of("consent", "licence")] = key(
        "What must be named here for a model to be released."
    )
    consent: Annotated[str | None, c.text("in words, the ground on which the data may be used")] = key(
        "On what ground the data may be used, in words, for the data card."
    )
    licence: Annotated[str | None, c.text("the name of the data's licence")] = key(
        "The data's licence, for the data card."
    )
    collected: Annotated[str | None, c.text("in words or as a date, when the data was collected")] = key(
        "When the data was collected, for the data card."
    )
