"""What the families of networks share: from rows to examples, one training, and a model that ends in answers.

A family of networks is its encoder, its settings and its starting points; everything else is here. It learns
from the media column of its own kind and from all that stands beside it in the table: other media, and the
matrix of numbers, categories and dates (:mod:`modelwright.models.deep.nets.parts`).

This module is imported with the registry of families, so torch is imported only inside of ``fit``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from modelwright.core.errors import BadData
from modelwright.features.typed import Typed
from modelwright.graph import layers
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.inputs import GraphInputs
from modelwright.models.deep.intake import Arrays, Direct, Given, Intake
from modelwright.models.families import common
from modelwright.models.families.common import Curve, Values
from modelwright.models.family import (
    DataFacts,
    Deadline,
    Declines,
    Machine,
    OutOfTime,
    Rows,
    Space,
    Suits,
    Tags,
    Task,
    Watch,
    never_stop,
)

if TYPE_CHECKING:
    from torch import nn

    from modelwright.models.deep.augment import Augment
    from modelwright.models.deep.examples import Examples
    from modelwright.models.deep.settings import Settings

INSTALL = "pip install 'modelwright[deep]'"
EXTRA = "deep"
SHOWN = 4
"""Training rows that are kept with a fit, for tracing the network and comparing its export."""


def deep_tags(media: tuple[Any, ...], **changes: Any) -> Tags:
    """The tags of a family of networks that learns from these kinds of columns."""
    base = Tags(
        recipe="dense",
        typed=True,
        media=media,
        keeps=True,
        stoppable=True,
        gradient=True,
        rounds=True,
        tolerance=1e-4,
        extra=EXTRA,
    )
    return replace(base, **changes)


@dataclass(slots=True)
class FittedNet:
    """A trained network with what surrounds it. ``module`` gives logits [n, classes], or [n, 1] values;
    classes without a training row (``seen`` is False) are never likely."""

    task: Task
    module: nn.Module
    intake: Intake
    seen: npt.NDArray[np.bool_]
    shown: Arrays
    rounds: int
    curve: Curve
    stopped: str
    facts: dict[str, Any]
    """How it was trained, for the report: the facts of the loop's outcome, with ``events`` (what was seen on
    the way) and ``augmentation`` (sentences)."""

    def predict_typed(self, x: npt.NDArray[np.float32], typed: Typed) -> Values:
        """float64 [n, classes] probabilities, or [n, 1] values."""
        from modelwright.models.deep.batches import answers

        if not typed.rows:
            return np.empty((0, max(1, self.task.classes)))
        raw = answers(self.module, self.intake.arrays(x, typed))
        if self.task.problem == "regression":
            return raw
        return layers.softmax_values(raw + self._absent())

    def to_graph_typed(self, graph: GraphBuilder, x: str | None, inputs: GraphInputs) -> str:
        """float32 [N, classes] probabilities, or [N, 1] values."""
        from modelwright.models.deep.export import export

        raw = export(graph, self.module, self.intake.to_graph(graph, x, inputs), self.shown)
        if self.task.problem == "regression":
            return raw
        if not self.seen.all():
            raw = graph.node("Add", [raw, graph.constant(self._absent(), "float32", "absent")])
        return layers.softmax(graph, raw)

    def _absent(self) -> Values:
        return np.where(self.seen, 0.0, layers.ABSENT)


class DeepFamily:
    """The base of the families of networks.

    A subclass has ``name``, ``title``, ``version``, ``tags`` (:func:`deep_tags`), and says in ``encoder`` how
    its own kind of column becomes features, in ``settings`` how that is trained, in ``space`` what can be
    tuned.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int] = 1
    tags: Tags
    kind: ClassVar[str]
    """The kind of column that is this family's own matter."""
    fewest: ClassVar[int] = 20
    """Training rows below which it declines."""

    # --- what a subclass says -----------------------------------------------------------------------------

    def why(self, task: Task, facts: DataFacts) -> str:
        """Why it suits, in a few words."""
        raise NotImplementedError

    def cost(self, task: Task, facts: DataFacts, machine: Machine) -> float:
        """Rough seconds of one fit."""
        return 10.0 + 0.01 * facts.rows

    def space(self, task: Task, facts: DataFacts) -> Space:
        raise NotImplementedError

    def encoder(self, given: Given, rows: int, config: Mapping[str, Any]) -> nn.Module:
        """From the family's own kind of input to features, with ``width: int``."""
        raise NotImplementedError

    def settings(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> Settings:
        """How it is trained."""
        raise NotImplementedError

    def augment(
        self, given: tuple[Given, ...], examples: Examples, config: Mapping[str, Any]
    ) -> Augment | None:
        """What changes the training rows of each batch; None for nothing. An augmentation with a method
        ``fitted(examples)`` is given the training rows first, to settle which changes leave a row what it
        is."""
        from modelwright.models.deep.augment import AUGMENTS, Chain

        found = []
        for kind in dict.fromkeys(one.kind for one in given if one.kind in AUGMENTS.names()):
            one = AUGMENTS.get(kind)
            found.append(one.fitted(examples) if hasattr(one, "fitted") else one)
        return Chain(tuple(found)) if found else None

    def intake(self, task: Task, train: Rows, config: Mapping[str, Any]) -> Intake:
        """The inputs, fitted on training rows where there is something to fit."""
        assert train.typed is not None
        return Direct.of(train.x.shape[1], train.typed)

    def network(
        self, task: Task, given: tuple[Given, ...], rows: int, config: Mapping[str, Any]
    ) -> nn.Module:
        """The whole network, initialised by torch's generator as it stands."""
        from modelwright.models.deep.nets.parts import joined

        return joined(given, self.encoder, self.kind, rows, max(1, task.classes), config)

    # --- the interface of families ------------------------------------------------------------------------

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        if EXTRA not in machine.installed:
            return Declines("PyTorch is not installed", INSTALL)
        if task.interpretable:
            return common.OPAQUE
        if facts.rows < self.fewest:
            return Declines(f"{facts.rows} rows are too few to train a network (at least {self.fewest})")
        return Suits(self.why(task, facts), self.cost(task, facts, machine))

    def fit(
        self,
        task: Task,
        train: Rows,
        valid: Rows | None,
        config: dict[str, Any],
        *,
        seed: int,
        threads: int,
        deadline: Deadline,
        watch: Watch = never_stop,
        notes: Path | None = None,
    ) -> FittedNet:
        """Train on ``train``; ``valid`` serves early stopping alone. ``config["rounds"]`` makes exactly that
        many epochs; ``notes`` is the folder of this fit, from which a killed fit goes on."""
        check(task, train)
        if deadline.passed():
            raise OutOfTime("the deadline had passed before the first epoch")
        from modelwright.models.deep.examples import Examples
        from modelwright.models.deep.loop import train as learn

        rows = len(train.y)
        c = {**self.space(task, common.facts_of(train)).starts[0], **config}
        weights = common.unit_weights(train)
        intake = self.intake(task, train, c)
        given = intake.given

        def examples(some: Rows) -> Examples:
            assert some.typed is not None
            w = None if some.weights is None else common.unit_weights(some)
            return Examples(intake.arrays(some.x, some.typed), some.y, w)

        learned = examples(train)
        settings = self.settings(task, given, rows, c)
        augment = self.augment(given, learned, c) if settings.augment > 0 else None
        # The loop scales a numeric target, and its module answers in the target's own units.
        outcome = learn(
            lambda: self.network(task, given, rows, c),
            learned,
            None if valid is None else examples(valid),
            settings,
            task=task,
            seed=seed,
            threads=threads,
            deadline=deadline,
            watch=watch,
            notes=notes,
            augment=augment,
        )
        facts = {
            **outcome.facts,
            "events": [dict(event) for event in outcome.events],
            "augmentation": list(getattr(augment, "why", ())),
        }
        seen = np.ones(max(1, task.classes), dtype=np.bool_)
        if task.problem != "regression":
            seen = np.bincount(train.y, weights=weights, minlength=task.classes) > 0
        shown = {name: np.ascontiguousarray(array[:SHOWN]) for name, array in learned.inputs.items()}
        return FittedNet(
            task,
            outcome.module,
            intake,
            seen,
            shown,
            outcome.rounds,
            common.thinned(list(outcome.curve)),
            outcome.stopped,
            facts,
        )


def check(task: Task, rows: Rows) -> None:
    """Refuse rows that nothing can be learned from, with :class:`BadData`."""
    if rows.typed is None or (rows.x.shape[1] == 0 and not rows.typed.signature.names):
        raise BadData(
            "there is no column of media, and nothing beside it",
            code="rows.empty",
            hint="keep at least one input column",
        )
    plain = rows if rows.x.shape[1] else replace(rows, x=np.zeros((len(rows.x), 1), dtype=np.float32))
    common.check(task, plain, dense=True)
    if rows.typed.rows != len(rows.y):
        raise BadData(
            f"{rows.typed.rows} rows of columns and {len(rows.y)} targets do not fit together",
            code="rows.lengths",
        )
    for tensor, array in zip(rows.typed.signature.tensors, rows.typed.tensors, strict=True):
        # NaN in a series is a step that is not there, which the networks know of.
        if array.dtype.kind == "f" and np.isinf(array).any():
            raise BadData(
                f"the column {tensor.name!r} holds an infinity",
                code="rows.not-finite",
                hint="the column's operation must leave it out",
            )
