"""One run in several processes of one launch (``accelerate launch``, ``torch.distributed.run``).

The first process leads: it carries out the run as always. The others follow: for each fit of a network they
join its worker, learn from their part of each batch, and throw their copy of the result away. They meet in
a folder beside the runs, in which the leader's worker puts one file a fit; where the folder has gone, the run
is over. A fit that finds the others busy, and every family that is no network, is made alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = "MODELWRIGHT_TOGETHER"
"""Name of the environment's variable that tells workers where processes meet."""
LAUNCHED = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
LATE = 60.0
"""Seconds that a run which is over waits at most for processes that have not come yet."""
PAUSE = 0.05
"""Seconds between two looks for the next fit."""


def launched() -> tuple[int, int]:
    """(this process's number, how many there are); (0, 1) outside of a launch."""
    try:
        return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    except (KeyError, ValueError):
        return 0, 1


def followed(runs: Path) -> str | None:
    """Where this process is a follower: follow the leader until its run is over, and say what was done. None
    where it leads, or is alone."""
    rank, processes = launched()
    if rank == 0 or processes == 1:
        return None
    return f"process {rank} took part in {_follow(_meeting(runs), rank)} fits of networks"


@contextlib.contextmanager
def leads(runs: Path) -> Iterator[None]:
    """Around a run: the others of the launch, where there are any, help with its networks."""
    _, processes = launched()
    if processes == 1:
        yield
        return
    folder = _meeting(runs)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    kept = {name: os.environ.pop(name) for name in _named()}
    # Workers are alone unless a fit of theirs says otherwise.
    os.environ[FOLDER] = f"{processes}:{folder.resolve()}"
    try:
        yield
    finally:
        del os.environ[FOLDER]
        os.environ.update(kept)
        # Who comes late would wait for a folder that has gone already.
        late = time.monotonic() + LATE
        while len(list(folder.glob("here-*"))) < processes - 1 and time.monotonic() < late:
            time.sleep(PAUSE)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def joined(message: dict[str, Any], network: bool) -> Iterator[None]:
    """In a worker, around one fit: with the others, where they are there and it is a network."""
    said = os.environ.get(FOLDER)
    if said is None or not network:
        yield
        return
    import fcntl

    processes, _, place = said.partition(":")
    folder = Path(place)
    with open(folder / "busy", "wb") as busy:
        try:
            fcntl.flock(busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield
            return
        port = _free_port()
        name = f"{time.time_ns()}.json"
        told = folder / f".{name}"
        told.write_text(json.dumps({"port": port, "processes": int(processes), "fit": message}), "utf-8")
        told.replace(folder / name)
        try:
            with _group(0, int(processes), port):
                yield
        finally:
            (folder / name).unlink(missing_ok=True)


def _follow(folder: Path, rank: int) -> int:
    """How many fits it took part in, to their end."""
    import warnings

    from modelwright.core.codec import decode
    from modelwright.models.fit import Bench, Job, fit
    from modelwright.models.rows import Place

    warnings.simplefilter("ignore")
    for name in _named():
        os.environ.pop(name)
    bench = Bench()
    done: set[str] = set()
    ended = 0
    while not folder.is_dir():
        time.sleep(PAUSE)
    with contextlib.suppress(OSError):
        (folder / f"here-{rank}").touch()
    while folder.is_dir():
        waiting = sorted(path for path in folder.glob("[0-9]*.json") if path.name not in done)
        if not waiting:
            time.sleep(PAUSE)
            continue
        done.add(waiting[0].name)
        try:
            told = json.loads(waiting[0].read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        message = told["fit"]
        job, place = decode(Job, message["job"]), decode(Place, message["place"])
        # The leader's fit says what failed, also where its worker was killed.
        with contextlib.suppress(Exception), _group(rank, told["processes"], told["port"]):
            product = fit(bench, place, job, notes=Path(message["journal"]) / message["key"])
            ended += not product.result.error
    return ended


@contextlib.contextmanager
def _group(rank: int, processes: int, port: int) -> Iterator[None]:
    """Within the block, accelerate finds a group of processes on this machine."""
    values = (rank, rank, processes, processes, "127.0.0.1", port)
    os.environ.update(zip(LAUNCHED, map(str, values), strict=True))
    try:
        yield
    finally:
        for name in LAUNCHED:
            os.environ.pop(name, None)
        from modelwright.models.deep.devices import leave

        leave()


def _meeting(runs: Path) -> Path:
    """The same in all processes of a launch, and in no other launch."""
    launch = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    return runs.resolve() / f".together-{launch}-{os.environ.get('MASTER_PORT', '0')}"


def _named() -> list[str]:
    """Variables of the launch that this process has."""
    return [name for name in os.environ if name in LAUNCHED or name.startswith(("TORCHELASTIC_", "GROUP_"))]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
