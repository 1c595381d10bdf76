"""What is asked about each item: the labelling project, parsed once from a file or from options.

Every mistake of a project is reported together, as those of a goal file are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from modelwright.core.errors import BadGoal, BadInput, Mistake
from modelwright.goal.nearest import did_you_mean

Task = Literal["classes", "multiple", "rating", "spans", "boxes"]
"""One class, several labels (or none), a whole number, marked parts of a text, rectangles on an image."""
ItemKind = Literal["text", "row", "image", "audio"]
Order = Literal["random", "given", "teach"]

TASKS: Final = get_args(Task)
ITEMS: Final = get_args(ItemKind)
ORDERS: Final = get_args(Order)
MOST_CLASSES: Final = 200
RESERVED: Final = frozenset("usgn?")
"""Keys of the page itself: undo, skip, guidelines, note, help."""
_DIGITS: Final = "1234567890"
_LETTERS: Final = "abcdefhijklmopqrtvwxyz"


@dataclass(frozen=True, slots=True)
class Choice:
    """A class that an annotator may choose."""

    name: str
    hint: str = ""
    """When to choose it, in a few words; shown beside it."""
    key: str = ""
    """The key that chooses it; "" where there are more classes than keys."""


@dataclass(frozen=True, slots=True)
class Project:
    """What is asked, of which items, and how many people answer each."""

    name: str
    task: Task
    item: ItemKind
    choices: tuple[Choice, ...] = ()
    low: int = 1
    """Of a rating, with ``high``."""
    high: int = 5
    ends: tuple[str, str] = ("", "")
    """What the lowest and the highest rating mean."""
    question: str = ""
    guidelines: str = ""
    """Markdown."""
    content: str = ""
    """The column that holds the text, or the file of an image or a sound; "" for rows."""
    show: tuple[str, ...] = ()
    """Columns that are shown; none: all."""
    id: str = ""
    """The column that names a row; "": rows are known by what they say."""
    keyed: tuple[str, ...] = ()
    """The columns by whose cells rows without an ``id`` are known: those that the data had at first. None in
    stores of versions before this was kept: all columns."""
    overlap: int = 1
    """How many people answer each item."""
    order: Order = "random"
    gold: str = ""
    """The column that holds known answers; rows with one are test items that everybody gets."""
    gold_every: int = 20
    """One test item after so many others."""
    minutes: float = 30.0
    """After so long without an answer an item is handed to somebody else."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(choice.name for choice in self.choices)

    @property
    def ratings(self) -> tuple[int, ...]:
        return tuple(range(self.low, self.high + 1))

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Project:
        """What :meth:`to_json` wrote."""
        data = json.loads(text)
        known = {f.name for f in fields(Project)}
        data = {k: v for k, v in data.items() if k in known}
        data["choices"] = tuple(Choice(**c) for c in data["choices"])
        made: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return Project(**made)


KEYS: Final = {
    "data": "what is labelled: a table, a folder of files, or a pattern; relative to the project file",
    "name": "what the project is called",
    "task": f"one of {', '.join(TASKS)}",
    "item": f"one of {', '.join(ITEMS)}; left out, it is found out",
    "classes": "the classes to choose from: names, or entries with name, hint and key",
    "rating": "low, high, and what the two ends mean: {low: 1, high: 5, ends: [bad, good]}",
    "question": "what is asked, in one sentence",
    "guidelines": "a Markdown file, or the text itself",
    "content": "the column of the text, or of the image's or the sound's file",
    "show": "the columns that are shown",
    "id": "the column that names a row",
    "overlap": "how many people answer each item",
    "order": f"one of {', '.join(ORDERS)}",
    "gold": "known answers: {column: NAME, every: 20}",
    "annotators": "names of those who label; without any, whoever sits at this machine",
    "reviewers": "names of those who settle disagreement",
    "minutes": "after how long an unanswered item goes to somebody else",
}
"""The keys of a project file, each in a few words."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A project as it was asked for: what is left out is found out from the data."""

    given: dict[str, Any]
    data: str = ""
    annotators: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    folder: Path = Path()
    source: str = "the project"


