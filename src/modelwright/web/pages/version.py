"""One version of a live model."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from modelwright.web.reading import live, runs
from modelwright.web.reading.traffic import DAY
from modelwright.web.render import page
from modelwright.web.site import Site


def version(request: Request) -> Response:
    """``/live/<name>/versions/<version>``: where it comes from, and what its test said."""
    site: Site = request.app.state.site
    place = live.find(site, request.path_params["name"])
    name = request.path_params["version"]
    manifest = live.version(place, name)
    m = live.read(place, DAY)
    (found,) = (v for v in live.versions(place, m, runs.names(site)) if v.name == name)
    report = found.run_known and runs.line(runs.find(site, found.run).path).report
    lineage = manifest.get("lineage")
    return page(
        request,
        "version.html.j2",
        m=m,
        v=found,
        reason=str(manifest.get("reason") or ""),
        criteria=live.criteria(manifest),
        lineage=lineage if isinstance(lineage, dict) else {},
        report=report,
    )
