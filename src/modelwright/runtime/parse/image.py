"""``image``: a picture becomes uint8 [channels, height, width], the same in training and at prediction.

A cell is the bytes of an image file, base64 text or a data URI of them (JSON), an array [height, width] or
[height, width, channels], or a Pillow image. A text is never taken for a path: a server must not read files
because a request names them. Pictures are decoded by Pillow, of which only the decoders of :data:`FORMATS`
may run; the size in the header is checked before anything is decoded, and a file that is cut short is
missing, never half a picture.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import Unsupported
from modelwright.runtime.parse.headers import orientation_of, pgm

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image

Pixels = npt.NDArray[np.uint8]

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "MPO", "JPEG2000", "AVIF")
"""Of Pillow's decoders those that are tried; EPS for one would start another program."""
MOST_PIXELS: Final = 64 * 1024**2
"""Width times height beyond which nothing is decoded (a decompression bomb, or a scan for print)."""
MOST_BYTES: Final = 64 * 1024**2
"""Of one file."""
SMALL: Final = 96
"""Pixels of the longer side up to which pictures of one size keep it."""
SIDES: Final = ((500, 128), (2_000, 96), (math.inf, 64))
"""Up to so many rows, the side of the square that larger pictures become: what minutes can learn from."""

_DEEP: Final = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_GREY: Final = ("1", "L", "LA", "La", *_DEEP)
_OTHERS: Final = (
    (b"%PDF", "a PDF document"), (b"<svg", "an SVG drawing"), (b"<?xml", "XML"),
    (b"<!DOCTYPE", "an HTML page"), (b"<html", "an HTML page"), (b"RIFF", "a sound or a film"),
    (b"%!PS", "PostScript"), (b"PK\x03\x04", "an archive"),
)  # fmt: skip
_CUT: Final = ("truncated", "not enough", "unexpected end")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=_\-\s]+", re.ASCII)
_DATA: Final = re.compile(r"data:[^,;]*(?:;[^,;]*)*?;base64,", re.ASCII | re.IGNORECASE)
_TURNS: Final = {2: "h", 3: "hv", 4: "v", 5: "t", 6: "th", 7: "thv", 8: "tv"}
"""EXIF orientation (tag 274) to what mends it, in order: transposed, mirrored sideways, upside down."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one cell holds. Where ``why`` is not empty it cannot be used, and says why."""

    format: str = ""
    mode: str = ""
    """Pillow's: "L" grey, "RGB", "RGBA", "P" palette, "CMYK", "I;16" 16-bit grey, ..."""
    width: int = 0
    height: int = 0
    """As it is to be looked at: the orientation that a camera noted is applied."""
    frames: int = 1
    bytes: int = 0
    orientation: int = 1
    coloured: bool = False
    """Whether any pixel is not grey (looked at on a small copy)."""
    peak: float = 0.0
    """The largest value, where they are of more than 8 bits."""
    border: tuple[int, int, int] = (0, 0, 0)
    """The median colour of the outermost pixels, by which padding is filled."""
    flat: bool = False
    """Whether every pixel is the same."""
    truncated: bool = False
    bomb: bool = False
    why: str = ""


class _Unusable(Exception):
    def __init__(self, why: str, **facts: Any) -> None:
        super().__init__(why)
        self.facts = {"why": why, **facts}


def form(options: dict[str, Any]) -> tuple[tuple[int, int, int], str]:
    """Shape and dtype of what :func:`build` makes: ([channels, height, width], "uint8")."""
    channels = 1 if options.get("mode", "RGB") == "L" else 3
    return (channels, int(options["height"]), int(options["width"])), "uint8"


