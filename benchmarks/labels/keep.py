"""Results beside the machine and the versions they were made with."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def keep(name: str, results: Any) -> None:
    """Write ``results/<name>.json``."""
    told = {
        "python": platform.python_version(),
        "versions": {p: version(p) for p in ("modelwright", "numpy", "scipy", "scikit-learn")},
        "results": results,
    }
    path = HERE / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(HERE.parents[1])}")
