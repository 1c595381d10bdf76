"""Inputs that go wrong: what matters is seen to matter, what is ignored changes nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from modelwright.core.book import Book
from modelwright.evidence.testing import edge_cases, robustness
from modelwright.evidence.testing.answers import member_scored
from modelwright.evidence.testing.deeper import spreads
from modelwright.features.typed import from_frame
from modelwright.goal.metrics import metric
from modelwright.models.rows import signature_of
from modelwright.runtime.signature import NULL_TEXT
from modelwright.testing.planted import World, findings, world


@pytest.fixture(scope="module")
def towns() -> World:
    """The target follows the town alone; ``x`` plays no part."""
    rng = np.random.default_rng(4)
    town = rng.choice(["north", "south"], 1000)
    y = np.where((town == "north") ^ (rng.random(1000) < 0.1), "yes", "no")
    frame = pl.DataFrame({"x": rng.normal(size=1000), "town": town, "y": y})
    return world(frame, {}, bias=-2.0, category={("town", "north"): 4.0})


def changes(w: World, seed: int = 0) -> dict[str, robustness.Change]:
    rows = w.opened()
    spread = np.ones(rows.typed.numbers.shape[1])
    baseline = member_scored(w.trained.baseline, rows)
    _, found = robustness.measure(w.oracle(), rows, metric("roc_auc"), baseline, spread, 0.95, seed)
    return {c.words: c for c in found}


def test_only_the_field_that_is_used_can_spoil_the_answer(towns: World) -> None:
    found = changes(towns)
    assert found["x missing"].gap.value == 0.0
    assert found["noise of 0.25 sd"].gap.value == 0.0
    assert found["town missing"].lost == pytest.approx(1.0)
    assert found["every category unseen"].lost == pytest.approx(1.0)
    assert -0.4 < found["30% of all fields missing"].gap.high < 0
    assert found["30% of all fields missing"].lost > found["10% of all fields missing"].lost > 0


def test_a_field_whose_absence_collapses_the_model_is_a_finding(towns: World) -> None:
    _, book = towns.test()
    (finding,) = findings(book, "test.fragile")
    assert (finding.column, finding.severity) == ("town", "warning")
    assert finding.numbers["lost"] > 0.9


def test_a_model_that_spreads_its_trust_is_not_fragile() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(1200, 6))
    y = np.where(rng.random(1200) < 1 / (1 + np.exp(-x.sum(axis=1))), "yes", "no")
    names = [f"x{j}" for j in range(6)]
    frame = pl.DataFrame({**{n: x[:, j] for j, n in enumerate(names)}, "y": y})
    found = findings(world(frame, dict.fromkeys(names, 1.0)).test()[1], "test.fragile")
    assert all(f.severity == "note" for f in found)


def test_the_same_seed_corrupts_alike(towns: World) -> None:
    assert changes(towns, 3) == changes(towns, 3)
    assert changes(towns, 3) != changes(towns, 4)


def test_edges_are_named_and_counted() -> None:
    rng = np.random.default_rng(6)
    n = 600
    x = rng.normal(size=n)
    x[1::40] = 50.0
    town = np.where(np.arange(n) % 50 == 3, "far away", "here").astype(object)
    gone = np.arange(n) % 20 == 5
    frame = pl.DataFrame(
        {
            "x": x,
            "z": [None if g else float(v) for g, v in zip(gone, rng.normal(size=n), strict=True)],
            "town": pl.Series(town.tolist()),
            "y": rng.choice(["yes", "no"], n),
        }
    )
    w = world(frame, {"x": 1.0})
    rows = w.opened()
    known = from_frame(w.development.table.get(), signature_of(w.development))
    found = {name.split()[-1]: mask for name, mask in edge_cases.edges(rows, known)}
    assert int(edge_cases.missing_fields(rows.typed).sum()) == int(np.isnan(rows.typed.numbers).sum())
    assert found["fields"].sum() == gone[1::2].sum()
    far = rows.typed.numbers[:, 0] == 50.0
    assert found["out"][far].all()
    assert np.array_equal(found["development"], rows.typed.strings[:, 0] == "far away")
    assert not (rows.typed.strings == NULL_TEXT).any()
    book = Book()
    edge_cases.report(rows, w.oracle().scored(rows), known, 0.95, book)
    assert len(book.items) == 1


def test_spreads_are_those_of_the_finite_values() -> None:
    frame = pl.DataFrame({"x": [1.0, 3.0, None, 5.0] * 4, "y": ["yes", "no"] * 8})
    w = world(frame, {"x": 1.0})
    known = from_frame(frame, signature_of(w.development))
    assert spreads(known)[0] == pytest.approx(np.std([1.0, 3.0, 5.0]))
