"""Entering the token, and leaving again."""

from __future__ import annotations

import hmac
import secrets
import time

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from modelwright.web.guard import Entered, inner, set_cookie
from modelwright.web.render import page
from modelwright.web.site import Site

SLOW = 0.5
"""Seconds that a wrong token costs."""


def enter(request: Request) -> Response:
    """``/enter``: asks for the token, and gives the browser a new cookie for it."""
    site: Site = request.app.state.site
    entered: Entered = request.app.state.entered
    to = inner(request.query_params.get("to", "/"))
    if site.token is None or (request.method != "POST" and request.state.visitor in entered):
        return RedirectResponse(to, 303)
    if request.method != "POST":
        return page(request, "enter.html.j2", to=to, wrong="")
    form = request.state.form
    to = inner(form.get("to", "/"))
    if not entered.may_try():
        return page(request, "enter.html.j2", 429, to=to, wrong="Too many wrong tokens; wait a minute.")
    if not hmac.compare_digest(form.get("token", "").strip().encode(), site.token.encode()):
        time.sleep(SLOW)
        return page(request, "enter.html.j2", 403, to=to, wrong="That is not the token.")
    entered.was_right()
    visitor = secrets.token_urlsafe(32)  # a new one: what somebody planted before does not get in
    entered.add(visitor)
    answer = RedirectResponse(to, 303)
    answer.headers["set-cookie"] = set_cookie(site, visitor)
    return answer


def leave(request: Request) -> Response:
    """``/leave``: the browser must enter the token again."""
    entered: Entered = request.app.state.entered
    entered.remove(request.state.visitor)
    return RedirectResponse("/", 303)
