"""Where a network is trained: one processor or GPU, or several processes side by side, through accelerate.

Under ``accelerate launch`` (or ``torch.distributed.run``) every process runs the same code; each goes through
its own part of each batch, gradients are averaged, and decisions are the first process's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn

from modelwright.models.deep.settings import Precision


class Devices:
    def __init__(self, precision: Precision = "auto") -> None:
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        gpu = torch.cuda.is_available()
        if precision == "auto":
            precision = "bfloat16" if gpu and torch.cuda.is_bf16_supported() else "float32"
        # The state is one for the whole process; another fit may be of another precision, and one that was
        # made alone must not keep the next from joining its group: the others would wait for it.
        AcceleratorState._reset_state(reset_partial_state=not torch.distributed.is_initialized())
        self._accelerator = Accelerator(
            mixed_precision="bf16" if precision == "bfloat16" else "no", cpu=not gpu
        )
        self.precision = precision
        self.device: torch.device = self._accelerator.device
        self.rank = int(self._accelerator.process_index)
        self.processes = int(self._accelerator.num_processes)
        self.waits = self.device.type == "cpu"
        """Whether numbers are there as soon as they are asked for."""
        self._before: Tensor | None = None

    def prepare(self, module: nn.Module) -> nn.Module:
        """The module to call in training: on the device, in the precision, with gradients averaged over
        processes. Its weights stay those of ``module``."""
        module.to(self.device)
        if self.precision == "float32" and self.processes == 1:
            return module
        # Accelerate replaces `forward` by one in the precision: the module itself stays as it was made.
        return cast(nn.Module, self._accelerator.prepare_model(Called(module)))

    def backward(self, loss: Tensor) -> None:
        """Gradients of the sum over processes."""
        if self.processes > 1:
            self._accelerator.backward(loss * self.processes)
        else:
            loss.backward()  # type: ignore[no-untyped-call]

    def part(self, model: nn.Module, last: bool) -> AbstractContextManager[Any]:
        """Around forward and backward of a part of a batch: processes meet at the last part only."""
        if last or self.processes == 1:
            return nullcontext()
        return cast(AbstractContextManager[Any], self._accelerator.no_sync(model))

    def sum(self, value: Tensor) -> Tensor:
        """Over all processes."""
        if self.processes > 1:
            value = self._accelerator.reduce(value, reduction="sum")
        return value

    def value(self, loss: Tensor) -> float:
        """The number of a loss; on a GPU, which is not waited for, that of the call before."""
        if self.waits:
            return float(loss)
        before, self._before = self._before, loss
        return float(loss if before is None else before)

    def most(self, value: float) -> float:
        """The largest over all processes."""
        if self.processes == 1:
            return value
        every = self._accelerator.gather(torch.tensor([value], device=self.device))
        return float(cast(Tensor, every).max())

    def agree(self, value: float) -> float:
        """The first process's value, in all of them."""
        if self.processes == 1:
            return value
        from accelerate.utils import broadcast

        return float(broadcast(torch.tensor([value], dtype=torch.float64, device=self.device))[0])

    def facts(self) -> dict[str, Any]:
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "CPU"
        return {"device": name, "processes": self.processes, "precision": self.precision}


def leave() -> None:
    """Leave the group of processes, if this one is in any; the next fit may be alone."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state(reset_partial_state=True)
        torch.distributed.destroy_process_group()


class Called(nn.Module):
    """A module whose call is another's."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> Tensor:
        return cast(Tensor, self.module(*inputs))


@contextmanager
def alone(threads: int) -> Iterator[None]:
    """Torch with so many threads and deterministic algorithms; its state is as before afterwards."""
    before = torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    memory: Any = torch.utils.deterministic
    fill = memory.fill_uninitialized_memory
    torch.set_num_threads(max(threads, 1))
    if not torch.cuda.is_available():
        torch.use_deterministic_algorithms(True)
        # No kernel reads what it has not written; filling costs a few percent.
        memory.fill_uninitialized_memory = False
    try:
        with torch.random.fork_rng():
            yield
    finally:
        memory.fill_uninitialized_memory = fill
        torch.use_deterministic_algorithms(strict, warn_only=warns)
        torch.set_num_threads(before)
