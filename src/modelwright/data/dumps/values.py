"""The rows of INSERT and COPY: literals to values. What is no literal is never evaluated, and said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from modelwright.data.dumps.scan import ESCAPED, STANDARD, Text, reach
from modelwright.data.read.limits import LARGEST_CELL, too_large

Value = Any
"""None, int, float, str or bytes."""


class NoLiteral(ValueError):
    """A value that is none: its text, shortened."""


class Short(Exception):
    """The text that is held ends within a row."""


@dataclass(frozen=True, slots=True)
class Broken:
    line: int
    reason: str
    text: str


def _fast(string: str) -> re.Pattern[str]:
    return re.compile(
        rf"\s*+(?:(?P<n>[+-]?\d++(?:\.\d*+)?(?:[eE][+-]?\d++)?)|(?P<s>{string})|(?P<z>NULL|null))\s*+(?P<end>[,)])",
        re.DOTALL,
    )


_NEXT = re.compile(r"\s*+,\s*+\(")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a", "f": "\f", "v": "\v"}
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_POSTGRES_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|([0-7]{1,3})|(.))|''", re.DOTALL)
_WIDEST = 400
"""Characters of what is no literal that are shown."""


def plain(text: str) -> str:
    """The text of a standard string with its quotes."""
    return text[1:-1].replace("''", "'")


def escaped(text: str) -> str:
    """The text of a string of MySQL with its quotes."""
    inner = text[1:-1]
    if "\\" not in inner and "'" not in inner:
        return inner
    return _ESCAPE.sub(lambda found: "'" if found[1] is None else _kept(found[1]), inner)


def _kept(mark: str) -> str:
    return "\\" + mark if mark in "%_" else _ESCAPES.get(mark, mark)


def _postgres(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1] or found[2]:
            return chr(int(found[1] or found[2], 16))
        if found[3]:
            return chr(int(found[3], 8) % 256)
        return "'" if found[4] is None else _ESCAPES.get(found[4], found[4])

    return _POSTGRES_ESCAPE.sub(one, text[1:-1])


def number(text: str) -> int | float:
    """As SQLite and PostgreSQL take it: whole numbers beyond 64 bits are approximate."""
    if text.lstrip("+-").isdigit():
        made = int(text) if len(text) < 25 else float(text)
        return made if -(2**63) <= made < 2**63 else float(made)
    return float(text)


def rows(text: Text, backslashes: bool) -> Iterator[tuple[list[Value], int] | Broken]:
    """The rows behind VALUES, each with its line; ``text.at`` ends behind the last of them."""
    fast = _FAST[backslashes]
    read = escaped if backslashes else plain
    if not reach(text, "("):
        return
    while True:
        while True:
            try:
                yield _row(text, fast, read, backslashes)
                break
            except Short:
                text.more()
        if (found := _NEXT.match(text.held, text.at)) is not None:
            text.at = found.end()
        elif not (reach(text, ",") and reach(text, "(")):
            return


def _row(
    text: Text, fast: re.Pattern[str], read: Callable[[str], str], backslashes: bool
) -> tuple[list[Value], int] | Broken:
    """One row from behind its parenthesis on. Raises :class:`Short` where more text is needed."""
    values: list[Value] = []
    held, at = text.held, text.at
    broken = ""
    while True:
        found = fast.match(held, at)
        if found is not None:
            kind = found.lastgroup and (found["s"], found["n"])
            if kind and kind[0] is not None:
                values.append(read(kind[0]))
            elif kind and kind[1] is not None:
                values.append(number(kind[1]))
            else:
                values.append(None)
            end, at = found["end"], found.end()
        else:
            tokens, end, at = _expression(text, at, backslashes)
            try:
                values.append(_Evaluated(tokens, backslashes).value())
            except NoLiteral as error:
                broken = broken or str(error)
                values.append(None)
        if end == ")":
            break
    if at - text.at > LARGEST_CELL:
        for value in values:
            if isinstance(value, (str, bytes)) and len(value) > LARGEST_CELL:
                raise too_large(text.name, f"line {text.line()}")
    line, shown = text.line() if broken else 0, held[text.at : min(at, text.at + _WIDEST)] if broken else ""
    text.at = at
    return Broken(line, broken, "(" + shown) if broken else (values, 0)


_FAST = {False: _fast(STANDARD), True: _fast(ESCAPED)}
_TOKEN = re.compile(
    r"\s++|(?P<comment>--[^\n]*+(?:\n|\Z)|/\*.*?\*/)|(?P<number>(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?(?!\w)|0x[0-9A-Fa-f]++)"
    r"|(?P<word>[^\W\d]\w*+)|(?P<name>\"[^\"]*+\")|(?P<cast>::)|(?P<open>'|\"|/\*)|(?P<mark>.)",
    re.DOTALL,
)
_STRINGS = {False: re.compile(STANDARD), True: re.compile(ESCAPED, re.DOTALL)}


def _expression(text: Text, at: int, backslashes: bool) -> tuple[list[tuple[str, str]], str, int]:
    """The tokens of one value, what ends it (a comma or the parenthesis), and the place behind that."""
    held, made, depth = text.held, list[tuple[str, str]](), 0
    while True:
        found = _TOKEN.match(held, at)
        if found is None or (found.end() == len(held) and not text.ended):
            if text.ended:
                return [*made, ("mark", "?")], ")", len(held)
            raise Short
        kind, piece, at = found.lastgroup, found[0], found.end()
        if kind == "open":
            before = made[-1] if made else ("", "")
            e = before[0] == "word" and before[1].lower() == "e"
            string = _STRINGS[backslashes or e].match(held, at - 1) if piece == "'" else None
            if string is None or (string.end() == len(held) and not text.ended):
                if text.ended:
                    return [*made, ("mark", "?")], ")", len(held)
                raise Short
            kind, piece, at = "string", string[0], string.end()
        elif kind == "mark":
            if depth == 0 and piece in ",)":
                return made, piece, at
            if depth == 0 and piece == ";":
                return [*made, ("mark", "?")], ")", at - 1
            depth += (piece in "([") - (piece in ")]")
        if kind is not None and kind != "comment":
            made.append((kind, piece))


class _Evaluated:
    """One value out of its tokens: literals, casts of them, and what the dump programs wrap them in."""

    def __init__(self, tokens: list[tuple[str, str]], backslashes: bool) -> None:
        self._tokens = tokens
        self._backslashes = backslashes
        self._at = 0

    def value(self) -> Value:
        try:
            made = self._one(0)
        except NoLiteral:
            raise
        except ValueError:  # digits that are none, a character beyond the last
            raise self._no() from None
        if self._at != len(self._tokens):
            raise self._no()
        return made

    def _no(self) -> NoLiteral:
        shown = " ".join(piece for _, piece in self._tokens)[:80]
        return NoLiteral(f"a value that is not written out: {shown}")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise self._no()
        self._at += 1
        return self._tokens[self._at - 1]

    def _mark(self, mark: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("mark", mark):
            self._at += 1
            return True
        return False

    def _one(self, depth: int) -> Value:
        if depth > 20:
            raise self._no()
        kind, piece = self._next()
        made: Value
        if kind == "string":
            made = escaped(piece) if self._backslashes else plain(piece)
        elif kind == "number":
            made = bytes.fromhex(_even(piece[2:])) if piece[:2] == "0x" else number(piece)
        elif kind == "mark" and piece in "+-":
            made = self._one(depth + 1)
            if not isinstance(made, (int, float)):
                raise self._no()
            made = -made if piece == "-" else made
        elif kind == "mark" and piece == "(":
            made = self._one(depth + 1)
            if not self._mark(")"):
                raise self._no()
        elif kind == "word":
            made = self._word(piece.lower(), depth)
        else:
            raise self._no()
        return self._cast(made)

    def _cast(self, made: Value) -> Value:
        while self._at < len(self._tokens) and self._tokens[self._at][0] == "cast":
            self._at += 1
            self._type({",", ")"})
        return made

    def _type(self, ends: set[str]) -> None:
        """Past the name of a type."""
        depth = 0
        while self._at < len(self._tokens):
            kind, piece = self._tokens[self._at]
            if kind == "cast" or (kind == "mark" and depth == 0 and piece in ends):
                return
            if kind == "mark" and piece not in "()[],.":
                raise self._no()
            depth += (piece == "(") - (piece == ")") if kind == "mark" else 0
            self._at += 1

    def _word(self, word: str, depth: int) -> Value:
        if word in ("null", "default"):
            return None
        if word in ("true", "false"):
            return word
        following = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if following[0] == "string":
            self._at += 1
            text = following[1]
            if word == "x":
                return bytes.fromhex(_even(plain(text)))
            if word == "b":
                return _bits(plain(text))
            if word == "e":
                return _postgres(text)
            if word == "n" or word[0] == "_":
                return escaped(text) if self._backslashes else plain(text)
            if word in ("date", "timestamp", "time"):
                return plain(text)
        elif word[0] == "_" and following[0] in ("word", "number"):
            return self._one(depth + 1)
        elif following == ("mark", "(") and word in ("replace", "char", "unistr", "cast", "convert"):
            self._at += 1
            return self._call(word, depth)
        raise self._no()

    def _call(self, word: str, depth: int) -> Value:
        first = self._one(depth + 1)
        if word == "cast":
            if self._next()[1].lower() != "as":
                raise self._no()
            self._type({")"})
        elif word == "convert":
            self._next()
            self._type({")"})
        given = [first]
        while self._mark(","):
            given.append(self._one(depth + 1))
        if not self._mark(")"):
            raise self._no()
        if word == "replace" and len(given) == 3 and all(isinstance(v, str) for v in given):
            return str(given[0]).replace(given[1], given[2]) if given[1] else given[0]
        if word == "char" and all(isinstance(v, int) and 0 <= v < 0x110000 for v in given):
            return "".join(chr(v) for v in given if isinstance(v, int))
        if word == "unistr" and isinstance(first, str):
            return re.sub(
                r"\\(?:u([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6})|(\\))",
                lambda found: "\\" if found[3] else chr(int(found[1] or found[2], 16)),
                first,
            )
        if word in ("cast", "convert"):
            return first.decode("utf-8", errors="replace") if isinstance(first, bytes) else first
        raise self._no()


def _bits(digits: str) -> int | str:
    """The number of a bit string; what does not fit into 64 bits stays as it is written."""
    made = int(digits or "0", 2)
    return made if made < 2**63 else digits


def _even(digits: str) -> str:
    return "0" + digits if len(digits) % 2 else digits


def settles(declared: str, dialect: str) -> Callable[[Value], Value] | None:
    """What makes values of a column of this type what the database itself would give; None where they are."""
    lower = declared.lower()
    if lower.startswith("bool"):
        return lambda value: _BOOLEANS.get(value, value)
    if dialect != "postgresql":
        return None
    if lower.startswith(("numeric", "real", "double", "float")):
        return lambda value: None if value in _NO_NUMBERS else value
    if lower.startswith("timestamp") and "with time zone" in lower:
        return lambda value: value + ":00" if isinstance(value, str) and _HOURS.search(value) else value
    if lower == "bytea":
        return lambda value: _bytes(value) if isinstance(value, str) else value
    return None


_BOOLEANS = {"t": "true", "f": "false"}
_NO_NUMBERS = frozenset(("NaN", "Infinity", "-Infinity"))
_HOURS = re.compile(r":\d\d(?:\.\d+)?[+-]\d\d\Z")


def _bytes(value: str) -> Value:
    try:
        return bytes.fromhex(value[2:]) if value.startswith("\\x") else value
    except ValueError:
        return value


_COPY_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)


def copied(text: Text, width: int) -> Iterator[tuple[list[Value], int] | Broken]:
    """The rows of COPY (its text format) up to the line that ends them; ``text.at`` is behind it."""
    line = text.line()
    while True:
        end = text.held.rfind("\n", text.at)
        block = text.held[text.at : end + 1] if end >= text.at else ""
        stop = 0 if block.startswith("\\.") else block.find("\n\\.") + 1
        over = block.startswith("\\.") or stop > 0
        lines = (block[:stop] if over else block).split("\n")
        lines.pop()
        for one in lines:
            cells = one.removesuffix("\r").split("\t")
            if len(cells) != width:
                yield Broken(line, f"{len(cells)} values where {width} are expected", one[:_WIDEST])
            else:
                if len(one) > LARGEST_CELL and max(map(len, cells)) > LARGEST_CELL:
                    raise too_large(text.name, f"line {line}")
                values: list[Value] = [None if cell == "\\N" else cell for cell in cells]
                if "\\" in one:
                    values = [_uncopied(v) if isinstance(v, str) and "\\" in v else v for v in values]
                yield values, line
            line += 1
        if over:
            after = block.find("\n", stop)
            text.at += after + 1
            return
        text.at += len(block)
        if not text.more():
            rest = text.held[text.at :]
            text.at = len(text.held)
            if rest.strip() not in ("", "\\."):
                yield Broken(line, "the dump ends within this row", rest[:_WIDEST])
            return


def _uncopied(cell: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        if found[2]:
            return chr(int(found[2], 8) % 256)
        mark = found[3]
        return mark if mark in "Z0" else _ESCAPES.get(mark, mark)

    return _COPY_ESCAPE.sub(one, cell)
