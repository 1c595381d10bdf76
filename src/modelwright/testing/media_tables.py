"""Small tables with columns of images, sounds and series that the toy for media learns at once."""

from __future__ import annotations

import numpy as np
import polars as pl

from modelwright.data.given import png, wav

RATE = 8000


def pictures(n: int, seed: int, *, light: float = 1.0, side: int = 12) -> pl.DataFrame:
    """``picture``: PNGs in colour whose brighter third (upper, middle, lower) is the class ``where``;
    ``size``, a number that says nothing. ``light`` scales every pixel."""
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 3, n)
    cells = []
    third = side // 3
    for place in places:
        pixels = rng.integers(60, 110, (3, side, side)) + rng.integers(-20, 20)
        pixels[:, third * place : third * (place + 1)] += 70
        cells.append(png(np.clip(pixels * light, 0, 255).astype(np.uint8)))
    names = np.array(["upper", "middle", "lower"])
    return pl.DataFrame(
        {
            "picture": cells,
            "size": rng.normal(5, 1, n).round(3),
            "where": names[places],
        }
    )


def sounds(n: int, seed: int, *, loud: float = 1.0) -> pl.DataFrame:
    """``sound``: WAVs of a fifth of a second with a tone in the first or last half, the class ``when``."""
    rng = np.random.default_rng(seed)
    late = rng.integers(0, 2, n)
    time = np.arange(RATE // 5) / RATE
    cells = []
    for one in late:
        half = slice(len(time) // 2, None) if one else slice(0, len(time) // 2)
        heard = rng.normal(0, 0.02, len(time))
        heard[half] += rng.uniform(0.3, 0.5) * np.sin(2 * np.pi * 440 * time[half])
        cells.append(wav(np.rint(np.clip(heard * loud, -1, 1) * 32767).astype(np.int16), RATE))
    return pl.DataFrame({"sound": cells, "when": np.where(late == 1, "late", "early")})


def traces(n: int, seed: int, *, lift: float = 0.0) -> pl.DataFrame:
    """``trace``: 30 numbers as lists, rising or not, the class ``rises``."""
    rng = np.random.default_rng(seed)
    up = rng.integers(0, 2, n)
    values = rng.normal(0, 1, (n, 30)) + up[:, None] * np.linspace(0, 4, 30) + lift
    return pl.DataFrame(
        {"trace": values.round(3).tolist(), "rises": np.where(up == 1, "yes", "no")},
        schema_overrides={"trace": pl.List(pl.Float64)},
    )
