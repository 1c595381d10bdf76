"""Packages of bundles with columns of media: what they need besides, and what cannot be carried."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwright.core.errors import Unsupported
from modelwright.release.package import make
from modelwright.release.package.parts import for_columns, needed
from modelwright.testing import media_tables
from modelwright.testing.bundles import make_run

pytest.importorskip("PIL", reason="pictures are read with Pillow (the extra images)")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("pictures") / "run"
    return make_run(run, media_tables.pictures(120, 0), "where", families=("toy_media",)).bundle


def test_an_image_has_the_library_that_reads_the_columns_of_its_bundle(
    pictures: Path, penguins: Path, tmp_path: Path
) -> None:
    make(pictures, ["docker"], tmp_path / "pictures")
    wanted = (tmp_path / "pictures" / "docker" / "requirements.txt").read_text()
    assert "\npillow==" in wanted.lower()
    assert "soundfile" not in wanted
    make(penguins, ["docker"], tmp_path / "penguins")
    assert "pillow" not in (tmp_path / "penguins" / "docker" / "requirements.txt").read_text().lower()
    assert not {"PIL", "soundfile", "torch"} & set(needed().libraries)


def test_what_reads_each_kind_of_column_is_named() -> None:
    tensors = [{"kind": kind} for kind in ("image", "audio", "series", "image")]
    assert for_columns({"tensors": {"tensors": tensors}}) == ["Pillow", "soundfile"]
    assert for_columns({"tensors": {"numbers": ["age"]}}) == []


def test_the_package_for_the_edge_says_that_it_cannot_read_pictures(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="'picture' is a column of the kind image"):
        make(pictures, ["edge"], tmp_path / "edge")
    assert not (tmp_path / "edge").exists()
