"""The view as one self-contained HTML page: opens offline, in the dark, on a phone and on paper.

Nothing is loaded and nothing runs but a sorter of tables; the page's own policy names both by hash. Bytes
depend on the view alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from modelwright.report import advice, evidence, glossary, numbers, svg, tables
from modelwright.report.places import look
from modelwright.report.svg.marks import clean
from modelwright.report.views import RunView

CELL = 160
"""Characters of a cell that are shown."""
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/]+={0,2}", re.ASCII)
_SOUND = re.compile(r"data:audio/wav;base64,[A-Za-z0-9+/]+={0,2}", re.ASCII)
_SHADES = 4


def render(view: RunView) -> str:
    """The page, as text to be written in UTF-8."""
    style, script = asset("style.css"), asset("sort.js")
    page = environment().get_template("report.html.j2")
    return page.render(
        view=view,
        r=view.records,
        parts=evidence.parts(view),
        style=Markup(style),
        script=Markup(script),
        policy=(
            "default-src 'none'; base-uri 'none'; form-action 'none'; "
            f"style-src 'sha256-{digest_of(style)}'; script-src 'sha256-{digest_of(script)}'"
            f"{'; img-src data:; media-src data:' if view.galleries else ''}"
        ),
        terms=glossary.used(view),
    )


def digest_of(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


@cache
def asset(name: str) -> str:
    loader = PackageLoader("modelwright.report", "templates")
    return loader.get_source(Environment(autoescape=True), name)[0].strip()


def link(path: str) -> str:
    """A path inside the run's folder as an address, or nothing where it is not one."""
    path = clean(path)
    if (
        not path
        or re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\]", path)
        or ".." in path.replace("\\", "/").split("/")
    ):
        return ""
    name, mark, anchor = path.partition("#")
    if name == "report.html" or not name:
        return f"#{quote(anchor)}" if mark else ""
    return quote(name) + (f"#{quote(anchor)}" if mark else "")


def cell(value: Any) -> str:
    """What a cell of a table holds, as text of bounded length."""
    if value is None or (isinstance(value, float) and value != value):
        return numbers.NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return numbers.plain(float(value))
    text = clean(value)
    return text if len(text) <= CELL else f"{text[:CELL].rstrip()}… ({len(text):,} characters)"


def picture(data: str) -> str:
    """The data of a picture, or nothing where it is none."""
    return data if _PICTURE.fullmatch(data) else ""


def sound(data: str) -> str:
    """The data of a sound, or nothing where it is none."""
    return data if _SOUND.fullmatch(data) else ""


def shade(weight: float) -> str:
    """The class of a word that speaks for the answer (above 0) or against it, by how much."""
    level = min(round(abs(weight) * _SHADES), _SHADES) if weight == weight else 0
    return f"{'for' if weight > 0 else 'against'}{level}" if level else ""


def _finalize(value: Any) -> Any:
    """Every ``{{ }}`` passes here: nothing that HTML cannot hold is written."""
    return value if isinstance(value, Markup) else clean("" if value is None else value)


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("modelwright.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        plain=numbers.plain,
        score=numbers.score,
        share=numbers.share,
        size=numbers.size,
        duration=numbers.duration,
        date=numbers.date,
        measure=numbers.measure,
        cell=cell,
        link=link,
        picture=picture,
        sound=sound,
        shade=shade,
        sentence=numbers.sentence,
        is_number=lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    )
    made.globals.update(
        svg=svg,
        look=look,
        tables=tables,
        count=numbers.count,
        advice=advice,
        sum=sum,
        slug=evidence.slug,
        about=evidence.about,
    )
    return made
