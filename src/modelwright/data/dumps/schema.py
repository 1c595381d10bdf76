"""Tables of a dump: columns with their types, and keys, out of CREATE TABLE and ALTER TABLE."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"\s+|--[^\n]*|/\*.*?\*/|(?P<quoted>\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|\[[^\[\]]*\])"
    r"|(?P<string>'(?:[^'\\]|\\.|'')*')|(?P<word>[^\W\d][\w$]*)|(?P<other>\d[\w.]*|.)",
    re.DOTALL,
)
_ENDS_TYPE = frozenset(
    "not null default primary unique references check collate auto_increment autoincrement generated comment "
    "on constraint as key charset identity storage invisible visible virtual stored compression".split()
)
_CONSTRAINTS = frozenset(
    "constraint primary foreign unique check key index fulltext spatial exclude like period".split()
)
_NUMBER = re.compile(
    r"(?i)(?:tiny|small|medium|big)?(?:int|serial)|integer|int\d|numeric|decimal|dec\b|number|real|float|double|"
    r"year|oid|bit\b|fixed"
)
_WHOLE = re.compile(r"(?i)(?:tiny|small|medium|big)?(?:int|serial)(?!erval)|integer|int\d|year|oid|bit\b")
_REAL = re.compile(r"(?i)real|float|double")
_DATE = re.compile(r"(?i)timestamp|datetime|date|time")
_PLAIN_TYPE = re.compile(r"[A-Za-z_]\w*(?: [A-Za-z_]\w*){0,3}(?: ?\(\d{1,5}(?:, ?\d{1,5})?\))?")


@dataclass(slots=True)
class Column:
    name: str
    type: str
    """As the dump declares it; empty where it says nothing."""

    @property
    def boolean(self) -> bool:
        return self.type.lower().startswith("bool")


@dataclass(frozen=True, slots=True)
class Reference:
    own: tuple[str, ...]
    table: str
    theirs: tuple[str, ...]
    """Empty: the primary key of the table."""


@dataclass(slots=True)
class Table:
    name: str
    """With its schema in front, where it has one: ``public.orders``."""
    columns: list[Column] = field(default_factory=list)
    primary: tuple[str, ...] = ()
    references: list[Reference] = field(default_factory=list)
    counted: str = ""
    """The column that SQLite numbers itself where nothing is given (INTEGER PRIMARY KEY)."""


class Tokens:
    """The tokens of one statement: pairs (kind, text), kinds ``name``, ``word``, ``string``, ``other``."""

    def __init__(self, statement: str) -> None:
        self.all: list[tuple[str, str]] = []
        for found in _TOKEN.finditer(statement):
            kind = found.lastgroup
            if kind == "quoted":
                self.all.append(("name", unquoted(found[0])))
            elif kind is not None:
                self.all.append((kind, found[0]))
        self.at = 0

    def word(self, *wanted: str) -> bool:
        """Take the next tokens, if they are these words."""
        there = self.all[self.at : self.at + len(wanted)]
        if len(there) == len(wanted) and all(
            kind == "word" and text.lower() == word for (kind, text), word in zip(there, wanted, strict=True)
        ):
            self.at += len(wanted)
            return True
        return False

    def other(self, mark: str) -> bool:
        if self.at < len(self.all) and self.all[self.at] == ("other", mark):
            self.at += 1
            return True
        return False

    def name(self) -> str | None:
        """A name, parts of it joined with dots."""
        parts = []
        while self.at < len(self.all) and self.all[self.at][0] in ("name", "word"):
            parts.append(self.all[self.at][1])
            self.at += 1
            if not self.other("."):
                break
        return ".".join(parts) or None

    def group(self) -> list[list[tuple[str, str]]]:
        """What stands in the parentheses here, parted at the commas that are in no others."""
        if not self.other("("):
            return []
        parts: list[list[tuple[str, str]]] = [[]]
        depth = 1
        while self.at < len(self.all):
            token = self.all[self.at]
            self.at += 1
            if token[0] == "other":
                depth += (token[1] == "(") - (token[1] == ")")
                if depth == 0:
                    break
                if token[1] == "," and depth == 1:
                    parts.append([])
                    continue
            parts[-1].append(token)
        return [part for part in parts if part]

    @staticmethod
    def of(tokens: Sequence[tuple[str, str]]) -> Tokens:
        made = Tokens("")
        made.all = list(tokens)
        return made


def unquoted(name: str) -> str:
    """A name without its quotes: ``"a""b"``, `` `a` ``, ``[a]``."""
    if name[:1] == "[":
        return name[1:-1]
    return name[1:-1].replace(name[0] * 2, name[0]) if name[:1] in ('"', "`") and len(name) > 1 else name


def create(statement: str, schema: str) -> Table | None:
    """The table that CREATE TABLE makes; None where it gives no columns of its own."""
    tokens = Tokens(statement)
    tokens.word("create")
    for word in ("global", "local", "temp", "temporary", "unlogged", "foreign"):
        tokens.word(word)
    if not tokens.word("table"):
        return None
    tokens.word("if", "not", "exists")
    name = tokens.name()
    if name is None:
        return None
    made = Table(qualified(name, schema))
    for part in tokens.group():
        _part(made, Tokens.of(part), schema)
    return made if made.columns else None


def _part(table: Table, tokens: Tokens, schema: str) -> None:
    kind, text = tokens.all[0]
    if kind == "word" and text.lower() in _CONSTRAINTS:
        constraint(table, tokens, schema)
        return
    if kind not in ("name", "word", "string"):
        return
    tokens.at = 1
    name = text if kind != "string" else text[1:-1]
    while tokens.at < len(tokens.all):
        kind, text = tokens.all[tokens.at]
        if kind == "word" and text.lower() in _ENDS_TYPE:
            break
        tokens.at += 1
    declared = ""
    for kind, text in tokens.all[1 : tokens.at]:
        declared += " " + text if declared and kind in ("word", "name") else text
    table.columns.append(Column(name, declared))
    while tokens.at < len(tokens.all):
        if tokens.word("primary", "key"):
            table.primary = (name,)
            table.counted = name if declared.lower() == "integer" else ""
        elif tokens.word("references"):
            _references(table, (name,), tokens, schema)
        else:
            tokens.at += 1


def constraint(table: Table, tokens: Tokens, schema: str) -> None:
    """A key of the table: of a part of CREATE TABLE, or behind the ADD of ALTER TABLE."""
    if tokens.word("constraint") and tokens.at < len(tokens.all):
        kind, text = tokens.all[tokens.at]
        tokens.at += not (kind == "word" and text.lower() in _CONSTRAINTS)
    if tokens.word("primary", "key"):
        for word in ("clustered", "nonclustered", "using", "btree"):
            tokens.word(word)
        table.primary = _names(tokens)
    elif tokens.word("foreign", "key"):
        if tokens.at < len(tokens.all) and tokens.all[tokens.at] != ("other", "("):
            tokens.at += 1
        own = _names(tokens)
        if own and tokens.word("references"):
            _references(table, own, tokens, schema)


def _references(table: Table, own: tuple[str, ...], tokens: Tokens, schema: str) -> None:
    name = tokens.name()
    if name is not None:
        table.references.append(Reference(own, qualified(name, schema), _names(tokens)))


def _names(tokens: Tokens) -> tuple[str, ...]:
    return tuple(part[0][1] for part in tokens.group() if part[0][0] in ("name", "word"))


@dataclass(frozen=True, slots=True)
class Altered:
    """What ALTER TABLE does to ``table``: constraints to add, and tables whose rows become its own."""

    table: str
    added: tuple[Tokens, ...] = ()
    attached: str | None = None


def alter(statement: str, schema: str) -> Altered | None:
    tokens = Tokens(statement)
    if not tokens.word("alter", "table"):
        return None
    tokens.word("if", "exists")
    tokens.word("only")
    name = tokens.name()
    if name is None:
        return None
    table = qualified(name, schema)
    if tokens.word("attach", "partition"):
        part = tokens.name()
        return Altered(table, (), None if part is None else qualified(part, schema))
    rest = Tokens.of([("other", "("), *tokens.all[tokens.at :], ("other", ")")])
    added = [Tokens.of(part) for part in rest.group()]
    return Altered(table, tuple(one for one in added if one.word("add")))


def qualified(name: str, schema: str) -> str:
    """With the schema in front that holds where none is given."""
    return f"{schema}.{name}" if schema and "." not in name else name


def affinity(declared: str, sqlite: bool) -> str:
    """The type of a column of SQLite that keeps the values as the database of the dump had them.

    Nothing of what a dump declares is passed on but plain words: the others become one of a few types.
    """
    if sqlite:
        return declared if _PLAIN_TYPE.fullmatch(declared) else _known(declared)
    return _known(declared)


def _known(declared: str) -> str:
    if not declared:
        return ""
    if declared.endswith("[]"):
        return "TEXT"
    if _DATE.match(declared):
        found = _DATE.match(declared)
        return (found[0] if found else declared).upper()
    if re.match(r"(?i)interval|enum|set\b", declared):
        return "TEXT"
    if _REAL.match(declared):
        return "REAL"
    if _WHOLE.match(declared):
        return "INTEGER"
    return "NUMERIC" if _NUMBER.match(declared) else "TEXT"
