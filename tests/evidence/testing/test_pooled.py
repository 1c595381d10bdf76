"""Outer folds put together: every row with the answer of its own fold's graph, in one order."""

from __future__ import annotations

import numpy as np
import polars as pl

from modelwright.core.records.models import Outer, OuterFold
from modelwright.evidence.testing.pooled import Pooled, pool
from modelwright.goal.sections import RolesSection, SuccessSection
from modelwright.testing.planted import World, world


def fold(group: int, slope: float, roles: RolesSection) -> World:
    """Rows of one group, whose times lie between those of the other."""
    rng = np.random.default_rng(group)
    x = rng.normal(size=80)
    frame = pl.DataFrame({"x": x, "when": np.arange(80.0) * 2 + group, "y": slope * x})
    return world(frame, {"x": slope}, roles=roles)


def pooled(roles: RolesSection) -> Pooled:
    first, last = fold(0, 1.0, roles), fold(1, -3.0, roles)
    earlier = OuterFold(first.development, first.sealed, first.trained, first.compressed)
    rows = last.opened()
    said = last.oracle().scored(rows)
    return pool(Outer((earlier,)), SuccessSection(), last.development, last.trained, rows, said)


def test_every_row_is_answered_by_its_own_fold() -> None:
    found = pooled(RolesSection())
    assert found.rows.rows == 80
    assert not found.rows.time_order
    assert found.scored.values is not None
    np.testing.assert_allclose(found.scored.values, found.scored.truth, rtol=1e-6)
    assert [family for family, _ in found.baselines] == ["baseline"]


def test_parts_that_run_beside_one_another_are_put_in_the_order_of_time() -> None:
    found = pooled(RolesSection(time="when"))
    when = found.rows.frame["when"].to_numpy()
    assert found.rows.time_order
    assert (np.diff(when) > 0).all()
    assert found.scored.values is not None
    np.testing.assert_allclose(found.scored.values, found.rows.truth, rtol=1e-6)
    np.testing.assert_array_equal(found.scored.truth, found.rows.truth)
    np.testing.assert_array_equal(found.baselines[0][1].truth, found.rows.truth)
