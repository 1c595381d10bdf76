"""How pictures go wrong where a model is used: blur, noise, things in front, light, contrast, a camera held
askew, strong compression. After the common corruptions of Hendrycks and Dietterich (2019), in numpy alone.

Every function takes uint8 [n, channels, height, width] and a strength, and gives the same shape and dtype.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwright.evidence.testing.probe import Cells, Probe

Floats = npt.NDArray[np.float32]

_BLOCK = 8
# Quantisation of JPEG at quality 50: ITU-T T.81, tables K.1 (luminance) and K.2 (chrominance).
_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=np.float32,
)
_CHROMINANCE = np.full((_BLOCK, _BLOCK), 99, dtype=np.float32)
_CHROMINANCE[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
# RGB to luminance and two differences of colour, as JFIF has it.
_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], dtype=np.float32
)
_RGB = np.array([[1.0, 0.0, 1.402], [1.0, -0.344136, -0.714136], [1.0, 1.772, 0.0]], dtype=np.float32)


def blur(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Out of focus: a Gaussian whose deviation is ``strength`` of the longer side."""
    sigma = strength * max(cells.shape[2:])
    if sigma <= 0:
        return cells.copy()
    reach = max(1, int(np.ceil(3 * sigma)))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    taps /= taps.sum()
    made = cells.astype(np.float32)
    for axis in (2, 3):
        wide = [(0, 0)] * 4
        wide[axis] = (reach, reach)
        padded = np.pad(made, wide, mode="edge")
        size = cells.shape[axis]
        made = sum(  # type: ignore[assignment]
            np.float32(tap) * np.take(padded, range(k, k + size), axis=axis) for k, tap in enumerate(taps)
        )
    return _pixels(made)


