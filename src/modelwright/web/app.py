"""The pages put together: which address is which page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from modelwright.core.errors import ModelwrightError
from modelwright.live.place import every
from modelwright.web.guard import Entered, Guard
from modelwright.web.pages import change, decision, enter, home, model, runs, version
from modelwright.web.reading import traffic
from modelwright.web.refusal import Refused
from modelwright.web.render import page, static, warm
from modelwright.web.site import Site

BOTH = ["GET", "POST"]


def build_app(site: Site) -> Starlette:
    """The application that serves the pages of a site."""
    entered = Entered()
    routes = [
        Route("/", home.home),
        Route("/live/{name}", model.model),
        Route("/live/{name}/versions/{version}", version.version),
        Route("/live/{name}/decisions/{decision}", decision.decision),
        Route("/live/{name}/promote/{version}", change.promote, methods=BOTH),
        Route("/live/{name}/rollback", change.rollback, methods=BOTH),
        Route("/live/{name}/end-challenger", change.end_challenger, methods=BOTH),
        Route("/live/{name}/changes/{serial:int}", change.changed),
        Route("/runs", runs.listing),
        Route("/runs/{run}", runs.run),
        Route("/runs/{run}/report.html", runs.report),
        Route("/runs/{run}/files/{file:path}", runs.file),
        Route("/compare", runs.compare),
        Route("/enter", enter.enter, methods=BOTH),
        Route("/leave", enter.leave, methods=["POST"]),
        Route("/static/{digest}/{name}", static),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        traffic.warm(every(site.live), warm)
        yield
        traffic.close()

    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, site=site, entered=entered, refuse=_refused)],
        exception_handlers={
            Refused: _refused,
            ModelwrightError: _told,
            HTTPException: _http,
            Exception: _failed,
        },
        lifespan=lifespan,
    )
    app.state.site = site
    app.state.entered = entered
    return app


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return page(
        request, "refused.html.j2", error.status, message=error.message, hint=error.hint, bare=error.bare
    )


def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, ModelwrightError)
    return _refused(request, Refused(500, error.message, error.hint))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = {404: "There is no such page", 405: "This page takes no such request"}.get(error.status_code)
    return _refused(request, Refused(error.status_code, said or error.detail))


def _failed(request: Request, error: Exception) -> Response:
    return _refused(
        request,
        Refused(
            500,
            "This page could not be made",
            f"{type(error).__name__}: what it is stands in the server's log.",
        ),
    )
