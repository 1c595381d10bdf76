"""A column of images, sounds or series: the one form that its cells get, and what is told of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl

from modelwright.core.errors import BadData
from modelwright.core.records.data import CleanOperation
from modelwright.core.records.evidence import Table
from modelwright.data.clean.infer.notes import Note
from modelwright.data.media import Media

_WORDS = {"image": "images", "audio": "sounds", "series": "series"}
_SHOWN = 4
_TINY = 8
"""Pixels of the shorter side below which there is hardly a picture."""
_LONG = 8.0
"""How many times as long as broad a picture of a usual shape may be, or the other way round."""
_FAR = 6.0
"""How many times smaller or larger than the median a picture of a usual size may be."""
SUFFIXES = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"), "MPO": ("jpg", "jpeg", "mpo"), "PNG": ("png", "apng"),
    "GIF": ("gif",), "BMP": ("bmp", "dib"), "TIFF": ("tif", "tiff"), "WEBP": ("webp",),
    "PPM": ("ppm", "pgm", "pbm", "pnm"), "JPEG2000": ("jp2", "j2k", "jpx"), "AVIF": ("avif",),
}  # fmt: skip
"""Formats as Pillow names them to the suffixes of their files."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was settled for a column, what is to be told, and its cells in numbers."""

    options: dict[str, Any]
    notes: list[Note]
    table: Table | None = None


def inspect(series: pl.Series, kind: Media, names: pl.Series | None = None) -> Inspected:
    """Options of the operation of that name for the column's cells, and findings about them.

    ``names``: the file that each cell came from, where that is known. Raises :class:`BadData` where not one
    cell can be used.
    """
    module = import_module(f"modelwright.runtime.parse.{kind}")
    places = [place for place, there in enumerate(series.is_not_null().to_list()) if there]
    looks = [module.look(series[place]) for place in places]
    called = [_name(names, place) for place in places]
    whys = [look.why if kind == "image" else look.problem for look in looks]
    if whys and all(whys):
        raise BadData(
            f"none of the {len(whys):,} {_WORDS[kind]} of {series.name!r} can be used; "
            f"{called[0]}: {whys[0]}",
            code="data.media",
            hint="look at the files; are they of the format that their names say?",
        )
    if kind == "image":
        options: dict[str, Any] = module.plan(looks)
        return Inspected(options, _images(series.name, looks, called), _image_table(series.name, looks))
    options = module.plan_of(looks)
    notes = _unusable(series.name, kind, list(zip(whys, looks, strict=True)), called)
    if kind == "audio":
        notes += _sounds(series.name, looks, called, options, module.misnamed)
        return Inspected(options, notes, _sound_table(series.name, looks))
    return Inspected(options, notes)


def _name(names: pl.Series | None, place: int) -> str:
    found = None if names is None else names[place]
    return f"row {place}" if found is None else str(found)


def _unusable(
    column: str, kind: Media, found: Sequence[tuple[str, Any]], called: Sequence[str]
) -> list[Note]:
    """One finding for each way in which cells cannot be used."""
    ways: dict[str, list[int]] = {}
    for place, (why, look) in enumerate(found):
        if not why:
            continue
        if "zero length" in why or "empty" in why:
            ways.setdefault("clean.media-empty", []).append(place)
        elif getattr(look, "bomb", False):
            ways.setdefault("clean.media-bomb", []).append(place)
        elif getattr(look, "truncated", False):
            ways.setdefault("clean.media-truncated", []).append(place)
        else:
            ways.setdefault("clean.media-unreadable", []).append(place)
    said = {
        "clean.media-empty": ("have no content at all (zero bytes)", "Copy the files again."),
        "clean.media-bomb": ("promise more pixels than are ever decoded", "Scale them down, or remove them."),
        "clean.media-truncated": ("are cut short", "Copy the files again from where they came from."),
        "clean.media-unreadable": ("cannot be used", "Mend or replace them, or take their rows out."),
    }
    made = []
    for code, places in ways.items():
        what, remedy = said[code]
        shown = "; ".join(
            called[p] + ("" if code == "clean.media-empty" else f" ({found[p][0]})") for p in places[:_SHOWN]
        )
        more = f"; and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
        made.append(
            Note(
                code,
                "warning",
                f"{len(places):,} of {len(found):,} {_WORDS[kind]} of {column!r} {what} and are missing: "
                f"{shown}{more}.",
                remedy,
                {"cells": float(len(places)), "share": len(places) / max(1, len(found))},
            )
        )
    return made


