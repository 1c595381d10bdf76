"""modelwright carries an AI model through its whole life: from a goal that can be measured to a live model.

>>> import modelwright as mw
>>> goal = mw.Goal(data={"source": "adult.csv", "target": "income"}, success=["roc_auc >= 0.9"], budget="60s")
>>> run = mw.run(goal)                                       # doctest: +SKIP
>>> run.verdict, run.report                                  # doctest: +SKIP
>>> mw.load(run.bundle).predict({"age": 39, "job": "clerk"})  # doctest: +SKIP

Everything else is imported when it is first asked for: ``import modelwright`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.core.errors import ModelwrightError
    from modelwright.estimators import Classifier, Regressor
    from modelwright.goal.goal import Goal
    from modelwright.lifecycle.door import load, run
    from modelwright.lifecycle.run import Run
    from modelwright.runtime import Model

__all__ = ["Classifier", "Goal", "Model", "ModelwrightError", "Regressor", "Run", "load", "run"]

_PLACES = {
    "Classifier": "modelwright.estimators",
    "Goal": "modelwright.goal.goal",
    "Model": "modelwright.runtime.model",
    "ModelwrightError": "modelwright.core.errors",
    "Regressor": "modelwright.estimators",
    "Run": "modelwright.lifecycle.run",
    "load": "modelwright.lifecycle.door",
    "run": "modelwright.lifecycle.door",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        from importlib import import_module

        found = getattr(import_module(_PLACES[name]), name)
        globals()[name] = found
        return found
    if name == "__version__":
        from importlib.metadata import version

        return version("modelwright")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
