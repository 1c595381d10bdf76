"""Very large tables: what takes categories as columns of their own learns from a sample, trees from all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.models.conftest import Places
from tests.models.test_refit import raced

from modelwright.models import fit as fitting
from modelwright.models import refit as refitting
from modelwright.models.fit import Bench, Job, fit


def test_networks_and_linear_models_see_a_sample(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "MOST_DENSE", 50)
    place, bench = places(200, 2), Bench()
    fits = {name: fit(bench, place, Job(name, {}, 0, 0)) for name in ("logistic", "decision_tree")}
    assert {name: made.result.rows for name, made in fits.items()} == {"logistic": 50, "decision_tree": 100}
    again = fit(Bench(), place, Job("logistic", {}, 0, 0))
    assert again.graph == fit(bench, place, Job("logistic", {}, 0, 0)).graph


def test_a_refit_on_a_sample_says_so_and_has_no_more_rounds(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (fitting, refitting):
        monkeypatch.setattr(module, "MOST_DENSE", 50)
    place = places(200, 2)
    trials, pool, journal = raced(place, tmp_path, "mlp")
    found = sorted(r.rounds for r in trials[0].results)
    assert found[0] <= refitting.settled(trials[0], 200)["rounds"] <= found[-1]
    made = refitting.refit(trials[:1], 200, place, journal, pool, 0, None)
    assert {m.how for m in made.values()} == {"fitted on 50 of 200 rows"}