def _images(column: str, looks: Sequence[Any], called: Sequence[str]) -> list[Note]:
    notes = _unusable(column, "image", [(look.why, look) for look in looks], called)
    good = [(look, name) for look, name in zip(looks, called, strict=True) if not look.why]

    def tell(code: str, test: Callable[[Any], bool], what: str, remedy: str, warn: bool = False) -> None:
        found = [name for look, name in good if test(look)]
        if found:
            notes.append(_told(code, warn, column, len(good), "images", found, what, remedy))

    tell(
        "clean.media-animated", lambda look: look.frames > 1,
        "have several frames; only the first is looked at",
        "Save the frames as files of their own, if the others matter.",
    )  # fmt: skip
    tell(
        "clean.media-depth", lambda look: look.peak > 0,
        "have more than 8 bits a pixel and are scaled to 8, all by one factor",
        "Nothing, unless fine differences of brightness are what matters.",
    )  # fmt: skip
    kinds = Counter(look.mode for look, _ in good if look.mode not in ("L", "RGB", "1") and look.peak == 0)
    if kinds:
        shown = ", ".join(f"{count:,} {_COLOURS.get(mode, mode)}" for mode, count in kinds.most_common())
        notes.append(
            Note(
                "clean.media-colours",
                "note",
                f"Of {len(good):,} images of {column!r} some have other kinds of colour and were converted: "
                f"{shown}.",
                "Look at a few; if a kind comes with one class only, save all files in one way.",
                {"cells": float(kinds.total()), "share": kinds.total() / len(good)},
            )
        )
    if good:
        middle = float(np.median([max(look.width, look.height) for look, _ in good]))
        tell(
            "clean.media-size", lambda look: _extreme(look, middle),
            f"are far smaller, larger or longer than the others (the median has {middle:.0f} pixels)",
            "Look at them, and crop or remove them.", True,
        )  # fmt: skip
    tell(
        "clean.media-flat", lambda look: look.flat,
        "are of one colour all over", "Look at them, and remove them.", True,
    )  # fmt: skip
    wrong = [
        f"{name} ({look.format})"
        for look, name in good
        if look.format in SUFFIXES and "." in name and _suffix(name) not in SUFFIXES[look.format]
    ]
    if wrong:
        notes.append(_extension(column, len(good), "images", wrong))
    return notes


_COLOURS = {
    "P": "with a palette", "RGBA": "with transparent parts", "LA": "grey with transparent parts",
    "PA": "with a palette and transparent parts", "CMYK": "CMYK (for print)", "YCbCr": "YCbCr",
}  # fmt: skip


def _sounds(
    column: str,
    looks: Sequence[Any],
    called: Sequence[str],
    options: dict[str, Any],
    misnamed: Callable[[str, str], bool],
) -> list[Note]:
    good = [(look, name) for look, name in zip(looks, called, strict=True) if not look.problem]
    rate, seconds = int(options["rate"]), options["samples"] / options["rate"]
    notes: list[Note] = []

    def tell(code: str, test: Callable[[Any], bool], what: str, remedy: str, warn: bool = False) -> None:
        found = [name for look, name in good if test(look)]
        if found:
            notes.append(_told(code, warn, column, len(good), "sounds", found, what, remedy))

    tell(
        "clean.media-truncated", lambda look: look.truncated,
        "are cut short; what is there is used", "Copy the files again from where they came from.", True,
    )  # fmt: skip
    tell(
        "clean.media-silent", lambda look: look.silent,
        "are silent from beginning to end", "Listen to them, and remove them.", True,
    )  # fmt: skip
    tell(
        "clean.media-channels", lambda look: look.channels > 1,
        "have several channels, which are mixed down to one",
        "Nothing, unless what differs between the channels is what matters.",
    )  # fmt: skip
    tell(
        "clean.media-rate", lambda look: look.rate != rate,
        f"have another rate than {rate:,} Hz, to which they are resampled",
        "Look whether the rate goes with a class: a model may then learn the recorder.",
    )  # fmt: skip
    tell(
        "clean.media-duration", lambda look: look.seconds > 1.001 * seconds,
        f"are longer than {seconds:.3g} s; of each the loudest {seconds:.3g} s are used",
        "Cut long recordings into pieces, a row each, if what matters may come elsewhere.",
    )  # fmt: skip
    wrong = [f"{name} ({look.format})" for look, name in good if "." in name and misnamed(name, look.format)]
    if wrong:
        notes.append(_extension(column, len(good), "sounds", wrong))
    return notes


