"""Versions of what a result depends on; they are part of every stage's key."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "modelwright",
    "polars",
    "numpy",
    "scipy",
    "scikit-learn",
    "lightgbm",
    "xgboost-cpu",
    "xgboost",
    "catboost",
    "optuna",
    "onnx",
    "onnxruntime",
)


def versions() -> dict[str, str]:
    """Name to version of the libraries that shape results, where installed, and of Python."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
