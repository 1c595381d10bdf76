"""Everything that is not on the hot path: health, metrics, what is served, and the page that explains it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client.exposition import choose_encoder
from starlette.exceptions import HTTPException

from modelwright.live.serve import refusal
from modelwright.live.serve.docs import headers as docs_headers
from modelwright.live.serve.docs import page as docs_page
from modelwright.live.serve.metrics import registry
from modelwright.live.serve.openapi import document
from modelwright.live.serve.refusal import Refused
from modelwright.live.serve.served import Served, Serving

if TYPE_CHECKING:
    from modelwright.live.serve.app import App

_HINTS = {
    404: "GET /models lists the models that are served, /docs what can be asked",
    405: "the Allow header names what can be done",
}


def pages(app: App) -> FastAPI:
    """FastAPI's own pages are off: theirs take scripts from another machine."""
    made = FastAPI(title="modelwright", openapi_url=None, docs_url=None, redoc_url=None)
    made.router.redirect_slashes = False

    async def healthz() -> Response:
        return JSONResponse({"alive": True})

    async def readyz() -> Response:
        said = {name: _ready(app, name) for name in app.doors}
        ready = not app.closing and all(one["ready"] for one in said.values())
        told = {"ready": ready, "closing": app.closing, "models": said}
        return JSONResponse(told, 200 if ready else 503)

    async def prometheus(request: Request) -> Response:
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        seen = registry(app, request.scope["modelwright.names"])
        return Response(encode(seen), media_type=kind)

    async def openapi(request: Request) -> Response:
        return JSONResponse(document(app, request.scope["modelwright.names"]))

    async def docs() -> Response:
        return Response(docs_page(), media_type="text/html", headers=docs_headers())

    async def models(request: Request) -> Response:
        names = request.scope["modelwright.names"]
        return JSONResponse({"models": [_short(app, name) for name in names]})

    async def model(name: str) -> Response:
        serving = _serving(app, name)
        return JSONResponse(_long(app, name, serving))

    async def version(name: str, version: str) -> Response:
        _serving(app, name)
        plain = version.isalnum() and version.isascii() and len(version) < 20
        served = app.models.version(name, version) if plain else None
        if served is None and plain:
            served = await app.models.fetch(name, version)
        if served is None:
            raise refusal.not_found(f"{name!r} has no version of that name", f"GET /models/{name} lists them")
        return JSONResponse(_version(served))

    for path, answer in (
        ("/healthz", healthz), ("/readyz", readyz), ("/metrics", prometheus), ("/openapi.json", openapi),
        ("/docs", docs), ("/models", models), ("/models/{name}", model),
        ("/models/{name}/versions/{version}", version),
    ):  # fmt: skip
        made.add_api_route(path, answer, methods=["GET", "HEAD"])

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        headers = {name.decode(): value.decode() for name, value in error.headers}
        return Response(error.body(), error.status, headers, "application/json")

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = {404: "not-found", 405: "method"}.get(error.status_code, "http")
        body = Refused(error.status_code, code, str(error.detail), _HINTS.get(error.status_code, "")).body()
        return Response(body, error.status_code, dict(error.headers or {}), "application/json")

    async def validation(request: Request, error: Exception) -> Response:
        return await refused(request, Refused(422, "invalid-input", "the path cannot be used"))

    made.add_exception_handler(Refused, refused)
    made.add_exception_handler(HTTPException, http)
    made.add_exception_handler(RequestValidationError, validation)
    return made


def _serving(app: App, name: str) -> Serving:
    if name not in app.doors:
        raise refusal.not_found(f"no model {name[:80]!r}")
    serving = app.models.current(name)
    if serving is None:
        raise refusal.not_ready()
    return serving


def _ready(app: App, name: str) -> dict[str, Any]:
    door, serving = app.doors[name], app.models.current(name)
    why = ""
    if serving is None:
        why = "no version is loaded"
    elif door.journal.full:
        why = "the journal takes no more"
    elif door.keyring.damaged:
        why = "keys.json cannot be read"
    keys = "needed" if door.keyring.required else "none: whoever reaches the port may ask"
    told = {"ready": not why, "version": serving.champion.version if serving else None, "keys": keys}
    return {**told, "why": why} if why else told


def _short(app: App, name: str) -> dict[str, Any]:
    serving = app.models.current(name)
    if serving is None:
        return {"name": name, "version": None, "ready": False}
    about = serving.champion.model.metadata
    return {
        "name": name,
        "version": serving.champion.version,
        "ready": True,
        "problem": about["problem"],
        "target": about.get("target"),
        "verdict": about.get("verdict"),
        "description": about.get("description", ""),
    }


def _long(app: App, name: str, serving: Serving) -> dict[str, Any]:
    told = _short(app, name)
    told["serial"] = serving.serial
    challenger = serving.challenger
    told["challenger"] = (
        {"version": challenger.version, "mode": serving.mode, "share": serving.share} if challenger else None
    )
    return {**told, **_version(serving.champion)}


def _version(served: Served) -> dict[str, Any]:
    """Signature, verdict and lineage: from the bundle, as released."""
    about = served.model.metadata
    return {
        "name": served.name,
        "version": served.version,
        "problem": about["problem"],
        "target": about.get("target"),
        "classes": list(served.model.classes),
        "threshold": about.get("threshold"),
        "abstain_below": about.get("abstain_below"),
        "inputs": [column.to_json() for column in served.model.signature.inputs],
        "verdict": about.get("verdict"),
        "reason": about.get("reason"),
        "test": json.loads(json.dumps(about.get("test", {}).get("criteria", []))),
        "lineage": about.get("lineage"),
        "versions": about.get("versions"),
    }