def _told(
    code: str, warn: bool, column: str, of: int, things: str, found: Sequence[str], what: str, remedy: str
) -> Note:
    shown = ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else "")
    return Note(
        code,
        "warning" if warn else "note",
        f"{len(found):,} of {of:,} {things} of {column!r} {what}: {shown}.",
        remedy,
        {"cells": float(len(found)), "share": len(found) / of},
    )


def _extension(column: str, of: int, things: str, wrong: Sequence[str]) -> Note:
    return _told(
        "clean.media-extension",
        False,
        column,
        of,
        things,
        wrong,
        "have the suffix of another format than they are; the content counts",
        "Rename the files; other programs will stumble over them.",
    )


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].casefold()


def _extreme(look: Any, middle: float) -> bool:
    short, long = sorted((look.width, look.height))
    if long <= 2 * _TINY and middle <= 4 * _TINY:
        return False  # a column of small pictures
    return bool(short < _TINY or long > _LONG * short or long * _FAR < middle or long > _FAR * middle)


def _image_table(column: str, looks: Sequence[Any]) -> Table | None:
    good = [look for look in looks if not look.why]
    if not good:
        return None
    widths, heights = [look.width for look in good], [look.height for look in good]
    sizes = Counter((look.width, look.height) for look in good)
    rows: list[tuple[str, str | float | int | None]] = [
        ("usable", f"{len(good):,} of {len(looks):,}"),
        ("formats", _counted(look.format or "array" for look in good)),
        ("kinds of colour", _counted(look.mode for look in good)),
        ("width", _range(widths, "pixels")),
        ("height", _range(heights, "pixels")),
        ("different sizes", len(sizes)),
        ("bytes of a file", _range([look.bytes for look in good], "bytes")),
        ("truly coloured", f"{sum(look.coloured for look in good):,}"),
        ("turned by a camera's note", sum(look.orientation != 1 for look in good)),
    ]
    return Table(f"profile.media.{column}", f"The images of {column}", ("what", "found"), tuple(rows))


def _sound_table(column: str, looks: Sequence[Any]) -> Table | None:
    good = [look for look in looks if not look.problem]
    if not good:
        return None
    rows: list[tuple[str, str | float | int | None]] = [
        ("usable", f"{len(good):,} of {len(looks):,}"),
        ("formats", _counted(look.format for look in good)),
        ("rates", _counted(f"{look.rate:,} Hz" for look in good)),
        ("channels", _counted(str(look.channels) for look in good)),
        ("length", _range([look.seconds for look in good], "s")),
        ("all together", f"{sum(look.seconds for look in good) / 60:.1f} minutes"),
        ("peak", _range([look.peak for look in good], "of full scale")),
        ("silent", sum(look.silent for look in good)),
    ]
    return Table(f"profile.media.{column}", f"The sounds of {column}", ("what", "found"), tuple(rows))


def _counted(values: Any) -> str:
    found = Counter(values).most_common(6)
    return ", ".join(f"{value} ({count:,})" for value, count in found)


def _range(values: Sequence[float], unit: str) -> str:
    low, middle, high = np.quantile(values, (0.0, 0.5, 1.0))
    if low == high:
        return f"{low:.4g} {unit}"
    return f"{low:.4g} to {high:.4g} {unit}, median {middle:.4g}"


def operation(kind: Media, options: dict[str, Any], read: int) -> CleanOperation:
    """The one operation of the column's recipe, in a sentence."""
    return CleanOperation(kind, options, sentence(kind, options), read)


def sentence(kind: Media, options: dict[str, Any]) -> str:
    """What becomes of every cell."""
    if kind == "image":
        colours = "grey" if options["mode"] == "L" else "colour"
        return f"Read images as {colours}, {options['width']} x {options['height']} pixels"
    shape, _ = import_module(f"modelwright.runtime.parse.{kind}").form(options)
    if kind == "audio":
        return f"Read sounds as one channel of {shape[0]:,} samples at {options['rate']:,} Hz"
    return f"Read series as {shape[0]} x {shape[1]} numbers (channels x steps)"