def build(options: dict[str, Any]) -> Callable[[Any], Pixels | None]:
    """Options: ``mode`` ("L" grey or "RGB"), ``height`` and ``width`` in pixels, ``how`` another size becomes

    that ("stretch", or "pad": scaled to fit and padded with ``fill``, [r, g, b]), ``white`` (the value of
    pictures of more than 8 bits that becomes 255; 65535 if left out), ``pixels`` (the most that are decoded).
    Transparent parts are laid on white. The function gives uint8 [channels, height, width], or None for what
    cannot be used (:func:`look` says why).
    """
    (channels, height, width), _ = form(options)
    how = str(options.get("how", "stretch"))
    fill = tuple(int(v) for v in options.get("fill", (0, 0, 0)))
    white = float(options.get("white", 65535.0))
    most = int(options.get("pixels", MOST_PIXELS))
    if how not in ("stretch", "pad"):
        raise ValueError(f"an image is stretched or padded, not {how!r}")
    mode = "L" if channels == 1 else "RGB"

    def read(cell: Any) -> Pixels | None:
        if cell is None:
            return None
        plain = pgm(cell) if type(cell) is bytes and mode == "L" else None
        if plain is not None and plain.shape == (height, width):
            return plain[None].copy()
        try:
            picture, _ = _decoded(cell, most, draft=(2 * width, 2 * height))
            return _fixed(_plain(picture, mode, white), mode, height, width, how, fill)
        except _Unusable:
            return None

    return read


def look(cell: Any, most: int = MOST_PIXELS) -> Facts:
    """What a cell holds, decoded to its end, so that a file that is cut short is known. Never raises."""
    size = len(cell) if isinstance(cell, (bytes, bytearray, memoryview, str)) else 0
    if type(cell) is bytes and (plain := pgm(cell)) is not None and plain.size <= most:
        grey = _middle(plain[:, :, None])
        return Facts("PPM", "L", plain.shape[1], plain.shape[0], bytes=size, border=(grey[0],) * 3,
                     flat=bool(plain.min() == plain.max()))  # fmt: skip
    try:
        picture, facts = _decoded(cell, most)
        peak = _peak(picture) if picture.mode in _DEEP else 0.0
        small = _plain(picture, "RGB", peak or 65535.0)
        border = _border(small)
        small.thumbnail((64, 64))
        pixels = np.asarray(small, np.int16)
        coloured = picture.mode not in _GREY and bool((np.ptp(pixels, axis=2) > 12).mean() > 0.002)
        return Facts(
            **facts, bytes=size, coloured=coloured, peak=peak, border=border,
            flat=bool(np.ptp(pixels.reshape(-1, 3), axis=0).max() == 0),
        )  # fmt: skip
    except _Unusable as error:
        return Facts(**{"bytes": size, **error.facts})


def plan(cells: Iterable[Any], rows: int | None = None) -> dict[str, Any]:
    """The one form of a column, from its cells or their :class:`Facts`: the options of :func:`build`.

    Pictures that are small and of one size keep it; others become a square, smaller where there are more
    ``rows`` (the number of cells if left out). Grey unless 1% are coloured. Padded where the shapes differ by
    a quarter or more, else stretched.
    """
    facts = [cell if isinstance(cell, Facts) else look(cell) for cell in cells]
    count = len(facts) if rows is None else rows
    good = [fact for fact in facts if not fact.why]
    if not good:
        return {"mode": "RGB", "height": 64, "width": 64, "how": "pad", "fill": [0, 0, 0]}
    made: dict[str, Any] = {"mode": "RGB" if sum(f.coloured for f in good) >= 0.01 * len(good) else "L"}
    (width, height), same = Counter((f.width, f.height) for f in good).most_common(1)[0]
    ratios = np.array([f.width / f.height for f in good])
    low, high = np.quantile(ratios, (0.05, 0.95))
    if same < 0.95 * len(good) or max(width, height) > SMALL:
        middle = float(np.median([max(f.width, f.height) for f in good]))
        most = next(side for least, side in SIDES if count <= least)
        width = height = int(min(most, max(16, 8 * math.ceil(middle / 8))))
    made |= {"height": height, "width": width, "how": "pad" if high >= 1.25 * low else "stretch"}
    if made["how"] == "pad":
        made["fill"] = [int(v) for v in np.median([f.border for f in good], axis=0)]
    peak = max(f.peak for f in good)
    if peak > 0:
        # The sensor's own depth: pictures of 12 bits in files of 16 would else be nearly black.
        made["white"] = 1.0 if peak <= 1 else float(2 ** max(8, math.ceil(math.log2(peak + 1))) - 1)
    return made


