"""Personal data in packages for phones: what the JavaScript does not know is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.errors import Unsupported
from modelwright.goal.sections import CleanSection, PrivacySection
from modelwright.release.package import make
from modelwright.testing.bundles import make_run

ROWS = 120


def table() -> pl.DataFrame:
    random = np.random.default_rng(3)
    return pl.DataFrame(
        {
            "x": random.normal(size=ROWS),
            "note": [
                f"{'write' if k % 2 else 'no'} a{k % 9}@example.org from 203.0.113.{k % 5}"
                for k in range(ROWS)
            ],
            "y": ["yes" if k % 2 else "no" for k in range(ROWS)],
        }
    )


@pytest.mark.parametrize(
    "how",
    [
        {"personal": "generalise"},
        {"personal": "mask"},
    ],
    ids=["coarser", "addresses"],
)
def test_kinds_that_it_does_not_look_for_are_refused(tmp_path: Path, how: dict[str, Any]) -> None:
    made = make_run(tmp_path / "toy-run", table(), "y", section=CleanSection(**how))
    with pytest.raises(Unsupported, match="email, card, phone alone, and not for ip"):
        make(made.bundle, ["edge"], tmp_path / "packages")


def test_digests_with_a_secret_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MW_E", "a secret of some length")
    section = CleanSection(personal="hash", privacy=PrivacySection(secret="MW_E"))
    made = make_run(tmp_path / "toy-run", table(), "y", section=section)
    with pytest.raises(Unsupported, match="digests with a secret") as refused:
        make(made.bundle, ["edge"], tmp_path / "packages")
    assert "personal: generalise" in (refused.value.hint or "")


def test_coarser_addresses_travel(tmp_path: Path) -> None:
    frame = table().with_columns(
        note=pl.Series([f"{'write' if k % 2 else 'no'} a{k % 9}@Example{k % 3}.org" for k in range(ROWS)])
    )
    made = make_run(tmp_path / "toy-run", frame, "y", section=CleanSection(personal="generalise"))
    make(made.bundle, ["edge"], tmp_path / "packages")
    facts = json.loads(next((tmp_path / "packages").rglob("edge.json")).read_text(encoding="utf-8"))
    masks = [o["options"] for c in facts["columns"] for o in c["operations"] if o["name"] == "mask"]
    assert [options["how"] for options in masks] == ["generalise"]
    assert facts["folds"]
