"""Parses a goal once, into frozen sections. Every mistake is reported together, with its line."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.core.errors import BadGoal, BadInput, Mistake
from modelwright.goal.sections import Criterion, Sections
from modelwright.goal.yaml import Document, dotted, read
from modelwright.goal.yaml import Path as Place

if TYPE_CHECKING:
    from modelwright.goal.keys import GoalKeys


@dataclass(frozen=True, slots=True)
class Parsed:
    """A goal without mistakes."""

    sections: Sections
    given: dict[str, Any]
    """The keys as given, in plain Python; lists and mappings of its own."""
    settled: dict[str, Any]
    """The same with units worked out and only what was given: the content that a digest is taken of."""
    text: str | None = None
    """The file as it was written."""


def load(path: str | Path) -> Parsed:
    """The goal in the file at ``path`` (UTF-8). Raises :class:`BadGoal`, or ``BadInput`` for no file."""
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        hint = "`modelwright new NAME --data PATH` writes one"
        raise BadInput(f"there is no goal file {path}", code="goal.missing", hint=hint) from None
    except IsADirectoryError:
        inside = path / "goal.yaml"
        hint = f"give the file: {inside}" if inside.is_file() else "give the goal file inside it"
        raise BadInput(f"{path} is a folder, not a goal file", code="goal.folder", hint=hint) from None
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path} is not a text file in UTF-8 (byte {error.start} is not text)",
            code="goal.not-text",
            hint="a goal file is YAML; the data is named in it by data.source",
        ) from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", code="goal.unreadable") from None
    return parse(text, base=path.parent, source=path.name, name=path.stem)


def parse(
    goal: str | Mapping[str, Any],
    *,
    base: Path,
    source: str = "the goal",
    name: str | None = None,
    frames: bool = False,
) -> Parsed:
    """The goal in ``goal``: the text of a file, or the same keys from Python.

    ``base`` is the folder that relative paths start from, ``source`` names the goal in messages, ``name`` is
    the goal's name where it gives none, ``frames`` says that rows were given from Python. Raises
    :class:`BadGoal` with every mistake.
    """
    document = read(goal) if isinstance(goal, str) else Document(data=_plain(goal))
    mistakes = list(document.mistakes)
    data = copy.deepcopy(document.data)
    positive = document.raw.get(("data", "positive"))
    if positive is not None:
        data["data"]["positive"] = positive
    if mistakes and (document.stopped or not data):
        raise BadGoal(mistakes, source=source)
    keys = _checked(data, document, mistakes)
    criteria: list[tuple[int, Criterion]] = []
    if keys is not None:
        criteria = _criteria(keys, document, mistakes)
        _agree(keys, criteria, data, document, mistakes, frames)
    if mistakes or keys is None:
        raise BadGoal(sorted(mistakes, key=lambda one: one.line or 0), source=source)
    from modelwright.goal.build import sections

    settled = keys.model_dump(mode="python", exclude_none=True)
    settled["success"] = [one.text for _, one in criteria]
    return Parsed(
        sections(keys, [one for _, one in criteria], base, name),
        data,
        settled,
        goal if isinstance(goal, str) else None,
    )


def _plain(value: Any) -> Any:
    """A copy in dicts, lists and scalars; tuples become lists, as in YAML."""
    if isinstance(value, Mapping):
        return {
            str(key) if not isinstance(key, bool) else str(key).lower(): _plain(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _checked(data: dict[str, Any], document: Document, mistakes: list[Mistake]) -> GoalKeys | None:
    """The keys of ``data``. What is wrong is noted and taken out, so that the rest can be checked too."""
    from pydantic import ValidationError

    from modelwright.goal.keys import GoalKeys

    rest = copy.deepcopy(data)
    for _ in range(8):
        try:
            return GoalKeys.model_validate(rest)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                place: Place = one["loc"]
                if _mend(rest, place):
                    mistake = _mistake(one, data, document)
                    if all(mistake.where != known.where for known in document.mistakes):
                        mistakes.append(mistake)
    return None


def _mend(rest: dict[str, Any], place: Place) -> bool:
    """Take what is wrong at ``place`` out of ``rest``, or put in what is missing; false if it is gone."""
    from modelwright.goal.keys import UNKNOWN

    at: Any = rest
    for depth, part in enumerate(place[:-1]):
        below = at.get(part) if isinstance(at, dict) else None
        if not isinstance(below, dict):
            place = place[: depth + 1]
            break
        at = below
    last = place[-1]
    if place == ("data",):
        at[last] = {"source": UNKNOWN}
        return True
    if place == ("data", "source"):
        at[last] = UNKNOWN
        return True
    if not isinstance(at, dict) or last not in at:
        return False
    del at[last]
    return True


def _mistake(error: Any, data: dict[str, Any], document: Document) -> Mistake:
    from modelwright.goal.shape import hint_for, siblings

    place: Place = error["loc"]
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        name = dotted(place)
        example = " such as `data: {source: people.csv, target: income}`" if place == ("data",) else ""
        return Mistake(name, f"the key {name}{example}", "nothing", document.line(place))
    if kind == "extra_forbidden":
        hint = hint_for(place)
        under = dotted(place[:-1]) if len(place) > 1 else "the goal"
        return Mistake(dotted(place), f"a key of {under}", repr(str(place[-1])), document.line(place), hint)
    shown = _written(place, data)
    line = document.line(shown)
    if kind == "goal":
        return Mistake(dotted(shown), context["expected"], received(_at(shown, data)), line, context["hint"])
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        keys = siblings((*place, "x"))
        expected = f"keys and values ({', '.join(keys)})" if keys else "keys and values"
        return Mistake(dotted(shown), expected, received(_at(shown, data)), line)
    return Mistake(dotted(shown), str(error["msg"]), received(_at(shown, data)), line)


def _written(place: Place, data: dict[str, Any]) -> Place:
    """``place`` as far as the goal has it: ``budget.time`` of ``budget: 60`` is ``budget``."""
    at: Any = data
    for depth, part in enumerate(place):
        inside = part in at if isinstance(at, dict) else isinstance(at, list) and isinstance(part, int)
        if not inside:
            return place[:depth]
        at = at[part]
    return place


def _at(place: Place, data: Any) -> Any:
    for part in place:
        data = data[part]
    return data


def received(value: object) -> str:
    """A value as a message shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inside = ", ".join(str(key) for key in list(value)[:4])
        return f"a mapping with {inside}" if value else "an empty mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, str | int | float):
        shown = repr(value)
        return shown if len(shown) <= 62 else f"{shown[:59]}..."
    return f"a {type(value).__name__}"


