from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadBundle, BadData
from modelwright.features.typed import from_frame
from modelwright.models.rows import signature_of
from modelwright.runtime import Model, load
from modelwright.runtime.seal import sealed
from modelwright.testing.bundles import Made

INPUTS = ("age", "job", "pay", "since", "member", "note")
ROW = {
    "age": "39",
    "job": "nurse",
    "pay": "$41.5",
    "since": "2010-03-04",
    "member": "yes",
    "note": "late box 7",
}


@pytest.fixture(scope="module")
def model(binary: Made) -> Model:
    return load(binary.bundle)


@pytest.fixture(scope="module")
def inputs(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.select(INPUTS)


def test_what_it_says_of_itself(model: Model, binary: Made) -> None:
    assert model.classes == ("no", "yes")
    assert model.problem == "binary"
    assert model.threshold == binary.compressed.threshold
    assert model.signature.names == INPUTS
    assert [column.kind for column in model.signature.inputs] == [
        "number", "category", "number", "date", "boolean", "text",
    ]  # fmt: skip
    assert model.metadata["verdict"] == "met"
    assert [output.name for output in model.signature.outputs] == ["probabilities", "label"]
    assert "binary" in repr(model)


def test_training_and_serving_see_the_same_rows(model: Model, binary: Made, inputs: pl.DataFrame) -> None:
    """Raw text through the bundle gives the tensors, and so the predictions, of the learned rows."""
    table = binary.development.table.get()
    typed = from_frame(table, signature_of(binary.development))
    rows = inputs[table["__row__"].to_list()]
    feeds = model.typed(rows)
    for name, expected in typed.feeds().items():
        np.testing.assert_array_equal(feeds[name], expected)
    trained = model.predict_typed(typed.feeds())
    served = model.predict_all(rows)
    np.testing.assert_array_equal(served["probabilities"], trained["probabilities"])
    np.testing.assert_array_equal(served["prediction"], trained["prediction"])


def test_shapes_types_and_meanings(model: Model, inputs: pl.DataFrame) -> None:
    made = model.predict_all(inputs)
    n = inputs.height
    assert list(made) == ["prediction", "probabilities", "label"]
    assert made["probabilities"].shape == (n, 2)
    assert made["probabilities"].dtype == np.float32
    np.testing.assert_allclose(made["probabilities"].sum(axis=1), 1.0, atol=1e-5)
    assert made["label"].dtype == np.int64
    assert model.threshold is not None
    positive = made["probabilities"][:, 1] >= np.float32(model.threshold)
    np.testing.assert_array_equal(made["prediction"], np.where(positive, "yes", "no"))
    np.testing.assert_array_equal(model.predict(inputs), made["prediction"])
    np.testing.assert_array_equal(model.predict_proba(inputs), made["probabilities"])


def forms(frame: pl.DataFrame) -> dict[str, Any]:
    shuffled = list(reversed(frame.columns))
    return {
        "polars": frame,
        "polars lazy": frame.lazy(),
        "dict of lists": frame.to_dict(as_series=False),
        "dict of series": frame.to_dict(),
        "dict of arrays": {name: frame[name].to_numpy() for name in frame.columns},
        "dict of tuples": {name: tuple(frame[name]) for name in frame.columns},
        "dicts": frame.to_dicts(),
        "tuple of dicts": tuple(frame.to_dicts()),
        "array": frame.to_numpy(),
        "other order": frame.select(shuffled),
        "extra columns": frame.with_columns(pl.lit(1).alias("extra")),
    }


@pytest.mark.parametrize("form", sorted(forms(pl.DataFrame({"a": [1]}))))
def test_every_form_of_rows_gives_the_same(model: Model, inputs: pl.DataFrame, form: str) -> None:
    expected = model.predict_proba(inputs)
    np.testing.assert_array_equal(model.predict_proba(forms(inputs)[form]), expected)


def test_pandas_frames(model: Model, inputs: pl.DataFrame) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(inputs.to_dict(as_series=False))
    np.testing.assert_array_equal(model.predict_proba(frame), model.predict_proba(inputs))
    frame["job"] = frame["job"].astype("category")
    frame["age"] = pandas.to_numeric(frame["age"], errors="coerce")
    frame["since"] = pandas.to_datetime(frame["since"])
    np.testing.assert_array_equal(model.predict_proba(frame), model.predict_proba(inputs))


def test_typed_values_are_as_good_as_their_texts(model: Model) -> None:
    typed = {**ROW, "age": 39, "pay": 41.5, "since": dt.date(2010, 3, 4), "member": True}
    scalars = {**typed, "age": np.int64(39), "pay": np.float64(41.5), "since": np.datetime64("2010-03-04")}
    expected = model.predict_proba(ROW)
    for row in (typed, scalars, {**typed, "since": dt.datetime(2010, 3, 4, tzinfo=dt.UTC)}):
        np.testing.assert_array_equal(model.predict_proba(row), expected)


def test_one_row_is_a_row_of_many(model: Model, inputs: pl.DataFrame) -> None:
    expected = model.predict_all(inputs)
    for i, row in enumerate(inputs.head(60).to_dicts()):
        for form in (row, [row], {name: [value] for name, value in row.items()}):
            made = model.predict_all(form)
            np.testing.assert_allclose(made["probabilities"], expected["probabilities"][[i]], atol=1e-6)
            assert made["prediction"].tolist() == [expected["prediction"][i]]


def test_batches_are_parted_and_put_together_in_order(
    model: Model, inputs: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = model.predict_all(inputs)
    monkeypatch.setattr(model, "_chunk", 37)
    for threads in (1, 3):
        monkeypatch.setattr(model, "threads", threads)
        made = model.predict_all(inputs)
        np.testing.assert_array_equal(made["prediction"], expected["prediction"])
        np.testing.assert_allclose(made["probabilities"], expected["probabilities"], atol=1e-6)
        typed = model.predict_typed(model.typed(inputs))
        np.testing.assert_allclose(typed["probabilities"], expected["probabilities"], atol=1e-6)


def test_many_threads_at_once(model: Model, inputs: pl.DataFrame) -> None:
    expected = model.predict_proba(inputs)
    rows = inputs.to_dicts()

    def one(i: int) -> np.ndarray[Any, Any]:
        return model.predict_proba(rows[i % len(rows)]) if i % 2 else model.predict_proba(inputs)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, range(120)))
    for i, answer in enumerate(made):
        want = expected[[i % len(rows)]] if i % 2 else expected
        np.testing.assert_allclose(answer, want, atol=1e-6)


