"""Predicts from a bundle with numpy and onnxruntime, and can be used alone.

>>> from modelwright.runtime import load                     # doctest: +SKIP
>>> load("bundle").predict({"age": 39, "job": "clerk"})      # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.runtime.model import Model, load

__all__ = ["Model", "load"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from importlib import import_module

        return getattr(import_module("modelwright.runtime.model"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
