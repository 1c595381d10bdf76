"""Very large tables: what takes categories as columns of their own learns from a sample, trees from all."""

from __future__ import annotations

import pytest
from tests.models.conftest import Places

from modelwright.models import fit as fitting
from modelwright.models.fit import Bench, Job, fit


def test_networks_and_linear_models_see_a_sample(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "MOST_DENSE", 50)
    place, bench = places(200, 2), Bench()
    fits = {name: fit(bench, place, Job(name, {}, 0, 0)) for name in ("logistic", "decision_tree")}
    assert {name: made.result.rows for name, made in fits.items()} == {"logistic": 50, "decision_tree": 100}
    again = fit(Bench(), place, Job("logistic", {}, 0, 0))
    assert again.graph == fit(bench, place, Job("logistic", {}, 0, 0)).graph