@pytest.mark.parametrize("rows", [[], {name: [] for name in INPUTS}, pl.DataFrame({n: [] for n in INPUTS})])
def test_no_rows(model: Model, rows: Any) -> None:
    if isinstance(rows, list):
        rows = pl.DataFrame({name: [] for name in INPUTS}).to_dicts()
    made = model.predict_all(rows)
    assert made["probabilities"].shape == (0, 2)
    assert made["prediction"].shape == (0,)
    assert model.predict(np.empty((0, len(INPUTS)), dtype=object)).shape == (0,)


@pytest.mark.parametrize("lacking", INPUTS)
def test_a_missing_column_is_named(model: Model, inputs: pl.DataFrame, lacking: str) -> None:
    row = {name: value for name, value in ROW.items() if name != lacking}
    for form in (row, inputs.drop(lacking), inputs.drop(lacking).to_dict(), inputs.drop(lacking).to_dicts()):
        with pytest.raises(BadData, match=repr(lacking)) as found:
            model.predict(form)
        assert found.value.code == "predict.missing-column"
        assert found.value.exit_code == 2


def test_a_column_missing_in_one_row_is_named_with_the_row(model: Model) -> None:
    row = {name: value for name, value in ROW.items() if name != "pay"}
    with pytest.raises(BadData, match="'pay' is missing in row 1"):
        model.predict([ROW, row])


def test_all_missing_columns_are_named(model: Model) -> None:
    with pytest.raises(BadData, match="'age', 'job', 'pay', 'since', 'member', 'note' are missing"):
        model.predict({})


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("text", "predict.form"),
        (3, "predict.form"),
        ([1, 2], "predict.form"),
        ({**ROW, "age": ["39"]}, "predict.form"),
        ({**{name: ["1", "2"] for name in INPUTS}, "pay": ["1"]}, "predict.lengths"),
        ({name: np.zeros((2, 2)) for name in INPUTS}, "predict.shape"),
        (np.zeros((2, 3)), "predict.shape"),
        (np.zeros(6), "predict.shape"),
    ],
)
def test_forms_that_cannot_be_read(model: Model, rows: Any, code: str) -> None:
    with pytest.raises(BadData) as found:
        model.predict(rows)
    assert found.value.code == code
    assert found.value.hint


ANYTHING = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.sampled_from(["\x00null", "\ud800", "", " ", "nan", "1e400", "None", b"\xff"]),
)


