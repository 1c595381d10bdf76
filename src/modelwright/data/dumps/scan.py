"""The text of a dump, a buffer of it at a time: statements are told apart, those without rows passed.

Quotes, comments (``--``, ``#`` of MySQL, ``/* */``), dollar quotes of PostgreSQL and the bodies of routines
are known, so that a semicolon in one of them ends nothing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from modelwright.core.errors import BadData

MOST_STATEMENT = 64 * 1024**2
"""Characters that are held at once: of one row of an INSERT, or of a whole statement of another kind."""
_PART = 1 << 20

STANDARD = r"'[^']*+(?:''[^']*+)*+'"
"""A string in which only a quote is doubled (the standard, SQLite, PostgreSQL)."""
ESCAPED = r"'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+'"
"""One in which a backslash takes the next character (MySQL; ``E'...'`` of PostgreSQL)."""


class Text:
    """A window over the text of a dump. ``at`` is the place in ``held`` from which it is read on."""

    def __init__(self, parts: Iterator[bytes], name: str) -> None:
        self._parts = parts
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self.name = name
        self.held = ""
        self.at = 0
        self.ended = False
        self._line = 1
        self._counted = 0
        """Place in ``held`` of which the number of the line is ``_line``."""
        self.more()

    def more(self) -> bool:
        """Take in more text (as much again as is held); False where there is none."""
        if self.ended:
            return False
        self.line()
        left = self.held[self.at :]
        if len(left) > MOST_STATEMENT:
            raise BadData(
                f"{self.name}, line {self._line}: a statement or a row is longer than "
                f"{MOST_STATEMENT // 1024**2} MB",
                code="data.sql",
                hint="is a quote not closed there? Write the dump again, with fewer rows an INSERT",
            )
        pieces, size, wanted = [left], 0, max(_PART, len(left))
        while size < wanted and not self.ended:
            piece = self._next()
            pieces.append(piece)
            size += len(piece)
        self.held, self.at, self._counted = "".join(pieces), 0, 0
        return size > 0

    def _next(self) -> str:
        if not self._rest:
            part = next(self._parts, None)
            self.ended = part is None
            self._rest = self._decoder.decode(part or b"", final=part is None)
        piece, self._rest = self._rest[:_PART], self._rest[_PART:]
        if self._rest:
            self.ended = False
        return piece

    def line(self) -> int:
        """Number (1-based) of the line of the place."""
        if self.at >= self._counted:
            self._line += self.held.count("\n", self._counted, self.at)
        else:
            self._line -= self.held.count("\n", self.at, self._counted)
        self._counted = self.at
        return self._line

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The pattern at the place, with enough text behind it for that what it finds is whole."""
        while True:
            found = pattern.match(self.held, self.at)
            if found is not None and (found.end() < len(self.held) or self.ended):
                return found
            if found is None and (len(self.held) - self.at > 4096 or self.ended):
                return None
            if not self.more():
                return found


_BLANK = re.compile(r"(?:\s++|--[^\n]*+(?:\n|\Z)|#[^\n]*+(?:\n|\Z)|;)++")
_COMMENT = re.compile(r"/\*")
_META = re.compile(r"\\[A-Za-z][^\n]*+(?:\n|\Z)")
_DELIMITER = re.compile(r"(?i)DELIMITER[ \t]+(\S+)[^\n]*(?:\n|\Z)")


def to_statement(text: Text) -> bool:
    """Go to where the next statement begins; False at the end. Comments and commands of psql are passed."""
    while True:
        if (found := text.match(_BLANK)) is not None:
            text.at = found.end()
        elif text.match(_COMMENT) is not None:
            _past(text, "*/", 2)
        elif (found := text.match(_META)) is not None:
            text.at = found.end()
        elif (found := text.match(_DELIMITER)) is not None:
            text.at = found.end()
            if found[1] != ";":  # bodies of routines: nothing of them is looked at
                _past_delimiter(text)
        else:
            return text.at < len(text.held) or text.more()


_BACK = re.compile(r"(?im)^[ \t]*DELIMITER[ \t]+;[^\n]*(?:\n|\Z)")


