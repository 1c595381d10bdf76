"""Rows by index: the order of each epoch, the parts of a batch, and answers for many rows.

The order of an epoch is a function of the seed and the epoch, so the position in the data is one number, and
a training that goes on from a step sees the rows that it would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from modelwright.models.deep.examples import Examples

RESIDENT = 0.25
"""Share of an accelerator's free memory that all rows may take, to lie there for good."""
CHUNK = 256
"""Rows that are answered at once."""
WINDOW = 32
"""Batches whose rows are sorted by length together, where rows have lengths."""


def batch_for(rows: int) -> int:
    """Rows of one update where nothing else is said: some fifty to a hundred updates an epoch, 8 to 128."""
    size = 8
    while size < 128 and rows / (2 * size) >= 50:
        size *= 2
    return size


def mixed(seed: int, *places: int) -> int:
    """A 63-bit seed for a place (a step, a process), by the finaliser of SplitMix64 (Steele et al., 2014)."""
    state = seed & 0xFFFFFFFFFFFFFFFF
    for place in places:
        state = (state ^ (place + 0x9E3779B97F4A7C15)) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 31
    return state >> 1


@dataclass(slots=True)
class Batch:
    inputs: dict[str, Tensor]
    y: Tensor
    """int64 [b] class codes, or float32 [b] values in deviations from the mean."""
    weights: Tensor | None
    """float32 [b] with a mean of one over all rows, or None."""


