"""What people did not agree on, side by side, and the final answer."""

from __future__ import annotations

import secrets
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from modelwright.labels import review
from modelwright.web.label import views
from modelwright.web.label.desk import Desk
from modelwright.web.label.pages.work import answer_of, manner
from modelwright.web.label.render import page
from modelwright.web.refusal import Refused

PAGE = 25
KINDS: tuple[review.Which, ...] = get_args(review.Which)


def listing(request: Request) -> Response:
    """``/review?which=disputed&after=N``."""
    desk: Desk = request.app.state.desk
    which = _which(request)
    text = request.query_params.get("after", "")
    after = int(text) if text.isdecimal() and len(text) < 16 else 0
    found = review.listed(desk.store, which, after=after, most=PAGE + 1)
    return page(
        request,
        "review.html.j2",
        which=which,
        kinds=KINDS,
        counts=desk.lately("counted", lambda: review.counted(desk.store)),
        cases=review.cases(desk.store, found[:PAGE]),
        more=found[PAGE - 1] if len(found) > PAGE else None,
        after=after,
    )


def case(request: Request) -> Response:
    """``/review/<n>?which=disputed``: one item, settled on this page."""
    desk: Desk = request.app.state.desk
    number, which = int(request.path_params["item"]), _which(request)
    if request.method == "POST":
        _settle(request, desk, number)
        desk.forget()
        following = review.listed(desk.store, which, after=number, most=1)
        there = f"/review/{following[0]}?which={which}" if following else f"/review?which={which}"
        return RedirectResponse(there, 303)
    found = review.case(desk.store, number)
    thing = views.thing(desk.project, found.content)
    start = found.final if found.final is not None else _first(found)
    following = review.listed(desk.store, which, after=number, most=1)
    return page(
        request,
        "case.html.j2",
        which=which,
        case=found,
        item=found,
        thing=thing,
        answer=found.final,
        votes=_votes(desk.project.task, found),
        ticket=secrets.token_urlsafe(12),
        data=views.editor(desk.project, thing, start),
        next=following[0] if following else None,
    )


def _settle(request: Request, desk: Desk, number: int) -> None:
    form = request.state.form
    person = request.state.person
    if form.get("reopen"):
        review.reopen(desk.store, person, number)
        return
    taken = form.get("take", "")
    if taken:
        said = {str(s.person): s.answer for s in review.case(desk.store, number).said}
        if said.get(taken) is None:
            raise Refused(409, "That person's answer is no longer there", "Load the page again.")
        answer = said[taken]
    else:
        answer = answer_of(desk.project, form)
    how = manner(form)
    review.settle(
        desk.store, person, number, answer,
        note=how["note"], how=how["how"], gold=bool(form.get("gold")), ticket=how["ticket"],
    )  # fmt: skip


def _first(case: review.Case) -> Any:
    return next((s.answer for s in case.said if s.answer is not None), [])


def _votes(task: str, case: review.Case) -> dict[str, list[str]]:
    """Who chose what, by the class or the number."""
    votes: dict[str, list[str]] = {}
    for one in case.said:
        chosen = one.answer if task == "multiple" else [one.answer]
        if one.answer is not None and task in ("classes", "rating", "multiple"):
            for name in chosen:
                votes.setdefault(str(name), []).append(one.name)
    return votes


def _which(request: Request) -> review.Which:
    asked = request.query_params.get("which", "disputed")
    return next((k for k in KINDS if k == asked), "disputed")
