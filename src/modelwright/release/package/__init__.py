"""What a bundle is shipped in: an image, a cluster's manifests, a page, and what watches it once it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.release.package.job import Wishes
    from modelwright.release.package.pack import TARGETS, make

__all__ = ["TARGETS", "Wishes", "make"]
_WHERE = {"TARGETS": "pack", "Wishes": "job", "make": "pack"}


def __getattr__(name: str) -> Any:
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
