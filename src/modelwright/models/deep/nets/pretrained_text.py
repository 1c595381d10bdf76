"""Any text encoder of ``transformers``: the mean over the last states of the tokens that are there."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from modelwright.models.deep.nets.bag import mean
from modelwright.models.deep.pretrained import body_of, tuned


class PretrainedText(nn.Module):
    """Ids plus 1, int64 [n, length] (0: padding at the end), to features [n, width]."""

    trims = True
    initialisation = "the body as it was trained before; head uniform"

    def __init__(self, named: str, how: str, frozen: float = 0.0) -> None:
        super().__init__()
        body = body_of(named)
        if hasattr(body, "pooler"):
            body.pooler = None  # type: ignore[assignment]  # its weights would be learned by nothing
        self.body = tuned(body, how, frozen)
        self.frozen = how == "head"
        self.width = int(cast(Any, body).config.hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        there = ids > 0
        found = self.body(
            input_ids=(ids - 1).clamp(min=0), attention_mask=there.to(torch.int64), return_dict=True
        )
        return mean(found.last_hidden_state, there.to(found.last_hidden_state.dtype))

    def train(self, mode: bool = True) -> PretrainedText:
        super().train(mode)
        if self.frozen:
            self.body.eval()
        return self