def _criteria(keys: GoalKeys, document: Document, mistakes: list[Mistake]) -> list[tuple[int, Criterion]]:
    from modelwright.goal.criteria import parse_criterion

    found: list[tuple[int, Criterion]] = []
    single = isinstance(document.data.get("success"), str)
    for at, text in enumerate(keys.success or ()):
        place: Place = ("success",) if single else ("success", at)
        try:
            found.append((at, parse_criterion(text)))
        except BadGoal as error:
            for one in error.mistakes:
                mistakes.append(
                    Mistake(dotted(place), one.expected, one.received, document.line(place), one.hint)
                )
    return found


def _agree(
    keys: GoalKeys,
    criteria: list[tuple[int, Criterion]],
    data: dict[str, Any],
    document: Document,
    mistakes: list[Mistake],
    frames: bool,
) -> None:
    from modelwright.goal.checks import disagreements

    def given(*place: str) -> bool:
        meant = (
            f"did you mean {place[-1]!r}?",
            f"is written {'.'.join(place)}",
            f"did you mean {'.'.join(place)}?",
        )
        misspelled = any(one.hint.endswith(meant) for one in mistakes)
        return misspelled or (_written(place, data) == place and _at(place, data) is not None)

    for one in disagreements(keys, criteria, given, frames):
        path = _written(one.path, data) or one.path[:1]
        mistakes.append(Mistake(dotted(path), one.expected, one.received, document.line(path), one.hint))
