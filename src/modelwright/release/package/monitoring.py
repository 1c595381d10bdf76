"""What watches a served model from outside: Prometheus scrapes and rules, and a dashboard for Grafana.

The server itself decides about drift and accuracy, with a controlled rate of false alarms; the rules here
carry what it decided to whoever is on duty, and add what only an outside can see: that it is gone, slow or
failing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelwright.core.errors import ModelwrightError
from modelwright.release.package.grafana import dashboard
from modelwright.release.package.job import Job, template, write_json
from modelwright.release.package.yaml import document

SLOW: Final = 0.5
"""Seconds: the 99th percentile above which answering is slow, where the goal demands nothing."""
FAILING: Final = 0.01
"""Share of requests with a status of 500 and above."""
WAITING: Final = 500_000_000
"""Bytes in the journal: half of what the server lets wait."""
UNSEEN: Final = 900
"""Seconds without a look at the traffic."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert, with series that fire it and series that do not."""

    name: str
    expr: str
    wait: str
    severity: str
    what: str
    remedy: str
    fires: tuple[tuple[str, str], ...]
    """Series and its values, in promtool's notation, a value a minute."""
    quiet: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...] = ()
    """Those of the alert that fires, beside its own."""


def write(job: Job, folder: Path) -> dict[str, Any]:
    """Write the files into ``folder``; returns what is to be told of them."""
    model = str(job.bundle.manifest["name"])
    found = list(rules(job))
    (folder / "prometheus.yml").write_text(template("prometheus.yml"), encoding="utf-8")
    alerts = {"groups": [{"name": f"modelwright {model}", "rules": [_rule(model, rule) for rule in found]}]}
    (folder / "alerts.yml").write_text(document(alerts, _ALERTS), encoding="utf-8")
    (folder / "alerts_test.yml").write_text(document(_tests(model, found), _TESTS), encoding="utf-8")
    write_json(folder / "dashboard.json", dashboard(model))
    (folder / "README.md").write_text(template("monitoring.md", model=model), encoding="utf-8")
    return {"rules": [rule.name for rule in found]}


def rules(job: Job) -> Iterator[Rule]:
    """The alerts of a model: those that every server has, and one for each demand of its goal."""
    model = json.dumps(str(job.bundle.manifest["name"]), ensure_ascii=False)
    of = f"model={model}"
    both = (("model", json.loads(model)),)
    yield Rule(
        "ModelwrightDown", 'up{job="modelwright"} == 0', "1m", "critical",
        "a server cannot be scraped", "see whether its process runs, and what it said last",
        (('up{job="modelwright",instance="a:8000"}', "0x40"),),
        (('up{job="modelwright",instance="a:8000"}', "1x40"),),
        (("job", "modelwright"), ("instance", "a:8000")),
    )  # fmt: skip
    yield Rule(
        "ModelwrightNothingAnswers", f'absent(modelwright_info{{{of},role="champion"}})', "2m", "critical",
        "no server answers for the model", "GET /readyz says why; `modelwright serve` starts one",
        (("modelwright_rows_total{model=\"other\"}", "0x40"),),
        ((f'modelwright_info{{{of},version="v1",verdict="met",role="champion"}}', "1x40"),),
        (*both, ("role", "champion")),
    )  # fmt: skip
    requests = f"modelwright_requests_total{{{of}"
    yield Rule(
        "ModelwrightFailing",
        f'sum by (model) (rate({requests},status=~"5.."}}[5m]))'
        f" / sum by (model) (rate({requests}}}[5m])) > {FAILING}",
        "5m", "critical",
        "more than one request in a hundred fails on the server's side",
        "modelwright_failures_total says by what",
        ((f'{requests},version="v1",role="champion",status="200"}}', "0+100x40"),
         (f'{requests},version="",role="",status="503"}}', "0+10x40")),
        ((f'{requests},version="v1",role="champion",status="200"}}', "0+100x40"),
         (f'{requests},version="",role="",status="422"}}', "0+10x40"),
         (f'{requests},version="",role="",status="503"}}', "0+0x40")),
        both,
    )  # fmt: skip
    limit = _latency(job)
    bucket = f'modelwright_request_seconds_bucket{{{of},route="predict"'
    yield Rule(
        "ModelwrightSlow",
        f"histogram_quantile(0.99, sum by (model, le) (rate({bucket}}}[5m]))) > {limit:g}",
        "10m", "warning",
        f"the slowest of a hundred requests takes longer than {limit:g} s",
        "see the load, and the processor time that the server is given",
        ((f'{bucket},le="{limit:g}"}}', "0+10x40"), (f'{bucket},le="30.0"}}', "0+100x40"),
         (f'{bucket},le="+Inf"}}', "0+100x40")),
        ((f'{bucket},le="{limit / 2:g}"}}', "0+100x40"), (f'{bucket},le="{limit:g}"}}', "0+100x40"),
         (f'{bucket},le="+Inf"}}', "0+100x40")),
        both,
    )  # fmt: skip
    yield Rule(
        "ModelwrightAlarm", f"max by (model, code) (modelwright_alarms{{{of}}}) > 0", "0m", "warning",
        "the monitor has raised {{ $labels.code }}",
        "`modelwright monitor` says what, and how to mend it; false alarms are within the goal's alarm_rate",
        ((f'modelwright_alarms{{{of},code="drift.column"}}', "0x4 1x36"),),
        ((f'modelwright_alarms{{{of},code="drift.column"}}', "0x40"),),
        (*both, ("code", "drift.column")),
    )  # fmt: skip
    yield Rule(
        "ModelwrightDrift", f"max by (model, column) (modelwright_drift{{{of}}}) == 1", "0m", "info",
        "{{ $labels.column }} has drifted", "the dashboard orders columns by their effect on the prediction",
        ((f'modelwright_drift{{{of},column="(joint)"}}', "0x4 1x36"),),
        ((f'modelwright_drift{{{of},column="(joint)"}}', "0x40"),),
        (*both, ("column", "(joint)")),
    )  # fmt: skip
    yield Rule(
        "ModelwrightJournal", f"max by (model) (modelwright_journal_bytes{{{of}}}) > {WAITING}",
        "5m", "critical",
        "answers wait for the log's database; the server refuses requests when its journal is full",
        "see whether the database can be reached, and has space",
        ((f"modelwright_journal_bytes{{{of}}}", f"{2 * WAITING}x40"),),
        ((f"modelwright_journal_bytes{{{of}}}", "1000x40"),),
        both,
    )  # fmt: skip
    seen = f"modelwright_watched_timestamp_seconds{{{of}}}"
    yield Rule(
        "ModelwrightNotWatched", f"time() - max by (model) ({seen}) > {UNSEEN}", "5m", "warning",
        "the traffic was not looked at for a quarter of an hour",
        "see what the server's keeper says; a longer `every` in the goal needs a longer time here",
        ((seen, "1x40"),), ((seen, "0+60x40"),), both,
    )  # fmt: skip
    for number, (text, op, threshold) in enumerate(_demands(job), 1):
        bound, sign = ("high", "<") if op in (">=", ">") else ("low", ">")
        one = f'modelwright_accuracy{{{of},metric={json.dumps(text, ensure_ascii=False)},bound="{bound}"}}'
        worse = threshold - 0.1 if sign == "<" else threshold + 0.1
        yield Rule(
            f"ModelwrightDemand{number}",
            f"{'min' if sign == '<' else 'max'} by (model, metric) ({one}) {sign} {threshold:g}",
            "0m", "critical",
            f"outcomes say that the goal's demand is no longer met: {text}",
            "`modelwright retrain` on the labelled rows, or `modelwright rollback`",
            ((one, f"{worse:g}x40"),), ((one, f"{threshold:g}x40"),), (*both, ("metric", text)),
        )  # fmt: skip


