"""Every error that modelwright raises on purpose, in one tree.

::

    ModelwrightError             code, message, hint, exit code
    ├── BadInput                 2: something the user gave is wrong and can be mended
    │   ├── BadGoal              the goal file (carries every mistake, with its line)
    │   ├── BadData              a source, a table, a column, a row
    │   └── BadBundle            a bundle that is damaged, changed, or from the future
    ├── NotFinished              3: the run ended without a release
    ├── Stopped                  4: a signal, memory, disk; resumable
    └── Unsupported              2: a thing the product plainly does not do yet

Whatever is not in this tree and reaches the command line is a defect: exit code 1, a log, no traceback
on the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelwright.core.secrets import masked


class ModelwrightError(Exception):
    """An error made for a person: what is wrong, where, and how to mend it.

    ``code`` is stable (scripts and tests may rely on it), ``hint`` is the remedy, in one sentence.
    """

    exit_code = 1

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message


class BadInput(ModelwrightError):
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a goal file: its place, what was expected, what was received, the remedy."""

    where: str
    """The dotted key, such as ``data.target`` or ``success[1]``."""
    expected: str
    received: str
    line: int | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}, {self.where}" if self.line else self.where
        text = f"{place}: expected {self.expected}; received {self.received}"
        return masked(f"{text} ({self.hint})" if self.hint else text)


class BadGoal(BadInput):
    """A goal with one or more mistakes, all reported together."""

    def __init__(self, mistakes: Sequence[Mistake], *, source: str = "the goal", hint: str = "") -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        head = f"{source} has {count} mistake{'s' if count != 1 else ''}:"
        super().__init__(
            "\n".join([head, *(f"  {m}" for m in self.mistakes)]), code="goal.invalid", hint=hint
        )


class BadData(BadInput):
    pass


class BadBundle(BadInput):
    pass


class Unsupported(BadInput):
    pass


class NotFinished(ModelwrightError):
    exit_code = 3


class Stopped(ModelwrightError):
    exit_code = 4
