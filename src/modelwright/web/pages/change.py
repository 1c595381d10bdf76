"""Changing which version answers: a question, then the deed, then what came of it.

The form carries the number of the deployment that was looked at: where somebody else has changed it in
between, nothing is done, and the visitor looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from modelwright.core.errors import BadInput
from modelwright.live import deployment
from modelwright.live.deployment import Deployment
from modelwright.live.place import Place
from modelwright.web.reading import live
from modelwright.web.reading.traffic import DAY
from modelwright.web.refusal import Refused
from modelwright.web.render import page
from modelwright.web.site import Site
from modelwright.web.views import Live

PATIENCE = 2.0
"""Seconds that the answer waits for the workers."""
WHY = 200
"""Characters of a reason."""


def promote(request: Request) -> Response:
    """``/live/<name>/promote/<version>``."""
    place = _place(request)
    version = request.path_params["version"]
    manifest = live.version(place, version)
    if request.method == "POST":
        return _do(request, place, lambda why: deployment.deploy(place, version, why))
    m = live.read(place, DAY)
    if version == m.champion:
        raise Refused(409, f"{version} answers already", f"It is the champion of {m.name}.")
    verdict = str(manifest.get("verdict") or "")
    warnings = _warnings(m)
    if verdict != "met":
        warnings.append(
            f"The verdict on {version} is {verdict or 'not known'}: its goal is not shown to be met."
        )
    return page(
        request,
        "confirm.html.j2",
        m=m,
        version=version,
        question=f"Promote {version} of {m.name}?",
        effect=f"{version} answers all requests from then on; {m.champion} can be brought back.",
        warnings=warnings,
        criteria=live.criteria(manifest),
        why="promoted by hand",
        action=f"Promote {version}",
    )


def rollback(request: Request) -> Response:
    """``/live/<name>/rollback``."""
    place = _place(request)
    if request.method == "POST":
        return _do(request, place, lambda why: deployment.rollback(place, why))
    m = live.read(place, DAY)
    if not m.previous:
        raise Refused(409, f"{m.name} has no version to go back to", "Only one version has answered so far.")
    back = m.previous[0]
    ends = f" The {m.mode} of {m.challenger} ends." if m.challenger else ""
    return page(
        request,
        "confirm.html.j2",
        m=m,
        version=back,
        question=f"Roll back {m.name} to {back}?",
        effect=f"{back} answers all requests from then on, in place of {m.champion}.{ends}",
        warnings=_warnings(m),
        criteria=live.criteria(live.manifest(place, back)),
        why="rolled back by hand",
        action=f"Roll back to {back}",
    )


def end_challenger(request: Request) -> Response:
    """``/live/<name>/end-challenger``."""
    place = _place(request)
    if request.method == "POST":
        return _do(request, place, lambda why: deployment.challenge(place, None, why))
    m = live.read(place, DAY)
    if not m.challenger:
        raise Refused(409, f"No version of {m.name} is being tried")
    answers = "are answered by the champion" if m.mode == "canary" else "are no longer answered by it as well"
    return page(
        request,
        "confirm.html.j2",
        m=m,
        version=m.challenger,
        question=f"End the {m.mode} of {m.challenger}?",
        effect=f"The requests that {m.challenger} took {answers}. It stays among the versions.",
        warnings=_warnings(m),
        criteria=(),
        why="ended by hand",
        action=f"End the {m.mode}",
    )


def changed(request: Request) -> Response:
    """``/live/<name>/changes/<serial>``: what came of a change; it may be loaded again at any time."""
    place = _place(request)
    serial = int(request.path_params["serial"])
    change = next((c for c in live.history(place, 1000) if c.serial == serial), None)
    if change is None:
        raise Refused(404, f"{place.name} has no change number {serial}")
    m = live.read(place, DAY)
    title = f"{change.champion} answers" + (f", {change.challenger} is tried" if change.challenger else "")
    kind = "good"
    if m.serial > serial:
        told, kind = f"That was change {serial}; it has been changed since: {m.champion} answers now.", "warn"
        title = f"Was: {title}"
    elif not m.workers:
        told, kind = "It is written down. No worker is serving now; those that start take it at once.", "warn"
        title = f"{change.champion} will answer"
    elif m.behind:
        told = f"{m.workers - m.behind} of {m.workers} workers have taken it; the others answer as before."
        kind = "warn"
    else:
        told = f"{_all(m.workers)} taken it."
    return page(request, "changed.html.j2", m=m, change=change, title=title, told=told, kind=kind)


def _all(workers: int) -> str:
    return "The one worker has" if workers == 1 else f"All {workers} workers have"


def _place(request: Request) -> Place:
    site: Site = request.app.state.site
    return live.find(site, request.path_params["name"])


def _warnings(m: Live) -> list[str]:
    return [] if m.workers else ["No worker is serving this model now: the change holds when one does."]


def _do(request: Request, place: Place, change: Callable[[str], Deployment]) -> Response:
    form = request.state.form
    try:
        before = deployment.read(place)
        if form.get("serial") != str(before.serial):
            raise Refused(
                409,
                "It has been changed in between",
                f"{before.champion} answers now ({before.why}). Nothing was done: look again.",
            )
        why = " ".join(form.get("why", "").split())[:WHY] or "by hand"
        made = change(why)
    except BadInput as error:
        raise Refused(409, error.message, error.hint) from error
    deployment.reached(place, made.serial, patience=PATIENCE)
    return RedirectResponse(f"/live/{quote(place.name)}/changes/{made.serial}", 303)
