"""``/metrics``: the counts of all workers, and what watching last found, in the text form of Prometheus."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector, CollectorRegistry

from modelwright.live.log.journal import waiting
from modelwright.live.serve.counters import BUCKETS, METRICS, Key
from modelwright.live.watch.outage import with_log

if TYPE_CHECKING:
    from modelwright.live.serve.app import App
    from modelwright.live.serve.door import Door


def registry(app: App, names: Collection[str]) -> CollectorRegistry:
    """What one scrape collects: of the models that whoever asks may see."""
    made = CollectorRegistry(auto_describe=False)
    made.register(_Collector(app, names))
    return made


class _Collector(Collector):
    def __init__(self, app: App, names: Collection[str]) -> None:
        self._app = app
        self._names = frozenset(names)

    def collect(self) -> Iterator[Family]:
        # The first label of every count is the model.
        totals = self._app.counters.totals()
        yield from _counted({key: told for key, told in totals.items() if key[1][0] in self._names})
        doors = {name: door for name, door in self._app.doors.items() if name in self._names}
        yield from _live(self._app, doors)
        yield from _watched(list(doors.values()))


def _counted(totals: dict[Key, list[int]]) -> Iterator[Family]:
    for metric, about in METRICS.items():
        family: Any
        if about.kind == "histogram":
            family = HistogramMetricFamily(metric, about.help, labels=about.labels)
        elif about.kind == "gauge":
            family = GaugeMetricFamily(metric, about.help, labels=about.labels)
        else:
            family = CounterMetricFamily(metric, about.help, labels=about.labels)
        for (name, labels), figures in sorted(totals.items()):
            if name != metric:
                continue
            if about.kind != "histogram":
                family.add_metric(labels, figures[0])
                continue
            buckets, so_far = [], 0
            for end, count in zip((*map(str, BUCKETS), "+Inf"), figures, strict=False):
                so_far += count
                buckets.append((end, so_far))
            family.add_metric(labels, buckets, figures[-1] / 1e6)
        yield family


def _live(app: App, doors: dict[str, Door]) -> Iterator[Family]:
    info = GaugeMetricFamily(
        "modelwright_info",
        "What answers: 1 for each version.",
        labels=("model", "version", "verdict", "role"),
    )
    journal = GaugeMetricFamily(
        "modelwright_journal_bytes", "Bytes that wait for the database.", labels=("model",)
    )
    for name, door in doors.items():
        serving = app.models.current(name)
        if serving is not None:
            for served, role in ((serving.champion, "champion"), (serving.challenger, serving.mode)):
                if served is not None:
                    verdict = str(served.model.metadata.get("verdict"))
                    info.add_metric((name, served.version, verdict, str(role)), 1)
        journal.add_metric((name,), waiting(door.place.journal))
    yield info
    yield journal


def _watched(doors: list[Door]) -> Iterator[Family]:
    """From ``monitor/latest.json`` of each model, as far as it says something; what is open of the log."""
    drift = GaugeMetricFamily(
        "modelwright_drift", "1 where a column has drifted.", labels=("model", "column")
    )
    e_value = GaugeMetricFamily(
        "modelwright_drift_e_value", "Evidence of drift: an e-value.", labels=("model", "column")
    )
    accuracy = GaugeMetricFamily(
        "modelwright_accuracy", "From feedback, with its interval.", labels=("model", "metric", "bound")
    )
    alarms = GaugeMetricFamily("modelwright_alarms", "Conditions that are open.", labels=("model", "code"))
    looked = GaugeMetricFamily(
        "modelwright_watched_timestamp_seconds", "When watching last looked.", labels=("model",)
    )
    for door in doors:
        latest = _latest(door)
        for column, entry in _drifts(latest):
            drift.add_metric((door.name, column), 1.0 if entry.get("drifted") else 0.0)
            figure = _figure(entry.get("e_value"))
            if figure is not None:
                e_value.add_metric((door.name, column), figure)
        known = latest.get("accuracy")
        for metric, entry in sorted(known.items()) if isinstance(known, dict) else ():
            for bound in ("value", "low", "high"):
                figure = _figure(entry.get(bound)) if isinstance(entry, dict) else None
                if figure is not None:
                    accuracy.add_metric((door.name, metric, bound), figure)
        counts: dict[str, int] = {}
        for condition in with_log(door.place, latest)["conditions"]:
            code = str(condition.get("code"))
            counts[code] = counts.get(code, 0) + (condition.get("state") == "open")
        for code, count in sorted(counts.items()):
            alarms.add_metric((door.name, code), count)
        at = _seconds(latest.get("at"))
        if at is not None:
            looked.add_metric((door.name,), at)
    yield from (drift, e_value, accuracy, alarms, looked)


def _drifts(latest: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is tested for drift: each column, all together (``joint``), and the prediction."""
    for entry in latest.get("columns") or ():
        yield str(entry.get("name")), entry
    for name in ("joint", "prediction"):
        entry = latest.get(name)
        if isinstance(entry, list):  # the prediction is tested in several ways: the strongest counts
            known = [e for e in entry if isinstance(e, dict)]
            figures = [e for e in (_figure(e.get("e_value")) for e in known) if e is not None]
            drifted = any(e.get("drifted") for e in known)
            entry = {"e_value": max(figures, default=None), "drifted": drifted} if known else None
        if isinstance(entry, dict):
            yield f"({name})", entry


def _latest(door: Door) -> dict[str, Any]:
    try:
        said = json.loads((door.place.monitor / "latest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(value: Any) -> float | None:
    """A time in seconds since 1970, from ISO 8601 or microseconds."""
    if isinstance(value, str):
        try:
            return dt.datetime.fromisoformat(value).timestamp()
        except ValueError:
            return None
    at = _figure(value)
    return at / 1e6 if at is not None and at > 1e11 else at


def _figure(value: Any) -> float | None:
    number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    return None if math.isnan(number) else number
