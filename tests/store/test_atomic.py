from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.errors import Stopped
from modelwright.store import atomic


class Killed(BaseException):
    """Stands for the end of the process between two steps."""


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("there", [True, False])
def test_a_kill_between_steps_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, there: bool
) -> None:
    path = tmp_path / "x.json"
    if there:
        atomic.write_text(path, "old")

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr(os, step, die)
    with pytest.raises(Killed):
        atomic.write_text(path, "new")
    assert names(tmp_path) == (["x.json"] if there else [])
    assert not there or path.read_text() == "old"


@pytest.mark.parametrize("there", [True, False])
def test_half_a_write_is_no_write(tmp_path: Path, there: bool) -> None:
    path = tmp_path / "deep" / "x.bin"
    if there:
        atomic.write_bytes(path, b"old")

    def killed_in_between() -> None:
        with atomic.writing(path) as out:
            out.write(b"ha")
            out.flush()
            raise Killed

    with pytest.raises(Killed):
        killed_in_between()
    assert names(path.parent) == (["x.bin"] if there else [])
    assert not there or path.read_bytes() == b"old"


def test_a_process_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    atomic.write_bytes(path, b"old")
    code = (
        "import os, sys, pathlib; from modelwright.store import atomic\n"
        "with atomic.writing(pathlib.Path(sys.argv[1])) as out:\n"
        "    out.write(b'half'); out.flush(); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert ended.returncode == -9
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Stopped, match=r"the disk is full: x\.json") as caught:
        atomic.write_json(tmp_path / "x.json", [1])
    assert (caught.value.exit_code, caught.value.code) == (4, "disk.full")
    assert "resume" in caught.value.hint
    assert names(tmp_path) == []


def test_the_systems_own_limit_on_files_is_a_full_disk(tmp_path: Path) -> None:
    """A real refusal by the system, and not one that the test made up."""
    code = (
        "import resource, sys, pathlib; from modelwright.store import atomic\n"
        "from modelwright.core.errors import Stopped\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: atomic.write_bytes(pathlib.Path(sys.argv[1]), bytes(100_000))\n"
        "except Stopped as error: sys.exit(error.exit_code)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path / "x")], check=False)
    assert ended.returncode == 4
    assert names(tmp_path) == []


def test_another_error_stays_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(IsADirectoryError):
        atomic.write_text(tmp_path / "x", "text")
    assert names(tmp_path) == ["x"]


def test_equal_data_gives_equal_bytes(tmp_path: Path) -> None:
    atomic.write_json(tmp_path / "a", {"b": 1, "a": "é"})
    atomic.write_json(tmp_path / "b", {"a": "é", "b": 1})
    assert (
        (tmp_path / "a").read_bytes()
        == (tmp_path / "b").read_bytes()
        == '{\n "a": "é",\n "b": 1\n}\n'.encode()
    )
    assert atomic.read_json(tmp_path / "a") == {"a": "é", "b": 1}
    with pytest.raises(ValueError, match="JSON compliant"):
        atomic.write_json(tmp_path / "a", float("nan"))


def test_passing_files_are_not_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    with atomic.passing():
        atomic.write_text(tmp_path / "x", "a")
    assert flushed == []
    atomic.write_text(tmp_path / "x", "b")
    assert len(flushed) == 2
    assert (tmp_path / "x").read_text() == "b"


def test_what_is_private_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = tmp_path / "open"
    old.mkdir(mode=0o755)
    atomic.private_folder(old)
    atomic.private_folder(tmp_path / "new" / "one")
    atomic.write_json(old / "a.json", {"a": 1}, private=True)
    atomic.write_json(old / "b.json", {"a": 1})
    modes = [p.stat().st_mode & 0o777 for p in (old, tmp_path / "new" / "one", old / "a.json")]
    assert modes == [0o700, 0o700, 0o600]
    assert (old / "b.json").read_bytes() == (old / "a.json").read_bytes()


def test_a_line_is_added_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    atomic.append_line(path, "one")
    with path.open("ab") as out:
        out.write(b"tor")
    atomic.append_line(path, "two")
    assert path.read_bytes() == b"one\ntor\ntwo\n"
    # A disk that takes only a part of it, for real: a limit on the size of files.
    code = (
        "import pathlib, resource, signal, sys\n"
        "from modelwright.core.errors import Stopped\n"
        "from modelwright.store import atomic\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
        "try:\n"
        "    atomic.append_line(pathlib.Path(sys.argv[1]), 'x' * 100)\n"
        "except Stopped as error:\n"
        "    print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "disk.full\n"
    assert path.read_bytes() == b"one\ntor\ntwo\n"
