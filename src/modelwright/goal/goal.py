"""``Goal``: the problem statement as a frozen object, from a file or from Python."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from modelwright.goal.parse import Parsed, load, parse
from modelwright.goal.sections import Sections


class Goal:
    """What to predict, from which data, how good it must be, within which limits.

    Takes the keys of a goal file; ``data.source`` (and ``data.test``) may also be a polars, pandas or Arrow
    table, a NumPy structured array, or a mapping from names to columns. Relative paths start from the current
    folder. Raises :class:`~modelwright.core.errors.BadGoal` with every mistake.

    >>> goal = Goal(data={"source": "adult.csv", "target": "income"}, budget="60s")
    >>> goal.sections.budget.seconds
    60.0
    """

    __slots__ = ("_frame", "_parsed", "_path", "_test_frame")

    _parsed: Parsed
    _path: Path | None
    _frame: object | None
    _test_frame: object | None

    def __init__(self, *, data: Mapping[str, Any] | None = None, **keys: Any) -> None:
        from modelwright.goal.keys import FRAME

        own: object = dict(data) if isinstance(data, Mapping) else data
        frames: dict[str, object] = {}
        if isinstance(own, dict):
            for key in ("source", "test"):
                value = own.get(key)
                if isinstance(value, Path):
                    own[key] = str(value)
                elif _is_frame(value):
                    frames[key] = value
                    own[key] = FRAME
        given = {
            **({} if own is None else {"data": own}),
            **{key: value for key, value in keys.items() if value is not None},
        }
        parsed = parse(given, base=Path(), frames=bool(frames))
        self._fill(parsed, None, frames.get("source"), frames.get("test"))

    def _fill(self, parsed: Parsed, path: Path | None, frame: object | None, test: object | None) -> None:
        for name, value in (("_parsed", parsed), ("_path", path), ("_frame", frame), ("_test_frame", test)):
            object.__setattr__(self, name, value)

    @classmethod
    def load(cls, path: str | Path) -> Goal:
        """The goal in a file. Raises ``BadGoal``, or ``BadInput`` where the file cannot be read."""
        goal = cls.__new__(cls)
        goal._fill(load(path), Path(path), None, None)
        return goal

    @classmethod
    def restore(cls, text: str, *, base: Path, name: str, frames: bool) -> Goal:
        """The goal of a run that is resumed: the text that the run kept, its paths starting from ``base``.

        ``frames`` says that its rows had come from Python; the run has kept them.
        """
        goal = cls.__new__(cls)
        goal._fill(parse(text, base=base, name=name, frames=frames), None, None, None)
        return goal

    def with_budget(self, seconds: float) -> Goal:
        """The same goal with another limit on time."""
        import dataclasses

        budget = dataclasses.replace(self.sections.budget, seconds=seconds)
        sections = dataclasses.replace(self.sections, budget=budget)
        goal = type(self).__new__(type(self))
        parsed = dataclasses.replace(self._parsed, sections=sections)
        goal._fill(parsed, self._path, self._frame, self._test_frame)
        return goal

    @property
    def base(self) -> Path:
        """The folder that relative paths start from."""
        return (self._path.parent if self._path is not None else Path()).resolve()

    @property
    def sections(self) -> Sections:
        """The goal as the frozen records that stages take."""
        return self._parsed.sections

    @property
    def given(self) -> dict[str, Any]:
        """The keys as given, in plain Python (a copy)."""
        return copy.deepcopy(self._parsed.given)

    @property
    def path(self) -> Path | None:
        """The goal file, where there is one."""
        return self._path

    @property
    def frame(self) -> object | None:
        """The rows, where they were given from Python as ``data.source``."""
        return self._frame

    @property
    def test_frame(self) -> object | None:
        """The rows for the test, where they were given from Python as ``data.test``."""
        return self._test_frame

    @property
    def name(self) -> str:
        return self._parsed.sections.problem.name

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of what the goal says.

        Spelling does not count (``60s`` is ``1m``), nor the place of the goal file: paths enter as given.
        """
        import hashlib
        import json

        content = {"settled": self._parsed.settled, "name": self.name}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def to_yaml(self) -> str:
        """The goal as a file: the very text it was loaded from, or its keys written as YAML."""
        if self._parsed.text is not None:
            return self._parsed.text
        from modelwright.goal.yaml import write

        return write(self._parsed.given)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a goal is frozen: make another Goal to change {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a goal is frozen: {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Goal):
            return NotImplemented
        same_rows = self._frame is other._frame and self._test_frame is other._test_frame
        return same_rows and self._parsed.sections == other._parsed.sections

    def __hash__(self) -> int:
        return hash(self._parsed.sections)

    def __repr__(self) -> str:
        wanted = (
            ", ".join(one.text for one in self.sections.success.criteria) or "better than the best baseline"
        )
        return f"Goal({self.name!r}, target={self.sections.problem.target!r}, success=[{wanted}])"


def _is_frame(value: object) -> bool:
    """Whether ``value`` is rows rather than a place: anything with columns or a shape."""
    if value is None or isinstance(value, str | bytes | int | float | bool | list | tuple):
        return False
    return (
        isinstance(value, Mapping)
        or hasattr(value, "columns")
        or hasattr(value, "shape")
        or hasattr(value, "schema")
    )
