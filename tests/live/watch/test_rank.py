from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.live.entries import Prediction
from modelwright.live.watch.look import look
from modelwright.live.watch.rank import draw, effects
from modelwright.live.watch.rows import Batch, batch
from modelwright.runtime.model import Model

People = Callable[..., pl.DataFrame]


def rows(model: Model, frame: pl.DataFrame) -> Batch:
    inputs: list[dict[str, Any]] = frame.drop("good").to_dicts()
    logged = [
        (n, Prediction(f"p{n}", n, "v1", "champion", row, "yes", (0.5, 0.5))) for n, row in enumerate(inputs)
    ]
    return batch(model, logged, frozenset())


def test_a_big_drift_of_a_useless_column_ranks_below_a_small_one_of_a_strong_column(
    live: Callable[..., Any], people: People
) -> None:
    one = live()
    one.send(people(3000, 1, age=25.0, red=0.95, size=1.0))
    columns = look(one.place, one.settings, one.database).latest["columns"]
    by_name = {c["name"]: c for c in columns}
    assert by_name["colour"]["drifted"]
    assert by_name["age"]["drifted"]
    assert by_name["size"]["drifted"]
    assert by_name["age"]["e_value"] > 100
    assert columns[0]["name"] == "size"
    assert [c["rank"] for c in columns] == [1, 2, 3, 4]
    assert by_name["size"]["moves_prediction"]
    assert not by_name["colour"]["moves_prediction"]


def test_stable_rows_move_nothing(model: Model, people: People) -> None:
    reference = model.bundle.json("reference.json")
    found = [effects(model, reference, rows(model, people(2000, seed))) for seed in range(1, 6)]
    for name in ("size", "weight", "age", "colour"):
        off = [e[name].size / e[name].error for e in found]
        assert not any(e[name].moves for e in found), name
        assert max(off) < 4.5, name


def test_the_size_is_the_change_of_the_average_answer(model: Model, people: People) -> None:
    """For a column that is independent of the others, it must be what the whole drift does."""
    reference = model.bundle.json("reference.json")
    live = people(2000, 1, age=60.0)
    found = effects(model, reference, rows(model, live))["age"]
    inputs = live.drop("good")
    before = model.predict_proba(inputs.with_columns(age=pl.col("age") - 60.0))[:, 1].mean()
    after = model.predict_proba(inputs)[:, 1].mean()
    assert found.size == pytest.approx(abs(float(after - before)), abs=4 * found.error + 0.005)


def test_reference_draws_have_the_reference_shares(model: Model) -> None:
    entry = model.bundle.json("reference.json")["columns"]["colour"]
    drawn = draw(entry, 3000, np.random.default_rng(0))
    for value, count in entry["values"]:
        assert (drawn == value).mean() == pytest.approx(count / entry["rows"], abs=0.002)


def test_few_rows_say_nothing(model: Model, people: People) -> None:
    assert effects(model, model.bundle.json("reference.json"), rows(model, people(10, 1))) == {}
