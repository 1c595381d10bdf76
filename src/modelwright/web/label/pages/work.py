"""The page where the work is done: one item, the question, the answer."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from modelwright.labels import progress
from modelwright.labels.project import Project
from modelwright.labels.queue import Handed
from modelwright.web.label import views
from modelwright.web.label.desk import Desk
from modelwright.web.label.render import page
from modelwright.web.refusal import Refused

PART = "x-modelwright-part"
"""Header of the page's own script: it wants the next page at once instead of being sent to it."""
HOW = frozenset({"keys", "pointer", "touch", "form"})


def work(request: Request) -> Response:
    """``/``: the item that lies before the person."""
    desk: Desk = request.app.state.desk
    handed = desk.queue.next(request.state.person)
    done = progress.mine(desk.store, request.state.person)
    if handed is None:
        desk.forget()  # what was counted a moment ago would not say that this was the last one
        return page(request, "nothing.html.j2", done=done, ticket=secrets.token_urlsafe(12))
    return page(request, "work.html.j2", done=done, again=False, **shown(desk.project, handed))


def shown(project: Project, handed: Handed) -> dict[str, Any]:
    """What the templates of an item need."""
    thing = views.thing(project, handed.content)
    answer = handed.answer
    if answer is None and project.task in ("spans", "boxes", "multiple"):
        answer = handed.suggested
    return {
        "item": handed,
        "thing": thing,
        "answer": answer,
        "ticket": secrets.token_urlsafe(12),
        "data": views.editor(project, thing, answer or []),
    }


def label(request: Request) -> Response:
    """``/label``: an answer."""
    desk: Desk = request.app.state.desk
    form = request.state.form
    desk.queue.answer(request.state.person, number(form), answer_of(desk.project, form), **manner(form))
    desk.answered()
    return _on(request)


def skip(request: Request) -> Response:
    """``/skip``: the person cannot say."""
    desk: Desk = request.app.state.desk
    form = request.state.form
    desk.queue.skip(request.state.person, number(form), **manner(form))
    return _on(request)


def undo(request: Request) -> Response:
    """``/undo``: the last answer is taken back, and its item lies before the person again."""
    desk: Desk = request.app.state.desk
    form = request.state.form
    desk.queue.undo(request.state.person, how=manner(form)["how"], ticket=form.get("ticket") or None)
    return _on(request)


def _on(request: Request) -> Response:
    if request.headers.get(PART):
        return work(request)
    return RedirectResponse("/", 303)


def number(form: dict[str, str]) -> int:
    """The item of a form."""
    text = form.get("item", "")
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Refused(400, "The form names no item", "Load the page again.")
    return int(text)


def answer_of(project: Project, form: dict[str, str]) -> Any:
    """The answer of a form, from the page's script (``answer``, JSON) or from its own buttons and boxes."""
    if form.get("answer"):
        try:
            return json.loads(form["answer"])
        except (ValueError, RecursionError):
            raise Refused(400, "The answer cannot be read", "Load the page again.") from None
    if project.task == "multiple":
        return [name for n, name in enumerate(project.names) if f"choice-{n}" in form]
    return form.get("choice")


def manner(form: dict[str, str]) -> dict[str, Any]:
    """How an answer was given, how long it took, and with which remark."""
    how = form.get("how", "form")
    try:
        seconds = float(form.get("seconds", ""))
    except ValueError:
        seconds = float("nan")
    return {
        "how": how if how in HOW else "form",
        "seconds": seconds if 0 <= seconds < 1e6 else None,
        "note": " ".join(form.get("note", "").split()),
        "ticket": form.get("ticket", "")[:64] or None,
    }
