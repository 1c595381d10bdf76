"""Items as numbers, without any label: what a quick model learns from, and by what items are compared.

Texts by their words (latent semantic analysis; Deerwester and others, 1990); rows by their numbers and
categories; images by their edges and colours (histograms of oriented gradients; Dalal and Triggs, 2005);
sounds by how loud each pitch is over time (mel bands; Stevens, Volkmann and Newman, 1937).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelwright.core.errors import ModelwrightError
from modelwright.labels.items import text_of
from modelwright.labels.project import Project
from modelwright.runtime.parse import audio, image
from modelwright.runtime.parse import text as words_of

Array = NDArray[np.float64]

LATENT: Final = 150
"""Directions of texts."""
WORDS: Final = 20_000
COMMON: Final = 0.1
"""Share of the texts, of ``MANY`` or more, from which on a word is left out."""
MANY: Final = 200
NAMES: Final = 50
"""Values of a column of rows that get a column of their own; the rarer ones share one."""
SIDE: Final = 32
"""Pixels across, to which an image is brought."""
CELLS: Final = 4
ANGLES: Final = 9
RATE: Final = 8000
SECONDS: Final = 4
BANDS: Final = 24
PARTS: Final = 4
"""Stretches of time of a sound."""


def plain_texts(project: Project, contents: Sequence[dict[str, Any]]) -> list[str]:
    """The items' texts as models read them: lower-case words and marks with one space between them."""
    return list(_plain(tuple(text_of(project, content) for content in contents)))


@lru_cache(maxsize=2)
def _plain(texts: tuple[str, ...]) -> tuple[str, ...]:
    read = words_of.build({"marks": True})
    return tuple(read(text) or "" for text in texts)


def described(project: Project, contents: Sequence[dict[str, Any]], root: Path | None) -> Array | None:
    """float64 [items, m]; None where nothing can be told of them (no words at all, no file that opens)."""
    match project.item:
        case "text":
            made = _texts(tuple(plain_texts(project, contents)))
        case "row":
            made = _rows(project, contents)
        case "image":
            made = _media(project, contents, root, _picture())
        case _:
            made = _media(project, contents, root, _sound())
    if made is None or not made.shape[1]:
        return None
    return np.nan_to_num(made)


@lru_cache(maxsize=2)
def _texts(texts: tuple[str, ...]) -> Array | None:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    # What stands in one text of ten tells little of what a text is about: "the", in any language.
    often = COMMON if len(texts) >= MANY else 0.5
    maker = TfidfVectorizer(
        max_features=WORDS, sublinear_tf=True, max_df=often, min_df=2, token_pattern=r"(?u)\b\w\w+\b"
    )
    try:
        words = maker.fit_transform(texts)
    except ValueError:  # none that stands in two texts
        return None
    if min(words.shape) <= LATENT:
        return np.asarray(words.toarray()) if words.shape[1] <= 2000 else None
    return np.asarray(normalize(TruncatedSVD(LATENT, random_state=0).fit_transform(words)))


def _rows(project: Project, contents: Sequence[dict[str, Any]]) -> Array | None:
    names = project.keyed or project.show or tuple(contents[0] if contents else ())
    columns: list[Array] = []
    for name in names:
        if name in (project.id, project.gold):
            continue
        cells = [content.get(name) for content in contents]
        if all(c is None or isinstance(c, bool | int | float) for c in cells):
            columns.extend(_number(cells))
        else:
            columns.extend(_category([None if c is None else str(c) for c in cells]))
    return np.column_stack(columns) if columns else None


def _number(cells: list[Any]) -> list[Array]:
    """Ranks from -1 to 1, which no far value stretches, and whether the cell is missing."""
    values = np.array([np.nan if c is None else float(c) for c in cells])
    there = np.isfinite(values)
    made = np.zeros(len(values))
    known = np.sort(values[there])
    if len(known):
        low, high = np.searchsorted(known, values[there]), np.searchsorted(known, values[there], "right")
        made[there] = (low + high) / len(known) - 1.0
    return [made] if there.all() else [made, (~there).astype(np.float64)]


def _category(cells: list[str | None]) -> list[Array]:
    often = Counter(c for c in cells if c is not None).most_common(NAMES)
    return [np.array([c == name for c in cells], dtype=np.float64) for name, times in often if times > 1]


def _media(
    project: Project, contents: Sequence[dict[str, Any]], root: Path | None, tell: Any
) -> Array | None:
    made: list[Array | None] = []
    for content in contents:
        name = str(content.get(project.content) or "")
        try:
            made.append(tell((root / name).read_bytes()) if root is not None and name else None)
        except OSError:
            made.append(None)
        except ModelwrightError:  # what reads sounds is not installed
            return None
    found = next((one for one in made if one is not None), None)
    if found is None:
        return None
    matrix = np.stack([np.zeros_like(found) if one is None else one for one in made])
    return np.asarray((matrix - matrix.mean(axis=0)) / np.maximum(matrix.std(axis=0), 1e-9))


def _picture() -> Any:
    read = image.build({"mode": "RGB", "height": SIDE, "width": SIDE})

    def tell(data: bytes) -> Array | None:
        pixels = read(data)
        if pixels is None:
            return None
        colours = pixels.astype(np.float64) / 255.0
        grey = colours.mean(axis=0)
        down, across = np.gradient(grey)
        strength, angle = np.hypot(down, across), np.mod(np.arctan2(down, across), np.pi)
        step = SIDE // CELLS
        cell = np.arange(SIDE) // step
        place = (cell[:, None] * CELLS + cell[None, :]) * ANGLES + np.minimum(
            (angle / np.pi * ANGLES).astype(np.int64), ANGLES - 1
        )
        edges = np.bincount(place.ravel(), weights=strength.ravel(), minlength=CELLS * CELLS * ANGLES)
        edges = np.sqrt(edges / max(float(edges.sum()), 1e-9))
        tiles = colours.reshape(3, CELLS, step, CELLS, step)
        return np.concatenate([edges, tiles.mean(axis=(2, 4)).ravel(), tiles.std(axis=(2, 4)).ravel()])

    return tell


def _sound() -> Any:
    read = audio.build({"rate": RATE, "samples": RATE * SECONDS})
    window = 256
    hertz = np.fft.rfftfreq(window, 1.0 / RATE)
    mel = 2595.0 * np.log10(1.0 + hertz / 700.0)
    band = np.minimum((mel / mel[-1] * BANDS).astype(np.int64), BANDS - 1)
    spread = (band[:, None] == np.arange(BANDS)[None, :]).astype(np.float64)

    def tell(data: bytes) -> Array | None:
        samples = read(data)
        if samples is None:
            return None
        there = np.flatnonzero(samples)
        if len(there):  # short sounds lie in the middle of silence
            samples = samples[there[0] : there[-1] + 1]
        padded = np.pad(samples.astype(np.float64) / 32768.0, (0, max(0, window * PARTS * 2 - len(samples))))
        frames = np.lib.stride_tricks.sliding_window_view(padded, window)[:: window // 2] * np.hanning(window)
        power = np.log10(np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ spread + 1e-6)
        parts = [p.mean(axis=0) for p in np.array_split(power, PARTS)]
        return np.concatenate([*parts, power.std(axis=0), [np.log10(len(samples) + 1.0)]])

    return tell
