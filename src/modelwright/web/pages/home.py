"""The first page: what is live, and the newest runs."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response

from modelwright.web.reading import live, runs
from modelwright.web.reading.traffic import DAY
from modelwright.web.render import page
from modelwright.web.site import Site

NEWEST = 5


def home(request: Request) -> Response:
    site: Site = request.app.state.site
    return page(
        request,
        "home.html.j2",
        models=live.all_live(site, DAY),
        runs=runs.listing(site)[:NEWEST],
        now=time.time(),
    )
