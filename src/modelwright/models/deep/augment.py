"""What changes the training rows of a batch, by kind of column; the implementations are in the modalities."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Chain:
    """Augmentations one after the other, each for its own kind of input."""

    parts: tuple[Augment, ...]

    def __call__(
        self, batch: dict[str, Tensor], strength: float, generator: torch.Generator
    ) -> dict[str, Tensor]:
        for part in self.parts:
            batch = part(batch, strength, generator)
        return batch

    @property
    def why(self) -> tuple[str, ...]:
        """How they were settled, in sentences."""
        return tuple(sentence for part in self.parts for sentence in getattr(part, "why", ()))
