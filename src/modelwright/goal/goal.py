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

    Takes the keys of a goal file; ``data.source`` may also be a polars, pandas or Arrow table, a NumPy array,
    or a mapping from names to columns. Relative paths start from the current folder. Raises
    :class:`~modelwright.core.errors.BadGoal` with every mistake.

    >>> goal = Goal(data={"source": "adult.csv", "target": "income"}, budget="60s")
    >>> goal.sections.budget.seconds
    60.0
    """

    __slots__ = ("_base", "_frame", "_parsed", "_path")

    _parsed: Parsed
    _base: Path
    _path: Path | None
    _frame: object | None

    def __init__(self, *, data: Mapping[str, Any] | None = None, **keys: Any) -> None:
        from modelwright.goal.keys import FRAME

        own: object = dict(data) if isinstance(data, Mapping) else data
        frame: object | None = None
        if isinstance(own, dict):
            for key in ("source", "test"):
                if isinstance(own.get(key), Path):
                    own[key] = str(own[key])
            if _is_frame(own.get("source")):
                frame = own["source"]
                own["source"] = FRAME
        given = {
            **({} if own is None else {"data": own}),
            **{key: value for key, value in keys.items() if value is not None},
        }
        self._fill(parse(given, base=Path(), frames=frame is not None), Path(), None, frame)

    def _fill(self, parsed: Parsed, base: Path, path: Path | None, frame: object | None) -> None:
        for name, value in (("_parsed", parsed), ("_base", base), ("_path", path), ("_frame", frame)):
            object.__setattr__(self, name, value)

    @classmethod
    def _made(cls, parsed: Parsed, base: Path, path: Path | None, frame: object | None) -> Goal:
        goal = cls.__new__(cls)
        goal._fill(parsed, base, path, frame)
        return goal

    @classmethod
    def load(cls, path: str | Path) -> Goal:
        """The goal in a file. Raises ``BadGoal``, or ``BadInput`` where the file cannot be read."""
        return cls._made(load(path), Path(path).parent, Path(path), None)

    @classmethod
    def restore(
        cls, text: str, *, base: Path, name: str, frames: bool = False, frame: object | None = None
    ) -> Goal:
        """A goal kept as text, such as a run's ``goal.yaml``; paths start from ``base``, as they first did.

        ``name`` is its name where the text gives none; ``frames`` says that its rows were given from Python.
        """
        parsed = parse(text, base=base, name=name, frames=frames or frame is not None)
        return cls._made(parsed, base, None, frame)

    def with_budget(self, seconds: float) -> Goal:
        """The same goal with a command's limit on time: text and digest stay the goal's own."""
        import dataclasses

        budget = dataclasses.replace(self.sections.budget, seconds=seconds)
        sections = dataclasses.replace(self.sections, budget=budget)
        parsed = dataclasses.replace(self._parsed, sections=sections)
        return self._made(parsed, self._base, self._path, self._frame)

    def with_engine(self, engine: str) -> Goal:
        """The same goal with its fits made elsewhere; what it asks for, and so its digest, stays. Raises
        ``BadInput`` for what is no engine."""
        import dataclasses

        from pydantic_core import PydanticCustomError

        from modelwright.goal.constraints import engine as allowed

        try:
            engine = allowed().check(engine)
        except PydanticCustomError as error:
            from modelwright.core.errors import BadInput

            told = error.context or {}
            raise BadInput(
                f"--engine {engine}: expected {told['expected']}", code="engine.unreadable", hint=told["hint"]
            ) from None
        parsed = dataclasses.replace(self._parsed, sections=dataclasses.replace(self.sections, engine=engine))
        return self._made(parsed, self._base, self._path, self._frame)

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
    def base(self) -> Path:
        """The folder that relative paths start from; absolute, as runs are resumed from elsewhere."""
        return self._base.resolve()

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
        return self._frame is other._frame and self._parsed.sections == other._parsed.sections

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
