"""The workflow, against the schema of GitHub's workflows (a copy that check-jsonschema carries)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from modelwright.release.package import make

STEPS = re.compile(r"[\w\-/]+@v\d+\.\d+\.\d+")


@pytest.fixture
def workflow(penguins: Path, tmp_path: Path) -> Path:
    make(penguins, ["github"], tmp_path / "out")
    (found,) = (tmp_path / "out" / "github").glob("*.yml")
    return found


# check-jsonschema starts, and reads a schema of half a megabyte.
@pytest.mark.slow
def test_workflow_is_one(workflow: Path) -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    if not program.exists() and shutil.which("check-jsonschema") is None:
        pytest.skip("check-jsonschema is not installed")
    command = [str(program), "--builtin-schema", "vendor.github-workflows", str(workflow)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = workflow.with_name("broken.yml")
    broken.write_text(workflow.read_text().replace("timeout-minutes: 30", "timeout-minutess: 30"))
    done = subprocess.run([*command[:-1], str(broken)], capture_output=True, text=True, check=False)
    assert done.returncode == 1


def test_no_job_may_do_more_than_it_needs(workflow: Path) -> None:
    data: dict[str, Any] = YAML(typ="safe").load(workflow.read_text())
    assert data["permissions"] == {}
    allowed = {name: job["permissions"] for name, job in data["jobs"].items()}
    assert allowed == {
        "release": {"contents": "read"},
        "retrain": {"contents": "read"},
        "image": {"contents": "read", "packages": "write"},
    }
    assert all("timeout-minutes" in job for job in data["jobs"].values())
    assert data["jobs"]["image"]["needs"] == "release"
    assert data["jobs"]["image"]["environment"] == "production"


def test_actions_are_pinned_and_scripts_take_nothing_from_expressions(workflow: Path) -> None:
    data: dict[str, Any] = YAML(typ="safe").load(workflow.read_text())
    steps = [step for job in data["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert len(used) >= 8
    assert [name for name in used if not STEPS.fullmatch(name)] == []
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_gates_come_in_their_order(workflow: Path) -> None:
    data: dict[str, Any] = YAML(typ="safe").load(workflow.read_text())
    runs = [step["run"] for step in data["jobs"]["release"]["steps"] if "run" in step]
    commands = [
        line.split()[1] for run in runs for line in run.splitlines() if line.startswith("modelwright")
    ]
    assert commands == ["check", "run", "package"]
    assert "|| true" not in workflow.read_text()


# bash starts twice.
def test_a_challenger_that_fails_is_no_failure_and_an_error_is(workflow: Path, tmp_path: Path) -> None:
    data: dict[str, Any] = YAML(typ="safe").load(workflow.read_text())
    script = data["jobs"]["retrain"]["steps"][0]["run"]
    for code, ends in ((0, 0), (3, 0), (2, 2)):
        (tmp_path / "modelwright").write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / "modelwright").chmod(0o755)
        env = {
            "PATH": f"{tmp_path}:/usr/bin:/bin", "MODEL": "m", "LIVE": "live", "GITHUB_RUN_ID": "1",
            "GITHUB_OUTPUT": str(tmp_path / "told"),
        }  # fmt: skip
        done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=env, check=False)
        assert done.returncode == ends
    assert (tmp_path / "told").read_text() == "code=0\ncode=3\ncode=2\n"
