from __future__ import annotations

import copy
from itertools import permutations

import numpy as np
import polars as pl
import pytest

from modelwright.core.errors import BadData
from modelwright.runtime import load
from modelwright.runtime.explain import explain
from modelwright.testing.bundles import Made


def test_contributions_share_out_the_difference(
    binary: Made, levels: Made, amounts: Made, raw: pl.DataFrame
) -> None:
    for made in (binary, levels, amounts):
        model = load(made.bundle)
        rows = raw.head(7)
        found = explain(model, rows)
        assert found.contributions.shape == found.errors.shape == (7, 6)
        np.testing.assert_allclose(
            found.base + found.contributions.sum(axis=1), found.values, rtol=1e-9, atol=1e-9
        )
        answers = model.predict_all(rows)
        if model.classes:
            expected = answers["probabilities"][np.arange(7), answers["label"]]
            assert found.of == tuple(answers["prediction"])
        else:
            expected = answers["prediction"]
            assert found.of == ("value",) * 7
        np.testing.assert_allclose(found.values, expected, rtol=1e-5)
        assert (found.errors >= 0).all()


def test_the_seed_decides_and_rows_do_not_disturb_each_other(binary: Made, raw: pl.DataFrame) -> None:
    model = load(binary.bundle)
    all_rows = explain(model, raw.head(4), seed=3)
    again = explain(model, raw.head(4), seed=3)
    np.testing.assert_array_equal(all_rows.contributions, again.contributions)
    one = explain(model, raw[2], seed=3)
    np.testing.assert_allclose(one.contributions[0], all_rows.contributions[2], atol=1e-6)
    other = explain(model, raw.head(4), seed=4)
    assert not np.array_equal(all_rows.contributions, other.contributions)


def test_estimates_agree_with_the_exact_shapley_values(binary: Made, raw: pl.DataFrame) -> None:
    """With all columns but three fixed to the row's own value, every order and draw can be gone through."""
    model = load(binary.bundle)
    row = raw.row(5, named=True)
    reference = copy.deepcopy(model.bundle.json("reference.json"))
    feeds = model.typed(row)
    tensors = model.tensors
    for name, value in zip(tensors.numbers, feeds["numbers"][0], strict=True):
        reference["columns"][name] = {"kind": "number", "missing": 0, "counts": [1], "means": [float(value)]}
    for name, value in zip(tensors.strings, feeds["strings"][0], strict=True):
        reference["columns"][name] = {"kind": "category", "missing": 0, "values": [[value, 1]], "other": 0}
    for name, value in zip(tensors.times, feeds["times"][0], strict=True):
        reference["columns"][name] = {"kind": "date", "missing": 0, "counts": [1], "means": [int(value)]}
    choices = {"age": [22.0, 70.0], "pay": [15.0, 45.0], "job": ["cook", "nurse"]}
    for name in ("age", "pay"):
        reference["columns"][name].update(counts=[1, 1], means=choices[name])
    reference["columns"]["job"].update(values=[["cook", 1], ["nurse", 1]])

    def value(known: tuple[str, ...]) -> float:
        """Mean probability of "yes" over all draws of the columns that are not known."""
        rows = [dict(row)]
        for name, values in choices.items():
            if name not in known:
                rows = [{**r, name: v} for r in rows for v in values]
        return float(model.predict_proba(rows)[:, 1].astype(np.float64).mean())

    orders = list(permutations(choices))
    exact = {
        name: np.mean(
            [value(o[: o.index(name) + 1]) - value(o[: o.index(name)]) for o in orders]
        )
        for name in choices
    }  # fmt: skip
    found = explain(model, row, of="yes", walks=1000, reference=reference)
    for j, name in enumerate(found.columns):
        if name in choices:
            assert found.contributions[0, j] == pytest.approx(exact[name], abs=4 * found.errors[0, j] + 1e-6)
            assert found.errors[0, j] < 0.02
        else:
            assert found.contributions[0, j] == pytest.approx(0, abs=1e-6)


def test_more_walks_make_smaller_errors(binary: Made, raw: pl.DataFrame) -> None:
    model = load(binary.bundle)
    few, many = (explain(model, raw.head(3), walks=walks) for walks in (16, 400))
    assert many.errors.mean() < few.errors.mean() / 3
    assert (
        np.abs(few.contributions - many.contributions) <= 5 * (few.errors + many.errors) + 1e-6
    ).mean() > 0.9


def test_the_class_can_be_chosen(levels: Made, raw: pl.DataFrame) -> None:
    model = load(levels.bundle)
    total = sum(explain(model, raw.head(2), of=name).contributions for name in model.classes)
    np.testing.assert_allclose(total, 0, atol=1e-5)
    with pytest.raises(BadData, match="no class 'huge'"):
        explain(model, raw.head(1), of="huge")


def test_walks_are_bounded_and_even(binary: Made, raw: pl.DataFrame) -> None:
    model = load(binary.bundle)
    assert explain(model, raw.head(1), walks=0).walks == 4
    assert explain(model, raw.head(1), walks=7).walks == 6
    assert explain(model, raw.head(1), walks=10**9).walks * 7 <= 8192


def test_the_columns_that_moved_a_row_most(amounts: Made, raw: pl.DataFrame) -> None:
    found = explain(load(amounts.bundle), raw.head(50))
    top = found.top(0, 2)
    assert len(top) == 2
    assert abs(top[0][1]) >= abs(top[1][1])
    # The amount was made of age, pay and job alone.
    strength = dict(zip(found.columns, np.abs(found.contributions).mean(axis=0), strict=True))
    assert min(strength["age"], strength["pay"], strength["job"]) > 2 * max(
        strength["member"], strength["since"]
    )


def test_no_rows(binary: Made, raw: pl.DataFrame) -> None:
    assert explain(load(binary.bundle), raw.head(0)).contributions.shape == (0, 6)
