"""From a view to a page, in the look of the other pages."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from modelwright.labels.answers import words
from modelwright.labels.items import text_of
from modelwright.web import render
from modelwright.web.label import views
from modelwright.web.label.desk import Desk

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TYPES: Final = {"style.css": "text/css", "label.js": "text/javascript", "icon.svg": "image/svg+xml"}
_SCRIPTS: Final = ("begin.js", "spans.js", "boxes.js", "sound.js", "page.js")
"""One after the other they are ``label.js``."""


def page(request: Request, template: str, status: int = 200, **given: Any) -> HTMLResponse:
    """A whole page; templates know the project and the person."""
    desk: Desk = request.app.state.desk
    person = getattr(request.state, "person", None)
    text = _environment().get_template(template).render(
        form_token=request.state.form_token,
        here=request.url.path,
        style=address("style.css"),
        script=address("label.js"),
        icon_address=address("icon.svg"),
        project=desk.project,
        person=person,
        solo=desk.solo is not None,
        far=desk.far() if person is not None else None,
        **given,
    )  # fmt: skip
    return HTMLResponse(text, status, headers={"content-security-policy": POLICY})


def warm() -> None:
    """Compile every template, so that nobody waits for it."""
    for name in _environment().list_templates():
        _environment().get_template(name)


@cache
def asset(name: str) -> bytes:
    folder = resources.files("modelwright.web.label") / "static"
    if name == "style.css":
        return render.asset(name) + b"\n" + (folder / "label.css").read_bytes()
    if name == "label.js":
        parts = b"\n".join((folder / part).read_bytes() for part in _SCRIPTS)
        return b'(() => {\n"use strict";\n' + parts + b"\n})();\n"
    return render.asset(name)


@cache
def address(name: str) -> str:
    return render.address_of(name, asset(name))


def static(request: Request) -> Response:
    """``/static/<digest>/<name>``."""
    return render.static_of(request, _TYPES, asset)


@cache
def _environment() -> Environment:
    loader = ChoiceLoader(
        [PackageLoader("modelwright.web.label", "templates"), PackageLoader("modelwright.web", "templates")]
    )
    made = render.environment().overlay(loader=loader)
    made.filters.update(markdown=views.markdown)
    made.globals.update(
        said=words, colour=views.colour, pieces=views.pieces, brief=views.brief, words_of=text_of
    )
    return made
