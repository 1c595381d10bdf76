"""A look at the environment: does it fit, what is missing, how to mend it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NEEDED = (
    "polars",
    "numpy",
    "scipy",
    "scikit-learn",
    "lightgbm",
    "optuna",
    "onnx",
    "onnxruntime",
    "pydantic",
    "typer",
    "rich",
    "SQLAlchemy",
    "Jinja2",
    "psutil",
)
MODULES = {"scikit-learn": "sklearn", "SQLAlchemy": "sqlalchemy", "Jinja2": "jinja2"}
OPTIONAL = {
    "xgboost": (("xgboost-cpu", "xgboost"), "pip install xgboost-cpu"),
    "catboost": (("catboost",), "pip install 'modelwright[catboost]'"),
    "ray": (("ray",), "pip install 'modelwright[ray]'"),
    "psycopg": (("psycopg",), "pip install 'modelwright[postgres]'"),
    "torch": (
        ("torch",),
        "not needed for tables; without GPU libraries: pip install --extra-index-url of PyTorch's CPU builds",
    ),
}


def examine() -> list[dict[str, str]]:
    """One entry a thing looked at: ``status`` (ok, missing, broken, warning), what, found, hint."""
    return [_python(), *_needed(), *_optional(), _cores(), _memory(), _disk(), _graph()]


def _entry(status: str, what: str, text: str, hint: str = "") -> dict[str, str]:
    return {"status": status, "what": what, "found": text, "hint": hint}


def _python() -> dict[str, str]:
    good = sys.version_info >= (3, 11)
    return _entry(
        "ok" if good else "broken",
        "python",
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "" if good else "use Python 3.11 or newer",
    )


def _needed() -> list[dict[str, str]]:
    result = []
    for name in NEEDED:
        try:
            number = version(name)
            import_module(MODULES.get(name, name.lower()))
        except PackageNotFoundError:
            result.append(_entry("broken", name, "not installed", f"pip install {name}"))
        except Exception as error:  # whatever a broken library raises is what the person must see
            hint = f"pip install --force-reinstall {name}"
            if "libgomp" in str(error):
                hint = "install OpenMP: apt-get install libgomp1 (Debian), brew install libomp (macOS)"
            result.append(_entry("broken", name, f"{type(error).__name__}: {error}", hint))
        else:
            result.append(_entry("ok", name, number))
    return result


def _optional() -> list[dict[str, str]]:
    result = []
    for what, (names, hint) in OPTIONAL.items():
        numbers = []
        for name in names:
            try:
                numbers.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                continue
        status = "ok" if numbers else "missing"
        result.append(
            _entry(status, what, ", ".join(numbers) or "optional, not installed", "" if numbers else hint)
        )
    return result


def _cores() -> dict[str, str]:
    from modelwright.lifecycle.machine import available_cores

    return _entry("ok", "cores", str(available_cores()))


def _memory() -> dict[str, str]:
    import psutil

    free = psutil.virtual_memory().available
    good = free > 1e9
    return _entry(
        "ok" if good else "warning",
        "free memory",
        f"{free / 1e9:.1f} GB",
        "" if good else "close other programs, or set `budget: {memory: ...}` in the goal",
    )


def _disk() -> dict[str, str]:
    free = shutil.disk_usage(Path.cwd()).free
    writable = os.access(Path.cwd(), os.W_OK)
    if not writable:
        return _entry("warning", "this folder", "cannot be written to", "choose another with --runs DIR")
    good = free > 1e9
    hint = "" if good else "free some space: `modelwright gc` removes what no run needs"
    return _entry("ok" if good else "warning", "free disk here", f"{free / 1e9:.1f} GB", hint)


def _graph() -> dict[str, str]:
    """A small graph is built and run: the one thing that every release stands on."""
    import numpy as np

    from modelwright.graph.builder import GraphBuilder
    from modelwright.graph.session import session

    try:
        graph = GraphBuilder("doctor")
        doubled = graph.node("Add", [graph.input("numbers", "float64", 1)] * 2)
        graph.output(doubled, "scores", "float64", 1)
        made = session(graph.build().SerializeToString()).run(None, {"numbers": np.array([[21.0]])})[0]
        good = float(made[0, 0]) == 42.0
    except Exception as error:  # the runtime's own errors have no common base
        return _entry(
            "broken", "graphs", f"{type(error).__name__}: {error}", "pip install -U onnx onnxruntime"
        )
    return _entry("ok" if good else "broken", "graphs", "built and run" if good else "a wrong answer")
