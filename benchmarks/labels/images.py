"""Features of small pictures without a network: patches, whitened, by their nearest of some centres, pooled.

Coates, Lee & Ng (2011), An Analysis of Single-Layer Networks in Unsupervised Feature Learning (triangle
activation, four quadrants). No label is looked at, so the same features serve whatever the labels are.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
SIDE, PATCH = 32, 6
CENTRES = 400


def pictures(archive: Path, names: list[str]) -> Array:
    """float32 [n, 32, 32, 3] of a zip file, in the order of ``names``."""
    from PIL import Image

    with zipfile.ZipFile(archive) as held:
        found = [np.asarray(Image.open(io.BytesIO(held.read(name))).convert("RGB")) for name in names]
    return np.stack(found).astype(np.float32)


class Patches:
    """Centres and whitening learned from pictures; ``features`` is [n, 4 * centres]."""

    def __init__(self, images: Array, seed: int = 0, centres: int = CENTRES) -> None:
        rng = np.random.default_rng(seed)
        at = rng.integers(0, len(images), 60_000)
        rows, columns = rng.integers(0, SIDE - PATCH + 1, (2, 60_000))
        drawn = np.stack(
            [
                images[i, r : r + PATCH, c : c + PATCH].ravel()
                for i, r, c in zip(at, rows, columns, strict=True)
            ]
        )
        drawn = _even(drawn)
        self.mean = drawn.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov(drawn - self.mean, rowvar=False))
        self.whiten = (vectors / np.sqrt(values + 0.1)) @ vectors.T
        white = ((drawn - self.mean) @ self.whiten).astype(np.float32)
        found = rng.standard_normal((centres, white.shape[1])).astype(np.float32)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        for _ in range(10):  # spherical k-means
            like = white @ found.T
            best = np.abs(like).argmax(axis=1)
            sign = like[np.arange(len(white)), best]
            total = np.zeros_like(found)
            np.add.at(total, best, white * sign[:, None])
            length = np.linalg.norm(total, axis=1, keepdims=True)
            found = np.where(length > 1e-6, total / np.maximum(length, 1e-6), found).astype(np.float32)
        self.centres = found

    def features(self, images: Array) -> Array:
        return np.concatenate([self._some(images[i : i + 50]) for i in range(0, len(images), 50)])

    def _some(self, images: Array) -> Array:
        windows = np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), axis=(1, 2))
        across = windows.shape[1]
        flat = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, PATCH * PATCH * 3)
        white = ((_even(flat) - self.mean) @ self.whiten).astype(np.float32)
        far = np.sqrt(
            np.maximum(
                (white**2).sum(axis=1, keepdims=True)
                - 2 * white @ self.centres.T
                + (self.centres**2).sum(axis=1),
                0,
            )
        )
        near = np.maximum(far.mean(axis=1, keepdims=True) - far, 0)
        maps = near.reshape(len(images), across, across, -1)
        half = across // 2
        parts = [
            maps[:, a, b].sum(axis=(1, 2))
            for a in (slice(0, half), slice(half, None))
            for b in (slice(0, half), slice(half, None))
        ]
        return np.concatenate(parts, axis=1).astype(np.float32)


def _even(patches: Array) -> Array:
    """Each patch with mean 0 and (nearly) variance 1."""
    centred = patches - patches.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.sqrt(centred.var(axis=1, keepdims=True) + 10), dtype=np.float32)
