"""Drift of images, by what is measured of each when it is answered: the log holds no picture to look at."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.live import deployment
from modelwright.live.entries import Prediction
from modelwright.live.log.database import LogDatabase
from modelwright.live.log.personal import treatment
from modelwright.live.place import Place
from modelwright.live.serve.predict import Asked, Prepared
from modelwright.live.settings import Settings, database_url
from modelwright.live.watch import files
from modelwright.live.watch.look import look
from modelwright.runtime import load
from modelwright.testing import media_tables as media
from modelwright.testing.bundles import make_run

pytest.importorskip("PIL", reason="pictures are read with Pillow (the extra images)")

START = 1_760_000_000_000_000


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("pictures") / "run"
    return make_run(run, media.pictures(1200, 0), "where", families=("toy_media",)).bundle


class Traffic:
    """Pictures answered as the server answers them, into a real log."""

    def __init__(self, root: Path, bundle: Path) -> None:
        self.place, self.settings = Place.of(root / "live", "shop"), Settings("shop")
        deployment.deploy(self.place, deployment.add_version(self.place, bundle), "first")
        model = load(bundle)
        self.prepared, self.treat = Prepared("shop", "v1", model), treatment(model)
        self.database = LogDatabase(database_url(self.place, self.settings))
        self.sent = 0

    def send(self, n: int, seed: int, **how: float) -> None:
        made: list[Prediction] = []
        for cell, size, _ in media.pictures(n, seed, **how).iter_rows():
            row = {"picture": base64.b64encode(cell).decode(), "size": size}
            asked = Asked(f"p{self.sent:07d}", START + self.sent * 1_000_000, 0, "champion", "", self.treat)
            made.append(self.prepared.one(row, asked)[1])
            self.sent += 1
        self.database.add([*made], segment=f"s{self.sent}", upto=1)

    def look(self) -> Any:
        return look(self.place, self.settings, self.database, now=START).latest


@pytest.fixture
def traffic(tmp_path: Path, bundle: Path) -> Callable[[], Traffic]:
    return lambda: Traffic(tmp_path, bundle)


@pytest.mark.slow  # 2,000 pictures, decoded and logged
def test_darkened_pictures_raise_the_alarm_by_name(traffic: Callable[[], Traffic]) -> None:
    one = traffic()
    one.send(1000, 1)
    quiet = one.look()
    assert quiet["conditions"] == []
    watched = {column["name"]: column for column in quiet["columns"]}
    assert watched["picture"]["why"] == "what is measured of each image is watched in its place"
    assert not watched["brightness of picture"]["drifted"]
    one.send(1000, 2, light=0.8)
    found = one.look()
    opened = {(c["code"], c["column"]): c["what"] for c in found["conditions"]}
    assert opened["drift.column", "brightness of picture"] == (
        "the values of 'brightness of picture' are no longer spread as they were at release"
    )
    assert ("drift.column", "size") not in opened
    assert any(event["column"] == "brightness of picture" for event in files.alarms(one.place))


def test_the_reference_and_the_log_hold_no_picture(traffic: Callable[[], Traffic], bundle: Path) -> None:
    reference = load(bundle).bundle.json("reference.json")["columns"]["picture"]
    assert set(reference["measures"]) == {"brightness", "contrast", "sharpness", "colourfulness"}
    assert sum(reference["measures"]["brightness"]["counts"]) == reference["rows"]
    one = traffic()
    one.send(300, 1)
    rows = [row for _, row in one.database.predictions(after=0, version="v1", role="champion", limit=300)]
    assert all(len(str(row.inputs)) < 400 for row in rows)
    assert all(isinstance(row.inputs["brightness of picture"], float) for row in rows)
