"""What the training loop costs over a bare PyTorch loop, beside Lightning and the Hugging Face Trainer.

Each contender trains the same network from the same first weights on the same rows, with the same batch,
AdamW (one fused kernel), clipping at 1 and a rate that rises and falls. The network itself notes when it is
called: the time of a contender is that from the start of one forward pass to the start of the one ``STEPS``
later, so that nobody's preparations count, and everything between two steps does. Ours runs as it is used,
with its watchers, its checkpoints and a deadline.

Contenders take turns, in another order each round; each is compared with the bare loop of its own round, and
the median over rounds counts: ``over_bare``, and ``cpu_over_bare`` in processor time. ``quick_over_bare`` is
of the tenth of steps that were quickest. Data are in memory; Lightning and the Trainer get whole batches from
a ``DataLoader`` over a sampler of batches, the fastest way that they know.

    python benchmarks/deep/overhead.py [--rounds 9] [--threads 1]

Needs ``lightning`` and ``transformers`` beside the extra [deep]; a contender that is not installed is left
out, and the result says so.
"""

from __future__ import annotations

import argparse
import gzip
import logging
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common

from modelwright.models.deep.examples import Examples
from modelwright.models.deep.loop import train
from modelwright.models.deep.settings import Settings
from modelwright.models.family import Deadline, Task

STEPS = 30
"""Timed steps of one contender in one round."""
WARM = 8
RATE = 1e-3
BATCH = 64
ROWS = 40 * BATCH


class Clock:
    """(wall, processor) seconds at each forward pass."""

    def __init__(self) -> None:
        self.times: list[tuple[float, float]] = []

    def note(self) -> None:
        self.times.append((time.perf_counter(), time.process_time()))

    def of_last_steps(self) -> tuple[float, float]:
        (wall, cpu), (wall_then, cpu_then) = self.times[-1], self.times[-1 - STEPS]
        return (wall - wall_then) / STEPS, (cpu - cpu_then) / STEPS

    def steps(self) -> list[float]:
        """Wall seconds of each of the last steps."""
        return np.diff([wall for wall, _ in self.times[-1 - STEPS :]]).tolist()


class Net(nn.Module):
    takes = ("x",)

    def __init__(self, clock: Clock, layers: Callable[[], nn.Module], image: bool) -> None:
        super().__init__()
        self.clock = clock
        self.layers = layers()
        self.image = image

    def forward(self, x: Tensor) -> Tensor:
        self.clock.note()
        if self.image:
            x = (x.float() - 33.0) / 78.0
        scores: Tensor = self.layers(x)
        return scores