def noise(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """A dark room: Gaussian noise whose deviation is ``strength`` of the full scale, in each channel."""
    if strength <= 0:
        return cells.copy()
    return _pixels(cells + rng.standard_normal(cells.shape, dtype=np.float32) * np.float32(255 * strength))


def occlusion(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Something in front: a square of the picture's mean colour, of ``strength`` of each side, anywhere."""
    n, _, height, width = cells.shape
    made = cells.copy()
    tall, wide = round(strength * height), round(strength * width)
    tops, lefts = rng.integers(0, height - tall + 1, n), rng.integers(0, width - wide + 1, n)
    means = _pixels(cells.mean(axis=(2, 3), dtype=np.float32))
    for row, (top, left) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
        made[row, :, top : top + tall, left : left + wide] = means[row, :, None, None]
    return made


def darker(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Less light: every value ``strength`` smaller."""
    return _pixels(cells * np.float32(1 - strength))


def brighter(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Overexposed: every value ``strength`` larger, up to white."""
    return _pixels(cells * np.float32(1 + strength))


def contrast(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Fog: every value nearer to the picture's mean, by ``strength`` of the way."""
    if strength <= 0:
        return cells.copy()
    mean = cells.mean(axis=(1, 2, 3), dtype=np.float32, keepdims=True)
    return _pixels(mean + (cells - mean) * np.float32(1 - strength))


def rotation(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Held askew: turned by ``strength`` degrees either way around the middle; the edge goes on outside."""
    if strength == 0:
        return cells.copy()
    n, _, height, width = cells.shape
    angle = np.deg2rad(strength) * np.where(rng.random(n) < 0.5, -1.0, 1.0)
    y, x = np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    down, across = np.meshgrid(y, x, indexing="ij")
    made = np.empty_like(cells)
    for row in range(n):
        cos, sin = np.cos(angle[row]), np.sin(angle[row])
        made[row] = _sampled(
            cells[row],
            cos * down + sin * across + (height - 1) / 2,
            cos * across - sin * down + (width - 1) / 2,
        )
    return made


def shift(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Not in the middle: moved by ``strength`` of the sides, up or down and left or right, whole pixels."""
    n, _, height, width = cells.shape
    signs = np.where(rng.random((n, 2)) < 0.5, -1, 1)
    down, across = round(strength * height), round(strength * width)
    made = np.empty_like(cells)
    for row in range(n):
        rows = np.clip(np.arange(height) - signs[row, 0] * down, 0, height - 1)
        columns = np.clip(np.arange(width) - signs[row, 1] * across, 0, width - 1)
        made[row] = cells[row][:, rows][:, :, columns]
    return made


def jpeg(cells: Cells, strength: float, rng: np.random.Generator) -> Cells:
    """Strong compression: JPEG of quality ``100 * (1 - strength)``: blocks of 8 by 8 pixels, their cosine
    transform rounded as the standard's tables have it (ITU-T T.81, annex K), colours at full resolution."""
    if strength <= 0:
        return cells.copy()
    quality = float(np.clip(100 * (1 - strength), 1, 100))
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    n, channels, height, width = cells.shape
    made = cells.astype(np.float32)
    if channels == 3:
        made = np.einsum("kc,nchw->nkhw", _YCC, made)
        made[:, 0] -= 128
    else:
        made -= 128
    tall, wide = -height % _BLOCK, -width % _BLOCK
    made = np.pad(made, ((0, 0), (0, 0), (0, tall), (0, wide)), mode="edge")
    blocks = made.reshape(n, channels, (height + tall) // _BLOCK, _BLOCK, (width + wide) // _BLOCK, _BLOCK)
    cosines = _cosines()
    waves = np.einsum("ai,nchiwj,bj->nchawb", cosines, blocks, cosines, optimize=True)
    for channel in range(channels):
        table = _LUMINANCE if channel == 0 else _CHROMINANCE
        step = np.clip(np.floor((table * scale + 50) / 100), 1, 255).astype(np.float32)[:, None, :]
        waves[:, channel] = np.rint(waves[:, channel] / step) * step
    blocks = np.einsum("ai,nchawb,bj->nchiwj", cosines, waves, cosines, optimize=True)
    made = blocks.reshape(n, channels, height + tall, width + wide)[:, :, :height, :width]
    made[:, 0] += 128
    if channels == 3:
        made = np.einsum("ck,nkhw->nchw", _RGB, made)
    return _pixels(made)


def _cosines() -> Floats:
    """The orthonormal cosine transform of 8 values (DCT-II): float32 [8, 8]."""
    k, i = np.arange(_BLOCK)[:, None], np.arange(_BLOCK)[None, :]
    made = np.cos((2 * i + 1) * k * np.pi / (2 * _BLOCK)) * np.sqrt(2 / _BLOCK)
    made[0] /= np.sqrt(2)
    return np.asarray(made, dtype=np.float32)


def _sampled(picture: Cells, y: npt.NDArray[np.float64], x: npt.NDArray[np.float64]) -> Cells:
    """A picture [c, h, w] at real places, bilinearly; beyond the edge it is as at the edge."""
    _, height, width = picture.shape
    y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
    top, left = np.minimum(y.astype(int), max(height - 2, 0)), np.minimum(x.astype(int), max(width - 2, 0))
    bottom, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    low, far = y - top, x - left
    upper = picture[:, top, left] * (1 - far) + picture[:, top, right] * far
    lower = picture[:, bottom, left] * (1 - far) + picture[:, bottom, right] * far
    return _pixels(upper * (1 - low) + lower * low)


def _pixels(values: npt.NDArray[np.floating]) -> Cells:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


PROBES: tuple[Probe, ...] = (
    Probe("blur", ((0.02, "blurred by 2%"), (0.05, "blurred by 5%")), blur),
    Probe("noise", ((0.05, "noise of 5%"), (0.15, "noise of 15%")), noise),
    Probe("occlusion", ((0.25, "25% covered"), (0.4, "40% covered")), occlusion),
    Probe("darker", ((0.3, "30% darker"), (0.6, "60% darker")), darker),
    Probe("brighter", ((0.3, "30% brighter"), (0.6, "60% brighter")), brighter),
    Probe("contrast", ((0.4, "40% less contrast"), (0.7, "70% less contrast")), contrast),
    Probe("rotation", ((10.0, "turned by 10 degrees"), (25.0, "turned by 25 degrees")), rotation),
    Probe("shift", ((0.05, "shifted by 5%"), (0.12, "shifted by 12%")), shift),
    Probe("jpeg", ((0.5, "JPEG of quality 50"), (0.85, "JPEG of quality 15")), jpeg),
)
