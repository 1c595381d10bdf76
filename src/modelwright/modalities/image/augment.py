"""Changed pictures for training: moved, turned, bent, mirrored, recoloured, partly covered; by batches.

All moves of a picture are one resampling (an affine map and a smooth random field; Simard et al., 2003), each
picture with its own; then colours; then a covered rectangle (cutout; DeVries and Taylor, 2017). Mirrored
pictures are shown only where they stay what they are, which the training rows decide: a mirrored digit is no
digit (:func:`symmetries`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from modelwright.models.deep.examples import Examples

PREFIX = "image_"
SEEN = 12
"""Sides to which pictures are shrunk to compare them."""
COMPARED = 1200
"""Rows of either half that are compared, at most."""
SIDEWAYS, UPSIDE_DOWN, QUARTER = "mirrored sideways", "mirrored upside down", "turned by a quarter"


@dataclass(frozen=True, slots=True)
class ImageAugment:
    """What is done to each picture at strength 1. Callable: see
    :class:`modelwright.models.deep.augment.Augment`."""

    mirror: bool = False
    flip: bool = False
    quarter: bool = False
    rotate: float = 12.0
    """Degrees, either way."""
    scale: float = 0.12
    """Larger and smaller by this factor."""
    shift: float = 0.08
    """Share of the sides, any way."""
    shear: float = 0.12
    bend: float = 0.03
    """Deviation of the random field, as a share of the sides."""
    light: float = 0.15
    contrast: float = 0.2
    colour: float = 0.2
    """Saturation and the balance of the channels; for colour pictures."""
    cover: float = 0.35
    """Largest side of the covered rectangle as a share of the picture's; every second picture has one."""
    why: tuple[str, ...] = field(default=())
    """How it was settled, in sentences."""

    def __call__(
        self, batch: dict[str, Tensor], strength: float, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Pictures uint8 [n, channels, height, width] under ``image_*``, changed; all else as it is."""
        if strength <= 0:
            return batch
        return {
            name: self.changed(value, strength, generator) if name.startswith(PREFIX) else value
            for name, value in batch.items()
        }

    def changed(self, images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        import torch

        with torch.no_grad():
            pictures = images.to(torch.float32)
            pictures = self._moved(pictures, strength, generator)
            pictures = self._coloured(pictures, strength, generator)
            pictures = self._covered(pictures, strength, generator)
            return pictures.round_().clamp_(0.0, 255.0).to(images.dtype)

    def fitted(self, examples: Examples) -> ImageAugment:
        """The same, with the mirrorings that the training rows allow."""
        from dataclasses import replace

        names = [name for name in examples.inputs if name.startswith(PREFIX)]
        if not names:
            return self
        found = [symmetries(examples.inputs[name], examples.y) for name in names]
        allowed = set.intersection(*(set(one.allowed) for one in found))
        return replace(
            self,
            mirror=SIDEWAYS in allowed,
            flip=UPSIDE_DOWN in allowed,
            quarter=QUARTER in allowed,
            why=tuple(sentence for one in found for sentence in one.why),
        )

    # --- the changes --------------------------------------------------------------------------------------

    def _moved(self, pictures: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        import torch
        from torch.nn import functional

        n, channels, height, width = pictures.shape
        drawn = _uniform((n, 6), generator)
        angle = drawn[:, 0] * (strength * self.rotate * np.pi / 180.0)
        size = torch.exp2(drawn[:, 1] * (strength * self.scale * 1.4427))
        shear = drawn[:, 2] * (strength * self.shear)
        cos, sin = torch.cos(angle) * size, torch.sin(angle) * size
        flat = torch.zeros((n, 2, 3), device=pictures.device)
        # Sides of different lengths are turned as pixels are, not as the unit square is.
        ratio = height / width
        flat[:, 0, 0], flat[:, 0, 1] = cos, (shear * cos - sin) * ratio
        flat[:, 1, 0], flat[:, 1, 1] = sin / ratio, shear * sin + cos
        flat[:, :, 2] = drawn[:, 3:5] * (2.0 * strength * self.shift)
        coins = torch.rand((n, 3), generator=generator, device=generator.device) < 0.5
        if self.mirror:
            flat[:, :, 0] *= _signs(coins[:, 0])[:, None]
        if self.flip:
            flat[:, :, 1] *= _signs(coins[:, 1])[:, None]
        if self.quarter and height == width:
            turned = torch.stack([flat[:, :, 1], -flat[:, :, 0], flat[:, :, 2]], dim=2)
            flat = torch.where(coins[:, 2, None, None], turned, flat)
        grid = functional.affine_grid(flat, [n, channels, height, width], align_corners=False)
        if self.bend > 0:
            coarse = torch.randn((n, 2, 5, 5), generator=generator, device=generator.device)
            fine = functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=True)
            grid = grid + (2.0 * strength * self.bend) * fine.permute(0, 2, 3, 1)
        around = "reflection" if channels == 3 else "border"
        return functional.grid_sample(pictures, grid, "bilinear", around, align_corners=False)

    def _coloured(self, pictures: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        import torch

        n, channels = pictures.shape[:2]
        drawn = _uniform((n, 6), generator)[:, :, None, None]
        mean = pictures.mean((1, 2, 3), keepdim=True)
        if channels == 3:
            grey = pictures.mean(1, keepdim=True)
            pictures = torch.lerp(grey, pictures, 1.0 + drawn[:, :1] * (strength * self.colour))
            pictures = pictures * (1.0 + drawn[:, 3:6] * (0.5 * strength * self.colour))
        pictures = (pictures - mean) * (1.0 + drawn[:, 1:2] * (strength * self.contrast)) + mean
        # A dark ground stays dark: light is a factor, not an amount.
        return pictures * (1.0 + drawn[:, 2:3] * (strength * self.light))

    def _covered(self, pictures: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        import torch

        n, _, height, width = pictures.shape
        drawn = torch.rand((n, 5), generator=generator, device=generator.device)
        most = min(0.7, strength * self.cover)
        tall, wide = (drawn[:, k] * most * side for k, side in ((0, height), (1, width)))
        top, left = (drawn[:, k] * side for k, side in ((2, height), (3, width)))
        down = torch.arange(height, device=pictures.device)[None, :] + 0.5
        across = torch.arange(width, device=pictures.device)[None, :] + 0.5
        inside_down = (down - top[:, None]).abs() * 2 < tall[:, None]
        inside_across = (across - left[:, None]).abs() * 2 < wide[:, None]
        inside = inside_down[:, :, None] & inside_across[:, None, :] & (drawn[:, 4] < 0.5)[:, None, None]
        mean = pictures.mean((2, 3), keepdim=True)
        return torch.where(inside[:, None], mean, pictures)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Between -1 and 1."""
    import torch

    return torch.rand(shape, generator=generator, device=generator.device) * 2.0 - 1.0


def _signs(coins: Tensor) -> Tensor:
    return 1.0 - 2.0 * coins.float()


augment = ImageAugment()
"""The usual changes, without mirroring. ``augment.fitted(examples)`` adds what the training rows allow."""


# --- what leaves a picture what it is ---------------------------------------------------------------------

SHARE = 0.75
"""Changed pictures must be recognised so often, as a share of how often pictures as they are are."""
TURNS_INTO = 0.5
"""A class becomes another when so many more of its pictures are taken for that one than were before."""
FEW = 10
"""Pictures of a class below which nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Symmetries:
    allowed: tuple[str, ...]
    why: tuple[str, ...]


def symmetries(images: npt.NDArray[np.uint8], y: npt.NDArray[Any]) -> Symmetries:
    """Which mirrorings leave the class of a picture as it is, by training rows [n, c, h, w] of classes [n].

    Half of the rows, shrunk to 12 by 12 pixels, are recognised by their nearest neighbour among the other
    half: as they are, and changed. A change is allowed where pictures are still recognised three quarters as
    often, and no class turns into another (a mirrored b into a d). Where pictures as they are are not
    recognised better than by guessing, or the target is a number, only colour pictures are mirrored, and only
    sideways.
    """
    usual = (SIDEWAYS,) if images.shape[1] == 3 else ()
    if y.dtype.kind == "f":
        return Symmetries(usual, ("the target is a number: mirrored sideways in colour pictures alone",))
    rows = np.random.default_rng(0).permutation(len(y))[: 2 * COMPARED]
    half = len(rows) // 2
    small, y = shrunk(images[rows]), y[rows].astype(np.int64)
    near, far, known, asked = small[:half], small[half:], y[:half], y[half:]
    found = _nearest(near, known, far)
    plain = float((found == asked).mean()) if len(asked) else 0.0
    guessed = float(np.bincount(known).max()) / half if half else 1.0
    if plain < guessed + 2 * np.sqrt(max(plain * (1 - plain), 0.01) / max(1, len(asked))):
        return Symmetries(usual, ("nearest neighbours recognise nothing: mirrored sideways if in colour",))
    before = _confused(asked, found)
    changes = {SIDEWAYS: far[..., ::-1], UPSIDE_DOWN: far[..., ::-1, :], QUARTER: np.rot90(far, 1, (2, 3))}
    allowed, why = [], []
    for name, changed in changes.items():
        found = _nearest(near, known, changed)
        share = float((found == asked).mean())
        turned = float((_confused(asked, found) - before).max())
        error = np.sqrt(max(share * (1 - share), 0.01) / len(asked))
        stays = share + error >= SHARE * plain and turned < TURNS_INTO
        if stays:
            allowed.append(name)
        why.append(
            f"pictures {name} are {'shown too' if stays else 'not shown'}: {share:.0%} of them are "
            f"recognised by their nearest neighbour, {plain:.0%} as they are"
            + (", and one class turns into another" if turned >= TURNS_INTO else "")
        )
    return Symmetries(tuple(allowed), tuple(why))


def shrunk(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Means over blocks: float32 [n, c, 12, 12]; smaller pictures keep their size."""
    made: npt.NDArray[Any] = images
    for axis in (2, 3):
        size = made.shape[axis]
        if size > SEEN:
            ends = np.linspace(0, size, SEEN + 1).astype(np.int64)
            sums = np.add.reduceat(made, ends[:-1], axis=axis, dtype=np.float32)
            shape = [1, 1, 1, 1]
            shape[axis] = SEEN
            made = sums / np.diff(ends).astype(np.float32).reshape(shape)
    return made.astype(np.float32)


def _nearest(
    known: npt.NDArray[np.float32], classes: npt.NDArray[np.int64], asked: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """The class of the nearest neighbour, int64 [asked]."""
    a, b = known.reshape(len(known), -1), np.ascontiguousarray(asked).reshape(len(asked), -1)
    if not len(a) or not len(b):
        return np.full(len(b), -1, dtype=np.int64)
    distance = (a**2).sum(1)[None, :] - 2.0 * (b @ a.T)
    return np.asarray(classes[distance.argmin(1)])


def _confused(y: npt.NDArray[np.int64], found: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Of each class (rows) the share that is taken for each other one; nothing for rare classes."""
    size = int(max(y.max(initial=0), found.max(initial=0))) + 1
    counts = np.bincount(y * size + np.maximum(found, 0), minlength=size * size).reshape(size, size)
    total = counts.sum(1, keepdims=True)
    shares = np.where(total >= FEW, counts / np.maximum(total, 1), 0.0)
    np.fill_diagonal(shares, 0.0)
    return np.asarray(shares)
