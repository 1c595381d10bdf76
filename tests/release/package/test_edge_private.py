"""Personal data in packages for phones: what the JavaScript does not know is refused."""

from __future__ import annotations

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
        {"personal": "hash", "privacy": PrivacySection(secret="MW_E")},
    ],
    ids=["coarser", "addresses", "with a secret"],
)
def test_other_treatments_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    monkeypatch.setenv("MW_E", "a secret of some length")
    made = make_run(tmp_path / "toy-run", table(), "y", section=CleanSection(**how))
    with pytest.raises(Unsupported, match="the JavaScript does not know"):
        make(made.bundle, ["edge"], tmp_path / "packages")
