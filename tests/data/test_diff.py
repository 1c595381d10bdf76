"""Two versions of a data set compared, by rows and by keys, and from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from modelwright.cli.main import call
from modelwright.core.errors import BadInput
from modelwright.data.diff import diff

OLD = pl.DataFrame({"id": ["1", "2", "3"], "n": ["1", "2.0", ""], "x": ["a", "b", "b"], "gone": [1, 2, 3]})
NEW = pl.DataFrame({"id": [1, 2, 4], "n": [1.0, 5.0, None], "x": ["a", "b", "c"], "came": [1, 2, 3]})


def test_without_keys_a_row_is_its_values() -> None:
    found = diff(OLD, NEW)
    assert (found.added, found.removed, found.changed, found.same) == (2, 2, None, 1)
    assert (found.added_columns, found.removed_columns) == (("came",), ("gone",))
    assert not found.equal
    assert {c.name: (c.new, c.gone) for c in found.columns} == {
        "id": ((), ()),
        "n": ((), ()),
        "x": (("c",), ()),
    }
    twice = pl.DataFrame({"a": [1, 1, 2]})
    found = diff(twice, twice.head(2))
    assert (found.added, found.removed, found.same) == (0, 1, 2)


def test_with_keys_rows_change() -> None:
    found = diff(OLD, NEW, ["id"])
    assert (found.added, found.removed, found.changed, found.same) == (1, 1, 1, 1)
    assert {c.name: c.changed for c in found.columns} == {"id": None, "n": 1, "x": 0}
    n = next(c for c in found.columns if c.name == "n")
    assert n.mean == (1.5, 3.0)
    with pytest.raises(BadInput, match="is no key of the first version"):
        diff(OLD, NEW, ["x"])
    with pytest.raises(BadInput, match="'idd' is not a column of both") as caught:
        diff(OLD, NEW, ["idd"])
    assert caught.value.hint == "did you mean id?"


def test_the_same_in_two_formats_is_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pl.DataFrame({"n": [1.5, None, 3.0], "x": ["a", None, "c"], "k": [1, 2, 3]})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "b.parquet")
    assert call(["data", "diff", str(tmp_path / "a.csv"), str(tmp_path / "b.parquet")]) == 0
    assert capsys.readouterr().out == "equal: 3 rows with the same values\n"
    frame.with_columns(x=pl.Series(["a", "z", "c"])).write_parquet(tmp_path / "b.parquet")
    words = ["data", "diff", str(tmp_path / "a.csv"), str(tmp_path / "b.parquet"), "--key", "k"]
    assert call(words) == 0
    assert capsys.readouterr().out.splitlines() == [
        "3 rows before, 3 after: 0 added, 0 removed, 1 changed, 2 the same",
        "  x: changed in 1 row; missing 33.3% -> 0.0%; 2 -> 3 different values; new: 'z'",
    ]
    assert call([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] == 1


def test_mangled_and_sound_are_equal(shared_data: Path) -> None:
    from modelwright.data.read import read

    mangled = read(str(shared_data / "dirty/bank_mangled_csv/bank-additional.csv")).frame
    sound = next((shared_data / "tabular_binary/bank_marketing").glob("*.csv"))
    found = diff(mangled, read(str(sound)).frame)
    assert found.rows == (4119, 4119)
    assert found.equal


def test_another_name_and_another_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = pl.DataFrame({"id": [1, 2, 3, 4], "age": [40, 51, 62, 62], "price": ["1.5", "2", "3", ""]})
    new = old.select("id", pl.col("age").cast(pl.String).alias("years"), price=pl.lit("2 EUR"))
    found = diff(old, new, ["id"])
    assert found.renamed == (("age", "years"),)
    assert {c.name: c.kinds for c in found.columns} == {"price": ("numbers", "texts")}
    old.write_csv(tmp_path / "a.csv")
    new.write_csv(tmp_path / "b.csv")
    assert call(["data", "diff", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--key", "id"]) == 0
    said = capsys.readouterr().out
    assert "  age -> years: the same values, so it may be only another name\n" in said
    assert "  price: changed in 4 rows; numbers -> texts; " in said


def test_a_name_is_not_guessed_where_it_could_be_chance() -> None:
    old = pl.DataFrame({"flag": ["yes", "no", "no"], "a": [1, 2, 3], "b": [3, 1, 2]})
    new = pl.DataFrame({"other": ["no", "yes", "no"], "c": [1, 2, 3]})
    assert diff(old, new).renamed == ()
