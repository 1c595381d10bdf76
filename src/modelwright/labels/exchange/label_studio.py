"""Label Studio's JSON: tasks with annotations and predictions, and the interface that belongs to them.

Its offsets in texts count UTF-16 units, as browsers do (issue 1347 of HumanSignal/label-studio), and boxes
are in percent of the image; both are turned into ours and back.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from modelwright.core.errors import BadData
from modelwright.labels.exchange.everything import Single, singles
from modelwright.labels.exchange.incoming import Incoming, Read, Suggested
from modelwright.labels.exchange.moments import iso, micros
from modelwright.labels.final import finals
from modelwright.labels.items import text_of
from modelwright.labels.pixels import size_of
from modelwright.labels.project import Project
from modelwright.labels.store import Store

KEY: Final = "modelwright_key"
"""In the data of a task: the item's own key."""
_ODD: Final = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What a file that is no export raises."""
_TAGS: Final = {
    "text": ("Text", "text"),
    "row": ("Text", "text"),
    "image": ("Image", "image"),
    "audio": ("Audio", "audio"),
}


def tasks(store: Store, project: Project) -> list[dict[str, Any]]:
    """Every item as a task with the answers that stand; a final answer is there as ground truth."""
    root = store.root()
    said: dict[int, list[Single]] = {}
    for one in singles(store):
        said.setdefault(one.item, []).append(one)
    people = sorted({s.person for some in said.values() for s in some})
    number = {name: n for n, name in enumerate(people, 1)}
    made = []
    for item in finals(store, project, "agreed"):
        size = _size(project, item.content, root)
        text = text_of(project, item.content) if project.item == "text" else ""
        annotations = [
            {
                "id": one.act,
                "completed_by": {"id": number[one.person], "email": one.person},
                "result": [] if one.answer is None else result(project, one.answer, text, size),
                "was_cancelled": one.answer is None,
                "ground_truth": False,
                "created_at": iso(one.at),
                "updated_at": iso(one.at),
                "lead_time": one.seconds,
            }
            for one in said.get(item.item, ())
        ]
        if item.why in ("settled", "known"):
            annotations.append(
                {
                    "completed_by": {"id": 0, "email": "modelwright"},
                    "result": result(project, item.answer, text, size),
                    "was_cancelled": False,
                    "ground_truth": True,
                }
            )
        made.append(
            {"id": item.item, "data": data(project, item.content, item.key), "annotations": annotations}
        )
    return made


def data(project: Project, content: dict[str, Any], key: str) -> dict[str, Any]:
    """The data of a task: the item's columns, its main part under the name that the interface shows."""
    kept = dict(content)
    name = _TAGS[project.item][1]
    if project.item == "row":
        names = project.show or tuple(content)
        kept[name] = "\n".join(f"{n}: {content.get(n)}" for n in names)
    elif project.item == "text":
        kept[name] = text_of(project, content)
    else:
        kept[name] = content.get(project.content)
    kept[KEY] = key
    return kept


def interface(project: Project) -> str:
    """The labelling interface (XML) that Label Studio needs to show the tasks."""
    tag, name = _TAGS[project.item]
    shown = f'  <{tag} name="item" value="${name}"/>'
    entries = "\n".join(f"    <{{}} value={quoteattr(n)}/>" for n in project.names)
    match project.task:
        case "classes" | "multiple":
            how = "single" if project.task == "classes" else "multiple"
            asked = (
                f'  <Choices name="label" toName="item" choice="{how}">\n{entries.replace("{}", "Choice")}\n'
                "  </Choices>"
            )
        case "rating":
            asked = (
                f'  <Rating name="label" toName="item" maxRating="{project.high}"/>'
                if project.low == 1
                else f'  <Number name="label" toName="item" min="{project.low}" max="{project.high}"/>'
            )
        case "spans":
            asked = f'  <Labels name="label" toName="item">\n{entries.replace("{}", "Label")}\n  </Labels>'
        case "boxes":
            asked = (
                f'  <RectangleLabels name="label" toName="item">\n{entries.replace("{}", "Label")}\n'
                "  </RectangleLabels>"
            )
    return f"<View>\n{shown}\n{asked}\n</View>\n"


def result(project: Project, answer: Any, text: str, size: tuple[int, int] | None) -> list[dict[str, Any]]:
    """An answer as Label Studio's regions."""
    both = {"from_name": "label", "to_name": "item"}
    match project.task:
        case "classes":
            return [{**both, "type": "choices", "value": {"choices": [answer]}}]
        case "multiple":
            return [{**both, "type": "choices", "value": {"choices": answer}}]
        case "rating":
            if project.low == 1:
                return [{**both, "type": "rating", "value": {"rating": answer}}]
            return [{**both, "type": "number", "value": {"number": answer}}]
        case "spans":
            return [
                {
                    **both,
                    "id": f"s{n}",
                    "type": "labels",
                    "value": {
                        "start": units(text, s["start"]),
                        "end": units(text, s["end"]),
                        "text": text[s["start"] : s["end"]],
                        "labels": [s["label"]],
                    },
                }
                for n, s in enumerate(answer)
            ]
        case "boxes":
            if size is None:
                return []
            wide, high = size
            return [
                {
                    **both,
                    "id": f"b{n}",
                    "type": "rectanglelabels",
                    "original_width": wide,
                    "original_height": high,
                    "image_rotation": 0,
                    "value": {
                        "x": 100 * b["x"] / wide,
                        "y": 100 * b["y"] / high,
                        "width": 100 * b["width"] / wide,
                        "height": 100 * b["height"] / high,
                        "rotation": 0,
                        "rectanglelabels": [b["label"]],
                    },
                }
                for n, b in enumerate(answer)
            ]


