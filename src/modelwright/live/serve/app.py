"""The application of one worker: what answers ``/predict``, ``/explain`` and ``/feedback``.

These three are plain ASGI, because between a model of twenty microseconds and its client every layer counts:
one row is checked, predicted, logged and answered without leaving the event loop. Everything else is a
FastAPI application (``pages.py``), which is asked for whatever is not one of the three.

A prediction is in the journal before its answer is sent. What is not answered (an error, a full journal, a
client that waits too long for a batch) is counted as a failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import parse_qs

from modelwright.core.errors import ModelwrightError
from modelwright.live.entries import Entry, Failure, Role
from modelwright.live.log.journal import JournalFull
from modelwright.live.place import Place
from modelwright.live.serve import explain, refusal
from modelwright.live.serve.asked import Scope, check_kind, client_of, head_of, rows_of
from modelwright.live.serve.counters import Counters
from modelwright.live.serve.door import ROUTES, Door
from modelwright.live.serve.feedback import feedback_of
from modelwright.live.serve.hearing import (
    Hearing,
    Route,
    Send,
    answer,
    logged_many,
    logged_one,
    refused_by,
    report,
)
from modelwright.live.serve.limits import Rates, Receive, body_of, json_of
from modelwright.live.serve.predict import Asked, Prepared, Unanswerable, new_id, new_ids
from modelwright.live.serve.refusal import Gone, Refused
from modelwright.live.serve.served import Journal, Models, Served, Serving
from modelwright.live.serve.shadow import Shadows
from modelwright.live.serve.validate import Invalid
from modelwright.live.settings import Settings

THREADS: Final = 2
"""Batches at work at once in one worker: beyond the cores they only wait for each other."""
FAILURES: Final = 50
"""Failures a second that are logged for each model in a worker; all are counted."""
_dumps = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


class App:
    """An ASGI application (see :func:`build_app`)."""

    def __init__(self, models: Models, doors: Mapping[str, Door], counters: Counters, rates: Rates) -> None:
        from modelwright.live.serve.pages import pages

        self.models = models
        self.doors = dict(doors)
        self.counters = counters
        self.rates = rates
        self._routes: dict[str, Route] = {}
        for door in self.doors.values():
            for kind in ROUTES:
                self._routes[f"/models/{door.name}/{kind}"] = Route(kind, door)
                if len(self.doors) == 1:
                    self._routes[f"/{kind}"] = Route(kind, door)
        self._pages = pages(self)
        self._threads = ThreadPoolExecutor(THREADS, "batch")
        self._shadows = Shadows()
        self._failures: dict[str, tuple[int, int]] = {}
        self.closing = False
        """Set when the worker is about to end: /readyz says so."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root):
            path = path[len(root) :]
        route = self._routes.get(path) or self._versioned(path)
        if route is None:
            await self._page(path, scope, receive, send)
        else:
            await self._hear(route, scope, receive, send)

    def notes(self) -> list[str]:
        """What whoever starts the server should know."""
        return [
            f"{door.name}: no API key, so whoever reaches the port may ask"
            for door in self.doors.values()
            if not door.keyring.required
        ]

    async def close(self) -> None:
        """Wait for what threads still do; call it before the journals are closed."""
        self.closing = True
        loop = asyncio.get_running_loop()
        for close in (self._threads.shutdown, self._shadows.close):
            await loop.run_in_executor(None, close)
        await asyncio.sleep(0)  # what the threads handed to the loop

    # --- one request ----------------------------------------------------------------------------------

    async def _hear(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        door = route.door
        hearing = Hearing(time.time_ns() // 1000, time.perf_counter_ns())
        held = False
        status, body, headers = 500, b"", []
        try:
            length = self._admit(route, hearing, scope)
            held = True
            door.flying += 1
            self.counters.values[door.in_flight] += 1
            async with asyncio.timeout(door.limits.timeout):
                raw = await body_of(receive, door.limits.body, length)
                hearing.receiving = False
                data = json_of(raw)
                if route.kind == "predict":
                    status, body = 200, await self._predict(route, hearing, data)
                elif route.kind == "feedback":
                    status, body = 202, await self._feedback(door, hearing, data)
                else:
                    status, body = 200, await self._explain(route, hearing, data, scope)
        except Gone:
            door.failed(499, "client-gone")
            return
        except (Refused, Invalid, Unanswerable, ModelwrightError, TimeoutError) as error:
            hearing.given_up = True
            refused = refused_by(error, hearing)
            status, body, headers = refused.status, refused.body(), refused.headers
            self._fail(door, hearing, refused)
        except Exception as error:
            hearing.given_up = True
            report(error)
            refused = refusal.broken()
            status, body = refused.status, refused.body()
            self._fail(door, hearing, refused)
        finally:
            if held:
                door.flying -= 1
                self.counters.values[door.in_flight] -= 1
        await answer(send, status, body, headers)
        self.counters.observe(door.seconds[route.kind], (time.perf_counter_ns() - hearing.began) // 1000)
        if hearing.after is not None:
            hearing.after()

    def _admit(self, route: Route, hearing: Hearing, scope: Scope) -> int | None:
        """Refuse what needs no look at the body; returns the body's announced length."""
        door = route.door
        if scope["method"] != "POST":
            raise Refused(405, "method", f"/{route.kind} is asked with POST", headers=[(b"allow", b"POST")])
        length, kind, token = head_of(scope)
        key = door.keyring.check(token)
        if key is None:
            raise refusal.unauthorised(door.keyring.damaged)
        hearing.key = key
        rate = door.limits.rate
        if rate is not None:
            wait = self.rates.wait(client_of(scope, hearing.key), rate)
            if wait:
                raise refusal.too_often(wait)
        check_kind(kind)
        if door.flying >= door.limits.concurrency:
            raise refusal.overloaded()
        return length

    async def _predict(self, route: Route, hearing: Hearing, data: Any) -> bytes:
        door = route.door
        ident = new_id()
        serving = self.models.current(door.name)
        if serving is None:
            raise refusal.not_ready()
        served, role = await self._chosen(route, serving, ident)
        row, rows = rows_of(data, door.limits.rows, served.ready.checks.names)
        try:
            return await self._predicted(door, hearing, serving, served, role, ident, row, rows)
        except Invalid:
            # Clients speak the champion's language: a canary that asks for more is passed by.
            if route.version is not None or role == "champion":
                raise
            champion = serving.champion
            return await self._predicted(door, hearing, serving, champion, "champion", ident, row, rows)

    async def _predicted(
        self, door: Door, hearing: Hearing, serving: Serving, served: Served, role: Role, ident: str,
        row: dict[str, Any] | None, rows: list[Any],
    ) -> bytes:  # fmt: skip
        prepared: Prepared = served.ready
        hearing.version, hearing.role = served.version, role
        tally = door.tally(served, role)
        asked = Asked(ident, hearing.at, hearing.began, role, hearing.key, tally.treat)
        values = self.counters.values
        if row is not None:
            if prepared.inline and not door.always:
                text, entry, warned, label = prepared.one(row, asked)
                door.journal.append((entry,))
            else:
                text, entry, warned, label = await self._in_thread(
                    door, hearing, lambda: logged_one(door, hearing, prepared, row, asked)
                )
            values[tally.answered] += 1
            values[tally.rows] += 1
            values[tally.labels[label]] += 1
            if entry.abstained:
                values[tally.abstained] += 1
            if warned:
                door.warned(warned)
        else:
            ids = new_ids(len(rows))
            text, entries, warnings, labels = await self._in_thread(
                door, hearing, lambda: logged_many(door, hearing, prepared, rows, asked, ids)
            )
            door.answered(served, role, entries, labels)
            for some in warnings:
                door.warned(some)
        shadow = serving.shadow
        if shadow is not None and served is serving.champion:
            sent = [row] if row is not None else rows
            told = [ident] if row is not None else ids
            hearing.after = lambda: self._shadows.show(door, shadow, sent, asked, told)
        return text.encode("utf-8", "replace")

    async def _chosen(self, route: Route, serving: Serving, ident: str) -> tuple[Served, Role]:
        """Who answers: as the deployment says, or the version that the path names."""
        if route.version is None:
            return serving.choose(ident)
        name = route.door.name
        served = self.models.version(name, route.version) or await self.models.fetch(name, route.version)
        if served is None:
            raise refusal.not_found(
                f"{name!r} has no version {route.version!r}", f"GET /models/{name} lists them"
            )
        return served, "champion" if served.version == serving.champion.version else "canary"

    async def _feedback(self, door: Door, hearing: Hearing, data: Any) -> bytes:
        serving = self.models.current(door.name)
        if serving is None:
            raise refusal.not_ready()
        classes = serving.champion.model.classes
        if serving.challenger is not None:
            classes = tuple(dict.fromkeys((*classes, *serving.challenger.model.classes)))
        entries: list[Entry] = list(feedback_of(data, classes, door.limits.rows, hearing.at, hearing.key))
        await self._in_thread(door, hearing, lambda: door.journal.append(entries))
        self.counters.count("modelwright_feedback_total", door.name, by=len(entries))
        self.counters.count("modelwright_requests_total", door.name, "", "", "202")
        return _dumps({"accepted": len(entries)}).encode()

    async def _explain(self, route: Route, hearing: Hearing, data: Any, scope: Scope) -> bytes:
        door = route.door
        serving = self.models.current(door.name)
        if serving is None:
            raise refusal.not_ready()
        served, _ = await self._chosen(route, serving, "")
        prepared: Prepared = served.ready
        named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("of", [None])[-1]
        if type(data) is dict and "of" in data and "of" not in prepared.checks.names:
            named = data["of"]
            data = {name: value for name, value in data.items() if name != "of"}
        row, rows = rows_of(data, min(explain.MOST, door.limits.rows), prepared.checks.names)
        of = explain.class_of(prepared, named)
        if door.explaining >= explain.AT_ONCE:
            raise refusal.overloaded()
        door.explaining += 1

        def done() -> None:
            door.explaining -= 1

        made = await self._in_thread(door, hearing, lambda: explain.explain(prepared, row, rows, of), done)
        self.counters.count("modelwright_requests_total", door.name, served.version, "", "200")
        return _dumps(made).encode("utf-8", "replace")

    async def _in_thread(
        self, door: Door, hearing: Hearing, work: Callable[[], Any], done: Callable[[], None] | None = None
    ) -> Any:
        """Work that takes its time. Where nobody waits for it any more, it still counts as a request at
        work until it ends: a thread cannot be stopped."""
        loop = asyncio.get_running_loop()
        future: Future[Any] = self._threads.submit(work)

        def tell(then: Callable[[], None]) -> None:
            def told(_: Future[Any]) -> None:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(then)

            future.add_done_callback(told)

        if done is not None:
            tell(done)
        try:
            return await asyncio.wrap_future(future)
        except BaseException:
            if not future.done():
                door.flying += 1
                tell(door.landed)
            raise

    # --- after the answer -----------------------------------------------------------------------------

    def _fail(self, door: Door, hearing: Hearing, refused: Refused) -> None:
        """Count a failure, and log it once the answer is sent, as long as there are not too many."""
        door.failed(refused.status, refused.code, hearing.version, hearing.role)
        second = hearing.at // 1_000_000
        last, logged = self._failures.get(door.name, (0, 0))
        logged = logged + 1 if last == second else 1
        self._failures[door.name] = (second, logged)
        if refused.status in refusal.NOT_LOGGED or logged > FAILURES:
            return
        micros = (time.perf_counter_ns() - hearing.began) // 1000
        entry = Failure(hearing.at, refused.status, refused.code, micros, refused.details)

        def log() -> None:
            with contextlib.suppress(JournalFull):  # counted all the same
                door.journal.append((entry,))

        hearing.after = log

    # --- everything else ------------------------------------------------------------------------------

    def _versioned(self, path: str) -> Route | None:
        """``/models/NAME/versions/V/predict`` and ``.../explain``."""
        parts = path.split("/")
        if len(parts) == 6 and parts[1] == "models" and parts[3] == "versions" and parts[5] in ROUTES[:2]:
            door = self.doors.get(parts[2])
            if door is not None and parts[4].isalnum() and parts[4].isascii() and len(parts[4]) < 20:
                return Route(parts[5], door, parts[4])
        return None

    async def _page(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        if path[1:] in ROUTES:
            hint = f"ask /models/NAME{path}; there is {', '.join(self.doors)}"
            await answer(send, 404, refusal.not_found("several models are served here", hint).body(), [])
            return
        started = False

        async def sending(message: dict[str, Any]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            scope["modelwright.names"] = seen = self._let_in(path, scope)
            parts = path.split("/", 3)
            if len(parts) > 2 and parts[1] == "models" and parts[2] not in self.doors:
                raise refusal.not_found(f"no model {parts[2][:80]!r}", f"there is {', '.join(seen)}")
            await self._pages(scope, receive, sending)  # type: ignore[arg-type]
        except Refused as error:
            await answer(send, error.status, error.body(), error.headers)
        except Exception as error:
            report(error)
            if not started:
                await answer(send, 500, refusal.broken().body(), [])

    def _let_in(self, path: str, scope: Scope) -> tuple[str, ...]:
        """The models that whoever asks may see. Health and the empty page of /docs are open to all."""
        names = tuple(self.doors)
        if path in ("/healthz", "/readyz", "/docs"):
            return names
        _, _, token = head_of(scope)
        key = {name: door.keyring.check(token) for name, door in self.doors.items()}
        seen = tuple(name for name in names if key[name] is not None)
        parts = path.split("/")
        wanted = parts[2] if len(parts) > 2 and parts[1] == "models" and parts[2] in names else None
        if not seen or (wanted is not None and wanted not in seen):
            raise refusal.unauthorised(self.doors[wanted or names[0]].keyring.damaged)
        door = self.doors[wanted or seen[0]]
        if door.limits.rate is not None:
            wait = self.rates.wait(client_of(scope, key[door.name] or ""), door.limits.rate)
            if wait:
                raise refusal.too_often(wait)
        return seen

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        await send({"type": "websocket.close", "code": 1000})


def build_app(
    models: Models,
    journals: Mapping[str, Journal],
    settings: Mapping[str, Settings],
    places: Mapping[str, Place],
    counters: Counters | None = None,
) -> App:
    """The application for the models of one worker.

    ``places``: where keys and the monitor's findings lie. ``counters``: None counts in this process alone;
    otherwise the limits of clients, too, are kept in their folder, for all workers together. Call
    :meth:`App.close` before the journals are closed.
    """
    counted = counters or Counters()
    doors = {name: Door(settings[name], journals[name], places[name], counted) for name in models.names()}
    rates = Rates(counted.folder / "rates" if counted.folder else None)
    return App(models, doors, counted, rates)
