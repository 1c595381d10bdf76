"""``audio``: a sound file becomes samples, mono, of one rate and one length.

A cell is the bytes of a WAV, FLAC, OGG or MP3 file; in Python also an array of samples, or ``(array, rate)``.
Options: ``rate`` (samples a second), ``samples`` (how many come out). Channels are averaged, other rates
resampled; what is shorter stands in the middle between zeros, of what is longer the loudest stretch is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.runtime.parse import sounds
from modelwright.runtime.parse.resample import resample
from modelwright.runtime.parse.sounds import Sound

LISTEN: Final = 4
"""Lengths of the column that are read of a file: within these its loudest stretch is looked for."""
LEAST_LISTENED: Final = 10.0
LOOKED_AT: Final = 60.0
"""Seconds of a file that are read for its facts."""
SILENT: Final = 10.0 ** (-60 / 20)
"""Peak below which nothing is heard: 60 dB below full scale."""
HIGHEST_RATE: Final = 16_000
"""A column is learned at no higher rate: what is above 8 kHz costs as much as all below, and tells little."""
LONGEST: Final = 10.0
"""Seconds a column has at most."""
COVERED: Final = 0.98
"""Share of the files that are not cut."""
GRAIN: Final = 0.1
"""Seconds of which a column's length is a multiple."""

Made = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of one cell. ``problem`` says why nothing can be heard, and is empty otherwise."""

    problem: str = ""
    format: str = ""
    rate: int = 0
    channels: int = 0
    seconds: float = 0.0
    peak: float = 0.0
    """Largest absolute sample, 1 is full scale."""
    silent: bool = False
    truncated: bool = False


def form(options: dict[str, Any]) -> tuple[tuple[int, ...], str]:
    """Shape and dtype of one cell: int16 [samples]."""
    return (int(options["samples"]),), "int16"


def build(options: dict[str, Any]) -> Callable[[Any], Made | None]:
    """The function from a cell to int16 [samples], full scale 32767; ``None`` where nothing can be heard."""
    rate, length = int(options["rate"]), int(options["samples"])
    most = max(LISTEN * length / rate, LEAST_LISTENED)

    def read(cell: Any) -> Made | None:
        sound = hear(cell, most, rate)
        if isinstance(sound, str):
            return None
        return fit(
            np.clip(np.rint(resample(sound.samples, sound.rate, rate) * 32768.0), -32768, 32767), length
        )

    return read


def fit(samples: npt.NDArray[np.float64], length: int) -> Made:
    """int16 [length]: in the middle where shorter, else its loudest stretch (first of equals)."""
    made = np.zeros(length, dtype=np.int16)
    if len(samples) <= length:
        start = (length - len(samples)) // 2
        made[start : start + len(samples)] = samples
        return made
    energy = np.concatenate([[0.0], np.cumsum(samples * samples)])
    start = int(np.argmax(energy[length:] - energy[:-length]))
    made[:] = samples[start : start + length]
    return made


def hear(cell: Any, most: float, rate: int) -> Sound | str:
    """The first ``most`` seconds of a cell, or why there is nothing. ``rate`` is that of a bare array."""
    if cell is None:
        return "there is no file"
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return sounds.decode(bytes(cell), most)
    if isinstance(cell, (tuple, list)) and len(cell) == 2 and np.ndim(cell[1]) == 0 and np.ndim(cell[0]) > 0:
        cell, rate = np.asarray(cell[0]), int(cell[1])
        if not sounds.RATES[0] <= rate <= sounds.RATES[1]:
            return f"the samples claim a rate of {rate} a second"
    if not isinstance(cell, np.ndarray) or cell.dtype.kind not in "iuf" or cell.ndim not in (1, 2):
        return "this is not a sound file"
    return _array(cell, rate, most)


def _array(cell: npt.NDArray[Any], rate: int, most: float) -> Sound | str:
    """Samples [n], [n, channels] or [channels, n]: whole numbers are of full scale by their dtype."""
    if cell.ndim == 2 and cell.shape[0] < cell.shape[1]:
        cell = cell.T
    channels = 1 if cell.ndim == 1 else cell.shape[1]
    if not len(cell) or not channels:
        return "there are no samples"
    seconds = len(cell) / rate
    values = cell[: max(1, int(most * rate))].astype(np.float64)
    if cell.dtype.kind == "i":
        values /= float(2 ** (8 * cell.dtype.itemsize - 1))
    elif cell.dtype.kind == "u":
        middle = float(2 ** (8 * cell.dtype.itemsize - 1))
        values = (values - middle) / middle
    if values.ndim == 2:
        values = values.mean(axis=1)
    values = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=-1.0)
    return Sound(values, rate, channels, seconds, False)


def look(cell: Any) -> Look:
    """The facts of a cell, from its first minute. Never fails on a cell; raises :class:`BadInput` where
    soundfile is not installed."""
    head = bytes(cell[:16]) if isinstance(cell, (bytes, bytearray)) else b""
    kind = sounds.format_of(head)
    sound = hear(cell, LOOKED_AT, HIGHEST_RATE)
    if isinstance(sound, str):
        return Look(sound, kind)
    peak = float(np.abs(sound.samples).max())
    return Look(
        "", kind or "array", sound.rate, sound.channels, sound.seconds, peak, peak < SILENT, sound.truncated
    )


def misnamed(name: str, form: str) -> bool:
    """Whether a file's extension belongs to another format than its bytes are (``form``, see ``Look``)."""
    ending = name.rpartition(".")[2].casefold() if "." in name else ""
    return form in sounds.FORMATS and ending != "" and ending not in sounds.FORMATS[form]


def plan(cells: Iterable[Any]) -> dict[str, Any]:
    """The one form of a column, from its cells: see :func:`plan_of`."""
    return plan_of([look(cell) for cell in cells])


def plan_of(looks: Iterable[Look]) -> dict[str, Any]:
    """``rate``: the most frequent (the lower of equals), 16 kHz at most; ``samples``: as long as 98% of the
    files, in tenths of a second, 10 seconds at most."""
    heard = [one for one in looks if not one.problem]
    if not heard:
        return {"rate": HIGHEST_RATE, "samples": HIGHEST_RATE}
    counts = Counter(one.rate for one in heard)
    rate = min(HIGHEST_RATE, min(counts, key=lambda value: (-counts[value], value)))
    seconds = float(np.quantile([one.seconds for one in heard], COVERED, method="higher"))
    grains = min(int(np.ceil(seconds / GRAIN - 1e-6)), round(LONGEST / GRAIN))
    return {"rate": rate, "samples": max(1, grains) * round(rate * GRAIN)}
