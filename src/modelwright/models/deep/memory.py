"""How many parts a batch must be gone through in to stay within memory: measured by trying, not guessed."""

from __future__ import annotations

import math
from collections.abc import Callable

import psutil
import torch
from torch import Tensor, nn

SHARE = 0.5
"""Of the free memory, for one training."""
TRIED = 4
"""Rows of the trial."""
PLACE = 1.5
"""What a step takes besides what is kept for the way back: temporary results, gradients of activations."""


def bytes_for_rows(step: Callable[[int], Tensor]) -> float:
    """Bytes of activations that ``step(rows)`` (a forward pass to a loss) keeps for the way back, a row.

    Tensors that do not grow with the rows (weights) drop out in the difference of two sizes.
    """
    sizes = []
    for rows in (TRIED // 2, TRIED):
        kept: dict[int, int] = {}

        def keep(tensor: Tensor, kept: dict[int, int] = kept) -> Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = step(rows)
        sizes.append(sum(kept.values()))
        del loss
    return max(sizes[1] - sizes[0], 0) / (TRIED - TRIED // 2)


def free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def parts_for(rows: int, row_bytes: float, module: nn.Module, free: int) -> int:
    """Parts of a batch of ``rows`` that fit into a share of ``free`` bytes, besides the weights, their
    gradients and the optimiser's two moments."""
    fixed = 4 * sum(w.numel() * w.element_size() for w in module.parameters() if w.requires_grad)
    room = max(SHARE * free - fixed, row_bytes * PLACE)
    most = max(int(room / max(row_bytes * PLACE, 1.0)), 1)
    return math.ceil(rows / most)
