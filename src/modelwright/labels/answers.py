"""Answers in their one canonical form: checked, compared, and said in words.

===========  =======================================================================================
task         answer (JSON)
===========  =======================================================================================
classes      the name of the class
multiple     a list of names in the order of the project; ``[]`` means that none applies
rating       a whole number
spans        a list of ``{"start", "end", "label"}`` in their order; offsets count characters (code points)
             of the text as it is in the data, the end not included
boxes        a list of ``{"x", "y", "width", "height", "label"}`` in pixels of the image from its upper left
             corner, to a hundredth
===========  =======================================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from modelwright.core.errors import BadInput
from modelwright.labels.project import Project

MOST: Final = 400
"""Spans or boxes of one item."""
SAME_BOX: Final = 0.5
"""Intersection over union from which two boxes are taken for the same (Everingham and others, the PASCAL
Visual Object Classes challenge, 2010)."""


def checked(project: Project, answer: Any, *, length: int | None = None) -> Any:
    """The answer in its canonical form; ``length`` is that of the text. Raises :class:`BadInput`."""
    match project.task:
        case "classes":
            return _name(project, answer)
        case "multiple":
            if not isinstance(answer, list | tuple):
                raise _wrong("a list of classes", answer)
            chosen = {_name(project, each) for each in answer}
            return [name for name in project.names if name in chosen]
        case "rating":
            if isinstance(answer, str) and re.fullmatch(r"-?[0-9]{1,9}", answer.strip()):
                answer = int(answer)
            if isinstance(answer, float) and answer.is_integer():
                answer = int(answer)
            if type(answer) is not int or not project.low <= answer <= project.high:
                raise _wrong(f"a whole number from {project.low} to {project.high}", answer)
            return answer
        case "spans":
            return _spans(project, answer, length)
        case "boxes":
            return _boxes(project, answer)


def written(answer: Any) -> str:
    """As it is stored: equal answers, equal texts."""
    return json.dumps(answer, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def same(project: Project, first: Any, second: Any) -> bool:
    """Whether two answers agree. Boxes do where they can be paired, each with one of the same class that
    covers it by half (:data:`SAME_BOX`); everything else where it is equal."""
    if project.task != "boxes":
        return bool(first == second)
    if len(first) != len(second):
        return False
    left = list(second)
    for box in first:
        near = [o for o in left if o["label"] == box["label"]]
        best = max(near, key=lambda o: overlap(box, o), default=None)
        if best is None or overlap(box, best) < SAME_BOX:
            return False
        left.remove(best)
    return True


def overlap(first: dict[str, Any], second: dict[str, Any]) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(first["x"] + first["width"], second["x"] + second["width"]) - max(first["x"], second["x"])
    height = min(first["y"] + first["height"], second["y"] + second["height"]) - max(first["y"], second["y"])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    union = first["width"] * first["height"] + second["width"] * second["height"] - common
    return float(common / union)


def words(project: Project, answer: Any, text: str = "") -> str:
    """The answer as people read it."""
    if answer is None:
        return "skipped"
    match project.task:
        case "classes" | "rating":
            return str(answer)
        case "multiple":
            return ", ".join(answer) or "none of them"
        case "spans":
            said = [f"{text[s['start'] : s['end']]!r} {s['label']}" for s in answer]
            return "; ".join(said) or "nothing marked"
        case "boxes":
            return ", ".join(f"{n} {name}" for name, n in _counts(answer)) or "nothing drawn"


def _counts(boxes: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for box in boxes:
        counts[box["label"]] = counts.get(box["label"], 0) + 1
    return sorted(counts.items())


def _name(project: Project, answer: Any) -> str:
    if not isinstance(answer, str) or answer not in project.names:
        raise _wrong(f"one of {', '.join(project.names[:10])}", answer)
    return answer


def _spans(project: Project, answer: Any, length: int | None) -> list[dict[str, Any]]:
    made = set()
    for each in _entries(answer, {"start", "end", "label"}):
        start, end = each["start"], each["end"]
        if type(start) is not int or type(end) is not int or not 0 <= start < end:
            raise _wrong("whole numbers with 0 <= start < end", each)
        if length is not None and end > length:
            raise _wrong(f"spans within the text of {length} characters", each)
        made.add((start, end, _name(project, each["label"])))
    return [{"start": start, "end": end, "label": label} for start, end, label in sorted(made)]


def _boxes(project: Project, answer: Any) -> list[dict[str, Any]]:
    made = set()
    for each in _entries(answer, {"x", "y", "width", "height", "label"}):
        numbers = []
        for side in ("x", "y", "width", "height"):
            value = each[side]
            if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= 1e6:
                raise _wrong("numbers of pixels", each)
            numbers.append(round(float(value), 2))
        if numbers[2] <= 0 or numbers[3] <= 0 or numbers[0] < 0 or numbers[1] < 0:
            raise _wrong("a box with a width and a height, inside the image", each)
        made.add((*numbers, _name(project, each["label"])))
    sides = ("x", "y", "width", "height", "label")
    return [dict(zip(sides, one, strict=True)) for one in sorted(made)]


def _entries(answer: Any, keys: set[str]) -> list[dict[str, Any]]:
    if not isinstance(answer, list | tuple) or len(answer) > MOST:
        raise _wrong(f"a list of at most {MOST}", answer)
    for each in answer:
        if not isinstance(each, dict) or set(each) != keys:
            raise _wrong(f"entries with {', '.join(sorted(keys))}", each)
    return list(answer)


def _wrong(expected: str, received: Any) -> BadInput:
    text = repr(received)
    return BadInput(
        f"this is no answer to the question: expected {expected}, received {text[:80]}",
        code="labels.answer",
        hint="choose from what the page offers; a project's classes are named with --classes",
    )