def _decoded(cell: Any, most: int, draft: tuple[int, int] | None = None) -> tuple[Picture, dict[str, Any]]:
    """The picture, upright, and its facts. ``draft`` [width, height]: a JPEG may be decoded as small."""
    try:
        from PIL import Image, ImageFile, UnidentifiedImageError
    except ImportError as error:
        raise Unsupported(
            "images cannot be read: the package Pillow is not installed",
            code="image.pillow-absent",
            hint="pip install 'modelwright[images]' reads them, and 'modelwright[deep]' learns from them too",
        ) from error

    if isinstance(cell, dict):  # as Hugging Face data sets keep them in Parquet
        cell = cell.get("bytes")
    if isinstance(cell, Image.Image):
        if cell.width * cell.height > most:
            raise _Unusable(_too_many(cell.width, cell.height, most), bomb=True)
        try:
            cell.load()
        except Exception as error:  # as below: it may come from any file
            raise _Unusable(f"damaged ({str(error)[:80]})") from error
        return _upright(cell, orientation_of(cell), {})
    if isinstance(cell, (np.ndarray, list, tuple)):
        return _upright(_of_array(np.asarray(cell), most), 1, {})
    data = _bytes(cell)
    known: dict[str, Any] = {}
    Image.init()
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # another library may have asked for halves of pictures
    try:
        with Image.open(io.BytesIO(data), formats=[f for f in FORMATS if f in Image.OPEN]) as opened:
            known = {"format": str(opened.format), "mode": opened.mode,
                     "width": opened.width, "height": opened.height}  # fmt: skip
            if opened.width * opened.height > most:
                raise _Unusable(_too_many(opened.width, opened.height, most), bomb=True, **known)
            orientation = orientation_of(opened)
            if draft is not None and opened.format == "JPEG":
                opened.draft(None, draft if orientation < 5 else draft[::-1])
            else:
                known["frames"] = int(getattr(opened, "n_frames", 1) if draft is None else 1)
                opened.seek(0) if known["frames"] > 1 else None
            opened.load()
            return _upright(opened, orientation, known)
    except _Unusable:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _Unusable(f"more than {most:,} pixels", bomb=True, **known) from error
    except Warning:  # only where warnings are errors: a broken block of EXIF, say, does not matter
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decoded(cell, most, draft)
    except UnidentifiedImageError as error:
        raise _Unusable(_unknown(data)) from error
    except Exception as error:  # bytes from anywhere: Pillow's decoders raise whatever they meet
        said = str(error) or type(error).__name__
        # WebP's decoder only says that it failed, but the file says how long it should be.
        cut = data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") + 8 > len(data)
        cut = cut or isinstance(error, (EOFError, IndexError)) or any(w in said.lower() for w in _CUT)
        how = "cut short" if cut else f"damaged ({said[:80]})"
        kind = f"a {known['format']} file that is " if known else ""
        raise _Unusable(kind + how, truncated=cut, **known) from error


def _too_many(width: int, height: int, most: int) -> str:
    return f"{width} x {height} pixels, which is more than {most:,}"


def _bytes(cell: Any) -> bytes:
    if isinstance(cell, str):
        text = cell.strip()
        head = _DATA.match(text[:200])
        text = text[head.end() :] if head else text
        if len(text) > 4 * MOST_BYTES // 3 + 4:
            raise _Unusable(f"more than {MOST_BYTES // 1024**2} MB of text")
        if not text or _BASE64.fullmatch(text) is None:
            raise _Unusable("a text that is neither base64 nor a data URI" if text else "empty")
        try:
            cell = base64.b64decode(text.translate({45: 43, 95: 47}), validate=False)
        except (binascii.Error, ValueError) as error:
            raise _Unusable("a text that is neither base64 nor a data URI") from error
    if not isinstance(cell, (bytes, bytearray, memoryview)):
        raise _Unusable(f"a value of type {type(cell).__name__}, and no picture")
    if len(cell) == 0:
        raise _Unusable("zero length")
    if len(cell) > MOST_BYTES:
        raise _Unusable(f"{len(cell) // 1024**2} MB, which is more than {MOST_BYTES // 1024**2} MB")
    return bytes(cell)


def _unknown(data: bytes) -> str:
    for mark, what in _OTHERS:
        if data[:16].lstrip().startswith(mark):
            return f"{what}, and no image"
    if not data.strip(b"\0"):
        return "nothing but zero bytes"
    return "no image format that is known here"


