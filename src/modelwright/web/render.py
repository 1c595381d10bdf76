"""From a view to a page: templates that escape everything, in the look of the report."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from modelwright.report import numbers, svg
from modelwright.report.html import cell
from modelwright.report.svg.marks import clean
from modelwright.web import charts, times, words


def page(request: Request, template: str, status: int = 200, **given: Any) -> HTMLResponse:
    """A whole page."""
    text = _environment().get_template(template).render(
        form_token=request.state.form_token,
        here=request.url.path,
        style=asset_address("style.css"),
        script=asset_address("live.js"),
        icon_address=asset_address("icon.svg"),
        entered=getattr(request.state, "entered", False),
        **given,
    )  # fmt: skip
    return HTMLResponse(text, status)


def warm() -> None:
    """Compile every template, so that no visitor waits for it."""
    environment = _environment()
    for name in environment.list_templates():
        environment.get_template(name)


_TYPES = {"style.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"}


@cache
def asset(name: str) -> bytes:
    """The bytes of one of the page's own files; the look is the report's, with what pages need beside."""
    own = (resources.files("modelwright.web") / "static" / name).read_bytes()
    if name != "style.css":
        return own
    report = resources.files("modelwright.report") / "templates" / "style.css"
    return report.read_bytes() + b"\n" + own


def address_of(name: str, content: bytes) -> str:
    """With a digest, so that it can be kept for ever and is fetched anew when it changes."""
    return f"/static/{hashlib.sha256(content).hexdigest()[:12]}/{name}"


def static_of(request: Request, types: Mapping[str, str], content: Callable[[str], bytes]) -> Response:
    """The answer to ``/static/<digest>/<name>``, of files with these media types."""
    name = request.path_params["name"]
    if name not in types or request.url.path != address_of(name, content(name)):
        return Response("not found", 404, media_type="text/plain")
    return Response(
        content(name),
        media_type=types[name],
        headers={"cache-control": "private, max-age=31536000, immutable"},
    )


@cache
def asset_address(name: str) -> str:
    return address_of(name, asset(name))


def static(request: Request) -> Response:
    """``/static/<digest>/<name>``."""
    return static_of(request, _TYPES, asset)


def slug(value: object) -> str:
    """A text as an anchor."""
    return re.sub(r"[^a-z0-9]+", "-", str(value).lower()).strip("-") or "x"


def ticks(text: str) -> Markup:
    """A text whose parts between backticks are shown as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return Markup(escape(clean(text)))
    shown = (
        Markup("<code>{}</code>").format(clean(part)) if i % 2 else escape(clean(part))
        for i, part in enumerate(parts)
    )
    return Markup("").join(shown)


def _finalize(value: Any) -> Any:
    return value if isinstance(value, Markup) else clean("" if value is None else value)


def environment() -> Environment:
    """Jinja2 as all pages use it: everything escaped, numbers and times as people read them."""
    return _environment()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("modelwright.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        plain=numbers.plain,
        score=numbers.score,
        share=numbers.share,
        size=numbers.size,
        duration=numbers.duration,
        measure=numbers.measure,
        sentence=numbers.sentence,
        cell=cell,
        moment=times.moment,
        ago=times.ago,
        iso=times.iso,
        slug=slug,
        ticks=ticks,
        words=words.words,
        columns=words.columns,
    )
    environment.globals.update(
        svg=svg,
        count=numbers.count,
        draw=charts.draw,
        legend=charts.legend,
        behind=charts.table,
        tone=words.tone,
        actions=words.ACTIONS,
    )
    return environment
