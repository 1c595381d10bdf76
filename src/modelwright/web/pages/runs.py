"""Runs: the list, one of them, its files, and two compared."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from modelwright.lifecycle import shelf
from modelwright.report import tables
from modelwright.report.html import cell
from modelwright.web.guard import REPORT_POLICY, TEXT_POLICY
from modelwright.web.reading import runs
from modelwright.web.reading.files import text_of
from modelwright.web.refusal import Refused
from modelwright.web.render import page
from modelwright.web.site import Site

PAGE = 50
"""Runs on one page of the list."""
LOG = 60_000
"""Bytes of a log that are shown."""


def listing(request: Request) -> Response:
    """``/runs``."""
    site: Site = request.app.state.site
    every = runs.listing(site)
    pages = max(1, -(-len(every) // PAGE))
    asked = request.query_params.get("page", "1")
    at = min(pages, max(1, int(asked))) if asked.isdecimal() and len(asked) < 7 else 1
    return page(
        request,
        "runs.html.j2",
        runs=every[(at - 1) * PAGE : at * PAGE],
        total=len(every),
        pages=pages,
        at=at,
    )


def run(request: Request) -> Response:
    """``/runs/<name>``."""
    site: Site = request.app.state.site
    found = runs.find(site, request.path_params["run"])
    view = runs.view(found)
    fits = tables.fitted(view.leaderboard)[: tables.FITS]
    log, cut = text_of(found.path / "log.txt", LOG)
    return page(
        request,
        "run.html.j2",
        r=runs.line(found.path),
        view=view,
        fits=fits,
        axis=tables.axis(fits),
        declined=tables.declined(view.leaderboard),
        files=runs.files(found),
        log=log,
        log_cut=cut,
        others=[r.name for r in runs.listing(site) if r.name != found.name][:200],
        now=time.time(),
    )


def report(request: Request) -> Response:
    """``/runs/<name>/report.html``, in a sandbox: whatever is in it can do nothing to these pages."""
    site: Site = request.app.state.site
    path = runs.files(runs.find(site, request.path_params["run"])).get("report.html")
    if path is None:
        raise Refused(404, "This run has no report", "One is made at the end of a run.")
    return FileResponse(
        path, media_type="text/html", headers={"content-security-policy": REPORT_POLICY, "etag": ""}
    )


def file(request: Request) -> Response:
    """``/runs/<name>/files/<file>``: as plain text, whatever it is."""
    site: Site = request.app.state.site
    known = runs.files(runs.find(site, request.path_params["run"]))
    path = known.get(request.path_params["file"])
    if path is None:
        raise Refused(404, "This run has no such file", "Its page lists those that can be read here.")
    return FileResponse(
        path, media_type="text/plain; charset=utf-8", headers={"content-security-policy": TEXT_POLICY}
    )


def compare(request: Request) -> Response:
    """``/compare?run=<name>&run=<name>``."""
    site: Site = request.app.state.site
    asked = request.query_params.getlist("run")
    if len(asked) != 2:
        return page(request, "compare.html.j2", 400, lines=[], given=len(asked))
    first, second = (runs.find(site, name) for name in asked)
    lines = [
        {
            "what": str(line["what"]),
            "first": cell(line["first"]),
            "second": cell(line["second"]),
            "differs": line["first"] != line["second"],
        }
        for line in shelf.compare(first, second)
    ]
    return page(
        request,
        "compare.html.j2",
        lines=lines,
        given=2,
        first=first.name,
        second=second.name,
        differing=sum(bool(line["differs"]) for line in lines),
    )
