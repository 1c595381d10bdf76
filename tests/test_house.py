"""The habits of the house that no other tool checks, and the checks of ``tools/`` themselves."""

from __future__ import annotations

import ast
import contextlib
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import slow_alone

import check_docs
import check_sizes
import make_reference

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src" / "modelwright").rglob("*.py"))


def project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def requirements() -> list[str]:
    """Every distribution that the base install, the extras and the development tools name."""
    config = project()
    lines = [
        *config["dependencies"],
        *(line for extra in config["optional-dependencies"].values() for line in extra),
    ]
    names = [re.split(r"[\[<>=;\s]", line)[0].lower() for line in lines]
    return sorted({name for name in names if name != "modelwright"})


def pins() -> dict[str, str]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [
        line.partition(";")[0].strip() for line in text.splitlines() if line and not line.startswith("#")
    ]
    return {name.lower().replace("_", "-"): version for name, version in (line.split("==") for line in lines)}


# --- packaging --------------------------------------------------------------------------------------------


def test_every_requirement_is_pinned() -> None:
    # The plain xgboost is for macOS alone, where its CPU build does not exist. The libraries of object stores
    # pin each other's versions, and an installer that is given others searches for minutes.
    unpinned = [name for name in requirements() if name.replace("_", "-") not in pins()]
    assert unpinned == ["gcsfs", "s3fs", "xgboost"]


def test_every_requirement_has_a_lower_bound_and_no_upper_one() -> None:
    config = project()
    extras = config["optional-dependencies"].values()
    lines = [*config["dependencies"], *(line for extra in extras for line in extra)]
    for line in lines:
        if not line.startswith("modelwright["):
            assert re.match(r"[A-Za-z0-9_.\[\]-]+>=[0-9.]+(; .*)?$", line), line


def test_base_install_has_no_deep_learning_framework() -> None:
    waiting = [re.split(r"[\[<>=;\s]", line)[0] for line in project()["dependencies"]]
    found: set[str] = set()
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        with contextlib.suppress(metadata.PackageNotFoundError):
            needed = [line for line in metadata.requires(name) or [] if "extra ==" not in line]
            waiting += [re.split(r"[\[<>=!~;\s(]", line)[0] for line in needed]
    assert len(found) > 40
    assert not {"torch", "tensorflow", "jax", "transformers"} & found
    assert not [name for name in pins() if name.startswith("nvidia-")]


def test_every_dependency_says_what_needs_it() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text[text.index("dependencies = [") : text.index("[project.scripts]")]
    lines = [line.strip() for line in block.splitlines()]
    listed = [
        line
        for line in lines
        if line.startswith('"') and "xgboost" not in line and "modelwright[" not in line
    ]
    assert len(listed) > 20
    assert [line for line in listed if "#" not in line] == []


