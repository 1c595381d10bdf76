"""Who may ask, and what every answer carries. All requests pass here first: no page can forget it.

- The ``Host`` header must name this server (against DNS rebinding).
- Where the site has a token, only visitors who have entered it see anything.
- Every form must come from our own page: same origin, and a token that only our page could hold (a cookie's
  HMAC: the "signed double-submit" pattern of OWASP's cheat sheet on cross-site request forgery).
- Answers name what a page may load, may not be framed, and are not kept by caches.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import re
import secrets
import threading
import time
from collections.abc import MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelwright.web.refusal import Refused
from modelwright.web.site import Site, host_of

BODY = 64_000
"""Bytes of a form."""
STAY = 12 * 3600.0
"""Seconds that an entered token holds."""
TRIES = 10
"""Wrong tokens in a minute, from everybody together; more are refused unread."""
OPEN = ("/enter", "/static/")
"""What a visitor sees before the token is entered."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; media-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of a run's report, beside the policy that it names itself: its sorter of tables runs, in an origin of its
own that may read and send nothing. Its pictures and sounds stand in the page itself."""
TEXT_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
HEADERS = {
    "content-security-policy": POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_VISITOR = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Entered:
    """Visitors who have entered the token. Kept in memory: a restart asks again."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._wrong: list[float] = []
        self._turn = threading.Lock()

    def add(self, visitor: str) -> None:
        now = time.monotonic()
        with self._turn:
            self._until = {v: until for v, until in self._until.items() if until > now}
            self._until[visitor] = now + STAY

    def __contains__(self, visitor: str) -> bool:
        return self._until.get(visitor, 0.0) > time.monotonic()

    def remove(self, visitor: str) -> None:
        with self._turn:
            self._until.pop(visitor, None)

    def may_try(self) -> bool:
        """Whether one more token may be tried now; the try is counted until it proves right."""
        now = time.monotonic()
        with self._turn:
            self._wrong = [at for at in self._wrong if now - at < 60]
            if len(self._wrong) >= TRIES:
                return False
            self._wrong.append(now)
            return True

    def was_right(self) -> None:
        with self._turn:
            self._wrong.clear()


class Guard:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, site: Site, entered: Entered, refuse: Any) -> None:
        self.app = app
        self.site = site
        self.entered = entered
        self.refuse = refuse
        """Makes the answer of a :class:`Refused`."""
        self.cookie = cookie_name(site)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visitor = _cookie(headers, self.cookie)
        new = visitor is None
        visitor, path = visitor or secrets.token_urlsafe(32), scope["path"]
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        inside = self.site.token is not None and visitor in self.entered
        state.update(visitor=visitor, form_token=form_token(self.site, visitor), form={}, entered=inside)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    out.setdefault(name, value)
                own = headers.get("sec-fetch-site") != "cross-site" and not path.startswith("/static/")
                if new and own and "set-cookie" not in out:
                    out.append("set-cookie", set_cookie(self.site, visitor))
            await send(message)

        try:
            response, receive = await self._checked(scope, receive, headers, visitor, new)
        except Refused as refused:
            response = self.refuse(Request(scope), refused)
        if response is not None:
            await response(scope, receive, answer)
        else:
            await self.app(scope, receive, answer)

    async def _checked(
        self, scope: Scope, receive: Receive, headers: Headers, visitor: str, new: bool
    ) -> tuple[Response | None, Receive]:
        """An answer where the request goes no further, and what the pages may still receive."""
        if len(headers.getlist("host")) != 1 or not self.site.knows(headers["host"]):
            raise Refused(
                421,
                "This server does not go by the name in the request",
                "Open it as http://localhost or by its address; `--name` adds a name to those it answers to.",
                bare=True,
            )
        method, path = scope["method"], scope["path"]
        if method not in ("GET", "HEAD", "POST"):
            raise Refused(405, "Pages are read (GET) and forms are sent (POST); nothing else is answered")
        there = enter_address(path, scope["query_string"].decode("ascii", "replace"))
        if method != "POST" and new and headers.get("sec-fetch-site") == "cross-site":
            # A link from elsewhere: the browser kept the strict cookie back. Our own page asks again.
            there = "/" if path == "/enter" else there
            return Response(_AGAIN.format(html.escape(there)), media_type="text/html"), receive
        if self.site.token is not None and not path.startswith(OPEN) and visitor not in self.entered:
            if method == "POST":
                raise Refused(403, "Nobody has entered the token here, or it was too long ago", "Enter it.")
            return RedirectResponse(there, 303), receive
        if method == "POST":
            receive = await self._form(scope, receive, headers, visitor)
        return None, receive

    async def _form(self, scope: Scope, receive: Receive, headers: Headers, visitor: str) -> Receive:
        self._same_origin(headers)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise Refused(415, "A form is sent as application/x-www-form-urlencoded")
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(400, "The form did not come whole")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > BODY:
                raise Refused(413, f"A form has at most {BODY:,} bytes")
        try:
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
        except ValueError as error:
            raise Refused(400, "The form cannot be read") from error
        given = fields.pop("form_token", "")
        if not hmac.compare_digest(given.encode(), form_token(self.site, visitor).encode()):
            raise Refused(
                403,
                "This form was not made by this server for this browser",
                "It may be older than the server's last start, or cookies are off: go back, load the page "
                "again and send it once more. Nothing was changed.",
            )
        scope["state"]["form"] = fields
        spent = False

        async def again() -> Message:
            nonlocal spent
            if spent:
                return await receive()
            spent = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again

    def _same_origin(self, headers: Headers) -> None:
        origin, fetched = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
        own = True
        if origin is not None:
            own = host_of(urlsplit(origin).netloc) is not None and urlsplit(origin).netloc == headers["host"]
        if not own or fetched not in ("same-origin", "none"):
            raise Refused(403, "This form came from another site", "Nothing was changed.")


_AGAIN = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={0}">'
    '<title>modelwright</title><p><a href="{0}">Go on</a></p></html>'
)
"""To another address than its own: a browser takes a refresh to the same one for a reload of what came from
elsewhere, and keeps the cookie back again."""


def form_token(site: Site, visitor: str) -> str:
    """What a form of this visitor must carry."""
    return hmac.new(site.key, visitor.encode(), hashlib.sha256).hexdigest()


def cookie_name(site: Site) -> str:
    """Browsers do not keep the cookies of two ports apart; the name does."""
    return f"modelwright-{site.port}"


def set_cookie(site: Site, visitor: str) -> str:
    """The header that gives a visitor its cookie: no script reads it, no other site's request carries it."""
    return f"{cookie_name(site)}={visitor}; Path=/; HttpOnly; SameSite=Strict; Max-Age={int(STAY)}"


def enter_address(path: str, query: str) -> str:
    return f"/enter?to={quote(path + ('?' + query if query else ''), safe='')}"


def inner(address: str) -> str:
    """The address where it is a page of this site, else that of the first page."""
    good = re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", address) and "\\" not in address
    return address if good else "/"


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        jar: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    found = jar[name].value if name in jar else ""
    return found if _VISITOR.fullmatch(found) else None
