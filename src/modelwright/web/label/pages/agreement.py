"""How far people agree, and what each of them tends to."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from modelwright.labels import ratings, review
from modelwright.web.label.desk import Desk
from modelwright.web.label.render import page


def agreement(request: Request) -> Response:
    """``/agreement``: counted beside the page, which shows what was counted last."""
    desk: Desk = request.app.state.desk
    found = desk.measured()
    differing = [d.item for d in found.differing] if found else []
    return page(
        request,
        "agreement.html.j2",
        m=found,
        fresh=found is not None and found.upto == ratings.last_act(desk.store),
        contents={c.item: c.content for c in review.cases(desk.store, differing)},
    )
