"""Rules by promtool, a dashboard against a real server, and a real Prometheus whose alert fires."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modelwright.release.package import make
from modelwright.release.package.rows import steady
from modelwright.runtime import load

NAME = re.compile(r"modelwright_[a-z0-9_]+")
SUFFIX = re.compile(r"_(bucket|sum|count|created)$")


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture
def folder(penguins: Path, tmp_path: Path) -> Path:
    make(penguins, ["monitoring"], tmp_path / "out")
    return tmp_path / "out" / "monitoring"


@dataclass
class Live:
    url: str
    folder: Path

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return str(answer.read().decode())

    def post(self, path: str, body: Any) -> Any:
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="module")
def live(penguins: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A real server that has answered a few rows, and heard of one outcome."""
    place = tmp_path_factory.mktemp("live")
    with (place / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "modelwright", "serve", str(penguins), "--port", "0", "--json",
             "--workers", "1", "--live", str(place / "live")],
            stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (place / "errors").read_text()
        yield Live(json.loads(line)["url"], place / "live")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(200)
        if process.stdout is not None:
            process.stdout.close()


def wait_for(what: Callable[[], Any], seconds: float) -> Any:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.2)
    return found


def exposed(text: str) -> set[str]:
    """The names of the metrics that /metrics tells, with or without a series."""
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}


def expressions(folder: Path) -> list[str]:
    dashboard = json.loads((folder / "dashboard.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return found + re.findall(r"^\s+expr: (.*)$", (folder / "alerts.yml").read_text(), re.MULTILINE)


# promtool starts three times.
@pytest.mark.slow
def test_promtool_takes_the_files_and_every_rule_fires_when_it_should(folder: Path) -> None:
    promtool = program("promtool")
    for words in (["check", "config", "prometheus.yml"], ["check", "rules", "alerts.yml"]):
        done = subprocess.run([promtool, *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    command = [promtool, "test", "rules", "alerts_test.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    # The tests have teeth: another threshold fails them.
    rules = (folder / "alerts.yml").read_text()
    assert "> 0.01" in rules
    (folder / "alerts.yml").write_text(rules.replace("> 0.01", "> 0.5"))
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ModelwrightFailing fires" in done.stdout + done.stderr


def test_every_rule_has_series_that_fire_it_and_series_that_do_not(folder: Path) -> None:
    rules = re.findall(r"alert: (\w+)", (folder / "alerts.yml").read_text())
    tests = re.findall(r"name: (Modelwright\w+ .*)", (folder / "alerts_test.yml").read_text())
    assert tests == [f"{rule} {how}" for rule in rules for how in ("fires", "does not fire")]
    assert "ModelwrightDemand1" in rules


def test_a_dashboard_that_grafana_can_import(folder: Path) -> None:
    dashboard = json.loads((folder / "dashboard.json").read_text())
    places = [tuple(panel["gridPos"][key] for key in "xywh") for panel in dashboard["panels"]]
    assert len(set(places)) == len(places) >= 14
    assert all(x + w <= 24 for x, _, w, _ in places)
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    assert dashboard["templating"]["list"][0]["name"] == "source"


# A server starts.
@pytest.mark.slow
def test_every_query_names_a_metric_that_the_server_tells(live: Live, folder: Path) -> None:
    told = exposed(live.get("/metrics"))
    # Counters are typed without, and told with, their ending.
    told |= {f"{name}_total" for name in told if not name.endswith("_total")}
    asked = {SUFFIX.sub("", name) for text in expressions(folder) for name in NAME.findall(text)}
    assert len(asked) >= 14
    assert asked - told == set()


# A server and a Prometheus start; traffic shifts, and the monitor looks.
@pytest.mark.slow
def test_prometheus_scrapes_and_an_alert_fires(live: Live, folder: Path, penguins: Path) -> None:
    prometheus = program("prometheus")
    rows = steady(load(penguins).signature, 1500)
    for at in range(0, len(rows), 500):
        answer = live.post("/predict", {"rows": rows[at : at + 500]})
    live.post("/feedback", {"id": answer["predictions"][0]["id"], "outcome": "Adelie"})
    for row in rows:  # another island's birds, and scales in ounces
        row["body_mass_g"], row["island"] = 150.0, "Anvers"
    for at in range(0, len(rows), 500):
        live.post("/predict", {"rows": rows[at : at + 500]})
    config = (folder / "prometheus.yml").read_text()
    assert config.count("15s") == 2
    config = config.replace("15s", "1s").replace("localhost:8000", live.url.removeprefix("http://"))
    (folder / "prometheus.yml").write_text(config)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            [prometheus, "--config.file", "prometheus.yml",
             "--storage.tsdb.path", str(folder.parent / "data"), "--web.listen-address", f"127.0.0.1:{port}"],
            cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    server = Live(f"http://127.0.0.1:{port}", folder)

    def ask(path: str) -> Any:
        try:
            return json.loads(server.get(path))["data"]
        except OSError:
            return None

    def query(expression: str) -> list[Any]:
        found = ask("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return list(found["result"]) if found else []

    try:
        wait_for(lambda: query('up{job="modelwright"} == 1'), 120)
        assert int(query("sum(modelwright_rows_total)")[0]["value"][1]) == 3000
        for expression in expressions(folder):
            assert ask("/api/v1/query?" + urllib.parse.urlencode(
                {"query": expression.replace("$__rate_interval", "1m")}
            )) is not None, expression  # fmt: skip

        def looked() -> bool:
            subprocess.run(
                [sys.executable, "-P", "-m", "modelwright", "monitor", "toy", "--live", str(live.folder)],
                capture_output=True, check=False, timeout=60,
            )  # fmt: skip
            return "modelwright_alarms{" in live.get("/metrics")

        wait_for(looked, 200)
        fired = wait_for(
            lambda: [
                alert
                for alert in (ask("/api/v1/alerts") or {"alerts": []})["alerts"]
                if alert["labels"]["alertname"] == "ModelwrightAlarm" and alert["state"] == "firing"
            ],
            30,
        )
        assert {alert["labels"]["model"] for alert in fired} == {"toy"}
        assert all("the monitor has raised" in alert["annotations"]["summary"] for alert in fired)
        drifted = {s["metric"]["column"] for s in query("modelwright_drift == 1")}
        assert {"body_mass_g", "island"} & drifted
        assert "ModelwrightDown" not in {a["labels"]["alertname"] for a in ask("/api/v1/alerts")["alerts"]}
    finally:
        process.terminate()
        process.wait(120)
