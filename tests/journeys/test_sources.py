"""From a goal file over sources as people have them to a bundle that reads new rows of the same kind."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # each trains a model in a process of its own, over real data


def modelwright(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "modelwright", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def run(folder: Path, goal: str) -> tuple[dict[str, Any], Path]:
    (folder / "goal.yaml").write_text(goal)
    done = modelwright(folder, "run", "goal.yaml", "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr
    made = next((folder / "runs").glob("*/bundle"))
    return json.loads((made.parent / "verdict.json").read_text()), made


LEAN = "success_policy: point\nsearch: {trials: 2, families: [extra_trees]}\n"


@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_countries(tmp_path: Path, shared_data: Path, suffix: str) -> None:
    source = shared_data / f"dirty/countries_json_xml/countries.{suffix}"
    goal = f"name: countries\ndata:\n  source: {source}\n  target: region\n"
    (tmp_path / "leaky.yaml").write_text(goal)
    checked = modelwright(tmp_path, "check", "leaky.yaml", "--json")
    found = json.loads(checked.stdout)
    assert found["blockers"] == ["leak.golden-feature:subregion"]
    assert "collect.nested" in {finding["code"] for finding in found["findings"]}
    goal = goal.replace("target: region", "target: region\n  later: [subregion]")
    verdict, bundle = run(tmp_path, goal + "success: [accuracy >= 0.5]\n" + LEAN)
    assert verdict["released"]
    assert modelwright(tmp_path, "predict", str(bundle), str(source), "-o", "out.csv").returncode == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 250
    assert sum(row["prediction"] == row["region"] for row in rows) > 200
    assert rows[0]["latlng.1"] == "12.5"


def test_planets(tmp_path: Path, shared_data: Path) -> None:
    source = shared_data / "dirty/exoplanet_systems_xml/systems/*.xml"
    goal = f"""name: planets
data:
  source: {source}
  target: discoverymethod
  group: system.name
  columns: {{discoverymethod: {{spellings: {{astrometry: ""}}}}}}
  later:
    [istransiting, description, name, star.name, list, lastupdate, transittime, image, imagedescription, new]
accept: {{leak.known-afterwards: what was measured shows the method and is known}}
success: [accuracy >= 0.8]
"""
    verdict, bundle = run(tmp_path, goal + LEAN)
    assert verdict["released"]
    assert json.loads((bundle / "reading.json").read_text())["plan"]["records"] == ["planet"]
    assert modelwright(tmp_path, "predict", str(bundle), str(source), "-o", "out.csv").returncode == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert sum(1 for _ in csv.DictReader(file)) == 897


def test_alerts_of_a_log(tmp_path: Path, shared_data: Path) -> None:
    source = shared_data / "dirty/loghub_bgl/BGL_2k.log"
    goal = f"""name: alerts
data:
  source: {source}
  target: alert
  positive: "yes"
  time: time
  later: [label, epoch]
  columns: {{message: text, time: ignore, node: ignore, parameters: ignore, continued: ignore}}
accept: {{"leak.golden-feature:template": the template is what the line says}}
split: {{test: 0.3}}
success: [pr_auc >= 0.9]
"""
    verdict, bundle = run(tmp_path, goal + LEAN)
    assert verdict["criteria"][0]["value"] >= 0.9
    assert modelwright(tmp_path, "predict", str(bundle), str(source), "-o", "out.csv").returncode == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2000
    assert sum(row["prediction"] == row["alert"] for row in rows) > 1900
