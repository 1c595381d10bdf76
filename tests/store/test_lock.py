from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelwright.core.errors import BadInput
from modelwright.store import lock
from modelwright.store.lock import clearing, in_turn, is_locked, locked, using

HOLD = """
import sys, pathlib
from modelwright.store import lock
with getattr(lock, sys.argv[1])(pathlib.Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def other(how: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a lock until it is killed."""
    command = [sys.executable, "-c", HOLD, how, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def test_the_second_process_is_refused_and_death_lets_go(tmp_path: Path) -> None:
    folder = tmp_path / "run-1"
    assert not is_locked(folder)
    with other("locked", folder) as process:
        assert is_locked(folder)
        with pytest.raises(BadInput, match="another process is working on run-1") as caught, locked(folder):
            pass
        assert (caught.value.code, caught.value.exit_code) == ("run.locked", 2)
        process.kill()
        process.wait()
        assert not is_locked(folder)
        with locked(folder):
            assert is_locked(folder)
    assert not is_locked(folder)


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    assert not is_locked(tmp_path)


def test_looking_is_not_holding(tmp_path: Path) -> None:
    """Somebody who lists the runs at the same moment neither keeps a run from going on nor looks like one."""
    code = (
        "import sys, pathlib; from modelwright.store.lock import is_locked\n"
        "print('looking', flush=True)\n"
        "while True: assert not is_locked(pathlib.Path(sys.argv[1])) or sys.argv[2:]"
    )
    (tmp_path / ".lock").touch()
    lookers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), "any"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    try:
        for looker in lookers:
            assert looker.stdout is not None
            looker.stdout.readline()
        for _ in range(50):
            with locked(tmp_path):
                pass
            assert not is_locked(tmp_path)
    finally:
        for looker in lookers:
            looker.kill()
            looker.wait()
            assert looker.stdout is not None
            looker.stdout.close()


def test_many_may_use_and_one_may_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    with other("using", tmp_path), using(tmp_path), clearing(tmp_path) as alone:
        assert not alone
    with clearing(tmp_path) as alone:
        assert alone


def test_taking_turns_waits(tmp_path: Path) -> None:
    with other("in_turn", tmp_path) as process:
        waiting = subprocess.Popen(
            [sys.executable, "-c", HOLD, "in_turn", str(tmp_path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.5)
        process.kill()
        process.wait()
        assert waiting.communicate(timeout=120)[0] == "held\n"
    with in_turn(tmp_path):
        pass