@given(st.fixed_dictionaries(dict.fromkeys(INPUTS, ANYTHING)))
def test_no_value_breaks_a_prediction(model: Model, row: dict[str, Any]) -> None:
    one = model.predict_proba(row)
    assert np.isfinite(one).all()
    many = model.predict_proba([row, ROW])
    np.testing.assert_allclose(many[:1], one, atol=1e-6)
    columns = {name: [row[name], ROW[name]] for name in INPUTS}
    np.testing.assert_allclose(model.predict_proba(columns), many, atol=1e-6)


def test_what_cannot_be_read_is_missing(model: Model) -> None:
    expected = model.predict_proba({**ROW, "pay": None, "since": None})
    np.testing.assert_array_equal(model.predict_proba({**ROW, "pay": "much", "since": "soon"}), expected)


def test_the_markers_of_the_training_data_are_missing_here_too(model: Model) -> None:
    np.testing.assert_array_equal(
        model.predict_proba({**ROW, "age": "?"}), model.predict_proba({**ROW, "age": None})
    )


def test_sets_hold_the_likeliest_class_and_cover_what_was_asked(levels: Made, raw: pl.DataFrame) -> None:
    model = load(levels.bundle)
    made = model.predict_all(raw)
    assert made["set"].dtype == np.bool_
    assert made["set"].shape == made["probabilities"].shape == (raw.height, 3)
    codes = np.array([model.classes.index(value) for value in raw["level"]])
    assert made["set"][np.arange(raw.height), codes].mean() > 0.85
    np.testing.assert_array_equal(made["label"], made["probabilities"].argmax(axis=1))
    assert model.threshold is None


def test_intervals_surround_the_value(amounts: Made, raw: pl.DataFrame) -> None:
    model = load(amounts.bundle)
    made = model.predict_all(raw)
    assert list(made) == ["prediction", "low", "high"]
    assert made["prediction"].dtype == np.float64
    assert (made["low"] <= made["prediction"]).all()
    assert (made["prediction"] <= made["high"]).all()
    inside = (made["low"] <= raw["amount"].to_numpy()) & (raw["amount"].to_numpy() <= made["high"])
    assert inside.mean() > 0.85
    assert model.classes == ()
    with pytest.raises(BadData, match="regression"):
        model.predict_proba(raw)


def test_the_signature_gives_examples_that_the_model_reads(binary: Made, levels: Made, amounts: Made) -> None:
    for made in (binary, levels, amounts):
        model = load(made.bundle)
        row = {column.name: column.example for column in model.signature.inputs}
        told = {name for name, value in row.items() if value is not None}
        assert told == set(INPUTS) - {"note"}
        feeds = model.typed(row)
        assert np.isfinite(feeds["numbers"]).all()
        assert (feeds["times"] > -(2**63)).all()


# --- bundles that are whole and do not fit together ---------------------------------------------------------


def broken(made: Made, folder: Path, change: Callable[[Path, dict[str, Any]], None]) -> Path:
    import hashlib

    shutil.copytree(made.bundle, folder)
    data = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    del data["sha256"]
    change(folder, data)
    for name in data["files"]:
        content = (folder / name).read_bytes()
        data["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "model.json").write_bytes(sealed(data))
    return folder


CHANGES: dict[str, tuple[str, Callable[[Path, dict[str, Any]], Any]]] = {
    "no tensors": ("bundle.incomplete", lambda folder, data: data.pop("tensors")),
    "no inputs": ("bundle.inconsistent", lambda folder, data: data.update(inputs=[])),
    "input gone": ("bundle.inconsistent", lambda folder, data: data["inputs"].pop()),
    "graph is none": ("bundle.graph", lambda folder, data: (folder / "model.onnx").write_bytes(b"no graph")),
    "preprocess of the future": (
        "bundle.version",
        lambda folder, data: (folder / "preprocess.json").write_text('{"version": 99, "columns": []}'),
    ),
    "preprocess without columns": (
        "bundle.inconsistent",
        lambda folder, data: (folder / "preprocess.json").write_text('{"version": 1, "columns": []}'),
    ),
    "classes for values": ("bundle.inconsistent", lambda folder, data: data.update(classes=[])),
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_bundle_whose_files_disagree_is_refused(binary: Made, tmp_path: Path, name: str) -> None:
    code, change = CHANGES[name]
    with pytest.raises(BadBundle) as found:
        load(broken(binary, tmp_path / "bundle", change))
    assert found.value.code == code
