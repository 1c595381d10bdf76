"""The whole product on one screen: the stages in order, and the lifecycle steps that each carries out.

A stage is a plain function; its parameter types say what it needs (sections of the goal, records of earlier
stages, the evidence book, its work place). The runner reads the signature and does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, cast

Caching = Literal["looks", "shared", "run"]
"""``looks``: reads the world, so a new run always looks again. ``shared``: taken from the store when its
key matches. ``run``: kept for a resumed run only, so a new run always trains and tests afresh."""


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    place: str
    steps: tuple[int, ...]
    caching: Caching
    version: int = 1

    @property
    def function(self) -> Callable[..., Any]:
        module, _, attribute = self.place.partition(":")
        return cast(Callable[..., Any], getattr(import_module(module), attribute))


PLAN: tuple[Stage, ...] = (
    Stage("define", "modelwright.goal.define:define", (1, 2, 3), "run"),
    Stage("collect", "modelwright.data.collect:collect", (4, 5), "looks", 2),
    Stage("clean", "modelwright.data.clean.stage:clean", (6, 7), "shared", 5),
    Stage("label", "modelwright.data.label:label", (8,), "shared", 3),
    Stage("profile", "modelwright.data.profile.stage:profile", (9,), "shared", 4),
    Stage("split", "modelwright.data.split.stage:split", (10,), "shared", 3),
    Stage("analyse", "modelwright.evidence.analyse.stage:analyse", (9,), "run"),
    Stage("choose", "modelwright.models.choose:choose", (11, 13), "run"),
    Stage("train", "modelwright.models.train:train", (12, *range(14, 25), 26), "run", 3),
    Stage("compress", "modelwright.release.compress:compress", (28,), "run", 2),
    Stage("doubt", "modelwright.evidence.label_errors.stage:doubt", (), "run", 3),
    Stage("test", "modelwright.evidence.testing.stage:test", (25,), "run"),
    Stage("safeguard", "modelwright.evidence.safeguard:safeguard", (27,), "run"),
    Stage("release", "modelwright.release.stage:release", (29,), "run"),
)

SEALED_MAY = frozenset({"test", "safeguard"})
"""The only stages that may be wired to the sealed rows (or to a record that holds them)."""

WHOLE_MAY = frozenset({"release"})
"""The only stage after the split that may be wired to the records of all rows: it tells where they came from
and how they were cleaned, when everything is settled."""

STEPS: tuple[str, ...] = (
    "define problem",
    "define objectives",
    "gather requirements",
    "collect data",
    "store data",
    "clean data",
    "normalise data",
    "label data",
    "analyse data",
    "split dataset",
    "select architecture",
    "engineer features",
    "select framework",
    "build model",
    "initialise parameters",
    "forward pass",
    "calculate loss",
    "backpropagation",
    "optimisation",
    "epoch training",
    "validation",
    "hyperparameter tuning",
    "regularisation",
    "overfitting prevention",
    "testing",
    "fine-tuning",
    "safety and alignment",
    "compression",
    "deployment",
    "monitoring and retraining",
)
"""The thirty steps; the first is step 1."""