def test_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run(
        [*command, "--wheel-dir", str(tmp_path), str(ROOT)], check=True, capture_output=True, text=True
    )
    (wheel,) = tmp_path.glob("modelwright-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if name.startswith("modelwright/")}
        archive.extractall(tmp_path / "unpacked")
    kept = [
        f for f in (ROOT / "src" / "modelwright").rglob("*") if f.is_file() and "__pycache__" not in f.parts
    ]
    assert inside == {file.relative_to(ROOT / "src").as_posix() for file in kept}
    code = "import modelwright, sys; sys.stdout.write(modelwright.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "unpacked", capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(str(tmp_path))


# --- what is written --------------------------------------------------------------------------------------


def tracked_texts() -> dict[str, str]:
    """Every tracked text file outside ``examples`` and stored test data, by path."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("this is not a git checkout")
    suffixes = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".html", ".css", ".js", ".json", ""}
    paths = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    kept = [path for path in paths if path.suffix in suffixes and path.is_file()]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8", errors="replace") for path in kept
    }


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    private = re.compile(r"(?<![\w.])/(?:work|home|Users|root)/[\w.]")
    texts = tracked_texts()
    assert len(texts) > 30
    found = {path: match[0] for path, text in texts.items() if (match := private.search(text))}
    assert found == {}


def test_package_doors_are_sorted_and_whole() -> None:
    """A package that has an ``__all__`` names it sorted, constants first, and ten names at most."""
    for file in SOURCES:
        if file.name != "__init__.py":
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                assert isinstance(node, ast.Assign)
                names = list(ast.literal_eval(node.value))
                assert names == sorted(names, key=lambda name: (not name.isupper(), name)), file
                assert len(names) <= 10, file


def test_every_module_says_what_it_is() -> None:
    silent = [
        file.relative_to(ROOT).as_posix()
        for file in SOURCES
        if (text := file.read_text(encoding="utf-8")).strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


# --- the checks check -------------------------------------------------------------------------------------


def test_sizes_fires_on_a_long_file_and_on_an_idle_exception() -> None:
    limit = check_sizes.LIMIT
    assert check_sizes.problems({"a.py": limit}, {}) == []
    assert len(check_sizes.problems({"a.py": limit + 1}, {})) == 1
    assert check_sizes.problems({"a.py": limit + 1}, {"a.py": "a table"}) == []
    assert len(check_sizes.problems({"a.py": limit + 1}, {"a.py": " "})) == 1
    assert len(check_sizes.problems({"a.py": 10}, {"a.py": "a table"})) == 1


def test_sizes_reads_the_source() -> None:
    lines = check_sizes.lines_of(ROOT)
    assert {file.relative_to(ROOT).as_posix() for file in SOURCES} <= set(lines)
    assert "tests/test_house.py" in lines


def test_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(
        "[b](b.md) [c](../c.md#part) [w](https://example.org)\n```\n[x](y)\n```\n"
    )
    (tmp_path / "docs" / "b.md").write_text("")
    assert list(check_docs.broken_links(tmp_path)) == ["docs/a.md: the link to ../c.md#part leads nowhere"]


def test_decision_number_taken_twice_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "decisions"
    folder.mkdir(parents=True)
    for name in ("0001-a.md", "0001-b.md", "0002-c.md", "later.md"):
        (folder / name).write_text("")
    assert len(list(check_docs.decision_numbers(tmp_path))) == 2


def test_codes_of_findings_are_read_from_the_source(tmp_path: Path) -> None:
    package = tmp_path / "src" / "modelwright"
    package.mkdir(parents=True)
    (package / "a.py").write_text(
        'book.finding("leak.x", "note", "m", "r")\nFinding(code="rows.few")\nother("no.x")\n'
    )
    assert check_docs.reported_codes(package) == {
        "leak.x": "src/modelwright/a.py:1",
        "rows.few": "src/modelwright/a.py:2",
    }


def test_goal_keys_follow_references_and_maps() -> None:
    column = {"properties": {"kind": {"enum": ["number", "text"], "description": "its kind"}}}
    schema = {
        "$defs": {
            "Data": {"properties": {"columns": {"additionalProperties": {"$ref": "#/$defs/Column"}}}},
            "Column": column,
        },
        "properties": {
            "data": {"anyOf": [{"$ref": "#/$defs/Data"}, {"type": "null"}], "description": "where"},
            "seed": {"type": "integer", "default": 0, "description": "the seed"},
        },
    }
    keys = make_reference.goal_keys(schema)
    assert [key for key, *_ in keys] == ["data", "data.columns", "data.columns.<name>.kind", "seed"]
    assert keys[2] == ("data.columns.<name>.kind", "`number` or `text`", None, "its kind")
    assert keys[3] == ("seed", "integer", 0, "the seed")


def test_cells_of_a_table_hold_one_line() -> None:
    text = make_reference.table(("a", "b"), [("x | y\nz", True), (None, ("p", 2))])
    assert text.splitlines()[2:] == ["| x \\| y z | yes |", "|  | p, 2 |"]


def test_what_a_file_says_of_how_slow_it_is() -> None:
    mark = "@pytest.mark.slow"
    assert slow_alone("pytestmark = pytest.mark.slow  # torch\n\ndef test_a():\n")
    assert slow_alone(f"{mark}\ndef test_a():\n\n{mark}\nasync def test_b():\n")
    assert not slow_alone(f"{mark}\ndef test_a():\n\ndef test_b():\n")
    assert not slow_alone(f"class TestFamilies(Suite):\n\n{mark}\ndef test_a():\n")
    assert not slow_alone("def test_a():\n")


# Every file that the fast tests leave unread is imported, and torch with it.
@pytest.mark.slow
def test_files_left_unread_have_slow_tests_alone() -> None:
    files = [str(p) for p in sorted((ROOT / "tests").rglob("test_*.py")) if slow_alone(p.read_text("utf-8"))]
    assert len(files) > 10
    words = ["-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-m", "(not slow)", *files]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 5, done.stdout + done.stderr
