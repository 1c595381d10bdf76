"""All that a training is at a step, as tensors and plain values: to go back to, and to go on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from modelwright.models.deep.average import moving

if TYPE_CHECKING:
    from modelwright.models.deep.loop import Training


@dataclass(slots=True)
class State:
    """``tensors``: weights, the optimiser's and the average's; ``step``: the position in the schedule, in the
    data and in chance, which are functions of it; ``seen`` the losses of the epoch so far, ``curve`` those of
    whole epochs."""

    step: int
    tensors: dict[str, Tensor]
    seen: list[float]
    curve: list[tuple[int, float, float]]


def captured(training: Training) -> State:
    """A copy of the training as it is."""
    tensors = {name: value.clone() for name, value in _live(training).items()}
    return State(training.step, tensors, list(training.seen), list(training.curve))


@torch.no_grad()
def restored(training: Training, state: State) -> None:
    """Make the training what it was."""
    optimiser = training.optimiser
    # Moments that did not exist yet at the state do not exist afterwards.
    optimiser.state.clear()
    weights = [(w, group) for group in optimiser.param_groups for w in group["params"]]
    for name, value in state.tensors.items():
        kind, _, rest = name.partition("/")
        if kind == "optimiser":
            place, _, key = rest.partition("/")
            weight, group = weights[int(place)]
            # As torch keeps it: the count of steps is on the CPU unless the kernel itself counts.
            counts = group.get("fused") or group.get("capturable")
            where = weight.device if key != "step" or counts else "cpu"
            optimiser.state[weight][key] = value.to(where, copy=True)
    live = _live(training)
    for name, value in state.tensors.items():
        if not name.startswith("optimiser/"):
            live[name].copy_(value)
    training.step = state.step
    training.seen = list(state.seen)
    training.curve = list(state.curve)


def _live(training: Training) -> dict[str, Tensor]:
    """The training's own tensors by name."""
    found = {f"module/{name}": value for name, value in moving(training.module).items()}
    if training.average is not None:
        found |= {f"average/{name}": value for name, value in training.average.state.items()}
    number = 0
    for group in training.optimiser.param_groups:
        for weight in group["params"]:
            for key, value in training.optimiser.state.get(weight, {}).items():
                if isinstance(value, Tensor):
                    found[f"optimiser/{number}/{key}"] = value
            number += 1
    return found


def plain(value: Any) -> Any:
    """For JSON: None in place of NaN and infinities."""
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def number(value: float | None) -> float:
    """Back from :func:`plain`."""
    return float("nan") if value is None else float(value)