def _past_delimiter(text: Text) -> None:
    while True:
        found = _BACK.search(text.held, text.at)
        if found is not None and (found.end() < len(text.held) or text.ended):
            text.at = found.end()
            return
        if text.ended:
            text.at = len(text.held)
            return
        text.at = max(text.at, text.held.rfind("\n") + 1)
        text.more()


def _past(text: Text, end: str, skip: int = 0) -> None:
    """Go behind ``end``; to the end of the text where it is not there."""
    start = text.at + skip
    while (found := text.held.find(end, start)) < 0:
        keep = max(start, len(text.held) - len(end) + 1)
        text.at = min(keep, len(text.held))
        if not text.more():
            text.at = len(text.held)
            return
        start = text.at
    text.at = found + len(end)


_SPACES = re.compile(r"\s*+")


def reach(text: Text, mark: str) -> bool:
    """Go past blanks and comments, however long, and behind ``mark``; False where something else stands."""
    while True:
        text.at = text.match(_SPACES).end()  # type: ignore[union-attr]  # it matches nothing, too
        if len(text.held) - text.at < 2 and text.more():
            continue
        if text.held.startswith("--", text.at):
            _past(text, "\n", 2)
        elif text.held.startswith("/*", text.at):
            _past(text, "*/", 2)
        else:
            there = text.held.startswith(mark, text.at)
            text.at += len(mark) if there else 0
            return there


_PIECE = re.compile(
    r"(?P<plain>[^'\"`\[\]()\w;$/\-#\\]++)|(?P<word>[^\W\d]\w*+)|(?P<number>\d\w*+)|(?P<string>')"
    r'|(?P<name>"[^"]*+(?:""[^"]*+)*+"|`[^`]*+(?:``[^`]*+)*+`)'
    r"|(?P<comment>--[^\n]*+(?:\n|\Z)|/\*.*?(?:\*/|\Z))|(?P<dollar>\$(?:[A-Za-z_]\w*)?\$)|(?P<end>;)|(?P<other>.)",
    re.DOTALL,
)
_ROUTINE = re.compile(
    r"(?i)create\s+(?:or\s+replace\s+)?(?:\w+\s*=\s*\S+\s+)?(?:(?:temp|temporary|constraint)\s+)?"
    r"(trigger|function|procedure)\b"
)
_STANDARD, _ESCAPED = re.compile(STANDARD), re.compile(ESCAPED, re.DOTALL)


def _unclosed(text: Text) -> bool:
    """Whether what stands at the place may be the beginning of more than is held."""
    mark = text.held[text.at]
    near = mark in "/-$" and len(text.held) - text.at < 256
    return near or mark in '"`'


def past_statement(text: Text, escaped: bool, keep: bool = False) -> str:
    """Go behind the end of the statement at the place. Its text, where it is to be kept, else nothing.

    ``escaped``: backslashes escape in its strings. Raises :class:`BadData` for one without bounds.
    """
    routine = text.match(_ROUTINE) is not None
    depth = 0
    kept: list[str] = []
    size = 0
    while True:
        found = _PIECE.match(text.held, text.at)
        if found is None:
            if not text.more():
                return "".join(kept)
            continue
        end, kind = found.end(), found.lastgroup
        if kind == "string":
            e = text.at > 0 and text.held[text.at - 1] in "eE"
            whole = (_ESCAPED if escaped or e else _STANDARD).match(text.held, text.at)
            if whole is None or (whole.end() == len(text.held) and not text.ended):
                if text.more():
                    continue
                end = len(text.held)
            else:
                end = whole.end()
        elif kind == "dollar":
            tag = found[0]
            text.at = end
            _past(text, tag)
            kept.append(" '' ")
            continue
        elif not text.ended and (end == len(text.held) or (kind == "other" and _unclosed(text))):
            text.more()
            continue
        elif kind == "word" and routine:
            word = found[0].lower()
            depth += word in ("begin", "case")
            depth -= word == "end" and depth > 0
        if keep and kind != "comment":
            kept.append(text.held[text.at : end])
            size += end - text.at
            if size > MOST_STATEMENT // 8:
                raise BadData(
                    f"{text.name}, line {text.line()}: a statement is longer than "
                    f"{MOST_STATEMENT // 8 // 1024**2} MB",
                    code="data.sql",
                    hint="is a quote not closed there? Write the dump again",
                )
        text.at = end
        if kind == "end" and depth == 0:
            return "".join(kept)
