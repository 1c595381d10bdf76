"""One metric of the catalogue: its card, and the door to compute it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from modelwright.goal.metrics.forms import Choice, Form
    from modelwright.goal.metrics.scored import Scored

Need = Literal["label", "probability", "value", "resource"]
UnitKind = Literal["share", "plain", "target", "target squared", "cost", "time", "bytes"]


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric's name and card.

    ``bounds`` are the least and greatest value it can take (None: unbounded). ``averages`` are the averages
    over classes that a goal may ask for; ``takes_class`` says whether ``for CLASS`` makes sense.
    """

    name: str
    title: str
    problems: tuple[str, ...]
    direction: Literal["higher", "lower"]
    needs: Need
    docs: str
    form: str | None = None
    """Where it is computed, ``module:function`` in this package, imported when used: the catalogue is read by
    the goal's grammar, which must not wait for scipy. None for resources, which are measured by running the
    model."""
    takes_class: bool = False
    averages: tuple[str, ...] = ()
    bounds: tuple[float | None, float | None] = (0.0, 1.0)
    unit: UnitKind = "share"

    @property
    def higher_is_better(self) -> bool:
        return self.direction == "higher"

    def of(self, scored: Scored, *, for_class: int | None = None, average: str | None = None) -> Form:
        """The metric of these rows, ready for its value, its influences and its interval.

        Binary problems mean the positive class where nothing is said; several classes average ``macro``.
        Raises ``ValueError`` where ``scored`` lacks what the metric needs, and for resources.
        """
        if self.form is None:
            raise ValueError(f"{self.name} is measured by running the model, not computed from rows")
        from modelwright.goal.metrics.forms import Choice

        module, _, function = self.form.partition(":")
        build: Callable[[Scored, Choice], Form] = getattr(
            import_module(f"modelwright.goal.metrics.{module}"), function
        )
        return build(scored, Choice(for_class, average))

    def compute(self, scored: Scored, *, for_class: int | None = None, average: str | None = None) -> float:
        """The value alone; NaN where the rows do not define it (no row of the class, say)."""
        return float(self.of(scored, for_class=for_class, average=average).value)
