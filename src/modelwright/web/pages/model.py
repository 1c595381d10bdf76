"""One live model: state, conditions, traffic, accuracy, drift, versions, decisions, history."""

from __future__ import annotations

import time

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from modelwright.live.place import Place
from modelwright.report import svg
from modelwright.report.views import CriterionView
from modelwright.web import times
from modelwright.web.charts import Chart, Course
from modelwright.web.reading import live, runs
from modelwright.web.reading.traffic import WINDOWS, Window, log_of, window_of
from modelwright.web.reading.watched import criteria_of, judged
from modelwright.web.render import page
from modelwright.web.site import Site
from modelwright.web.views import Accuracy, Bucket, Change, Estimate, Live, Watched


def model(request: Request) -> Response:
    """``/live/<name>``, with ``?span=`` for another stretch of time."""
    site: Site = request.app.state.site
    place = live.find(site, request.path_params["name"])
    window = window_of(request.query_params.get("span"))
    m = live.read(place, window)
    history = live.history(place)
    marks = _marks(history)
    buckets = log_of(place).course(window) if m.traffic else ()
    return page(
        request,
        "model.html.j2",
        m=m,
        window=window,
        windows=WINDOWS,
        history=history,
        decisions=live.decisions(place),
        versions=live.versions(place, m, runs.names(site)),
        traffic_chart=_traffic(buckets, window, marks),
        latency_chart=_latency(buckets, window, marks),
        accuracy_chart=_accuracy(place, m, window, marks),
        bars=[_bar(a) for a in m.watched.known] if m.watched else [],
        most_effect=_most(m.watched),
        now=time.time(),
    )


def _marks(history: tuple[Change, ...]) -> tuple[tuple[float, str], ...]:
    """Moments at which another version began to answer."""
    found = []
    before = ""
    for change in reversed(history):
        at = times.seconds(change.at)
        if change.champion != before and at is not None:
            found.append((at, change.champion))
        before = change.champion
    return tuple(found)


def _traffic(buckets: tuple[Bucket, ...], window: Window, marks: tuple[tuple[float, str], ...]) -> Chart:
    quiet = not any(b.requests or b.failures for b in buckets)
    return Chart(
        "Requests", "bars", tuple(b.start for b in buckets), window.bucket,
        (
            Course("answered", tuple(None if quiet else float(b.requests) for b in buckets)),
            Course("refused or failed", tuple(None if quiet else float(b.failures) for b in buckets)),
        ),
        marks=marks, note=f"Requests in {_stretch(window)}.",
    )  # fmt: skip


def _latency(buckets: tuple[Bucket, ...], window: Window, marks: tuple[tuple[float, str], ...]) -> Chart:
    return Chart(
        "Latency", "lines", tuple(b.start for b in buckets), window.bucket,
        (
            Course("p50", tuple(b.p50 for b in buckets)),
            Course("p95", tuple(b.p95 for b in buckets)),
            Course("p99", tuple(b.p99 for b in buckets)),
        ),
        unit="seconds", marks=marks, note="From the arrival of a request to its answer; off by 2% at most.",
    )  # fmt: skip


def _accuracy(place: Place, m: Live, window: Window, marks: tuple[tuple[float, str], ...]) -> Chart | None:
    if not m.traffic:
        return None
    found = log_of(place).outcomes(window)
    if not found:
        return None
    metric = found[-1].metric
    criteria = criteria_of(live.manifest(place, m.champion))
    goal = judged(metric, Estimate(), criteria)
    kept = {o.start: o for o in found if o.metric == metric}
    starts = tuple(_between(found[0].start, found[-1].start, window.bucket))
    at = [kept.get(start) for start in starts]
    title = "Accuracy over time" if metric == "accuracy" else "Mean absolute error over time"
    return Chart(
        title, "points", starts, window.bucket,
        (
            Course(
                metric,
                tuple(o.value if o else None for o in at),
                tuple(o.low if o else None for o in at),
                tuple(o.high if o else None for o in at),
            ),
        ),
        unit="fraction" if metric == "accuracy" else "", threshold=goal.threshold, marks=marks,
        note=f"Predictions made in {_stretch(window)}, with 95% intervals"
        + (f"; the goal asks for {goal.criterion}." if goal.criterion else "."),
    )  # fmt: skip


def _between(first: float, last: float, bucket: int) -> list[float]:
    return [first + bucket * i for i in range(int((last - first) // bucket) + 1)]


def _stretch(window: Window) -> str:
    if window.bucket < 3600:
        return f"each {'minute' if window.bucket == 60 else f'{window.bucket // 60} minutes'}"
    return f"each {window.bucket // 3600} hours"


def _bar(a: Accuracy) -> Markup:
    """The interval against the threshold, as the report draws it."""
    e = a.estimate
    return svg.demand(
        CriterionView(
            a.criterion, e.value, e.low, e.high, e.n, a.verdict, "", None, a.threshold, a.direction, e.unit
        )
    )


def _most(watched: Watched | None) -> float:
    if watched is None:
        return 0.0
    return max((d.effect for d in (*watched.whole, *watched.columns) if d.effect is not None), default=0.0)
