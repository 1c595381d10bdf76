"""From checked rows to answers and to the entries of the log: compiled once for each version.

One row is the case that must be quick: its answer is put together from texts that were made when the version
was loaded. The figures of an answer are those of the model: probabilities and values are written with all
their digits.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelwright.core.errors import BadBundle
from modelwright.live.entries import Prediction, Role
from modelwright.live.serve.validate import Checks, Warned
from modelwright.runtime.model import Arrays, Model

REFER: Final = "refer to a person"
INLINE: Final = 2000
"""Microseconds that one row may take and still be answered on the event loop."""
_WARM: Final = 5
_dumps = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


class Unanswerable(Exception):
    """The model's answer is not a finite number: the values lie beyond what it can reckon with."""

    def __init__(self, row: int | None) -> None:
        super().__init__("no finite answer")
        self.row = row


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a request whose rows are answered."""

    request: str
    """Its id; that of the prediction, where it asks for one row."""
    at: int
    """Microseconds since 1970, UTC."""
    began: int
    """``time.perf_counter_ns``."""
    role: Role
    key: str
    treat: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """What is logged of a row; None: all of it."""


class Prepared:
    """One version, ready to answer. Changes nothing of itself but its memory of texts."""

    def __init__(self, name: str, version: str, model: Model) -> None:
        self.name = name
        self.version = version
        self.model = model
        self.checks = Checks(model)
        self.classes = model.classes
        below = model.metadata.get("abstain_below")
        self.abstain_below = float(below) if below is not None and self.classes else 0.0
        self._said = [_dumps(name) for name in self.classes]
        pairs = ",".join(f"{said.replace('%', '%%')}:%r" for said in self._said)
        self._probabilities = f',"probabilities":{{{pairs}}}'
        self._tail = f',"version":{_dumps(version)},"model":{_dumps(name)}'
        self._refer = f',"abstained":true,"message":{_dumps(REFER)}'
        self.micros = self._warm()
        """What one row takes, by the clock."""

    @property
    def inline(self) -> bool:
        """Whether a single row is answered on the event loop."""
        # A small text may hold a picture of millions of pixels: nobody waits for another's to be decoded.
        return self.micros <= INLINE and not any(c.kind in ("image", "audio") for c in self.checks.media)

    def one(self, row: dict[str, Any], asked: Asked) -> tuple[str, Prediction, list[Warned], int]:
        """The answer to one row (JSON), its entry, warnings, and the place of its class (0 for regression).

        Raises :class:`Invalid` and :class:`Unanswerable`.
        """
        feeds, warned, kept = self.checks.one(row)
        made = self.model.predict_typed(feeds)
        body, entry, label = self._answer(made, 0, asked, asked.request, kept, warned, None)
        return f"{body}{self._tail}}}", entry, warned, label

    def many(
        self, rows: list[Any], asked: Asked, ids: Sequence[str]
    ) -> tuple[str, list[Prediction], list[list[Warned]], list[int]]:
        """As :meth:`one`, for n rows with an id each."""
        feeds, warnings, kept = self.checks.many(rows)
        made = self.model.predict_typed(feeds)
        bodies, entries, labels = [], [], []
        for place, (ident, warned) in enumerate(zip(ids, warnings, strict=True)):
            body, entry, label = self._answer(made, place, asked, ident, kept[place], warned, place)
            bodies.append(body + "}")
            entries.append(entry)
            labels.append(label)
        return f'{{"predictions":[{",".join(bodies)}]{self._tail}}}', entries, warnings, labels

    def _answer(
        self, made: Arrays, place: int, asked: Asked, ident: str, kept: dict[str, Any], warned: list[Warned],
        row: int | None,
    ) -> tuple[str, Prediction, int]:  # fmt: skip
        """The answer without its closing brace, its entry, and the place of its class."""
        if asked.treat is not None:
            kept = asked.treat(kept)
        said = f"[{','.join(_dumps(w.to_json()) for w in warned)}]" if warned else "[]"
        codes = tuple([w.code for w in warned]) if warned else ()
        if self.classes:
            chances = made["probabilities"][place].tolist()
            total = sum(chances)
            if total - total != 0.0:
                raise Unanswerable(row)
            label = int(made["label"][place])
            abstained = max(chances) < self.abstain_below
            more = self._probabilities % tuple(chances)
            if "set" in made:
                inside = [
                    name for name, held in zip(self._said, made["set"][place].tolist(), strict=True) if held
                ]
                more += f',"set":[{",".join(inside)}]'
            if abstained:
                more += self._refer
            answer = "null" if abstained else self._said[label]
            body = f'{{"id":"{ident}","prediction":{answer}{more},"warnings":{said}'
            micros = (time.perf_counter_ns() - asked.began) // 1000
            return body, Prediction(
                ident, asked.at, self.version, asked.role, kept, self.classes[label], tuple(chances),
                None, None, abstained, codes, micros, asked.key, asked.request,
            ), label  # fmt: skip
        value = float(made["prediction"][place])
        low = high = None
        more = ""
        if "low" in made:
            low, high = float(made["low"][place]), float(made["high"][place])
            more = f',"low":{low!r},"high":{high!r}'
        if not math.isfinite(value) or not math.isfinite((low or 0.0) + (high or 0.0)):
            raise Unanswerable(row)
        body = f'{{"id":"{ident}","prediction":{value!r}{more},"warnings":{said}'
        micros = (time.perf_counter_ns() - asked.began) // 1000
        return body, Prediction(
            ident, asked.at, self.version, asked.role, kept, value, None, low, high,
            False, codes, micros, asked.key, asked.request,
        ), 0  # fmt: skip

    def label(self, place: int) -> str:
        """What is counted for a predicted class."""
        return self.classes[place] if self.classes else "value"

    def example(self) -> dict[str, Any]:
        """A row as a client would send it, from the signature."""
        return {column.name: column.example for column in self.model.signature.inputs}

    def _warm(self) -> int:
        row = self.example()
        best = 2**62
        for _ in range(_WARM):
            began = time.perf_counter_ns()
            try:
                self.one(row, Asked("0" * 32, 0, began, "champion", ""))
            except Exception as error:
                raise BadBundle(
                    f"{self.version} of {self.name!r} fails on its own example: {type(error).__name__}",
                    code="live.example",
                    hint="take the bundle from its release again",
                ) from error
            best = min(best, time.perf_counter_ns() - began)
        return best // 1000


def new_id() -> str:
    """32 hexadecimal digits: 48 bits of milliseconds since 1970, so that ids sort by time, and 80 random
    ones, so that nobody guesses another's."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def new_ids(n: int) -> list[str]:
    """As :func:`new_id`, n different ones."""
    begin, some = f"{time.time_ns() // 1_000_000:012x}", os.urandom(10 * n).hex()
    return [begin + some[20 * i : 20 * i + 20] for i in range(n)]
