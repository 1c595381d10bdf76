"""A training on disk, so that a killed one goes on, bit for bit, as if it had never been killed.

Tensors are safetensors, everything else is one JSON, written last: it names the files that belong together,
and its presence means that they are complete. A kill at any moment leaves the one before, or the new one.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from modelwright.models.deep.average import moving
from modelwright.models.deep.schedules import Plan
from modelwright.models.deep.state import State, captured, number, plain, restored
from modelwright.models.journal import TRAINING
from modelwright.store.atomic import read_json, write_bytes, write_json

if TYPE_CHECKING:
    from modelwright.models.deep.examples import Examples
    from modelwright.models.deep.loop import Training

FORMAT = 1
MANIFEST = "training.json"
COST = 0.01
"""Share of the time that writing may take; where the disk is slow, it is written less often."""
SAMPLE = 1 << 20
"""Bytes of each input that tell one table from another."""


class Checkpoints:
    """The folder of one fit. With several processes the first one writes and all read."""

    def __init__(self, folder: Path | None, seconds: float, fingerprint: str, writes: bool) -> None:
        self.folder = None if folder is None else folder / TRAINING
        self._seconds = seconds
        self._fingerprint = fingerprint
        self._writes = writes
        self._last = time.monotonic()
        self._cost = 0.0
        self.written = 0

    def due(self) -> bool:
        if self.folder is None or not self._writes:
            return False
        wait = max(self._seconds, self._cost / COST) if self._seconds else 0.0
        return time.monotonic() - self._last >= wait

    def save(self, training: Training) -> None:
        """Write the training as it is now."""
        assert self.folder is not None
        began = time.monotonic()
        now = captured(training)
        files = {"now": f"now-{now.step}.safetensors"}
        self._write(files["now"], now.tensors)
        parts: dict[str, Any] = {"now": _values(now)}
        if training.good is not None:
            files["good"] = f"good-{training.good.step}.safetensors"
            parts["good"] = _values(training.good)
            self._write_new(files["good"], training.good.tensors)
        if training.best.state is not None:
            files["best"] = f"best-{training.best.epoch}.safetensors"
            self._write_new(files["best"], training.best.state)
        best = {key: value for key, value in asdict_shallow(training.best).items() if key != "state"}
        manifest = {
            "format": FORMAT,
            "fingerprint": self._fingerprint,
            "seed": training.seed,
            "files": files,
            **parts,
            "best": best,
            "rate": training.rate,
            "lowered": training.lowered,
            "parts": training.batches.parts,
            "plan": training.plan.to_json(),
            "events": training.events,
            "rates": [[epoch, rate] for epoch, rate in training.rates.items()],
            "watchers": asdict(training.watchers.memory),
        }
        write_json(self.folder / MANIFEST, plain(manifest))
        for old in self.folder.glob("*.safetensors"):
            if old.name not in files.values():
                old.unlink(missing_ok=True)
        self.written += 1
        self._last = time.monotonic()
        self._cost = self._last - began

    def load(self, training: Training) -> bool:
        """Make the training what it was when it was last written; False where there is nothing to go on from
        (none, of other settings or rows, or damaged)."""
        if self.folder is None or not (self.folder / MANIFEST).is_file():
            return False
        try:
            manifest = read_json(self.folder / MANIFEST)
            if manifest.get("format") != FORMAT or manifest.get("fingerprint") != self._fingerprint:
                return False
            tensors = {kind: load_file(self.folder / name) for kind, name in manifest["files"].items()}
        except (OSError, ValueError, KeyError, AttributeError, SafetensorError):
            return False
        restored(training, _state(manifest["now"], tensors["now"]))
        training.good = _state(manifest["good"], tensors["good"]) if "good" in tensors else None
        best = manifest["best"]
        training.best.epoch = int(best["epoch"])
        training.best.score = number(best["score"]) if best["score"] is not None else float("-inf")
        training.best.loss = number(best["loss"]) if best["loss"] is not None else float("inf")
        training.best.state = tensors.get("best")
        training.rate = float(manifest["rate"])
        training.lowered = float(manifest["lowered"])
        training.batches.parts = int(manifest["parts"])
        training.plan = Plan(**manifest["plan"])
        training.events = list(manifest["events"])
        training.rates = {int(epoch): float(rate) for epoch, rate in manifest["rates"]}
        training.watchers.remember(manifest["watchers"])
        return True

    def _write(self, name: str, tensors: dict[str, Tensor]) -> None:
        assert self.folder is not None
        whole = {key: value.detach().to("cpu").contiguous() for key, value in tensors.items()}
        write_bytes(self.folder / name, save(whole))

    def _write_new(self, name: str, tensors: dict[str, Tensor]) -> None:
        """Unless it lies there: files of one name have one content."""
        assert self.folder is not None
        if not (self.folder / name).is_file():
            self._write(name, tensors)


def asdict_shallow(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _values(state: State) -> dict[str, Any]:
    return {"step": state.step, "seen": state.seen, "curve": state.curve}


def _state(values: dict[str, Any], tensors: dict[str, Tensor]) -> State:
    curve = [(int(e), number(a), number(b)) for e, a, b in values["curve"]]
    return State(int(values["step"]), tensors, [number(loss) for loss in values["seen"]], curve)


def fingerprint(training: Training, examples: Examples) -> str:
    """What must be the same for a training to go on: settings, task, seed, rows, the network's form and first
    weights."""
    said = json.dumps(
        {
            "settings": training.settings.to_json(),
            "task": asdict(training.task),
            "seed": training.seed,
            "inputs": {name: [list(a.shape), str(a.dtype)] for name, a in examples.inputs.items()},
            "held": None if training.held is None else training.held.examples.rows,
            "torch": torch.__version__,
        },
        sort_keys=True,
    )
    digest = hashlib.sha256(said.encode())
    for array in (*(examples.inputs[name] for name in sorted(examples.inputs)), examples.y):
        every = max(1, array.nbytes // SAMPLE)
        digest.update(np.ascontiguousarray(array[::every]).tobytes())
    for name, value in moving(training.module).items():
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
        digest.update(value.flatten()[:64].cpu().numpy().tobytes())
    return digest.hexdigest()
