"""How a network is trained, as one frozen record: written to a run, read from a configuration."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

Optimiser = Literal["sgd", "adam", "adamw", "rmsprop"]
Schedule = Literal["constant", "cosine", "one-cycle"]
Loss = Literal["auto", "cross entropy", "focal", "hinge", "squared", "huber"]
Precision = Literal["auto", "float32", "bfloat16"]
Action = Literal["note", "lower", "back", "stop"]
"""What a watcher does besides naming what it saw: nothing, halve the rate, go back to the last good state
(and halve the rate), or end the training with the best weights so far."""

CLASS_LOSSES = ("cross entropy", "focal", "hinge")
VALUE_LOSSES = ("squared", "huber")


@dataclass(frozen=True, slots=True)
class Settings:
    epochs: int = 30
    """At most so many passes over the rows; a deadline can make it fewer, planned at the start."""
    rounds: int | None = None
    """Exactly so many epochs, without early stopping (a refit on all rows)."""
    batch: int | None = None
    """Rows of one update over all processes; chosen from the number of rows where None."""
    accumulate: int | None = None
    """Parts a batch is gone through in; as few as memory allows where None."""
    optimiser: Optimiser = "adamw"
    rate: float | None = 1e-3
    """The highest learning rate; found by a short test of rising rates where None (Smith, 2017)."""
    momentum: float = 0.9
    """Of SGD and RMSProp; the first decay of Adam and AdamW."""
    decay: float = 0.01
    """Weight decay; never on biases, norms and other vectors."""
    schedule: Schedule = "one-cycle"
    warm_up: float = 0.1
    """Share of all steps in which the rate rises from near zero (one-cycle: to its peak)."""
    floor: float = 0.01
    """The last rate as a share of the highest (cosine, one-cycle)."""
    loss: Loss = "auto"
    """auto: cross entropy for classes, squared for values."""
    smoothing: float = 0.0
    """Label smoothing (Szegedy et al., 2016)."""
    gamma: float = 2.0
    """Of the focal loss (Lin et al., 2017)."""
    delta: float = 1.0
    """Where the Huber loss becomes linear, in deviations of the target."""
    clip: float | None = 1.0
    """Largest norm of the gradient of a step."""
    ema: float | None = None
    """Decay of the exponential average of the weights, which is then what is validated and kept."""
    mixup: float = 0.0
    """Alpha of the Beta distribution of mixup (Zhang et al., 2018); 0: none."""
    cutmix: float = 0.0
    """Alpha of the Beta distribution of cutmix (Yun et al., 2019), for images; 0: none."""
    augment: float = 1.0
    """Strength of the augmentation, 0 to 2; 0: none."""
    patience: int | None = None
    """Epochs without a better validation score before stopping; where None, half of the planned epochs under
    a falling schedule (which is at its best at its end), and five under a constant rate."""
    precision: Precision = "auto"
    """auto: bfloat16 on a GPU that has it, else float32."""
    checkpoint_seconds: float = 30.0
    """At most so often is the state written to disk; 0: at each step that may be."""
    on_nan: Action = "back"
    on_divergence: Action = "back"
    on_spike: Action = "note"
    on_plateau: Action = "note"
    on_overfitting: Action = "note"
    on_dead: Action = "note"

    def __post_init__(self) -> None:
        literals: dict[str, Any] = {
            "optimiser": Optimiser,
            "schedule": Schedule,
            "loss": Loss,
            "precision": Precision,
            **{f.name: Action for f in fields(self) if f.name.startswith("on_")},
        }
        for name, kind in literals.items():
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"{name} is {getattr(self, name)!r}; known: {', '.join(get_args(kind))}")
        positive = ("epochs", "rounds", "batch", "accumulate", "rate", "clip", "delta", "patience")
        for name in positive:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value!r}; it must be more than 0")
        for name in ("decay", "mixup", "cutmix", "augment", "gamma", "checkpoint_seconds"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must not be below 0")
        for name in ("momentum", "warm_up", "floor", "smoothing", "ema"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} is {value!r}; it must be between 0 and 1")

    @classmethod
    def of(cls, config: dict[str, Any], **defaults: Any) -> Settings:
        """The settings among the keys of a family's configuration, over that family's own defaults. Keys that
        are no setting are the family's business."""
        names = {f.name for f in fields(cls)}
        return cls(**{**defaults, **{key: value for key, value in config.items() if key in names}})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Settings:
        return cls(**data)

    def but(self, **changes: Any) -> Settings:
        return replace(self, **changes)