def convolutions() -> nn.Module:
    def block(a: int, b: int) -> list[nn.Module]:
        return [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(*block(1, 16), *block(16, 32), nn.Flatten(), nn.Linear(32 * 49, 10))


def perceptron() -> nn.Module:
    return nn.Sequential(
        nn.Linear(50, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.1), nn.Linear(256, 10)
    )


def mnist() -> tuple[np.ndarray, np.ndarray]:
    """uint8 [10000, 1, 28, 28] and int64 [10000], the real test part; random pixels where it is not here."""
    found = sorted(common.SHARED.glob("image_classification/mnist*/*images*idx3*"))
    labels = sorted(common.SHARED.glob("image_classification/mnist*/*labels*idx1*"))
    if not found:
        rng = np.random.default_rng(0)
        return rng.integers(0, 256, (10_000, 1, 28, 28), dtype=np.uint8), rng.integers(0, 10, 10_000)

    def read(path: Path) -> bytes:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()

    pixels = np.frombuffer(read(found[0]), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    return pixels, np.frombuffer(read(labels[0]), np.uint8, offset=8).astype(np.int64)


def rows() -> tuple[np.ndarray, np.ndarray]:
    """A made-up table of 50 numbers."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10_000, 50)).astype(np.float32)
    return x, (x @ rng.normal(size=(50, 10))).argmax(axis=1).astype(np.int64)


class Whole(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """Rows that are asked for a batch at a time."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = torch.from_numpy(x.copy()), torch.from_numpy(y)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        return self.x[rows], self.y[rows]


def loader(x: np.ndarray, y: np.ndarray, collate: Any = None) -> Any:
    data = Whole(x, y)
    sampler = torch.utils.data.BatchSampler(torch.utils.data.RandomSampler(data), BATCH, drop_last=True)
    return torch.utils.data.DataLoader(data, sampler=sampler, batch_size=None, collate_fn=collate)


def moving(net: nn.Module, total: int) -> tuple[torch.optim.Optimizer, Any]:
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    return optimiser, torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total + 2, pct_start=0.1)


def bare(make: Callable[[], nn.Module], x: np.ndarray, y: np.ndarray, total: int) -> nn.Module:
    """What a person would write who wants nothing else."""
    net = make()
    net.train()
    optimiser, schedule = moving(net, total)
    inputs, target = torch.from_numpy(x.copy()), torch.from_numpy(y)
    step = 0
    while step < total:
        for rows in torch.randperm(len(target))[: len(target) // BATCH * BATCH].view(-1, BATCH):
            optimiser.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(net(inputs[rows]), target[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            if step == total:
                break
    return net


def ours(make: Callable[[], nn.Module], x: np.ndarray, y: np.ndarray, total: int) -> nn.Module:
    epochs = total // (len(y) // BATCH)
    with tempfile.TemporaryDirectory() as notes:
        return train(
            make,
            Examples({"x": x}, y),
            None,
            Settings(epochs=epochs, batch=BATCH, rate=RATE),
            task=Task("multiclass", 10, "accuracy"),
            seed=0,
            threads=torch.get_num_threads(),
            deadline=Deadline.after(3600),
            notes=Path(notes),
        ).module


def lightning_(make: Callable[[], nn.Module], x: np.ndarray, y: np.ndarray, total: int) -> nn.Module:
    import lightning

    class Learner(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = make()

        def training_step(self, batch: tuple[Tensor, Tensor], number: int) -> Tensor:
            return functional.cross_entropy(self.net(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            optimiser, schedule = moving(self.net, total)
            return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    learner = Learner()
    trainer = lightning.Trainer(
        max_steps=total,
        max_epochs=-1,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        gradient_clip_val=1.0,
    )
    trainer.fit(learner, loader(x, y))
    return learner.net


def trainer_(make: Callable[[], nn.Module], x: np.ndarray, y: np.ndarray, total: int) -> nn.Module:
    import transformers

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = make()

        def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
            return {"loss": functional.cross_entropy(self.net(x), labels)}

    class Ours(transformers.Trainer):
        def get_train_dataloader(self) -> Any:
            return loader(x, y, lambda batch: {"x": batch[0], "labels": batch[1]})

    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            max_steps=total,
            per_device_train_batch_size=BATCH,
            max_grad_norm=1.0,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        Ours(model, arguments, train_dataset=Whole(x, y), optimizers=moving(model, total)).train()
    return model.net


CONTENDERS: dict[str, tuple[str, Callable[..., nn.Module]]] = {
    "bare": ("torch", bare),
    "modelwright": ("torch", ours),
    "lightning": ("lightning", lightning_),
    "trainer": ("transformers", trainer_),
}


def quick(seconds: list[float]) -> float:
    """The time that a tenth of the steps stay below: what a step takes when the neighbours are quiet."""
    return float(np.quantile(seconds, 0.1))


def compared(
    name: str, layers: Callable[[], nn.Module], x: np.ndarray, y: np.ndarray, rounds: int
) -> Iterator[Any]:
    """One row a contender."""
    steps = len(y) // BATCH
    total = -(-(STEPS + WARM + 1) // steps) * steps
    here = {key: run for key, (package, run) in CONTENDERS.items() if find_spec(package)}
    wall: dict[str, list[float]] = {key: [] for key in here}
    cpu: dict[str, list[float]] = {key: [] for key in here}
    single: dict[str, list[float]] = {key: [] for key in here}
    names = list(here)
    for turn in range(rounds + 1):
        first = turn % len(names)
        for key in names[first:] + names[:first]:
            clock = Clock()

            def make(clock: Clock = clock, turn: int = turn) -> nn.Module:
                torch.manual_seed(turn)
                return Net(clock, layers, x.ndim > 2)

            here[key](make, x, y, total)
            if turn:  # the first round warms everybody up
                seconds, used = clock.of_last_steps()
                wall[key].append(seconds)
                cpu[key].append(used)
                single[key] += clock.steps()
    for key in names:
        ratios = [a / b for a, b in zip(wall[key], wall["bare"], strict=True)]
        of_cpu = [a / b for a, b in zip(cpu[key], cpu["bare"], strict=True)]
        yield {
            "network": name,
            "loop": key,
            "step_ms": round(1e3 * statistics.median(wall[key]), 3),
            "over_bare": round(statistics.median(ratios) - 1.0, 4),
            "cpu_over_bare": round(statistics.median(of_cpu) - 1.0, 4),
            "quick_over_bare": round(quick(single[key]) / quick(single["bare"]) - 1.0, 4),
            "us_a_step": round(1e6 * statistics.median(np.subtract(cpu[key], cpu["bare"])), 1),
            "rounds": rounds,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="convolutions or perceptron")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    warnings.simplefilter("ignore")
    for noisy in ("lightning", "lightning.pytorch", "lightning.fabric", "transformers"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    before = common.load()
    kinds = {"convolutions": (convolutions, mnist()), "perceptron": (perceptron, rows())}
    results = []
    for name, (layers, (x, y)) in kinds.items():
        if asked.only in ("", name):
            results += list(compared(name, layers, x[:ROWS], y[:ROWS], asked.rounds))
            common.show(results)
    if not asked.only:
        versions = {}
        for package in ("torch", "accelerate", "lightning", "transformers"):
            try:
                versions[package] = version(package)
            except PackageNotFoundError:
                versions[package] = "not installed"
        common.save(
            "deep-overhead", {"threads": asked.threads, "versions": versions, "loops": results}, before
        )


if __name__ == "__main__":
    main()
