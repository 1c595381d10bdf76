"""What is said of the choice is what was chosen."""

from __future__ import annotations

from modelwright.core.records.models import Candidate
from modelwright.models.choose import frameworks


def test_a_library_is_named_only_where_its_family_was_taken() -> None:
    taken, declined = Candidate("lightgbm", True, ""), Candidate("catboost", False, "not installed")
    assert frameworks((taken, declined)) == "scikit-learn, SciPy, NumPy and LightGBM"
    assert frameworks((declined,)) == "scikit-learn, SciPy and NumPy"
