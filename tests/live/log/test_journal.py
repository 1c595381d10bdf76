"""The journal keeps what it has acknowledged, and refuses when it cannot."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelwright.live.entries import Prediction
from modelwright.live.log import journal as journals
from modelwright.live.log.journal import Journal, JournalFull, decode_line, segments, waiting

Make = Callable[..., Prediction]


def ids(folder: Path) -> list[str]:
    """Of all whole lines, in order."""
    found = []
    for path in segments(folder):
        for line in path.read_bytes().split(b"\n")[:-1]:
            entry = decode_line(line)
            assert isinstance(entry, Prediction)
            found.append(entry.id)
    return found


def test_what_is_appended_is_there(tmp_path: Path, prediction: Make) -> None:
    journal = Journal(tmp_path / "journal", "w1")
    journal.append([prediction("a")])
    journal.append([])
    journal.append([prediction("b"), prediction("c")])
    (path,) = segments(tmp_path / "journal")
    assert ids(tmp_path / "journal") == ["a", "b", "c"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert waiting(tmp_path / "journal") == path.stat().st_size == journal.waiting
    journal.close()
    journal.close()
    with pytest.raises(JournalFull, match="closed"):
        journal.append([prediction("d")])
    assert journal.full


def test_segments_are_of_a_size(tmp_path: Path, prediction: Make) -> None:
    journal = Journal(tmp_path, "a-worker", segment=4096)
    names = [f"p{i}" for i in range(100)]
    for name in names:
        journal.append([prediction(name)])
    journal.close()
    found = segments(tmp_path)
    assert len(found) > 5
    assert all(4096 <= path.stat().st_size < 4096 + 1000 for path in found[:-1])
    assert ids(tmp_path) == names


def test_two_workers_and_one_that_comes_again_do_not_meet(tmp_path: Path, prediction: Make) -> None:
    for i in range(3):
        one, two = Journal(tmp_path, "w1"), Journal(tmp_path, "w2")
        one.append([prediction(f"{i}-1")])
        two.append([prediction(f"{i}-2")])
        one.close()
        two.close()
    assert sorted(ids(tmp_path)) == [f"{i}-{w}" for i in range(3) for w in (1, 2)]
    with pytest.raises(ValueError, match="cannot name"):
        Journal(tmp_path, "../w")


def test_many_threads(tmp_path: Path, prediction: Make) -> None:
    journal = Journal(tmp_path, "w1", segment=4096, sync="always")

    def work(name: int) -> None:
        for i in range(30):
            journal.append([prediction(f"{name}-{i}"), prediction(f"{name}-{i}b")])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    found = ids(tmp_path)
    assert len(set(found)) == len(found) == 240
    for name in range(4):
        mine = [f for f in found if f.startswith(f"{name}-") and not f.endswith("b")]
        assert mine == [f"{name}-{i}" for i in range(30)]


def test_the_folder_is_made_again(tmp_path: Path, prediction: Make) -> None:
    folder = tmp_path / "journal"
    journal = Journal(folder, "w1")
    journal.append([prediction("a")])
    shutil.rmtree(folder)
    journal.append([prediction("b")])
    journal.append([prediction("c")])
    assert ids(folder) == ["b", "c"]
    journal.close()


def test_too_much_waiting_is_refused_and_goes_on(tmp_path: Path, prediction: Make) -> None:
    journal = Journal(tmp_path, "w1", most=100_000)
    kept = []

    def fill() -> None:
        for i in range(10_000):
            journal.append([prediction(f"p{i}", inputs={"text": "x" * 5000})])
            kept.append(f"p{i}")
            time.sleep(0.01)

    with pytest.raises(JournalFull, match="wait for the database") as caught:
        fill()
    assert caught.value.code == "live.journal-full"
    assert journal.full
    assert 100_000 <= waiting(tmp_path) < 400_000
    assert ids(tmp_path) == kept
    for path in segments(tmp_path):
        path.unlink()  # as drain does
    time.sleep(2 * journals.AGAIN)
    assert not journal.full
    journal.append([prediction("after")])
    assert ids(tmp_path) == ["after"]
    journal.close()


DISK = """
import json, resource, signal, sys, time
from pathlib import Path
from modelwright.live.entries import Prediction
from modelwright.live.log.journal import Journal, JournalFull

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]), "w1")
row = lambda i: Prediction(i, 1, "v1", "champion", {"text": "x" * 1000}, "yes")
kept = []
def fill(names):
    refused = 0
    for name in names:
        try:
            journal.append([row(name)])
            kept.append(name)
        except JournalFull as error:
            assert "refuses to write" in error.message, error.message
            refused += 1
    return refused
resource.setrlimit(resource.RLIMIT_FSIZE, (10_500, resource.RLIM_INFINITY))
first = fill(f"a{i}" for i in range(30))
full = journal.full
time.sleep(0.1)
second = fill(["b"])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
time.sleep(0.1)
third = fill(f"c{i}" for i in range(5))
print(json.dumps([kept, first, full, second, third]))
"""


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    # The limit of a file's size stops a write in the middle, as a full disk does.
    done = subprocess.run(
        [sys.executable, "-c", DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    kept, first, full, second, third = json.loads(done.stdout)
    assert (first, full, second, third) == (30 - len([k for k in kept if k[0] == "a"]), True, 1, 0)
    assert 5 < len(kept) < 20
    (path,) = segments(tmp_path)
    found, torn = [], 0
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            entry = decode_line(line)
        except ValueError:
            torn += 1
            continue
        assert isinstance(entry, Prediction)
        found.append(entry.id)
    assert found == kept
    assert torn >= 1


WRITER = """
import sys
from pathlib import Path
from modelwright.live.entries import Prediction
from modelwright.live.log.journal import Journal

journal = Journal(Path(sys.argv[1]), "w1", segment=20_000)
for i in range(10**9):
    size = 1 + i % 3
    journal.append([Prediction(f"{i}.{k}", 1, "v1", "champion", {"a": i, "t": "x" * (i % 700)}, "yes")
                    for k in range(size)])
    sys.stdout.write(f"{i} {size}\\n")
    sys.stdout.flush()
"""


# Slow: twelve processes are started and killed.
@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    for turn in range(12):
        folder = tmp_path / str(turn)
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(0.01 * turn)
        os.kill(writer.pid, signal.SIGKILL)
        said = [first, *writer.stdout.read().splitlines(keepends=True)]
        writer.wait()
        writer.stdout.close()
        acknowledged = [line.split() for line in said if line.endswith("\n")]
        wanted = [f"{i}.{k}" for i, size in acknowledged for k in range(int(size))]
        found = ids(folder)
        assert found[: len(wanted)] == wanted
        assert len(found) <= len(wanted) + 3  # the one that was being acknowledged


def test_an_old_segment_is_closed(tmp_path: Path, prediction: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, "w1")
    journal.append([prediction("a")])
    journal.rest()
    journal.append([prediction("b")])
    assert len(segments(tmp_path)) == 1
    monkeypatch.setattr(journals, "AGE", 0.0)
    journal.rest()
    journal.append([prediction("c")])
    assert len(segments(tmp_path)) == 2
    assert ids(tmp_path) == ["a", "b", "c"]
    journal.close()
