"""Images, sounds and series over HTTP: what is taken, what is refused in words, and what of it is logged."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.goal.sections import CleanSection
from modelwright.live.entries import Prediction
from modelwright.live.settings import Limits
from modelwright.runtime import load
from modelwright.testing import media_tables as media
from modelwright.testing.bundles import make_run

pytest.importorskip("PIL", reason="pictures are read with Pillow (the extra images)")

Make = Callable[..., Any]


def text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def made(folder: Path, frame: pl.DataFrame, target: str) -> Path:
    return make_run(folder / "run", frame, target, families=("toy_media",)).bundle


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("pictures"), media.pictures(240, 0), "where")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("soundfile")
    return made(tmp_path_factory.mktemp("sounds"), media.sounds(160, 0), "when")


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("traces"), media.traces(160, 0), "rises")


def test_a_picture_is_base64_text_and_is_answered_as_the_model_predicts_it(
    site: Make, pictures: Path
) -> None:
    shop, new = site(pictures), media.pictures(20, 7)
    rows = [{"picture": text(cell), "size": size} for cell, size, _ in new.iter_rows()]
    said = shop.post("/predict", {"rows": rows}).json()["predictions"]
    assert [one["prediction"] for one in said] == new["where"].to_list()
    one = shop.post("/predict", rows[0]).json()
    expected = load(pictures).predict_proba({"picture": new["picture"][0], "size": new["size"][0]})[0]
    assert list(one["probabilities"].values()) == expected.tolist()
    assert one["warnings"] == []
    data = "data:image/png;base64," + rows[0]["picture"]
    assert shop.post("/predict", {**rows[0], "picture": data}).json()["prediction"] == one["prediction"]


def test_the_log_holds_facts_of_a_picture_and_never_the_picture(site: Make, pictures: Path) -> None:
    shop, new = site(pictures), media.pictures(2, 3)
    rows = [{"picture": text(new["picture"][0]), "size": 1.5}, {"picture": None, "size": 2.0}]
    shop.post("/predict", {"rows": rows})
    first, second = (entry for entry in shop.logged() if isinstance(entry, Prediction))
    assert first.inputs["size"] == 1.5
    assert first.inputs["picture"].startswith(f"PNG, 12 x 12, {len(new['picture'][0])} bytes, ")
    assert 60 < first.inputs["brightness of picture"] < 160
    assert set(first.inputs) == {
        "picture", "size", "brightness of picture", "contrast of picture", "sharpness of picture",
        "colourfulness of picture",
    }  # fmt: skip
    assert second.inputs["picture"] is None
    assert second.inputs["brightness of picture"] is None
    assert rows[0]["picture"][:40] not in json.dumps(first.inputs)


def bomb(side: int) -> bytes:
    """A PNG whose head claims a square of so many pixels, and that holds next to nothing."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts
    )


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("no base64!", "neither base64 nor a data URI"),
        ("/etc/passwd", "no image"),
        (12, "a number"),
        ({"bytes": "x"}, "an object"),
        (text(b"%PDF-1.4 and more of it"), "PDF"),
        (text(media.pictures(1, 0)["picture"][0][:200]), "cut short"),
        (text(bomb(60_000)), "pixels"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_field_and_the_reason(
    site: Make, pictures: Path, sent: Any, said: str
) -> None:
    answer = site(pictures).post("/predict", {"picture": sent, "size": 1.0})
    assert answer.status_code == 422
    (field,) = answer.json()["error"]["fields"]
    assert field["field"] == "picture"
    assert said in field["received"]
    assert "base64" in field["expected"]


def test_a_field_that_is_missing_names_what_it_takes_and_a_body_too_large_says_so(
    site: Make, pictures: Path
) -> None:
    shop = site(pictures, limits=Limits(body=2000))
    (field,) = shop.post("/predict", {"size": 1.0}).json()["error"]["fields"]
    assert field == {
        "field": "picture",
        "expected": "the content of an image file (PNG, JPEG, ...) as base64 text; null where it is not "
        "known",
        "received": "nothing",
    }
    answer = shop.post("/predict", {"picture": "A" * 4000, "size": 1.0})
    assert answer.status_code == 413
    assert "smaller files" in answer.json()["error"]["hint"]


def test_a_picture_far_darker_than_those_seen_gets_a_warning(site: Make, pictures: Path) -> None:
    dark = media.pictures(1, 5, light=0.05)["picture"][0]
    shop = site(pictures)
    (warning, *_) = shop.post("/predict", {"picture": text(dark), "size": 5.0}).json()["warnings"]
    assert (warning["code"], warning["field"]) == ("out-of-range", "picture")
    assert "brightness of picture" in warning["message"]
    (entry,) = shop.logged()
    assert set(entry.warnings) == {"out-of-range:picture"}


def test_explanations_feedback_and_the_document_know_pictures(site: Make, pictures: Path) -> None:
    shop, new = site(pictures), media.pictures(1, 9)
    row = {"picture": text(new["picture"][0]), "size": 5.0}
    moved = {c["field"]: c["contribution"] for c in shop.post("/explain", row).json()["contributions"]}
    assert moved["picture"] > 0.2
    assert abs(moved["size"]) < 0.1
    ident = shop.post("/predict", row).json()["id"]
    assert shop.post("/feedback", {"id": ident, "outcome": "upper"}).status_code == 202
    document = shop.ask("GET", "/openapi.json").json()
    field = document["components"]["schemas"]["Row_shop"]["properties"]["picture"]
    assert field["type"] == ["string", "null"]
    assert field["contentEncoding"] == "base64"
    assert "colour, 12 x 12 pixels" in field["description"]
    assert shop.post("/predict", {**row, "picture": field["examples"][0]}).status_code == 200


def test_a_sound_is_base64_text(site: Make, sounds: Path) -> None:
    shop, new = site(sounds), media.sounds(10, 4)
    rows = [{"sound": text(cell)} for cell in new["sound"]]
    said = shop.post("/predict", {"rows": rows}).json()["predictions"]
    assert [one["prediction"] for one in said] == new["when"].to_list()
    inputs = shop.logged()[0].inputs
    assert inputs["sound"].startswith("WAV, 8,000 Hz, 0.2 s, ")
    assert -40 < inputs["loudness of sound"] < 0
    (field,) = shop.post("/predict", {"sound": text(b"RIFF nothing")}).json()["error"]["fields"]
    assert field["field"] == "sound"
    assert "sound" in field["received"]
    silent = media.sounds(1, 0, loud=0.0)["sound"][0]
    assert shop.post("/predict", {"sound": text(silent)}).json()["warnings"]


def test_a_series_is_a_list_of_numbers(site: Make, traces: Path) -> None:
    shop, new = site(traces), media.traces(10, 4)
    rows = [{"trace": cell} for cell in new["trace"].to_list()]
    said = shop.post("/predict", {"rows": rows}).json()["predictions"]
    assert [one["prediction"] for one in said] == new["rises"].to_list()
    inputs = shop.logged()[0].inputs
    assert inputs["trace"].startswith("30 numbers, ")
    assert inputs["level of trace"] == pytest.approx(np.mean(rows[0]["trace"]), rel=1e-3)
    as_text = shop.post("/predict", {"trace": json.dumps(rows[0]["trace"])}).json()
    assert as_text["prediction"] == said[0]["prediction"]
    for sent, why in (
        (["a"], "no numbers"),
        ([], "empty"),
        ([[1, 2], [3]], "differ in length"),
        (3, "number"),
    ):
        (field,) = shop.post("/predict", {"trace": sent}).json()["error"]["fields"]
        assert why in field["received"]


def test_a_personal_picture_leaves_no_measure_in_the_log(site: Make, tmp_path: Path) -> None:
    frame = media.pictures(240, 0).with_columns(mail=pl.Series([f"p{i}@example.org" for i in range(240)]))
    made = make_run(tmp_path / "run", frame, "where", families=("toy_media",), section=CleanSection())
    shop = site(made.bundle)
    inputs = {"picture": text(frame["picture"][0]), "size": 5.0, "mail": "someone@example.org"}
    shop.post("/predict", inputs)
    assert "someone" not in json.dumps(shop.logged()[0].inputs)