class Batches:
    """Training rows as tensors, cut into batches.

    An epoch is a permutation of the rows; rows that would not fill a last batch wait for another epoch, so
    every batch has the same size. With several processes each takes its own part of each batch.

    ``centre`` and ``spread`` bring a numeric target to zero mean and unit deviation.
    """

    def __init__(
        self,
        examples: Examples,
        takes: tuple[str, ...],
        batch: int,
        *,
        seed: int,
        device: torch.device | None = None,
        rank: int = 0,
        processes: int = 1,
        parts: int = 1,
        trims: tuple[str, ...] = (),
        centre: float = 0.0,
        spread: float = 1.0,
    ) -> None:
        self.device = torch.device("cpu") if device is None else device
        self.rows = examples.rows
        self.size = max(min(batch, self.rows) // processes, 1) * processes
        self.steps = max(self.rows // self.size, 1)
        self.parts = min(parts, self.size // processes)
        self._seed = seed
        self._rank = rank
        self._processes = processes
        self._trims = trims
        self._inputs = {name: tensor_of(examples.inputs[name]) for name in takes}
        if examples.y.dtype.kind == "f":
            self._y = torch.from_numpy(((examples.y - centre) / spread).astype(np.float32))
        else:
            self._y = torch.from_numpy(np.ascontiguousarray(examples.y, dtype=np.int64))
        self._weights: Tensor | None = None
        if examples.weights is not None:
            weights = examples.weights / max(float(examples.weights.mean()), 1e-300)
            self._weights = torch.from_numpy(weights.astype(np.float32))
        self._home = torch.device("cpu")
        if self.device.type == "cuda" and self._fits():
            self._home = self.device
            self._inputs = {name: tensor.to(self._home) for name, tensor in self._inputs.items()}
            self._y = self._y.to(self._home)
            self._weights = None if self._weights is None else self._weights.to(self._home)
        self._epoch = -1
        self._order = torch.zeros(0, dtype=torch.int64)
        used = [lengths(examples.inputs[name]) for name in trims]
        self._lengths = np.maximum.reduce(used) if used and self.steps > 1 else None

    def _fits(self) -> bool:
        size = sum(t.numel() * t.element_size() for t in self._inputs.values())
        return size < RESIDENT * torch.cuda.mem_get_info(self.device)[0]

    def order(self, epoch: int) -> Tensor:
        """int64 [rows]: the permutation of an epoch."""
        if epoch != self._epoch:
            random = np.random.default_rng([self._seed, epoch])
            shuffled = random.permutation(self.rows)
            if self._lengths is not None:
                shuffled = by_length(shuffled, self._lengths, self.size, random)
            self._order = torch.from_numpy(shuffled).to(self._home)
            self._epoch = epoch
        return self._order

    def of(self, step: int) -> Iterator[Batch]:
        """The parts of the batch of a step (counted from 0 over all epochs) that are this process's own."""
        epoch, place = divmod(step, self.steps)
        order = self.order(epoch)
        share = self.size // self._processes
        start = place * self.size + self._rank * share
        if self.parts == 1:
            yield self.take(order[start : start + share])
            return
        for rows in torch.tensor_split(order[start : start + share], self.parts):
            yield self.take(rows)

    def take(self, rows: Tensor) -> Batch:
        """The rows at ``rows`` (int64 [b]), on the device."""
        inputs = {name: tensor.index_select(0, rows) for name, tensor in self._inputs.items()}
        for name in self._trims:
            inputs[name] = trimmed(inputs[name])
        y = self._y.index_select(0, rows)
        weights = None if self._weights is None else self._weights.index_select(0, rows)
        if self._home != self.device:
            inputs = {name: moved(tensor, self.device) for name, tensor in inputs.items()}
            y = moved(y, self.device)
            weights = None if weights is None else moved(weights, self.device)
        return Batch(inputs, y, weights)


def tensor_of(array: npt.NDArray[Any]) -> Tensor:
    """The same memory as a tensor where it can be; read-only memory is copied."""
    array = np.ascontiguousarray(array)
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def moved(tensor: Tensor, device: torch.device) -> Tensor:
    """To a device, through pinned memory so that the step in work is not waited for."""
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def trimmed(ids: Tensor) -> Tensor:
    """Token ids [b, length] without the last columns that are padding (0) in all rows; one column stays."""
    used = torch.nonzero((ids != 0).any(dim=0))
    return ids[:, : int(used[-1]) + 1 if len(used) else 1]


def lengths(ids: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """int64 [n]: columns of each row up to its last id that is not padding (0)."""
    there = ids != 0
    return np.where(there.any(axis=1), there.shape[1] - there[:, ::-1].argmax(axis=1), 0).astype(np.int64)


def by_length(
    order: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], batch: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """``order`` so that the rows of a batch are about equally long, and little is padding: within windows of
    some batches sorted by length, then the batches of the window in an order of chance. Rows that fill no
    batch stay at the end, the same as without."""
    whole = len(order) // batch * batch
    made = []
    for start in range(0, whole, WINDOW * batch):
        window = order[start : min(start + WINDOW * batch, whole)]
        window = window[np.argsort(sizes[window], kind="stable")].reshape(-1, batch)
        made.append(window[random.permutation(len(window))].ravel())
    return np.concatenate([*made, order[whole:]])


@torch.inference_mode()
def answers(
    module: torch.nn.Module,
    inputs: dict[str, npt.NDArray[Any]],
    *,
    chunk: int = CHUNK,
    device: torch.device | None = None,
) -> npt.NDArray[np.float64]:
    """The module's outputs float64 [n, k], as they are (logits, or values), in evaluation mode."""
    device = torch.device("cpu") if device is None else device
    takes: tuple[str, ...] = module.takes  # type: ignore[assignment]
    trims: tuple[str, ...] = getattr(module, "trims", ())
    order = None
    if trims and len(inputs[takes[0]]) > chunk:  # texts of one length at once: little of a chunk is padding
        order = np.argsort(np.maximum.reduce([lengths(inputs[name]) for name in trims]), kind="stable")
        inputs = {name: inputs[name][order] for name in takes}
    tensors = [tensor_of(inputs[name]) for name in takes]
    was = module.training
    module.eval()
    try:
        found = []
        for start in range(0, len(tensors[0]), chunk):
            part = [t[start : start + chunk] for t in tensors]
            part = [trimmed(t) if n in trims else t for n, t in zip(takes, part, strict=True)]
            found.append(module(*[moved(t, device) for t in part]).float().cpu().numpy())
    finally:
        module.train(was)
    if not found:
        return np.empty((0, 0))
    made = np.concatenate(found).astype(np.float64)
    if order is not None:
        made[order] = made.copy()
    return made


def probabilities(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """float64 [n, k] that sum to one."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return result
