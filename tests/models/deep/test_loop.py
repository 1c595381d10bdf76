"""The loop through its one door, ``train``: what it learns, keeps, stops for, and does not depend on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [deep] is not installed")

from modelwright.models.deep import loop  # noqa: E402
from modelwright.models.deep.average import copied  # noqa: E402
from modelwright.models.deep.batches import answers, probabilities  # noqa: E402
from modelwright.models.deep.examples import Examples  # noqa: E402
from modelwright.models.deep.loop import train  # noqa: E402
from modelwright.models.deep.outcome import Outcome  # noqa: E402
from modelwright.models.deep.settings import Settings  # noqa: E402
from modelwright.models.family import Deadline, OutOfTime, Task  # noqa: E402
from modelwright.models.score import score  # noqa: E402

pytestmark = pytest.mark.slow  # importing torch alone takes two seconds

CLASSES = Task("multiclass", 3, "accuracy")
VALUES = Task("regression", 0, "rmse")


class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
    takes = ("x",)

    def __init__(self, outputs: int = 3, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(6, 32),
            torch.nn.ReLU(),
            torch.nn.Dropout(dropout),
            torch.nn.Linear(32, outputs),
        )

    def forward(self, x: Any) -> Any:
        return self.layers(x)


def examples(rows: int, seed: int, weights: bool = False) -> Examples:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0)
    return Examples({"x": x}, y, rng.uniform(0.5, 2.0, rows) if weights else None)


def values(rows: int, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6)).astype(np.float32)
    return Examples({"x": x}, 5000.0 + 300.0 * x[:, 0].astype(np.float64))


def learn(
    settings: Settings,
    task: Task = CLASSES,
    rows: Examples | None = None,
    valid: Examples | None = None,
    make: Callable[[], Any] | None = None,
    **more: Any,
) -> Outcome:
    given: dict[str, Any] = {"seed": 1, "threads": 1, "deadline": Deadline(), **more}
    return train(make or Net, rows or examples(640, 1), valid, settings, task=task, **given)


QUICK = Settings(epochs=12, batch=32, rate=0.01)


def same(a: Outcome, b: Outcome) -> bool:
    first, second = copied(a.module), copied(b.module)
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_it_learns_and_keeps_the_best_weights() -> None:
    held = examples(300, 2)
    outcome = learn(QUICK, valid=held)
    found = score("accuracy", "multiclass", held.y, probabilities(answers(outcome.module, held.inputs)))
    assert found > 0.9
    assert found == outcome.facts["best_score"]
    assert outcome.rounds == outcome.facts["best_epoch"]
    assert [epoch for epoch, _, _ in outcome.curve] == list(range(1, 13))
    assert not outcome.module.training
    assert "seed 1" in outcome.facts["initialisation"]


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "focal"},
        {"loss": "hinge"},
        {"smoothing": 0.1},
        {"optimiser": "sgd", "rate": 0.1},
        {"optimiser": "adam"},
        {"optimiser": "rmsprop", "rate": 0.003},
        {"schedule": "cosine"},
        {"schedule": "constant"},
        {"ema": 0.95},
        {"mixup": 0.2},
        {"clip": None},
        {"rate": None},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_each_way_learns(changes: dict[str, Any]) -> None:
    outcome = learn(QUICK.but(**changes), valid=examples(300, 2))
    assert outcome.facts["best_score"] > 0.8


def test_values_are_answered_in_their_own_units() -> None:
    held = values(200, 2)
    for loss in ("squared", "huber"):
        outcome = learn(QUICK.but(loss=loss), VALUES, values(640, 1), held, lambda: Net(1))
        error = answers(outcome.module, held.inputs)[:, 0] - held.y
        assert float(np.sqrt(np.mean(error**2))) < 60.0


def test_the_same_bytes_again_and_others_with_another_seed() -> None:
    settings = QUICK.but(epochs=3, mixup=0.2, ema=0.9)
    first = learn(settings, make=lambda: Net(dropout=0.2))
    # Chance elsewhere in the process is neither used nor changed.
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert same(first, learn(settings, make=lambda: Net(dropout=0.2)))
    assert torch.equal(before, torch.get_rng_state())
    assert not same(first, learn(settings, make=lambda: Net(dropout=0.2), seed=2))


def test_a_batch_in_parts_moves_the_weights_as_the_whole() -> None:
    rows = examples(320, 1, weights=True)
    settings = QUICK.but(epochs=3, accumulate=1)
    whole = copied(learn(settings, rows=rows).module)
    parts = copied(learn(settings.but(accumulate=5), rows=rows).module)
    assert all(torch.allclose(whole[k], parts[k], atol=1e-5) for k in whole)


def test_a_row_of_weight_two_is_that_row_twice() -> None:
    rows = examples(64, 1)
    twice = np.concatenate([np.arange(64), np.arange(16)])
    weights = np.ones(64)
    weights[:16] = 2.0
    settings = Settings(epochs=20, rate=0.01, optimiser="sgd", momentum=0.0, clip=None)
    once = learn(settings.but(batch=64), rows=Examples(rows.inputs, rows.y, weights))
    again = learn(settings.but(batch=80), rows=rows.take(twice))
    first, second = copied(once.module), copied(again.module)
    assert all(torch.allclose(first[k], second[k], atol=1e-5) for k in first)


def test_early_stopping_is_on_the_metric_of_the_goal() -> None:
    rng = np.random.default_rng(0)
    noise = Examples({"x": rng.normal(size=(64, 6)).astype(np.float32)}, rng.integers(0, 3, 64))
    outcome = learn(QUICK.but(epochs=100, patience=3), valid=noise)
    assert outcome.stopped == "early stopping"
    assert len(outcome.curve) == outcome.rounds + 3


def test_rounds_are_exactly_so_many_epochs() -> None:
    outcome = learn(QUICK.but(rounds=4), valid=examples(64, 2))
    assert (outcome.rounds, len(outcome.curve), outcome.stopped) == (4, 4, "")


def test_a_watch_ends_it() -> None:
    told: list[int] = []

    def watch(epoch: int, train_loss: float, valid_loss: float) -> bool:
        told.append(epoch)
        return epoch == 2

    outcome = learn(QUICK, valid=examples(64, 2), watch=watch)
    assert (told, outcome.stopped) == ([1, 2], "watch")


@pytest.mark.parametrize("later", [0.0, 0.02])
def test_the_schedule_ends_before_the_deadline(ticks: Callable[..., Any], later: float) -> None:
    """Steps of ten milliseconds, of which the later ones may suddenly take three times as long."""
    clock = ticks(loop)

    class Steady(Net):
        def forward(self, x: Any) -> Any:
            clock.now += 0.01 + later * (clock.now > 102.0)
            return super().forward(x)

    settings, deadline = QUICK.but(epochs=100_000), Deadline.after(4.0)
    outcome = learn(settings, valid=examples(64, 2), make=Steady, deadline=deadline)
    assert 103.0 < clock.now < 104.0
    assert outcome.facts["steps"] > 100
    if later:
        assert outcome.stopped == "deadline"
    else:  # whole epochs, all of which were gone through
        assert outcome.facts["steps"] == outcome.facts["planned_steps"]


def test_a_deadline_that_leaves_nothing(ticks: Callable[..., Any]) -> None:
    clock = ticks(loop)

    class Slow(Net):
        def forward(self, x: Any) -> Any:
            clock.now += 0.05
            return super().forward(x)

    with pytest.raises(OutOfTime):
        learn(QUICK, make=Slow, deadline=Deadline.after(0.5))


def test_not_a_number_goes_back_and_lowers_the_rate() -> None:
    class Breaks(Net):
        calls = 0

        def forward(self, x: Any) -> Any:
            scores = super().forward(x)
            if self.training:
                type(self).calls += 1
                if type(self).calls == 70:
                    scores = scores * float("nan")
            return scores

    outcome = learn(QUICK.but(accumulate=1), valid=examples(300, 2), make=Breaks)
    (event,) = outcome.events
    assert (event["name"], event["action"], event["step"]) == ("not a number", "back", 70)
    assert outcome.facts["lowered"] == 0.5
    assert outcome.facts["best_score"] > 0.8
    assert len(outcome.curve) == 12


def test_what_never_gives_a_number_fails_and_says_why() -> None:
    class Broken(Net):
        def forward(self, x: Any) -> Any:
            return super().forward(x) * float("inf")

    with pytest.raises(FloatingPointError, match="not a number at step 1"):
        learn(QUICK, make=Broken)


def test_a_rate_far_too_high_is_a_divergence_that_is_mended() -> None:
    settings = QUICK.but(
        optimiser="sgd", rate=3.0, momentum=0.9, clip=None, warm_up=0.02, epochs=40, loss="squared"
    )
    outcome = learn(settings, VALUES, values(640, 1), values(200, 2), lambda: Net(1))
    assert {"divergence", "not a number", "loss spike"} & {event["name"] for event in outcome.events}
    assert outcome.facts["lowered"] < 1.0


def test_dead_units_are_found() -> None:
    class Dead(Net):
        def __init__(self) -> None:
            super().__init__()
            with torch.no_grad():
                self.layers[0].bias[:16] = -100.0

    outcome = learn(QUICK.but(decay=0.0), make=Dead)
    (event,) = [e for e in outcome.events if e["name"] == "dead units"]
    assert event["sentence"] == "50% of the units of layers.0 learn nothing any more"


def test_memory_decides_in_how_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from modelwright.models.deep import loop

    monkeypatch.setattr(loop, "free_bytes", lambda device: 20_000)
    outcome = learn(QUICK.but(epochs=2))
    assert outcome.facts["parts"] > 1
    monkeypatch.undo()
    assert learn(QUICK.but(epochs=2)).facts["parts"] == 1


def test_settings_of_a_configuration() -> None:
    settings = Settings.of({"rate": 0.5, "width": 7}, epochs=3)
    assert (settings.rate, settings.epochs) == (0.5, 3)
    assert Settings.from_json(settings.to_json()) == settings
    with pytest.raises(ValueError, match="optimiser"):
        Settings.of({"optimiser": "best"})
    with pytest.raises(ValueError, match="epochs"):
        Settings(epochs=0)
    with pytest.raises(ValueError, match="not for values"):
        learn(QUICK.but(loss="hinge"), VALUES, values(64, 1))
