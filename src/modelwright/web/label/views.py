"""Items and answers as the templates show them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from markupsafe import Markup

from modelwright.labels.items import FILE, TEXT, text_of
from modelwright.labels.project import Project

SHOWN: Final = 200_000
"""Characters of a text that a page shows."""
COLOURS: Final = 8


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    value: str
    long: bool


@dataclass(frozen=True, slots=True)
class Thing:
    """An item: its main part by kind, and what stands beside it."""

    kind: str
    text: str = ""
    cut: bool = False
    name: str = ""
    """Of the file of an image or a sound."""
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text in which the same spans hold."""

    text: str
    labels: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    """Labels of the spans that end with it."""
    colour: int = 0


def thing(project: Project, content: dict[str, Any]) -> Thing:
    """The item with the columns that the project shows."""
    main = project.content if project.item != "row" else ""
    names = project.show or tuple(content)
    beside = [n for n in names if n in content and n not in (main, project.id if not project.show else "")]
    if project.item == "text" and main == FILE:
        beside = [n for n in beside if n not in (TEXT, FILE)]
    fields = tuple(_field(n, content[n]) for n in beside)
    if project.item == "text":
        text = text_of(project, content)
        return Thing("text", text[:SHOWN], len(text) > SHOWN, fields=fields)
    if project.item == "row":
        return Thing("row", fields=fields)
    return Thing(project.item, name=str(content.get(main) or ""), fields=fields)


def pieces(project: Project, text: str, spans: Sequence[dict[str, Any]]) -> list[Piece]:
    """The text cut where spans begin and end."""
    edges = sorted({0, len(text), *(s["start"] for s in spans), *(s["end"] for s in spans)})
    made = []
    for start, end in pairwise(edges):
        here = [s for s in spans if s["start"] <= start and end <= s["end"]]
        made.append(
            Piece(
                text[start:end],
                tuple(s["label"] for s in here),
                tuple(s["label"] for s in here if s["end"] == end),
                colour(project, here[0]["label"]) if here else 0,
            )
        )
    return made


def brief(project: Project, content: dict[str, Any], most: int = 110) -> str:
    """An item in one line of a list."""
    if project.item == "text":
        text = text_of(project, content)
    elif project.item == "row":
        names = project.show or tuple(content)
        text = " · ".join(_field(n, content[n]).value for n in names if content.get(n) not in (None, ""))
    else:
        text = str(content.get(project.content) or "")
    line = " ".join(text[: most * 4].split())
    return (line if len(line) <= most else line[: most - 1].rstrip() + "…") or "(empty)"


def colour(project: Project, name: str) -> int:
    """The number of a class's colour."""
    names = project.names
    return names.index(name) % COLOURS if name in names else 0


def editor(project: Project, thing: Thing, answer: Any) -> dict[str, Any]:
    """What the page's script needs to draw an answer."""
    return {
        "task": project.task,
        "text": thing.text if project.task == "spans" else "",
        "answer": answer,
        "classes": [{"name": n, "colour": colour(project, n)} for n in project.names],
    }


@lru_cache(maxsize=8)
def markdown(text: str) -> Markup:
    """Markdown as HTML; HTML within it is shown as it is written, and pictures are left out."""
    from markdown_it import MarkdownIt

    maker = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = maker.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):  # the page has headings above these
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    return Markup(maker.renderer.render(tokens, maker.options, {}))


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _field(name: str, value: Any) -> Field:
    said = "" if value is None else "yes" if value is True else "no" if value is False else _cell(value)
    return Field(name, said, len(said) > 60 or "\n" in said)


def _cell(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 20_000 else text[:20_000] + " …"