def read_file(path: Path) -> Asked:
    """A project file (YAML; JSON is YAML). Raises :class:`BadGoal` with every mistake."""
    from modelwright.goal.yaml import read

    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise BadInput(
            f"the project file {path.name} cannot be read: {reason}",
            code="labels.project",
            hint="a project file is YAML, with at least `data` and `classes`",
        ) from None
    document = read(text)
    if document.mistakes:
        raise BadGoal(document.mistakes, source=path.name)
    lines = {str(key[0]): line for key, line in document.lines.items() if len(key) == 1}
    return asked(document.data, path.parent, path.name, lines)


def asked(
    given: Mapping[str, Any], folder: Path, source: str, lines: Mapping[str, int] | None = None
) -> Asked:
    """The keys of a project, checked one by one; raises :class:`BadGoal` with every mistake."""
    mistakes: list[Mistake] = []
    lines = lines or {}

    def wrong(key: str, expected: str, received: Any, hint: str = "") -> None:
        mistakes.append(Mistake(key, expected, _said(received), lines.get(key), hint))

    made: dict[str, Any] = {}
    for key, value in given.items():
        if key not in KEYS:
            wrong(key, "a key that is known", key, did_you_mean(key, KEYS) or f"known are {', '.join(KEYS)}")
        elif key in ("data", "name", "question", "content", "id") and not (
            isinstance(value, str) and value.strip()
        ):
            wrong(key, "a text", value)
        elif key in ("annotators", "reviewers", "show") and not _texts(value):
            wrong(key, "a list of names", value)
        elif key in ("task", "item", "order"):
            known = {"task": TASKS, "item": ITEMS, "order": ORDERS}[key]
            if value not in known:
                wrong(key, f"one of {', '.join(known)}", value, did_you_mean(str(value), known))
            else:
                made[key] = value
        elif key == "overlap" and not (type(value) is int and 1 <= value <= 100):
            wrong(key, "a whole number from 1 to 100", value)
        elif key == "minutes" and not (_number(value) and 0.1 <= value <= 10_080):
            wrong(key, "minutes, from 0.1 to 10080 (a week)", value)
        elif key == "guidelines":
            made[key] = _guidelines(value, folder, wrong)
        elif key == "classes":
            made["choices"] = _choices(value, wrong)
        elif key == "rating":
            made |= _rating(value, wrong)
        elif key == "gold":
            made |= _gold(value, wrong)
        else:
            made[key] = value
    task = made.get("task")
    if "rating" in given and task not in (None, "rating"):
        wrong("rating", f"no rating for the task {task}", given["rating"])
    if task == "rating" and "classes" in given:
        wrong(
            "classes", "no classes for a rating", given["classes"], "say `task: classes`, or leave them out"
        )
    if mistakes:
        raise BadGoal(mistakes, source=source)
    people = tuple(made.pop("annotators", ())), tuple(made.pop("reviewers", ()))
    data = made.pop("data", "")
    if data and "://" not in data:
        data = str(folder / data)
    return Asked(made, data, *people, folder, source)


def joined(first: Asked, second: Asked) -> Asked:
    """Both together; where both say something, the second holds."""
    return Asked(
        {**first.given, **second.given},
        second.data or first.data,
        tuple(dict.fromkeys((*first.annotators, *second.annotators))),
        tuple(dict.fromkeys((*first.reviewers, *second.reviewers))),
        first.folder if first.data else second.folder,
        first.source,
    )


def settled(asked: Asked, name: str, before: Project | None, found: Mapping[str, Any]) -> Project:
    """The project that was asked for, over one that is there already, over what the data says.

    Raises :class:`BadInput` where it lacks what to choose from, or changes what was asked.
    """
    given = dict(asked.given)
    kept = {f.name: getattr(before, f.name) for f in fields(Project)} if before else {}
    made: dict[str, Any] = {"name": name, **found, **kept, **given}
    if "task" not in made:
        made["task"] = "rating" if "low" in given else "classes"
    if made["item"] == "row" and made["task"] == "spans":
        raise BadInput(
            "spans are marked in a text, and no column of texts is named",
            code="labels.content",
            hint="name it: --content COLUMN (in a project file `content: COLUMN`)",
        )
    if made["task"] == "boxes" and made["item"] != "image":
        raise BadInput(
            f"boxes are drawn on images, and the items are of the kind {made['item']}",
            code="labels.content",
            hint="name a folder of images, or the column of their files with --content",
        )
    if made["task"] == "spans" and made["item"] != "text":
        raise BadInput(
            f"spans are marked in texts, and the items are of the kind {made['item']}",
            code="labels.content",
            hint="name a table with a column of texts",
        )
    if made["task"] != "rating" and not made.get("choices"):
        raise BadInput(
            "there is nothing to choose from: the project has no classes",
            code="labels.no-classes",
            hint="name them: --classes spam,ham; or --rating 1-5 for a number",
        )
    made["choices"] = with_keys(tuple(made.get("choices", ())))
    made = {k: tuple(v) if isinstance(v, list) else v for k, v in made.items()}
    project = Project(**made)
    if before is not None and before.task != project.task:
        raise BadInput(
            f"this store asks for {before.task}, and now {project.task} is asked for",
            code="labels.task-changed",
            hint="answers to another question need a store of their own: --store OTHER.labels",
        )
    return project


