"""What somebody has said so far, and one of it again to say it better."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from modelwright.labels import progress
from modelwright.labels.mine import latest
from modelwright.web.label.desk import Desk
from modelwright.web.label.pages.work import answer_of, manner, shown
from modelwright.web.label.render import page

PAGE = 50


def mine(request: Request) -> Response:
    """``/mine?before=N``: the person's answers, newest first."""
    desk: Desk = request.app.state.desk
    before = request.query_params.get("before", "")
    upto = int(before) if before.isdecimal() and len(before) < 16 else None
    found = latest(desk.store, request.state.person, before=upto, most=PAGE + 1)
    return page(
        request,
        "mine.html.j2",
        answers=found[:PAGE],
        more=found[PAGE - 1].act if len(found) > PAGE else None,
        done=progress.mine(desk.store, request.state.person),
    )


def item(request: Request) -> Response:
    """``/item/<n>``: an item that the person has answered or skipped, to answer it anew."""
    desk: Desk = request.app.state.desk
    number = int(request.path_params["item"])
    if request.method == "POST":
        form = request.state.form
        desk.queue.answer(request.state.person, number, answer_of(desk.project, form), **manner(form))
        return RedirectResponse("/mine", 303)
    handed = desk.queue.again(request.state.person, number)
    return page(
        request,
        "again.html.j2",
        done=progress.mine(desk.store, request.state.person),
        again=True,
        **shown(desk.project, handed),
    )
