"""A dashboard for Grafana: what a served model does, and what its monitor found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Query = tuple[str, str]
"""An expression, and the legend of its series."""
_WIDTH, _HEIGHT = 8, 8


def dashboard(model: str) -> dict[str, Any]:
    """The dashboard as Grafana imports it; ``of`` in the expressions is the model's name, in quotes."""
    of = f"model={json.dumps(model, ensure_ascii=False)}"

    def of_model(metric: str, more: str = "") -> str:
        return f"modelwright_{metric}{{{of}{more}}}"

    def rate(metric: str, more: str = "") -> str:
        return f"rate({of_model(metric, more)}[$__rate_interval])"

    buckets = rate("request_seconds_bucket", ',route="predict"')
    predicted, rows = rate("predictions_total"), rate("rows_total")
    lines, stat = "timeseries", "stat"
    panels = [
        _panel(stat, "Answers", "What answers now.", [
            (f"max by (version, verdict, role) ({of_model('info')})", "{{version}} {{role}} {{verdict}}")]),
        _panel(stat, "Open alarms", "Conditions that the monitor has raised.", [
            (f"max by (code) ({of_model('alarms')})", "{{code}}")]),
        _panel(stat, "Not watched for", "Seconds since the monitor last looked.", [
            (f"time() - max({of_model('watched_timestamp_seconds')})", "")], unit="s"),
        _panel(lines, "Requests a second", "By version and HTTP status.", [
            (f"sum by (version, status) ({rate('requests_total')})",
             "{{version}} {{status}}")],
            unit="reqps"),
        _panel(lines, "Rows a second", "Predicted, by version.", [
            (f"sum by (version, role) ({rows})", "{{version}} {{role}}")]),
        _panel(lines, "Time to answer", "Percentiles of /predict.", [
            (f"histogram_quantile({q}, sum by (le) ({buckets}))", f"p{round(100 * q)}")
            for q in (0.5, 0.95, 0.99)], unit="s"),
        _panel(lines, "Failures a second", "By cause.", [
            (f"sum by (code) ({rate('failures_total')})", "{{code}}")]),
        _panel(lines, "At work", "Requests at work.", [(f"sum({of_model('in_flight')})", "requests")]),
        _panel(lines, "Waiting", "What waits for the log's database.", [
            (f"sum({of_model('journal_bytes')})", "journal")], unit="bytes"),
        _panel(lines, "Predictions", "Share of each class.", [
            (f"sum by (label) ({predicted}) / ignoring(label) group_left sum({predicted})", "{{label}}")],
            unit="percentunit"),
        _panel(lines, "Referred to a person", "Share of rows.", [
            (f"sum({rate('abstained_total')}) / sum({rows})", "abstained")], unit="percentunit"),
        _panel(lines, "Input warnings a second", "Unknown categories and the like, by column.", [
            (f"sum by (kind, column) ({rate('input_warnings_total')})", "{{column}}: {{kind}}")]),
        _panel(lines, "Outcomes a second", "Feedback received.", [
            (f"sum({rate('feedback_total')})", "feedback")]),
        _panel(lines, "Accuracy from outcomes", "With its interval.", [
            (f"max by (metric, bound) ({of_model('accuracy')})", "{{metric}} {{bound}}")]),
        _panel(lines, "Evidence of drift", "E-values; 1 is none.", [
            (f"max by (column) ({of_model('drift_e_value')})", "{{column}}")], log=True),
        _panel(lines, "Drifted", "1 where a column has drifted.", [
            (f"max by (column) ({of_model('drift')})", "{{column}}")]),
    ]  # fmt: skip
    for number, panel in enumerate(panels):
        place = {"h": _HEIGHT, "w": _WIDTH, "x": _WIDTH * (number % 3), "y": _HEIGHT * (number // 3)}
        panel |= {"id": number + 1, "gridPos": place}
    return {
        "title": f"modelwright: {model}",
        "uid": None,
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "tags": ["modelwright"],
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": panels,
    }


def _panel(
    kind: str, title: str, about: str, queries: Sequence[Query], *, unit: str = "short", log: bool = False
) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    defaults: dict[str, Any] = {"unit": unit}
    if kind == "timeseries":
        defaults["min"] = 0
        if log:
            defaults = {"unit": unit, "custom": {"scaleDistribution": {"type": "log", "log": 10}}}
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": source,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {"textMode": "value_and_name"} if kind == "stat" else {"legend": {"displayMode": "list"}},
        "targets": [
            {"refId": chr(65 + i), "datasource": source, "expr": expression, "legendFormat": legend}
            for i, (expression, legend) in enumerate(queries)
        ],
    }
