"""What is CatBoost's own: it refuses rows where nothing varies, and we say so plainly."""

from __future__ import annotations

import numpy as np
import pytest

from modelwright.core.errors import BadData
from modelwright.models.family import Deadline, Rows
from modelwright.testing.families import task_of

pytest.importorskip("catboost", reason="the extra catboost is not installed")


def test_constant_columns_are_refused_in_words() -> None:
    from modelwright.models.families.catboost import FAMILY

    rows = Rows(np.ones((60, 3), dtype=np.float32), np.arange(60) % 2)
    with pytest.raises(BadData, match="All features are either constant") as caught:
        FAMILY.fit(task_of("binary"), rows, None, {}, seed=0, threads=1, deadline=Deadline())
    assert caught.value.code == "rows.refused"
