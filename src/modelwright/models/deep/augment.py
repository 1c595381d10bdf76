"""What changes the training rows of a batch, by kind of column; the implementations are in the modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from modelwright.core.registry import Registry

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Augment(Protocol):
    def __call__(
        self, batch: dict[str, Tensor], strength: float, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Changed inputs of the same shapes and dtypes, by name; all chance comes from ``generator``.

        ``strength`` is 1 for the usual amount, 0 for none.
        """
        ...


AUGMENTS: Registry[Augment] = Registry(
    "augmentation",
    "modelwright.augmentations",
    {kind: f"modelwright.modalities.{kind}.augment:augment" for kind in ("image", "text", "audio", "series")},
)
