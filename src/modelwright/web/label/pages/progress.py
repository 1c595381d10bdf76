"""How far it is, and who did how much."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from modelwright.labels import progress as counts
from modelwright.labels import review
from modelwright.web.label.desk import Desk
from modelwright.web.label.render import page


def progress(request: Request) -> Response:
    """``/progress``."""
    desk: Desk = request.app.state.desk
    return page(
        request,
        "progress.html.j2",
        work=desk.lately("work", lambda: counts.work(desk.store, desk.project)),
        counts=desk.lately("counted", lambda: review.counted(desk.store)),
    )
