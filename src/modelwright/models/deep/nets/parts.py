"""Networks of joined parts: an encoder for each media column, one for the matrix, one head; learned together.

An encoder turns one input as it comes (uint8 pixels, int16 samples, ...) into features [n, width]. What each
kind of column is encoded with when it is not the matter of the family (an image beside a text, say) is in
:data:`ENCODERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from modelwright.core.registry import Registry
from modelwright.models.deep.intake import Given

FAR = 30.0
"""Numbers are brought within so many deviations: a network knows nothing of what lies beyond."""
MATRIX_WIDTH = 64

Encoder = Callable[[Given, int, Mapping[str, Any]], nn.Module]
"""``encoder(given, rows, config)``: a module from the input to features, with ``width: int``. ``rows`` are
the training rows, by which it may choose its size."""

_HERE = "modelwright.models.deep.nets"

ENCODERS: Registry[Encoder] = Registry(
    "encoder",
    "modelwright.encoders",
    {
        "matrix": f"{_HERE}.parts:matrix",
        "image": f"{_HERE}.small_cnn:encoder",
        "audio": f"{_HERE}.spectrogram:encoder",
        "series": f"{_HERE}.series:encoder",
        "text": f"{_HERE}.bag:encoder",
    },
)


class MatrixEncoder(nn.Module):
    """Two rectified layers on the prepared numbers, categories and dates, float32 [n, columns]."""

    def __init__(self, columns: int, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.Sequential(
            nn.Linear(columns, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.layers(x.clamp(-FAR, FAR)))


def matrix(given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
    return MatrixEncoder(given.shape[0], MATRIX_WIDTH, float(config.get("dropout", 0.1)))


class Joined(nn.Module):
    """Encoders side by side, their features joined, dropout, and one linear head.

    ``forward(*inputs)`` takes them in the order of ``takes`` and gives logits [n, outputs], or values [n, 1].
    """

    def __init__(self, encoders: Mapping[str, nn.Module], outputs: int, dropout: float) -> None:
        super().__init__()
        self.takes = tuple(encoders)
        self.trims = tuple(name for name, encoder in encoders.items() if getattr(encoder, "trims", False))
        """Inputs of token ids, whose columns of padding alone are cut off."""
        said = {getattr(encoder, "initialisation", "") for encoder in encoders.values()} - {""}
        if said:
            self.initialisation = "; ".join(sorted(said))
        self.encoders = nn.ModuleDict(dict(encoders))
        self.drop = nn.Dropout(dropout)
        width = sum(cast(int, encoder.width) for encoder in encoders.values())
        self.head = nn.Linear(width, outputs)

    def features(self, *inputs: Tensor) -> Tensor:
        """Joined features [n, width]."""
        found = [self.encoders[name](value) for name, value in zip(self.takes, inputs, strict=True)]
        return torch.cat(found, dim=1) if len(found) > 1 else cast(Tensor, found[0])

    def forward(self, *inputs: Tensor) -> Tensor:
        return cast(Tensor, self.head(self.drop(self.features(*inputs))))


def joined(
    given: tuple[Given, ...],
    encoder: Encoder,
    kind: str,
    rows: int,
    outputs: int,
    config: Mapping[str, Any],
) -> Joined:
    """The network of a family whose own matter is ``kind``: its ``encoder`` there, those of
    :data:`ENCODERS` for the rest."""
    made = {
        one.name: (encoder if one.kind == kind else ENCODERS.get(one.kind))(one, rows, config)
        for one in given
    }
    return Joined(made, outputs, float(config.get("dropout", 0.1)))
