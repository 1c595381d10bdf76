"""Every code block of the README and the guides does what the page says."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PAGES = (
    "README.md",
    "docs/quickstart.md",
    "docs/concepts.md",
    "docs/goal-file.md",
    "docs/how-to/add-a-family.md",
    "docs/how-to/add-a-reader.md",
    "docs/how-to/add-a-check.md",
    "docs/how-to/ship.md",
    "docs/how-to/cluster.md",
    "docs/how-to/label-quality.md",
)
PROSE = (
    "docs/decisions.md",
    "docs/index.md",
    "docs/how-to/clean.md",
    "docs/how-to/label.md",
    "docs/how-to/privacy.md",
    "docs/how-to/sources.md",
    "docs/how-to/audio.md",
    "docs/how-to/images.md",
    "docs/how-to/media.md",
    "docs/how-to/robustness-media.md",
    "docs/how-to/series.md",
    "docs/how-to/text.md",
    "docs/how-to/training.md",
    "docs/how-to/serve-media.md",
    "docs/how-to/live.md",
    "docs/how-to/pages.md",
)
"""Pages without a block that does anything. Servers do not end: what live.md says is done by
tests/journeys/test_live.py."""


def page_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("documentation_page", Path(__file__).with_name("page.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


page = page_module()


# Each page holds whole runs and starts processes of its own: 3 to 25 seconds a page.
@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_blocks_do_what_the_page_says(name: str, root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "examples", tmp_path / "examples")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("page.py")), str(root / name)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]


def test_no_page_is_left_out(root: Path) -> None:
    """Guides are those in ``docs``, made pages and decisions aside."""
    guides = [p.relative_to(root).as_posix() for p in (root / "docs").rglob("*.md")]
    kept = [g for g in guides if not g.startswith(("docs/reference/", "docs/decisions/"))]
    assert sorted(["README.md", *kept]) == sorted([*PAGES, *PROSE])


def test_prose_has_no_block_that_would_run(root: Path) -> None:
    for name in PROSE:
        found = page.blocks((root / name).read_text(encoding="utf-8"))
        assert [b for b in found if b.language in ("python", "console")] == [], name


# --- the checker checks -----------------------------------------------------------------------------------


def carried_out(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.chdir(folder)
    file = folder / "page.md"
    file.write_text(text, encoding="utf-8")
    return int(page.carry_out(file))


def test_python_blocks_share_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "```python\nx = 2\n```\nwords\n```python\nassert x == 2\n```\n```\nnothing\n```\n"
    assert carried_out(text, tmp_path, monkeypatch) == 2


def test_a_wrong_block_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(page.Wrong, match=r"page.md, line 2: exit code"):
        carried_out("words\n```console\n$ ls nowhere\n```\n", tmp_path, monkeypatch)
    with pytest.raises(AssertionError):
        carried_out("```python\nassert False\n```\n", tmp_path, monkeypatch)


@pytest.mark.slow  # pytest starts in a process of its own
def test_files_are_written_and_tests_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "```csv\n# a/b.csv\nx,y\n1,2\n```\n```console\n$ cat a/b.csv\nx,y\n```\n"
    assert carried_out(text, tmp_path, monkeypatch) == 2
    assert (tmp_path / "a" / "b.csv").read_text() == "x,y\n1,2\n"
    with pytest.raises(page.Wrong, match="does not pass"):
        carried_out("```python\n# test_a.py\ndef test_a():\n    assert 1 == 2\n```\n", tmp_path, monkeypatch)


def test_an_entry_point_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        '```toml\n# pyproject.toml\n[project]\nname = "a-b"\nversion = "1"\n'
        '[project.entry-points."g"]\nx = "m:A"\n```\n'
    )
    assert carried_out(text, tmp_path, monkeypatch) == 1
    assert (tmp_path / "a_b-1.dist-info" / "entry_points.txt").read_text() == "[g]\nx = m:A\n"


def test_output_is_compared_without_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.txt").write_text("met, 0.98\nmodel  mlp-1\nend\n")
    right = "```console\n$ cat out.txt\nmet, 0.87\n...\nend\n```\n"
    assert carried_out(right, tmp_path, monkeypatch) == 1
    for wrong in ("not met, 0.98", "end\nmet, 0.98"):
        with pytest.raises(page.Wrong, match="not printed"):
            carried_out(f"```console\n$ cat out.txt\n{wrong}\n```\n", tmp_path, monkeypatch)


def test_exit_codes_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "```console\n$ modelwright run nowhere.yaml   # exits with 2\n```\n"
    assert carried_out(text, tmp_path, monkeypatch) == 1
    assert page.commands("$ a   # exits with 3\nb\n") == [("a   # exits with 3", ["b"])]
