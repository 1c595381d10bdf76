"""The pages put together: which address is which page, and who may see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from modelwright.core.errors import BadInput, ModelwrightError
from modelwright.web.guard import Entered, Guard, enter_address
from modelwright.web.label.desk import Desk
from modelwright.web.label.pages import agreement, enter, media, mine, progress, review, work
from modelwright.web.label.render import page, static, warm
from modelwright.web.refusal import Refused

Handler = Callable[[Request], Response]
BOTH = ["GET", "POST"]


class _Number(Convertor[int]):
    """The number of an item: longer ones than a database counts to are no address."""

    regex = "[0-9]{1,15}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", _Number())


def build_app(desk: Desk) -> Starlette:
    """The application that serves the pages of one labelling project."""
    routes = [
        Route("/", _inside(work.work)),
        Route("/label", _inside(work.label), methods=["POST"]),
        Route("/skip", _inside(work.skip), methods=["POST"]),
        Route("/undo", _inside(work.undo), methods=["POST"]),
        Route("/item/{item:number}", _inside(mine.item), methods=BOTH),
        Route("/mine", _inside(mine.mine)),
        Route("/media/{item:number}", _inside(media.media)),
        Route("/review", _inside(review.listing, reviewer=True)),
        Route("/review/{item:number}", _inside(review.case, reviewer=True), methods=BOTH),
        Route("/progress", _inside(progress.progress, reviewer=True)),
        Route("/agreement", _inside(agreement.agreement, reviewer=True)),
        Route("/enter", enter.enter, methods=BOTH),
        Route("/leave", enter.leave, methods=["POST"]),
        Route("/static/{digest}/{name}", static),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        warm()
        desk.begin()
        yield
        desk.close()

    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, site=desk.site, entered=Entered(), refuse=_refused)],
        exception_handlers={
            Refused: _refused,
            ModelwrightError: _told,
            HTTPException: _http,
            Exception: _failed,
        },
        lifespan=lifespan,
    )
    app.state.desk = desk
    app.state.tries = Entered()
    return app


def _inside(handler: Handler, *, reviewer: bool = False) -> Handler:
    """The page for people who have entered; some only for reviewers."""

    def checked(request: Request) -> Response:
        desk: Desk = request.app.state.desk
        person = desk.who(request.state.visitor)
        if person is None:
            if request.method == "POST":
                raise Refused(
                    403, "Nobody has entered here, or it was too long ago", "Enter, and send it again."
                )
            return RedirectResponse(enter_address(request.url.path, request.url.query), 303)
        request.state.person = person
        if reviewer and not person.reviewer:
            raise Refused(403, "This page is for reviewers", "Ask one of them, or go on labelling.")
        return handler(request)

    return checked


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    plain = PlainTextResponse(f"{error.message}\n{error.hint}".strip(), error.status)
    if error.bare:
        return plain
    try:
        return page(request, "sorry.html.j2", error.status, message=error.message, hint=error.hint)
    except ModelwrightError:  # the store, which knows the project's name, does not answer
        return plain


def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, ModelwrightError)
    status = 422 if isinstance(error, BadInput) else 503
    return _refused(request, Refused(status, error.message, error.hint))


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
            f"{type(error).__name__}: what it is stands in the server's log. Nothing that was saved is lost.",
        ),
    )
