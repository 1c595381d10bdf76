"""Files with predictions: the same answers, in the same order, as the runtime gives row by row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelwright.core.errors import BadData, BadInput
from modelwright.goal.sections import OutputSection
from modelwright.lifecycle import predict
from modelwright.runtime import load
from modelwright.testing.bundles import make_run

ROWS = 3000


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """Text, as a CSV gives it: numbers beyond reason, missing values, few and many categories, dates."""
    rng = np.random.default_rng(3)
    number = [f"{x:.3f}" for x in rng.normal(size=ROWS)]
    number[7], number[8], number[9], number[10] = "1e308", "-1e308", "", "what"
    few = rng.choice(["a", "b", "", "d é"], ROWS)
    many = [f"k{i}" for i in rng.integers(0, 2000, ROWS)]
    day = [f"20{10 + i % 9}-0{1 + i % 8}-1{i % 9}" for i in rng.integers(0, 500, ROWS)]
    y = np.where((few == "a") ^ (rng.random(ROWS) < 0.1), "yes", "no")
    whole = rng.integers(0, 5, ROWS).astype(str)
    return pl.DataFrame({"n": number, "few": few, "whole": whole, "many": many, "day": day, "y": y})


@pytest.fixture(scope="module")
def bundle(rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = {"rounds": 20, "leaves": 15}
    return make_run(
        tmp_path_factory.mktemp("predict") / "run", rows, "y", families=("lightgbm",), configs=(config,)
    ).bundle


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("at_once", [40, 1100, 50_000])
def test_a_file_is_answered_as_its_rows_are(
    rows: pl.DataFrame,
    bundle: Path,
    tmp_path: Path,
    suffix: str,
    at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(predict, "ROWS", at_once)
    inputs = rows.drop("y")
    inputs.write_csv(tmp_path / "in.csv")
    done = predict.predict_file(bundle, tmp_path / "in.csv", tmp_path / f"out{suffix}")
    assert (done.rows, done.broken) == (ROWS, 0)
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {
        ".csv": pl.read_csv, ".parquet": pl.read_parquet, ".jsonl": pl.read_ndjson
    }  # fmt: skip
    made = readers[suffix](tmp_path / f"out{suffix}")
    assert [str(v) for v in made["many"]] == rows["many"].to_list()
    model = load(bundle)
    expected = model.predict_all({name: inputs[name].to_list() for name in inputs.columns})
    assert made["prediction"].to_list() == expected["prediction"].tolist()
    probabilities = made.select(f"probability_{name}" for name in model.classes).to_numpy()
    np.testing.assert_array_equal(probabilities.astype(np.float32), expected["probabilities"])


def test_an_order_of_rows_is_all_of_them(rows: pl.DataFrame, bundle: Path) -> None:
    model = load(bundle)
    order = predict._order(predict.typed_frame(model, rows))
    assert order is not None
    assert sorted(order.tolist()) == list(range(ROWS))


def test_nothing_is_left_of_a_file_with_a_broken_row(
    bundle: Path, rows: pl.DataFrame, tmp_path: Path
) -> None:
    text = rows.drop("y").write_csv()
    (tmp_path / "in.csv").write_text(text + "1,2\n", encoding="utf-8")
    with pytest.raises(BadData, match=f"line {ROWS + 2}"):
        predict.predict_file(bundle, tmp_path / "in.csv", tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_no_input_is_written_over(bundle: Path, rows: pl.DataFrame, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    rows.drop("y").write_csv(source)
    before = source.read_bytes()
    (tmp_path / "link.csv").symlink_to(source)
    for output, quarantine in [
        ("in.csv", None), ("link.csv", None), ("out.csv", "in.csv"), ("out.csv", "link.csv"),
        ("out.csv", "out.csv"),
    ]:  # fmt: skip
        aside = None if quarantine is None else tmp_path / quarantine
        with pytest.raises(BadInput, match="is the same file as"):
            predict.predict_file(bundle, source, tmp_path / output, aside)
    assert source.read_bytes() == before


def test_predictions_of_predictions_keep_every_column(
    bundle: Path, rows: pl.DataFrame, tmp_path: Path
) -> None:
    rows.drop("y").write_csv(tmp_path / "0.csv")
    for turn in range(3):
        predict.predict_file(bundle, tmp_path / f"{turn}.csv", tmp_path / f"{turn + 1}.csv")
    made = pl.read_csv(tmp_path / "3.csv")
    assert {"prediction", "input_prediction", "input_input_prediction"} <= set(made.columns)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_row_that_is_too_uncertain_gets_no_label(
    rows: pl.DataFrame, tmp_path: Path, suffix: str, bundle: Path
) -> None:
    config = {"rounds": 20, "leaves": 15}
    made = make_run(
        tmp_path / "run",
        rows,
        "y",
        families=("lightgbm",),
        configs=(config,),
        output=OutputSection(abstain_below=0.9),
    ).bundle
    rows.drop("y").write_csv(tmp_path / "in.csv")
    predict.predict_file(made, tmp_path / "in.csv", tmp_path / f"out{suffix}")
    told = (pl.read_csv if suffix == ".csv" else pl.read_parquet)(tmp_path / f"out{suffix}")
    chances = told.select(pl.max_horizontal("probability_no", "probability_yes")).to_series()
    assert told["abstained"].to_list() == (chances < 0.9).to_list()
    assert told["prediction"].is_null().to_list() == told["abstained"].to_list()
    assert 0 < told["abstained"].sum() < told.height
    all_at_once = load(made).predict_all(rows)
    assert all_at_once["abstained"].tolist() == told["abstained"].to_list()
    assert "abstained" not in load(bundle).predict_all(rows)
