"""Any image model of ``transformers`` as an encoder: pixels scaled and sized as in its training.

The size and the scaling are those of its ``preprocessor_config.json``, where there is one, and happen inside
of the network, so that they are a part of the graph.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from modelwright.models.deep.pretrained import body_of, tuned

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Means and deviations that models without a note were trained with, most often."""


def scaling_of(named: str) -> tuple[list[float], list[float], int | None]:
    """(means, deviations, side) of the pixels that a model in a folder expects; side None: any."""
    told: dict[str, Any] = {}
    path = Path(named) / "preprocessor_config.json"
    if path.is_file():
        told = json.loads(path.read_text("utf-8"))
    mean, spread = told.get("image_mean", IMAGENET[0]), told.get("image_std", IMAGENET[1])
    size = told.get("crop_size") or told.get("size")
    if isinstance(size, dict):
        size = size.get("height") or size.get("shortest_edge")
    return list(mean), list(spread), None if size is None else int(size)


class PretrainedImage(nn.Module):
    """Features [n, width] of images uint8 [n, channels, height, width] by a pretrained body."""

    initialisation = "the body as it was trained before; head uniform"

    def __init__(self, named: str, shape: tuple[int, ...], how: str) -> None:
        super().__init__()
        self.body = tuned(body_of(named), how)
        self.frozen = how == "head"
        mean, spread, side = scaling_of(named)
        config = cast(Any, self.body).config
        side = int(getattr(config, "image_size", 0) or 0) or side
        self.side = side if side is not None else max(32, *shape[1:])
        channels = int(getattr(config, "num_channels", 3) or 3)
        self.repeats = channels // shape[0] if channels % shape[0] == 0 else 1
        self.register_buffer("mean", torch.tensor(mean[:channels])[None, :, None, None])
        self.register_buffer("spread", torch.tensor(spread[:channels])[None, :, None, None])
        with torch.no_grad():
            self.width = int(self(torch.zeros((1, *shape), dtype=torch.uint8)).shape[1])

    def forward(self, image: Tensor) -> Tensor:
        pixels = image.to(torch.float32) * (1.0 / 255.0)
        if self.repeats > 1:
            pixels = pixels.repeat(1, self.repeats, 1, 1)
        if pixels.shape[-2:] != (self.side, self.side):
            pixels = functional.interpolate(
                pixels, (self.side, self.side), mode="bilinear", align_corners=False
            )
        pixels = (pixels - cast(Tensor, self.mean)) / cast(Tensor, self.spread)
        found = self.body(pixel_values=pixels, return_dict=True)
        pooled = getattr(found, "pooler_output", None)
        if pooled is not None:
            return cast(Tensor, pooled.flatten(1))
        last = found.last_hidden_state
        return cast(Tensor, last.mean((2, 3)) if last.ndim == 4 else last.mean(1))

    def train(self, mode: bool = True) -> PretrainedImage:
        super().train(mode)
        if self.frozen:
            # What is not learned keeps its norms' statistics and drops nothing.
            self.body.eval()
        return self
