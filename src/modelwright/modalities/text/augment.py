"""Words that are missing from a text for one batch (token dropout; word dropout of Iyyer et al., 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SHARE = 0.1
"""Share of the words that a network does not get to know, at the usual strength."""
UNKNOWN = 1


def augment(batch: dict[str, Tensor], strength: float, generator: torch.Generator) -> dict[str, Tensor]:
    """``text_<j>`` int64 [b, length]: some words become unknown ones; padding stays."""
    import torch

    made = dict(batch)
    for name, ids in batch.items():
        if name.startswith("text_"):
            drawn = torch.rand(ids.shape, generator=generator, device=generator.device).to(ids.device)
            made[name] = torch.where((drawn < SHARE * strength) & (ids > 0), UNKNOWN, ids)
    return made
