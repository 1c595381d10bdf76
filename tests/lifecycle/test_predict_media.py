"""Files of rows with pictures: what is written, and what becomes of a picture that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from modelwright.core.errors import BadData
from modelwright.lifecycle.predict import explain_file, predict_file
from modelwright.testing import media_tables
from modelwright.testing.bundles import make_run

pytest.importorskip("PIL", reason="pictures are read with Pillow (the extra images)")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("pictures") / "run"
    frame = media_tables.pictures(120, 0).drop("size")
    return make_run(run, frame, "where", families=("toy_media",)).bundle


def test_bytes_in_parquet_are_predicted_in_every_format(bundle: Path, tmp_path: Path) -> None:
    rows = media_tables.pictures(30, 4)
    rows.write_parquet(tmp_path / "new.parquet")
    for name in ("out.parquet", "out.csv", "out.jsonl"):
        done = predict_file(bundle, tmp_path / "new.parquet", tmp_path / name)
        assert (done.rows, done.broken, done.unread) == (30, 0, {})
    assert pl.read_csv(tmp_path / "out.csv")["prediction"].to_list() == rows["where"].to_list()
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert len(json.dumps(first)) < 500


def test_names_of_files_in_a_table_are_read_and_kept(bundle: Path, tmp_path: Path) -> None:
    rows = media_tables.pictures(20, 4)
    (tmp_path / "files").mkdir()
    for place, cell in enumerate(rows["picture"]):
        (tmp_path / "files" / f"{place}.png").write_bytes(cell)
    names = [f"files/{place}.png" for place in range(20)]
    pl.DataFrame({"picture": names}).write_csv(tmp_path / "new.csv")
    predict_file(bundle, tmp_path / "new.csv", tmp_path / "out.csv")
    made = pl.read_csv(tmp_path / "out.csv")
    assert made["picture"].to_list() == names
    assert made["prediction"].to_list() == rows["where"].to_list()


def test_a_picture_that_cannot_be_used_is_a_broken_row(bundle: Path, tmp_path: Path) -> None:
    rows = media_tables.pictures(10, 4)
    cells = rows["picture"].to_list()
    cells[3], cells[6], cells[8] = cells[3][:150], None, b"no picture"
    rows.with_columns(picture=pl.Series(cells)).write_parquet(tmp_path / "new.parquet")
    with pytest.raises(BadData, match=r"new.parquet, row 4: 'picture' cannot be used: .* cut short") as found:
        predict_file(bundle, tmp_path / "new.parquet", tmp_path / "out.csv")
    assert "--quarantine" in found.value.hint
    assert not (tmp_path / "out.csv").exists()
    aside = tmp_path / "aside.jsonl"
    done = predict_file(bundle, tmp_path / "new.parquet", tmp_path / "out.csv", aside)
    assert (done.rows, done.broken) == (8, 2)
    assert [json.loads(line)["line"] for line in aside.read_text().splitlines()] == [4, 9]
    # A picture that was not given is missing, as any value may be.
    assert pl.read_csv(tmp_path / "out.csv").height == 8


def test_a_name_that_cannot_be_followed_says_why(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "empty.png").write_bytes(b"")
    (tmp_path / "new" / "there.png").write_bytes(media_tables.pictures(1, 4)["picture"][0])
    names = ["there.png", "gone.png", "../../secret.png", "/etc/passwd.png", "empty.png"]
    pl.DataFrame({"picture": names}).write_csv(tmp_path / "new" / "rows.csv")
    aside = tmp_path / "aside.jsonl"
    done = predict_file(bundle, tmp_path / "new" / "rows.csv", tmp_path / "out.csv", aside)
    assert (done.rows, done.broken) == (1, 4)
    said = [json.loads(line)["reason"] for line in aside.read_text().splitlines()]
    assert said == [
        f"'picture' cannot be used: {why}"
        for why in (
            "there is no such file in new/",
            "the name leads out of new/, and was not opened",
            "the name leads out of new/, and was not opened",
            "there is nothing in the file",
        )
    ]


def test_explanations_of_files_tell_no_content(bundle: Path, tmp_path: Path) -> None:
    media_tables.pictures(3, 4).write_parquet(tmp_path / "new.parquet")
    (first, *_) = explain_file(bundle, tmp_path / "new.parquet", 2)
    (column,) = first["columns"]
    assert column["column"] == "picture"
    assert column["value"].endswith(" bytes")
