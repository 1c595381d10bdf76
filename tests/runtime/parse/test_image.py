"""Pictures of every kind become pixels of one form, or are missing with a reason."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from modelwright.runtime.parse import image

GREY = {"mode": "L", "height": 40, "width": 60}
COLOUR = {"mode": "RGB", "height": 40, "width": 60}


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def colours(height: int = 40, width: int = 60) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 4 % 256, y * 6 % 256, (x + y) * 2 % 256], 2)
    return Image.fromarray(pixels.astype(np.uint8))


def bomb(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_pixels_come_as_channels_height_width() -> None:
    picture = colours()
    made = image.build(COLOUR)(encoded(picture, "PNG"))
    assert made is not None
    assert image.form(COLOUR) == ((3, 40, 60), "uint8")
    assert made.dtype == np.uint8
    assert (made == np.asarray(picture).transpose(2, 0, 1)).all()


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_give_the_same_numbers(form: str) -> None:
    picture = colours().convert("L")
    made = image.build(GREY)(encoded(picture, form))
    assert made is not None
    assert (made[0] == np.asarray(picture)).all()


def test_every_way_to_give_a_picture_gives_the_same() -> None:
    picture = colours()
    data = encoded(picture, "PNG")
    text = base64.b64encode(data).decode()
    read = image.build(COLOUR)
    ways: list[Any] = [
        data, bytearray(data), memoryview(data), text, f"data:image/png;base64,{text}", f" {text}\n",
        picture, np.asarray(picture), np.asarray(picture).transpose(2, 0, 1), np.asarray(picture).tolist(),
        {"bytes": data, "path": "x.png"},
    ]  # fmt: skip
    made = [read(way) for way in ways]
    assert all(one is not None and (one == made[0]).all() for one in made)


def test_a_text_is_never_taken_for_a_path(tmp_path: Any) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(colours(), "PNG"))
    assert image.build(COLOUR)(str(path)) is None
    assert image.look(str(path)).why == "a text that is neither base64 nor a data URI"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_a_file_cut_short_is_missing_and_never_half_a_picture(form: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), form)
    for share in (0.5, 0.9):
        cut = data[: int(share * len(data))]
        assert image.build(COLOUR)(cut) is None
        facts = image.look(cut)
        assert facts.truncated, facts
        assert "cut short" in facts.why


def test_halves_are_refused_even_where_another_library_asked_for_them(monkeypatch: Any) -> None:
    from PIL import ImageFile

    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encoded(colours(), "JPEG")
    assert image.build(COLOUR)(data[: len(data) // 2]) is None


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (b"", "zero length"),
        (bytes(50), "nothing but zero bytes"),
        (b"<html><body>404</body></html>", "an HTML page, and no image"),
        (b"%PDF-1.7 ...", "a PDF document, and no image"),
        (b"hello, world, this is no picture", "no image format that is known here"),
        (3.5, "a value of type float, and no picture"),
        (np.zeros((5, 4, 7), np.uint8), "an array of the shape [5, 4, 7]"),
        (np.zeros((4, 4)) - 1.0, "an array of float64 beyond 0 to 255"),
    ],
)
def test_what_is_no_picture_says_so(cell: Any, why: str) -> None:
    assert image.build(COLOUR)(cell) is None
    assert why in image.look(cell).why


@pytest.mark.parametrize("side", [9_000, 10_000, 60_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_not_decoded(side: int) -> None:
    facts = image.look(bomb(side, side))
    assert facts.bomb
    assert "67,108,864" in facts.why
    assert image.build(COLOUR)(bomb(side, side)) is None


def test_bombs_within_pillow_own_bounds_are_bounded_by_the_options() -> None:
    data = encoded(colours(), "PNG")
    assert image.build({**COLOUR, "pixels": 2400})(data) is not None
    assert image.build({**COLOUR, "pixels": 2399})(data) is None


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_camera_orientation_is_applied(turn: int) -> None:
    exif = Image.Exif()
    exif[274] = turn
    data = encoded(colours(), "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    facts = image.look(data)
    assert (facts.height, facts.width) == expected.shape[:2]
    made = image.build({"mode": "RGB", "height": expected.shape[0], "width": expected.shape[1]})(data)
    assert made is not None
    assert (made.transpose(1, 2, 0) == expected).all()


def test_a_broken_exif_block_does_not_matter() -> None:
    data = encoded(colours(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert image.look(data).why == ""
    assert image.look(data).orientation == 1


def test_16_bit_pictures_are_scaled_by_one_factor() -> None:
    deep = Image.fromarray((np.arange(40 * 60).reshape(40, 60)).astype(np.uint16))
    options = image.plan([encoded(deep, "PNG")] * 3)
    assert options["white"] == 4095.0  # a sensor of 12 bits
    made = image.build(options)(encoded(deep, "PNG"))
    assert made is not None
    assert made.max() == round(2399 / 4095 * 255)
    brighter = image.build(options)(Image.fromarray(np.full((40, 60), 65_535, np.uint16)))
    assert brighter is not None
    assert (brighter == 255).all()


def test_transparent_parts_are_white_and_palettes_and_cmyk_are_colours() -> None:
    clear = Image.new("RGBA", (60, 40), (200, 0, 0, 0))
    made = image.build(COLOUR)(encoded(clear, "PNG"))
    assert made is not None
    assert (made == 255).all()
    red = Image.new("RGB", (60, 40), (255, 0, 0))
    for data in (encoded(red.convert("P"), "GIF"), encoded(red.convert("CMYK"), "TIFF")):
        pixels = image.build(COLOUR)(data)
        assert pixels is not None
        assert (pixels[0] > 250).all()
        assert (pixels[1:] < 5).all()


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert image.look(data).frames == 2
    made = image.build(COLOUR)(data)
    assert made is not None
    assert made[0].min() > 250


def test_padding_keeps_the_shape_and_fills_with_the_border() -> None:
    wide, tall = Image.new("RGB", (90, 30), "white"), Image.new("RGB", (30, 90), "white")
    for picture in (wide, tall):
        picture.putpixel((15, 15), (0, 0, 0))
    options = image.plan([encoded(one, "PNG") for one in (wide, tall) * 10])
    assert options["how"] == "pad"
    assert options["fill"] == [255, 255, 255]
    made = image.build(options | {"mode": "L", "height": 90, "width": 90, "fill": [0, 0, 0]})(
        encoded(wide, "PNG")
    )
    assert made is not None
    assert (made[0][:30] == 0).all()
    assert (made[0][60:] == 0).all()


@pytest.mark.parametrize(
    ("size", "rows", "expected"),
    [
        ((28, 28), 10_000, (28, 28)), ((32, 32), 5_000, (32, 32)), ((500, 400), 300, (128, 128)),
        ((500, 400), 1_500, (96, 96)), ((500, 400), 20_000, (64, 64)),
    ],
)  # fmt: skip
def test_the_plan_of_a_column(size: tuple[int, int], rows: int, expected: tuple[int, int]) -> None:
    facts = [image.Facts("PNG", "L", size[0], size[1])] * 20
    options = image.plan(facts, rows)
    assert (options["width"], options["height"]) == expected
    assert options["mode"] == "L"
    assert options["how"] == "stretch"


def test_colour_where_one_in_a_hundred_is_coloured() -> None:
    grey, coloured = image.Facts("PNG", "RGB", 32, 32), image.Facts("PNG", "RGB", 32, 32, coloured=True)
    assert image.plan([grey] * 99 + [coloured])["mode"] == "RGB"
    assert image.plan([grey] * 100)["mode"] == "L"


@given(
    st.binary(max_size=400),
    st.sampled_from(
        [
            b"",
            b"\xff\xd8\xff\xe0",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            b"BM",
            b"II*\0",
            b"MM\0*",
            b"RIFF....WEBP",
            b"P5\n",
            b"P6 3 3 255\n",
        ]
    ),
)
def test_no_bytes_break_it(content: bytes, head: bytes) -> None:
    made = image.build({"mode": "RGB", "height": 8, "width": 8})(head + content)
    facts = image.look(head + content)
    assert (made is None) == (facts.why != "")
    assert made is None or made.shape == (3, 8, 8)


@given(
    st.integers(1, 50), st.integers(1, 50), st.sampled_from(["L", "RGB"]), st.sampled_from(["stretch", "pad"])
)
def test_any_size_becomes_the_form(height: int, width: int, mode: str, how: str) -> None:
    options = {"mode": mode, "height": 16, "width": 24, "how": how}
    made = image.build(options)(colours(height, width))
    assert made is not None
    assert made.shape == image.form(options)[0]
    assert made.flags["C_CONTIGUOUS"]


def test_the_short_way_for_idx_files_gives_the_same() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (28, 20), dtype=np.uint8)
    plain = b"P5\n20 28\n255\n" + pixels.tobytes()
    png = encoded(Image.fromarray(pixels), "PNG")
    for mode, height in (("L", 28), ("L", 14), ("RGB", 28)):
        read = image.build({"mode": mode, "height": height, "width": 20})
        one, other = read(plain), read(png)
        assert one is not None
        assert other is not None
        assert (one == other).all()
    found, expected = image.look(plain), image.look(png)
    assert (found.width, found.height, found.mode, found.border, found.flat) == (
        expected.width, expected.height, expected.mode, expected.border, expected.flat,
    )  # fmt: skip
    assert image.look(plain[:-1]).truncated
    assert image.build({"mode": "L", "height": 28, "width": 20})(plain[:-1]) is None