def _of_array(array: npt.NDArray[Any], most: int) -> Picture:
    from PIL import Image

    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
        array = array.transpose(1, 2, 0)  # [channels, height, width], as torch has it
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or 0 in array.shape or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise _Unusable(f"an array of the shape {list(array.shape)}; a picture is [height, width, channels]")
    if array.shape[0] * array.shape[1] > most:
        raise _Unusable(_too_many(array.shape[1], array.shape[0], most), bomb=True)
    if array.dtype == bool:
        array = array * np.uint8(255)
    elif array.dtype.kind in "iu" and array.min() >= 0 and array.max() <= 255:
        array = array.astype(np.uint8)
    elif array.dtype == np.uint16 and array.ndim == 2:
        return Image.fromarray(array)
    else:
        raise _Unusable(f"an array of {array.dtype} beyond 0 to 255; give uint8")
    return Image.fromarray(np.ascontiguousarray(array))


def _upright(picture: Picture, orientation: int, known: dict[str, Any]) -> tuple[Picture, dict[str, Any]]:
    from PIL import Image

    steps = {"t": Image.Transpose.TRANSPOSE, "h": Image.Transpose.FLIP_LEFT_RIGHT,
             "v": Image.Transpose.FLIP_TOP_BOTTOM}  # fmt: skip
    width, height = known.get("width", picture.width), known.get("height", picture.height)
    for step in _TURNS.get(orientation, ()):
        picture = picture.transpose(steps[step])
    if orientation >= 5:
        width, height = height, width
    facts = {"mode": picture.mode, **known, "width": width, "height": height, "orientation": orientation}
    return picture, facts


def _peak(picture: Picture) -> float:
    values = np.asarray(picture)
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return float(max(0.0, finite.max())) if finite.size else 0.0


def _plain(picture: Picture, mode: str, white: float) -> Picture:
    """The picture as "L" or "RGB": deep values scaled, palettes resolved, transparent parts on white."""
    from PIL import Image

    if picture.mode in _DEEP:
        scaled = np.nan_to_num(np.asarray(picture, np.float64), posinf=white) * (255.0 / white)
        picture = Image.fromarray(np.rint(np.clip(scaled, 0.0, 255.0)).astype(np.uint8))
    try:
        if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
            layer = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", layer.size, (255, 255, 255, 255)), layer)
        elif picture.mode == "P":
            picture = picture.convert("RGB")
        return picture.convert(mode) if picture.mode != mode else picture
    except (ValueError, OSError) as error:
        raise _Unusable(f"colours of the kind {picture.mode}, which cannot be converted") from error


def _fixed(picture: Picture, mode: str, height: int, width: int, how: str, fill: Sequence[int]) -> Pixels:
    from PIL import Image

    if (picture.height, picture.width) != (height, width):
        inner = (width, height)
        if how == "pad":
            scale = min(width / picture.width, height / picture.height)
            inner = (
                max(1, min(width, round(picture.width * scale))),
                max(1, min(height, round(picture.height * scale))),
            )
        # Bilinear with Pillow's support that grows with the reduction: no aliasing, and no ringing.
        picture = picture.resize(inner, Image.Resampling.BILINEAR) if picture.size != inner else picture
        if inner != (width, height):
            red, green, blue = fill
            grey = round(0.299 * red + 0.587 * green + 0.114 * blue)
            colour: Any = (red, green, blue) if mode == "RGB" else grey
            canvas = Image.new(mode, (width, height), colour)
            canvas.paste(picture, ((width - inner[0]) // 2, (height - inner[1]) // 2))
            picture = canvas
    pixels = np.asarray(picture, np.uint8)
    return np.ascontiguousarray(pixels[None] if mode == "L" else pixels.transpose(2, 0, 1))


def _border(picture: Picture) -> tuple[int, int, int]:
    red, green, blue = _middle(np.asarray(picture))
    return red, green, blue


def _middle(pixels: Pixels) -> list[int]:
    """The (lower) median of the outermost pixels of [height, width, channels], for each channel."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    edge.sort(axis=0)
    return [int(value) for value in edge[(len(edge) - 1) // 2]]