def _demands(job: Job) -> Iterator[tuple[str, str, float]]:
    """Text, operator and threshold of what the goal demands of predictions as a whole."""
    from modelwright.goal.criteria import parse_criterion

    test = job.bundle.manifest.get("test") or {}
    for result in test.get("criteria") or ():
        try:
            criterion = parse_criterion(str(result.get("criterion", "")))
        except ModelwrightError:
            continue
        if criterion.by is None and not criterion.metric.startswith(("latency", "size", "memory")):
            yield criterion.text, criterion.op, criterion.threshold


def _latency(job: Job) -> float:
    """Seconds: what the goal demands of the slowest of a hundred predictions, or the usual."""
    from modelwright.goal.criteria import parse_criterion

    for result in (job.bundle.manifest.get("test") or {}).get("criteria") or ():
        try:
            criterion = parse_criterion(str(result.get("criterion", "")))
        except ModelwrightError:
            continue
        if criterion.metric == "latency_p99":
            # The bounds of the histogram begin at a quarter of a millisecond: below 5 ms it says little.
            return max(0.005, criterion.threshold)
    return SLOW


def _rule(model: str, rule: Rule) -> dict[str, Any]:
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": rule.wait,
        "labels": {"severity": rule.severity},
        "annotations": {"summary": f"{model}: {rule.what}", "description": rule.remedy},
    }


def _tests(model: str, found: list[Rule]) -> dict[str, Any]:
    tests = []
    for rule in found:
        told = _rule(model, rule)["annotations"]
        for series, fires in ((rule.fires, True), (rule.quiet, False)):
            labels = {"severity": rule.severity, **dict(rule.labels)}
            said = {key: _filled(text, dict(rule.labels)) for key, text in told.items()}
            expected = [{"exp_labels": labels, "exp_annotations": said}] if fires else []
            tests.append(
                {
                    "name": f"{rule.name} {'fires' if fires else 'does not fire'}",
                    "interval": "1m",
                    "input_series": [{"series": name, "values": values} for name, values in series],
                    "alert_rule_test": [{"eval_time": "30m", "alertname": rule.name, "exp_alerts": expected}],
                }
            )
    return {"rule_files": ["alerts.yml"], "evaluation_interval": "1m", "tests": tests}


def _filled(text: str, labels: dict[str, str]) -> str:
    for name, value in labels.items():
        text = text.replace("{{ $labels." + name + " }}", value)
    return text


_ALERTS = """# Made by `modelwright package --for monitoring`. Checked by: promtool check rules alerts.yml
"""
_TESTS = """# Made by `modelwright package --for monitoring`. Run by: promtool test rules alerts_test.yml
"""