def read(path: Path, project: Project) -> Read:
    """Tasks with annotations; predictions become suggestions."""
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadData(
            f"{path.name} cannot be read as JSON: {getattr(error, 'strerror', None) or error}",
            code="labels.import",
            hint="export from Label Studio as JSON",
        ) from None
    if not isinstance(given, list) or not all(isinstance(t, dict) for t in given):
        raise BadData(
            f"{path.name} is no list of tasks",
            code="labels.import",
            hint="export from Label Studio as JSON (not JSON-MIN)",
        )
    answers: list[Incoming] = []
    wrong: list[str] = []
    suggested: list[Suggested] = []
    for place, task in enumerate(given, 1):
        name = _name(project, task.get("data"))
        text = _text(project, task.get("data"))
        for one in _listed(task.get("annotations") or task.get("completions")):
            try:
                answer = None if one.get("was_cancelled") else _answer(project, one.get("result") or [], text)
            except _ODD as error:
                wrong.append(f"task {place}: {type(error).__name__} in an annotation ({error})"[:200])
                continue
            answers.append(
                Incoming(
                    name, _person(one.get("completed_by")), answer, micros(one.get("created_at")),
                    _finite(one.get("lead_time")),
                )
            )  # fmt: skip
        for one in _listed(task.get("predictions"))[:1]:
            try:
                answer = _answer(project, one.get("result") or [], text)
            except _ODD:
                continue
            suggested.append(
                Suggested(
                    name, answer, _finite(one.get("score")), str(one.get("model_version") or "import")
                )
            )  # fmt: skip
    return Read(tuple(answers), tuple(wrong), tuple(suggested))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _finite(value: Any) -> float | None:
    """A number as the store keeps it; None for what is none."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if fits else None


def units(text: str, at: int) -> int:
    """An offset in code points as one in UTF-16 units."""
    return len(text[:at].encode("utf-16-le", "surrogatepass")) // 2


def points(text: str, at: int) -> int:
    """An offset in UTF-16 units as one in code points."""
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * at].decode("utf-16-le", "ignore"))


def _answer(project: Project, regions: list[dict[str, Any]], text: str) -> Any:
    match project.task:
        case "classes" | "multiple":
            chosen = [c for r in regions if r["type"] == "choices" for c in r["value"]["choices"]]
            return chosen if project.task == "multiple" else chosen[0]
        case "rating":
            (value,) = (r["value"] for r in regions if r["type"] in ("rating", "number"))
            return value.get("rating", value.get("number"))
        case "spans":
            return [
                {**_span(r["value"], text), "label": label}
                for r in regions
                if r["type"] in ("labels", "hypertextlabels")
                for label in r["value"]["labels"]
            ]
        case "boxes":
            made = []
            for r in regions:
                if r["type"] != "rectanglelabels":
                    continue
                value, wide, high = r["value"], r["original_width"], r["original_height"]
                for label in value["rectanglelabels"]:
                    box = {
                        "x": value["x"] * wide / 100, "y": value["y"] * high / 100,
                        "width": value["width"] * wide / 100, "height": value["height"] * high / 100,
                    }  # fmt: skip
                    made.append({**{k: max(0.0, v) for k, v in box.items()}, "label": label})
            return made


def _span(value: dict[str, Any], text: str) -> dict[str, int]:
    """Where a span lies in code points: by UTF-16 units, unless its own text says that they were counted
    otherwise."""
    start, end = int(value["start"]), int(value["end"])
    said = value.get("text")
    by_units = points(text, start), points(text, end)
    if said is not None and text[slice(*by_units)] != said and text[start:end] == said:
        return {"start": start, "end": end}
    return {"start": by_units[0], "end": by_units[1]}


def _person(told: Any) -> str:
    if isinstance(told, dict):
        return str(told.get("email") or told.get("username") or f"annotator {told.get('id', '')}".strip())
    return f"annotator {told}" if told is not None else "import"


def _name(project: Project, told: Any) -> str:
    given = told if isinstance(told, dict) else {}
    for column in (KEY, project.id, project.content, _TAGS[project.item][1]):
        if column and given.get(column) is not None:
            return str(given[column])
    return ""


def _text(project: Project, told: Any) -> str:
    given = told if isinstance(told, dict) else {}
    return str(
        given.get(project.content) if given.get(project.content) is not None else given.get("text", "")
    )


def _size(project: Project, content: dict[str, Any], root: Path | None) -> tuple[int, int] | None:
    if project.item != "image" or root is None:
        return None
    return size_of(root / str(content.get(project.content) or ""))
