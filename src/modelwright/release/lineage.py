"""Where a model comes from: data, goal, run, versions. No times, and no places of a machine."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from modelwright.core.records.data import Collected, Development
from modelwright.core.records.models import Compressed, Trained
from modelwright.core.records.verdict import Tested
from modelwright.store import atomic

LIBRARIES = ("modelwright", "numpy", "onnx", "onnxruntime", "polars", "scikit-learn", "scipy")
"""Those that shape what a bundle answers; with them the libraries of the members' own families."""
_OF_FAMILY = {"lightgbm": ("lightgbm",), "xgboost": ("xgboost-cpu", "xgboost"), "catboost": ("catboost",)}


BORN = "feedback.json"
"""In the folder of a run that learned from feedback: its parent version, and which predictions it holds."""


def versions(trained: Trained) -> dict[str, str]:
    """Name to version of Python and of the libraries, where installed."""
    families = sorted({member.family for member in trained.members})
    names = [*LIBRARIES, *(library for family in families for library in _OF_FAMILY.get(family, ()))]
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def plain_source(name: str) -> str:
    """The name of a source without the folders of this machine; addresses of databases stay."""
    return name if "://" in name else name.replace("\\", "/").rsplit("/", 1)[-1]


def lineage(
    run: Path, collected: Collected, development: Development, trained: Trained, compressed: Compressed,
    tested: Tested, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """``run`` is the run's folder, whose ``goal.yaml`` is the goal as it was given. A run that learned from
    feedback has a ``parent`` (version, digest, run) and ``feedback`` (rows by part, digest) besides."""
    goal = run / "goal.yaml"
    born = atomic.read_json(run / BORN) if (run / BORN).exists() else {}
    return {
        "run": run.name,
        "goal": hashlib.sha256(goal.read_bytes()).hexdigest() if goal.exists() else None,
        "data": collected.digest,
        "sources": [
            {
                "name": plain_source(source.name),
                "format": source.format,
                "rows": source.rows,
                "bytes": source.bytes,
                "sha256": source.digest,
            }
            for source in collected.sources
        ],
        "licence": collected.licence,
        "consent": collected.consent,
        "collected": collected.collected,
        "rows": {"collected": collected.rows, "development": development.rows, "test": tested.rows},
        "graph": hashlib.sha256(compressed.graph.get()).hexdigest(),
        "members": [
            {"name": m.name, "family": m.family, "weight": m.weight, "config": m.config}
            for m in trained.members
        ],
        "calibration": compressed.calibration,
        "trials": trained.trials,
        "seed": seed,
        **{name: born[name] for name in ("parent", "feedback") if name in born},
    }
