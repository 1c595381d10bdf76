"""Finished fits on disk: what a kill cannot take, what a resumed run need not make again.

One folder a fit, named by its key: ``graph.onnx``, ``scores.npy``, and last ``fit.json``, whose presence
means complete. Journal entry, ensemble member and saved model are one thing.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwright.core.codec import canonical, decode, encode
from modelwright.features.defaults import RECIPES
from modelwright.models.fit import FitResult, Job, Product
from modelwright.models.rows import Place
from modelwright.store import atomic

TRAINING = "training"
"""Folder of a fit under way, within its own: checkpoints, which go when the fit is kept."""


def key_of(place: Place, job: Job, version: int) -> str:
    """What a fit depends on: rows, recipes, family and its version, configuration, fold, seed, threads. Not
    the time it was allowed: a fit that was cut short says so, and is made again when there is more time."""
    what = {
        "data": place.digest,
        "signature": place.signature,
        "metric": place.metric,
        "family": job.family,
        "version": version,
        "recipes": RECIPES,
        "config": job.config,
        "fold": job.fold,
        "seed": job.seed,
        "threads": job.threads,
        "sample": job.sample,
    }
    if job.before:
        what["before"] = True
    if place.winsorise:
        what["winsorise"] = place.winsorise
    return hashlib.sha256(canonical(what)).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished fit that is read when needed."""

    folder: Path
    result: FitResult

    @property
    def cut_short(self) -> bool:
        """Whether the clock ended it, so that with more time it would come out otherwise."""
        return self.result.status == "out of time" or self.result.stopped == "deadline"

    @property
    def graph(self) -> bytes:
        return (self.folder / "graph.onnx").read_bytes()

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """float64 [held-out rows, k], in the order of the fold's rows."""
        found: npt.NDArray[np.float64] = np.load(self.folder / "scores.npy", allow_pickle=False)
        return found


class Journal:
    """The fits of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: str) -> Entry | None:
        path = self.folder / key / "fit.json"
        try:
            data: Any = atomic.read_json(path)
        except (FileNotFoundError, ValueError):
            return None
        return Entry(path.parent, decode(FitResult, data))

    def write(self, key: str, product: Product) -> Entry:
        """Keep a finished fit; the manifest goes last."""
        folder = self.folder / key
        # A fit made again (the first was cut short): its old manifest must not vouch for new files.
        (folder / "fit.json").unlink(missing_ok=True)
        if not product.result.error:
            out = io.BytesIO()
            np.lib.format.write_array(out, product.scores, allow_pickle=False)
            atomic.write_bytes(folder / "graph.onnx", product.graph)
            atomic.write_bytes(folder / "scores.npy", out.getvalue())
        atomic.write_json(folder / "fit.json", encode(product.result))
        shutil.rmtree(folder / TRAINING, ignore_errors=True)
        return Entry(folder, product.result)