def with_keys(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """Each class with its key: its own, its name where that is one digit or letter, else digits and then
    letters in their order, while there are any."""
    own = {c.name for c in choices if len(c.name) == 1 and c.name in _DIGITS + _LETTERS}
    given = {c.key for c in choices if c.key}
    choices = tuple(replace(c, key=c.name) if not c.key and c.name in own - given else c for c in choices)
    taken = {c.key for c in choices if c.key}
    free = iter([k for k in _DIGITS + _LETTERS if k not in taken])
    return tuple(c if c.key else replace(c, key=next(free, "")) for c in choices)


def _choices(value: Any, wrong: Any) -> tuple[Choice, ...]:
    made: list[Choice] = []
    if not isinstance(value, list | tuple) or not value:
        wrong("classes", "a list of names", value)
        return ()
    for entry in value:
        entry = {"name": entry} if not isinstance(entry, Mapping) else dict(entry)
        name = entry.get("name")
        if isinstance(name, bool | int | float):
            name = str(name).lower() if isinstance(name, bool) else str(name)
        strange = sorted(set(entry) - {"name", "hint", "key"})
        if strange:
            wrong("classes", "name, hint and key of a class", ", ".join(strange))
        key = str(entry.get("key", ""))
        if not isinstance(name, str) or not name.strip() or len(name) > 200 or not name.isprintable():
            wrong("classes", "a name of up to 200 characters", name)
        elif name.strip() in {c.name for c in made}:
            wrong("classes", "each class once", name)
        elif key and (len(key) != 1 or key.lower() in RESERVED or not key.isprintable() or key == " "):
            wrong("classes", f"one character as a key, none of {' '.join(sorted(RESERVED))}", key)
        elif key and key.lower() in {c.key for c in made}:
            wrong("classes", "each key once", key)
        else:
            made.append(Choice(name.strip(), str(entry.get("hint", "")), key.lower()))
    if len(made) > MOST_CLASSES:
        wrong("classes", f"at most {MOST_CLASSES} classes", f"{len(made)}")
    return tuple(made)


def _rating(value: Any, wrong: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) - {"low", "high", "ends"}:
        wrong("rating", "low, high and ends", value)
        return {}
    low, high = value.get("low", 1), value.get("high", 5)
    if type(low) is not int or type(high) is not int or not 1 <= high - low <= 20:
        wrong("rating", "two whole numbers, the higher one at most 20 above", value)
        return {}
    ends = value.get("ends", ("", ""))
    if not _texts(ends) or len(ends) != 2:
        wrong("rating", "two texts as ends", ends)
        return {}
    return {"task": "rating", "low": low, "high": high, "ends": (str(ends[0]), str(ends[1]))}


def _gold(value: Any, wrong: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.strip():
        return {"gold": value}
    if not isinstance(value, Mapping) or set(value) - {"column", "every"}:
        wrong("gold", "the name of a column, or {column: NAME, every: 20}", value)
        return {}
    column, every = value.get("column", ""), value.get("every", 20)
    if not isinstance(column, str) or type(every) is not int or not 1 <= every <= 10_000:
        wrong("gold", "{column: NAME, every: a whole number}", value)
        return {}
    return {"gold": column, "gold_every": every}


def _guidelines(value: Any, folder: Path, wrong: Any) -> str:
    if not isinstance(value, str):
        wrong("guidelines", "a Markdown file, or the text itself", value)
        return ""
    one_line = value.strip()
    if "\n" in one_line or not one_line.lower().endswith((".md", ".markdown", ".txt")):
        return value
    try:
        return (folder / one_line).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        wrong("guidelines", "a text file in UTF-8 that can be read", one_line)
        return ""


def _texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _said(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
