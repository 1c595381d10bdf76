"""The process that fits: takes jobs as JSON lines on standard input, writes finished fits to the journal.

Fits run here and not in the command's own process, because many learners offer no way to stop them: a
process can be killed. It is started before any of its threads, and it ends when its parent does.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any


def _listen(lines: queue.SimpleQueue[str]) -> None:
    """Pass lines on; when the parent is gone, so are we, even in the middle of a fit."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _warm_up(modules: list[str]) -> None:
    """Import what most fits need while the parent still reads and cleans."""
    from importlib import import_module

    for name in ("polars", "onnxruntime", *modules):
        with contextlib.suppress(ImportError):
            import_module(name)


def _give_back() -> None:
    """Hand free memory back to the system: what one large forest took, all other processes lack. There is
    nothing to call where the C library is not glibc."""
    import ctypes
    import gc

    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def main() -> None:
    """``python -m modelwright.models.worker [MODULE ...]``: modules to import early.

    Answers ``{"key": ..., "result": ...}`` for each job, or ``{"stop": ...}`` where the run cannot go on.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is talk, not an answer
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()

    import warnings

    from modelwright.core.codec import decode, encode
    from modelwright.core.errors import Stopped
    from modelwright.models.families import FAMILIES
    from modelwright.models.fit import Bench, FitResult, Job, Product, fit
    from modelwright.models.journal import Journal
    from modelwright.models.rows import Place
    from modelwright.models.together import joined

    warnings.simplefilter("ignore")
    bench = Bench()
    _warm_up(sys.argv[1:])
    answers.write(json.dumps({"ready": os.getpid()}) + "\n")
    while True:
        message: dict[str, Any] = json.loads(lines.get())
        job, place = decode(Job, message["job"]), decode(Place, message["place"])
        try:
            with joined(message, FAMILIES.get(job.family).tags.keeps):
                product = fit(bench, place, job, notes=Path(message["journal"]) / message["key"])
        except Exception as error:  # a defect of a family must not end the run
            import traceback

            traceback.print_exc()
            import numpy as np

            why = f"{type(error).__name__}: {error}"
            product = Product(
                FitResult(job.family, job.config, job.fold, error=why, status="failed"), b"", np.empty((0, 1))
            )
        try:
            Journal(Path(message["journal"])).write(message["key"], product)
        except Stopped as error:  # a full disk is nothing that the next fit could do without
            stop = {"message": error.message, "code": error.code, "hint": error.hint}
            answers.write(json.dumps({"stop": stop}) + "\n")
            continue
        answers.write(json.dumps({"key": message["key"], "result": encode(product.result)}) + "\n")
        del product
        _give_back()


if __name__ == "__main__":
    main()
