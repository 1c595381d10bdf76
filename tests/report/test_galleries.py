from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright import report
from modelwright.core.book import Book
from modelwright.core.codec import decode, encode
from modelwright.core.records.pictures import MOST_BYTES, Gallery, Picture
from modelwright.report import html
from modelwright.report import json as as_json

Write = Callable[[Path, str, Any], None]
PNG = "data:image/png;base64,iVBORw0KGgo="
WAV = "data:audio/wav;base64,UklGRg=="
PICTURE = Picture("a grey seven", "7, said 1", PNG, 84, 84)
HEARD = Picture("a spectrogram", "three", PNG, 128, 64, WAV)
TEXT = Picture("a review", "positive", words=(("not", -0.9), ("bad", 0.5), ("at", 0.0), ("all", 0.04)))
GALLERY = Gallery("hard-rows", "Most wrong", (PICTURE, HEARD, TEXT), "A note.", ("n",), ((7,),))


def page_of(folder: Path, write: Write, gallery: Gallery, stage: str = "test") -> str:
    line = {"stage": stage, "kind": "gallery", **encode(gallery)}
    write(folder, "evidence.jsonl", json.dumps(line))
    return html.render(report.build(folder))


def test_a_gallery_is_shown_with_words_and_numbers(finished_run: Path, folder_writer: Write) -> None:
    page = page_of(finished_run, folder_writer, GALLERY)
    assert f'<img src="{PNG}" alt="a grey seven" width="84" height="84"' in page
    assert f'src="{WAV}"' in page
    assert re.findall(r'<span(?: class="(\w+)")?>(\w+)</span>', page)[-4:] == [
        ("against4", "not"), ("for2", "bad"), ("", "at"), ("", "all"),
    ]  # fmt: skip
    assert "img-src data:; media-src data:" in page
    assert "A note." in page


def test_pages_without_pictures_allow_none(finished_run: Path) -> None:
    assert "img-src" not in html.render(report.build(finished_run))


@pytest.mark.parametrize(
    "data",
    ["http://elsewhere/x.png", "data:image/svg+xml;base64,PHN2Zz4=", "data:text/html,<b>", PNG + '"'],
)
def test_only_pictures_are_embedded(finished_run: Path, folder_writer: Write, data: str) -> None:
    spoiled = replace(GALLERY, pictures=(replace(PICTURE, data=data, sound=data),))
    page = page_of(finished_run, folder_writer, spoiled)
    assert "<img" not in page
    assert "<audio" not in page


def test_lines_stay_together(finished_run: Path, folder_writer: Write) -> None:
    page = page_of(finished_run, folder_writer, replace(GALLERY, pictures=(PICTURE,) * 6, across=3), "train")
    assert page.count('<ul class="tiles line">') == 2


def test_json_has_sizes_and_no_bytes(finished_run: Path, folder_writer: Write) -> None:
    page_of(finished_run, folder_writer, GALLERY)
    told = as_json.render(report.build(finished_run))
    assert "base64" not in told
    shown = json.loads(told)["galleries"][0]["item"]["pictures"][1]
    assert (shown["data_bytes"], shown["sound_bytes"], shown["caption"]) == (len(PNG), len(WAV), "three")


def test_a_gallery_is_bounded_by_whole_lines() -> None:
    large = replace(PICTURE, data=PNG + "A" * (MOST_BYTES // 5))
    book = Book()
    book.gallery(replace(GALLERY, pictures=(large,) * 8, across=2))
    (kept,) = book.items
    assert isinstance(kept, Gallery)
    assert len(kept.pictures) == 4
    assert kept.note == "A note. 4 more would make this page too large."


def test_nothing_to_see_is_no_evidence() -> None:
    book = Book()
    book.gallery(replace(GALLERY, pictures=()))
    assert book.items == ()


def test_a_gallery_survives_json() -> None:
    assert decode(Gallery, json.loads(json.dumps(encode(GALLERY)))) == GALLERY
