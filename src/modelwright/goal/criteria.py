"""The grammar of success criteria.

::

    criterion = metric ["(" average ")"] op number [unit] ["for" name] ["by" name]
    op        = ">=" | ">" | "<=" | "<"
    unit      = "ms" | "s" | "m" | "h" | "d" | "B" | "KB" | "MB" | "GB" | "TB" | "%"
    name      = a word | a text in double quotes, with \\" and \\\\ inside

``for`` names a class, ``by`` a column: ``recall >= 80% for ">50K" by sex``. 1 MB is 10^6 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from modelwright.core.errors import BadGoal, Mistake
from modelwright.goal.nearest import did_you_mean, nearest
from modelwright.goal.sections import Criterion, Op
from modelwright.goal.units import BYTES, FRACTION, QUANTITY, SECONDS, near_unit

if TYPE_CHECKING:
    from modelwright.goal.metrics import MetricSpec

GRAMMAR = 'metric[(average)] op number[unit] [for "class"] [by column]'
LONGEST = 500

_OPS: dict[str, Op] = {">=": ">=", ">": ">", "<=": "<=", "<": "<"}
_MEANT = {
    "=>": ">=",
    "=<": "<=",
    "≥": ">=",
    "≤": "<=",
    "≧": ">=",
    "≦": "<=",
    ">==": ">=",
    "<==": "<=",
    ">>": ">",
}
_JOINS = ("and", "or", "&", "&&", "|", "||", ",", ";")
_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([<>=!~≥≤≧≦]+)|([()])|([^\s"()<>=!~≥≤≧≦]+))')


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    raw: str

    @property
    def value(self) -> str:
        return re.sub(r"\\(.)", r"\1", self.raw[1:-1]) if self.kind == "quoted" else self.raw

    @property
    def is_name(self) -> bool:
        return self.kind in ("quoted", "word")


def parse_criterion(text: str) -> Criterion:
    """The criterion that ``text`` writes; :class:`BadGoal` with one mistake where it is not one.

    What the text alone shows is checked: the metric's name, its averages, classes, unit, the range of
    the threshold and the direction of ``op``. ``parse_criterion(c.text) == c`` for every criterion ``c``.

    >>> parse_criterion("recall>=80% by sex").threshold
    0.8
    """
    return _Parser(text).parse()


def quoted(name: str) -> str:
    """``name`` as the grammar writes it: bare where it is one plain word, else in double quotes."""
    match = _TOKEN.fullmatch(name)
    if match and match[4] == name and name not in ("for", "by"):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Parser:
    """Reads one criterion from left to right, keeping each piece as it was spelled."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._split(text)
        self.at = 0

    def fail(self, expected: str, hint: str = "", received: str | None = None) -> BadGoal:
        shown = self.text.strip()
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        return BadGoal(
            [Mistake("success", expected, received or repr(shown), hint=hint)], source="the criterion"
        )

    def _split(self, text: str) -> list[_Token]:
        if len(text) > LONGEST:
            raise self.fail(f"a criterion of at most {LONGEST} characters")
        tokens: list[_Token] = []
        place = 0
        end = len(text.rstrip())
        while place < end:
            match = _TOKEN.match(text, place)
            if match is None:
                raise self.fail("a closing double quote", 'names with spaces are written "like this"')
            kind = ("quoted", "op", "paren", "word")[(match.lastindex or 1) - 1]
            tokens.append(_Token(kind, match[match.lastindex or 0]))
            place = match.end()
        return tokens

    def peek(self) -> _Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def next_is(self, kind: str, raw: str | None = None) -> bool:
        token = self.peek()
        return token is not None and token.kind == kind and raw in (None, token.raw)

    def take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def parse(self) -> Criterion:
        if not self.tokens:
            raise self.fail(f"a criterion: {GRAMMAR}", "such as roc_auc >= 0.9")
        spec = self.metric()
        average = self.average(spec)
        op = self.operator(spec)
        number, unit, threshold = self.threshold(spec, op)
        for_class: _Token | None = None
        by: _Token | None = None
        while (token := self.peek()) is not None:
            if token.kind == "word" and token.raw == "for" and for_class is None:
                for_class = self.name_after("for", "class")
            elif token.kind == "word" and token.raw == "by" and by is None:
                by = self.name_after("by", "column")
            elif token.kind == "word" and token.raw in ("for", "by"):
                raise self.fail(
                    f"one `{token.raw}` in a criterion", "write each criterion as an item of its own"
                )
            elif token.kind == "word" and token.raw in _JOINS:
                raise self.fail("one demand a criterion", "write each criterion as an item of its own")
            else:
                hint = did_you_mean(token.raw, ("for", "by")) or 'names with spaces are written "like this"'
                raise self.fail(f'the end, `for "class"` or `by column`, and not {token.raw}', hint)
        if for_class is not None:
            self.check_class(spec, average)
        if by is not None and spec.needs == "resource":
            raise self.fail(
                f"{spec.name} without `by`: it has one value for the whole model", "leave the `by` out"
            )
        text = spec.name + (f"({average})" if average else "") + f" {op} {number}{unit}"
        text += f" for {for_class.raw}" if for_class else ""
        text += f" by {by.raw}" if by else ""
        return Criterion(
            text,
            spec.name,
            op,
            threshold,
            average,
            for_class.value if for_class else None,
            by.value if by else None,
        )

    def metric(self) -> MetricSpec:
        from modelwright.goal.metrics import METRICS, nearest_metric

        token = self.take()
        if not token.is_name:
            raise self.fail(f"a metric first: {GRAMMAR}")
        if token.value not in METRICS:
            near = nearest_metric(token.value)
            hint = f"did you mean {near!r}?" if near else f"the metrics are {', '.join(METRICS)}"
            raise self.fail(f"a metric, and {token.value} is none", hint)
        return METRICS[token.value]

    def average(self, spec: MetricSpec) -> str | None:
        if not self.next_is("paren"):
            return None
        self.take()
        if self.tokens[self.at - 1].raw == ")" or not (token := self.peek()) or not token.is_name:
            raise self.fail(f"an average in parentheses: {GRAMMAR}")
        word = self.take().value
        if not self.next_is("paren", ")"):
            raise self.fail(f"a closing parenthesis after {word}")
        self.take()
        if not spec.averages:
            raise self.fail(f"{spec.name} without an average: it has none", f"write {spec.name} alone")
        if word not in spec.averages:
            hint = did_you_mean(word, spec.averages)
            raise self.fail(f"one of the averages of {spec.name}: {', '.join(spec.averages)}", hint)
        return word

    def operator(self, spec: MetricSpec) -> Op:
        token = self.peek()
        if token is None or token.kind != "op" or token.raw not in _OPS:
            raw = token.raw if token else ""
            better = ">=" if spec.direction == "higher" else "<="
            if token is not None and token.kind == "word":
                raise self.fail(
                    f"one of >= > <= < after {spec.name}, and not {raw}", f"such as {spec.name} {better} ..."
                )
            meant = _MEANT.get(raw, better)
            raise self.fail(f"one of >= > <= < after {spec.name}", f"did you mean {meant}?")
        op = _OPS[self.take().raw]
        if (op[0] == ">") is not (spec.direction == "higher"):
            other = op.replace(">", "<") if op[0] == ">" else op.replace("<", ">")
            raise self.fail(
                f"{other[0]} or {other[0]}= with {spec.name}, which is better when {spec.direction}",
                f"did you mean {spec.name} {other} ...?",
            )
        return op

    def threshold(self, spec: MetricSpec, op: Op) -> tuple[str, str, float]:
        """The number and the unit as written, and the value in the base unit."""
        token = self.take() if self.next_is("word") else None
        match = QUANTITY.fullmatch(token.raw) if token else None
        if match is None:
            written = f", and not {token.raw}" if token else ""
            comma = token is not None and re.fullmatch(r"\d+(,\d+)+", token.raw, re.ASCII)
            raise self.fail(
                f"a number after {op}{written}", "write numbers with a point and no comma" if comma else ""
            )
        number, unit = match[1], match[2]
        ahead = self.peek()
        if not unit and ahead and ahead.kind == "word" and self._looks_a_unit(ahead):
            unit = self.take().raw
        units = _UNITS.get(spec.unit, _NONE)
        if unit and unit not in units:
            raise self.fail(self._expected_unit(spec, number, unit), self._near_unit(number, unit, spec))
        if not unit and spec.unit in ("time", "bytes") and Decimal(number) != 0:
            example = "20ms" if spec.unit == "time" else "50MB"
            raise self.fail(f"a unit: {', '.join(units)}", f"such as {spec.name} {op} {example}")
        threshold = float(Decimal(number) * (units[unit] if unit else 1))
        self.check_range(spec, op, threshold, number)
        return number, unit, threshold

    @staticmethod
    def _looks_a_unit(token: _Token) -> bool:
        """Any word that is nothing else: right after the number, a unit is what was most likely meant."""
        return token.raw not in _JOINS and nearest(token.raw, ("for", "by")) is None

    @staticmethod
    def _expected_unit(spec: MetricSpec, number: str, unit: str) -> str:
        if _UNITS.get(spec.unit, _NONE):
            return f"a unit of {spec.name}: {', '.join(_UNITS.get(spec.unit, _NONE))}; and not {unit}"
        return f"a plain number for {spec.name}, without {unit}"

    @staticmethod
    def _near_unit(number: str, unit: str, spec: MetricSpec) -> str:
        near = near_unit(unit, tuple(_UNITS.get(spec.unit, _NONE)))
        if near:
            return f"did you mean {number}{near}?"
        return "it is measured in the target's own unit" if spec.unit == "target" else ""

    def check_range(self, spec: MetricSpec, op: Op, threshold: float, number: str) -> None:
        low, high = spec.bounds
        if low is not None and high is not None and not low <= threshold <= high:
            hint = ""
            if spec.unit == "share" and 2 < threshold <= 100 and "%" not in self.text:
                hint = f"did you mean {number}%?"
            raise self.fail(f"a threshold between {low:g} and {high:g} for {spec.name}", hint)
        if low is not None and threshold < low:
            raise self.fail(f"a threshold of at least {low:g} for {spec.name}")
        best = high if spec.direction == "higher" else low
        if best is not None and threshold == best and op in ("<", ">"):
            raise self.fail(
                f"a threshold that can be met: no {spec.name} is {op} {best:g}",
                "" if spec.needs == "resource" else f"{op}= {best:g} asks for perfection",
            )
        if best is not None and threshold == best and spec.needs == "resource":
            raise self.fail(f"a threshold that can be met: no model has {spec.name} {op} {number}")

    def name_after(self, word: str, what: str) -> _Token:
        self.take()
        token = self.peek()
        if token is None or not token.is_name or (token.kind == "word" and token.raw in ("for", "by")):
            raise self.fail(f"a {what} after `{word}`", f'quote it where it has spaces: {word} "..."')
        if not token.value:
            raise self.fail(f"the name of a {what} after `{word}`, and not an empty one")
        return self.take()

    def check_class(self, spec: MetricSpec, average: str | None) -> None:
        if not spec.takes_class:
            raise self.fail(
                f"{spec.name} without `for`: it has no value for a single class", "leave the `for` out"
            )
        if average:
            raise self.fail("an average or a class, and not both", f"leave out ({average}) or the `for`")


_UNITS: dict[str, Mapping[str, Decimal]] = {"share": FRACTION, "time": SECONDS, "bytes": BYTES}
_NONE: Mapping[str, Decimal] = {}
