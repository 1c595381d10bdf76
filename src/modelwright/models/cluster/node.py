"""What runs on a node of the cluster: one fit, and the look at whether the node is fit for it.

Orders and answers are bytes that this module writes and reads, JSON and arrays without objects: whatever
comes back from the cluster is never unpickled here.
"""

from __future__ import annotations

import io
import json
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from modelwright.core.codec import decode, encode
from modelwright.core.errors import Stopped
from modelwright.models.families import FAMILIES
from modelwright.models.fit import Bench, FitResult, Job, Product, fit
from modelwright.models.rows import Learning, Place

Look = Callable[[list[str]], bytes]
Shell = Callable[[bytes, list[Any], dict[str, str]], bytes]


def order_of(place: Place, job: Job) -> bytes:
    """What a node must know besides the rows."""
    return json.dumps({"place": encode(place), "job": encode(job)}).encode()


def pack(product: Product, trace: str = "") -> bytes:
    """A finished fit as bytes: a line of JSON, the graph, the held-out scores (float64, lowest byte first).

    No format of a library: its reader would have to be trusted with what a node sends.
    """
    scores = np.ascontiguousarray(product.scores, dtype="<f8")
    head = {
        "result": encode(product.result), "graph": len(product.graph), "scores": scores.shape, "trace": trace,
    }  # fmt: skip
    return json.dumps(head).encode() + b"\n" + product.graph + scores.tobytes()


def unpack(answer: bytes) -> tuple[Product, str]:
    """The fit that :func:`pack` wrote, and the traceback of its defect. Raises ``ValueError`` for bytes that
    are no fit."""
    line, _, rest = answer.partition(b"\n")
    try:
        head = json.loads(line)
        size = int(head["graph"])
        rows, columns = map(int, head["scores"])
        scores = np.frombuffer(rest[size:], dtype="<f8").reshape(rows, columns).astype(np.float64)
        result = decode(FitResult, head["result"])
        return Product(result, rest[:size], scores), str(head["trace"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"what a node answered is no fit: {error}") from None


_table: list[Any] = []


def _rows(place: Place) -> Learning:
    """The development rows out of the cluster's object store."""
    import polars as pl
    import ray

    content = ray.get(_table[0])
    return Learning.of(pl.read_ipc(io.BytesIO(content)), place)


_bench = Bench(_rows)


def carry_out(order: bytes, table: list[Any]) -> bytes:
    """One fit on one thread, packed. ``table`` holds the reference to the rows: they are fetched only where
    this process has not read them yet."""
    from threadpoolctl import threadpool_limits

    given: dict[str, Any] = json.loads(order)
    place, job = decode(Place, given["place"]), decode(Job, given["job"])
    _table[:] = table
    trace = ""
    with warnings.catch_warnings(), threadpool_limits(job.threads):
        warnings.simplefilter("ignore")
        try:
            FAMILIES.get(job.family)
            product = fit(_bench, place, job)
        except (Exception, Stopped) as error:  # a defect of a family must not end the run
            trace = traceback.format_exc()
            why = f"{type(error).__name__}: {error}"
            failed = FitResult(job.family, job.config, job.fold, error=why, status="failed")
            product = Product(failed, b"", np.empty((0, 1)))
    return pack(product, trace)


def functions() -> tuple[Look, Shell]:
    """Two functions that travel by value, so that they also run where modelwright is missing or another one:
    the versions of a node, and the fit behind a check of them."""

    def look(names: list[str]) -> bytes:
        """What is installed, as JSON: name to version, and Python's."""
        import json
        import platform
        from importlib.metadata import PackageNotFoundError, version

        found = {}
        for name in names:
            try:
                minor = ".".join(platform.python_version_tuple()[:2])
                found[name] = minor if name == "python" else version(name)
            except PackageNotFoundError:
                continue
        return json.dumps(found).encode()

    def shell(order: bytes, table: list[Any], wanted: dict[str, str]) -> bytes:
        """The packed fit, or ``!`` and what is installed, where that is not what is wanted."""
        import json
        import os

        found = json.loads(look(list(wanted)))
        if any(found.get(name) != version for name, version in wanted.items()):
            return b"!" + json.dumps(found).encode()
        # As workers on one machine have it, and before any library reads it.
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
        os.environ.update({"OMP_WAIT_POLICY": "passive", **dict.fromkeys(names, "1")})
        from modelwright.models.cluster.node import carry_out

        return carry_out(order, table)

    return look, shell


def differences(wanted: dict[str, str], found: dict[str, str]) -> str:
    """In words, what a node has otherwise; empty where nothing is."""
    wrong = [
        f"{name} {found[name]} instead of {version}" if name in found else f"no {name} ({version} is wanted)"
        for name, version in wanted.items()
        if found.get(name) != version
    ]
    return ", ".join(wrong)
