"""Entering with one's name and secret, and leaving again."""

from __future__ import annotations

import secrets
import time

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from modelwright.labels import people
from modelwright.web.guard import Entered, cookie_name, inner
from modelwright.web.label.desk import Desk
from modelwright.web.label.render import page

SLOW = 0.5
"""Seconds that a wrong secret costs."""


def enter(request: Request) -> Response:
    """``/enter``: asks who it is, and gives the browser a new cookie for it."""
    desk: Desk = request.app.state.desk
    tries: Entered = request.app.state.tries
    to = inner(request.query_params.get("to", "/"))
    if desk.solo is not None or (request.method != "POST" and desk.who(request.state.visitor) is not None):
        return RedirectResponse(to, 303)
    if request.method != "POST":
        name = request.query_params.get("name", "")[:100]
        return page(request, "door.html.j2", to=to, wrong="", name=name)
    form = request.state.form
    to, name = inner(form.get("to", "/")), form.get("name", "").strip()
    if not tries.may_try():
        wrong = "Too many wrong entries; wait a minute."
        return page(request, "door.html.j2", 429, to=to, wrong=wrong, name=name)
    with desk.store.reading() as connection:
        person = people.enter(connection, name, form.get("secret", "").strip())
    if person is None:
        time.sleep(SLOW)
        wrong = "That is not the name and the token of anybody here."
        return page(request, "door.html.j2", 403, to=to, wrong=wrong, name=name)
    tries.was_right()
    visitor = secrets.token_urlsafe(32)  # a new one: what somebody planted before does not get in
    with desk.store.writing() as connection:
        people.leave(connection, request.state.visitor)
        people.stay(connection, visitor, person)
    answer = RedirectResponse(to, 303)
    age = people.STAY // 10**6
    answer.headers["set-cookie"] = (
        f"{cookie_name(desk.site)}={visitor}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}"
    )
    return answer


def leave(request: Request) -> Response:
    """``/leave``: the browser must enter again."""
    desk: Desk = request.app.state.desk
    with desk.store.writing() as connection:
        people.leave(connection, request.state.visitor)
    return RedirectResponse("/", 303)
