"""Where each piece of evidence stands in the report, and what its picture needs beside the data.

A code that is not named here is shown generically in the part of its stage, so that nothing is lost. A name
fits a code when it is equal to it or is its beginning (``dependence`` fits ``dependence:age``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = Literal[
    "data", "columns", "relations", "models", "test", "slices", "explain", "robust", "safety", "release"
]


@dataclass(frozen=True, slots=True)
class Look:
    """``diagonal``: a reference from corner to corner, with its name. ``unit``: both axes run from 0 to 1.
    ``signed``: a matrix whose cells may be negative. ``shares``: cells of a matrix shaded as shares of a row.
    ``folded``: one of many alike (a figure for each column), shown when asked for.
    """

    place: Place
    diagonal: str = ""
    unit: bool = False
    signed: bool = False
    shares: bool = False
    folded: bool = False


_BY_CODE: dict[str, Look] = {
    "confusion": Look("test", shares=True),
    "roc": Look("test", diagonal="chance", unit=True),
    "pr": Look("test", unit=True),
    "precision-recall": Look("test", unit=True),
    "reliability": Look("test", diagonal="perfect", unit=True),
    "calibration": Look("test", diagonal="perfect", unit=True),
    "predicted-actual": Look("test", diagonal="perfect"),
    "residuals": Look("test"),
    "coverage": Look("test"),
    "threshold": Look("models"),
    "per-class": Look("test"),
    "baselines": Look("test"),
    "slices": Look("slices"),
    "slice": Look("slices"),
    "importance": Look("explain"),
    "permutation": Look("explain"),
    "dependence": Look("explain"),
    "contributions": Look("explain"),
    "explained": Look("explain"),
    "explanations": Look("explain"),
    "hard-rows": Look("explain"),
    "robustness": Look("robust"),
    "noise": Look("robust"),
    "augmented": Look("models"),
    "training-events": Look("models"),
    "more-data": Look("models"),
    "learning-curve": Look("models"),
    "loss-curve": Look("models"),
    "epochs": Look("models"),
    "search": Look("models"),
    "trials": Look("models"),
    "settings": Look("models"),
    "ensemble": Look("models"),
    "tradeoff": Look("models"),
    "recipe": Look("models"),
    "relations": Look("relations"),
    "relation": Look("relations", folded=True),
    "contact-sheet": Look("columns"),
    "profile.column": Look("columns", folded=True),
    "profile.outliers": Look("columns", folded=True),
    "profile.overview": Look("columns", folded=True),
    "correlation": Look("relations", signed=True),
    "fairness": Look("safety"),
    "checklist": Look("data"),
    "preparation": Look("data"),
    "preparation-columns": Look("data"),
    "winsorised": Look("data"),
    "imputation": Look("data"),
    "imputation-hidden": Look("data", folded=True),
    "before-after": Look("data"),
    "quarantine": Look("data"),
    "annotators": Look("data"),
    "label-rules": Look("data"),
    "label-errors": Look("data"),
    "label-flows": Look("data", shares=True),
}

_BY_STAGE: dict[str, Place] = {
    "define": "data", "collect": "data", "clean": "data", "label": "data", "profile": "columns",
    "split": "data", "analyse": "relations", "choose": "models", "train": "models", "compress": "models",
    "doubt": "data", "test": "test", "safeguard": "safety", "release": "release", "live": "release",
}  # fmt: skip

_BY_ABOUT: dict[str, Place] = {
    "model": "test", "baseline": "test", "slice": "slices",
    "class": "slices", "criterion": "slices", "noise": "robust", "missing": "robust",
    "unseen": "robust", "outlier": "robust", "outliers": "robust", "shift": "robust", "units": "robust",
    "robustness": "robust", "fairness": "safety",
}  # fmt: skip


def look(stage: str, code: str) -> Look:
    """How and where to show the figure or table of that code."""
    known = _known(stage, code)
    return _BY_CODE[known] if known else Look(_BY_STAGE.get(stage, "release"))


def rank(stage: str, code: str) -> int:
    """Position of a code among its neighbours: known ones in the order above, others behind."""
    known = _known(stage, code)
    return list(_BY_CODE).index(known) if known else len(_BY_CODE)


def _known(stage: str, code: str) -> str:
    """The longest known beginning of a code, its stage before it or not; empty where there is none."""
    plain = code.lower().replace("_", "-").replace(" ", "-")
    for name in (plain, plain.removeprefix(f"{stage}.")):
        while name:
            if name in _BY_CODE:
                return name
            cut = max(name.rfind(mark) for mark in "-:./")
            name = name[:cut] if cut > 0 else ""
    return ""


def metric_place(stage: str, about: str) -> Place:
    """Where a metric about that (``model``, ``baseline:majority``, ``slice:sex=Female``, ...) stands."""
    if stage == "test":
        return _BY_ABOUT.get(about.partition(":")[0], "robust")
    return _BY_STAGE.get(stage, "release")
