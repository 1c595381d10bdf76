"""The parts of the loop by themselves: losses, schedules, optimisers, mixing, watchers, memory."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [deep] is not installed")

from modelwright.models.deep import losses  # noqa: E402
from modelwright.models.deep.batches import Batch, Batches, trimmed  # noqa: E402
from modelwright.models.deep.examples import Examples  # noqa: E402
from modelwright.models.deep.memory import bytes_for_rows, parts_for  # noqa: E402
from modelwright.models.deep.mix import mixed_batch, mixes  # noqa: E402
from modelwright.models.deep.optimisers import clip, optimiser_of  # noqa: E402
from modelwright.models.deep.rate_finder import find  # noqa: E402
from modelwright.models.deep.schedules import Plan, share  # noqa: E402
from modelwright.models.deep.settings import Settings  # noqa: E402
from modelwright.models.deep.watchers import Watchers  # noqa: E402

pytestmark = pytest.mark.slow  # importing torch alone takes two seconds

SCORES = torch.tensor([[2.0, 0.5, -1.0], [0.0, 0.0, 3.0]])
Y = torch.tensor([0, 1])


def test_losses() -> None:
    plain = losses.cross_entropy()(SCORES, Y)
    assert torch.allclose(plain, -torch.log_softmax(SCORES, 1)[[0, 1], Y])
    assert torch.allclose(losses.focal(0.0)(SCORES, Y), plain)
    p = torch.exp(-plain)
    assert torch.allclose(losses.focal(2.0)(SCORES, Y), (1 - p) ** 2 * plain)
    # 1 + 0.5 - 2 is below zero; 1 + 3 - 0.
    assert losses.hinge(SCORES, Y).tolist() == [0.0, 4.0]
    values, y = torch.tensor([[1.0], [5.0]]), torch.tensor([0.5, 1.0])
    assert losses.squared(values, y).tolist() == [0.25, 16.0]
    assert losses.huber(1.0)(values, y).tolist() == [0.125, 3.5]
    smooth = losses.cross_entropy(0.3)(SCORES, Y)
    assert torch.allclose(smooth, 0.7 * plain - 0.1 * torch.log_softmax(SCORES, 1).sum(1))


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
def test_schedules_rise_and_end_where_they_should(schedule: str) -> None:
    settings = Settings(schedule=schedule, warm_up=0.2, floor=0.05)  # type: ignore[arg-type]
    seen = [share(settings, step / 99) for step in range(100)]
    assert seen[0] == pytest.approx(0.04)
    assert max(seen) == pytest.approx(1.0, abs=0.01)
    assert seen[-1] == pytest.approx(1.0 if schedule == "constant" else 0.05)
    assert max(abs(a - b) for a, b in pairwise(seen)) < 0.1


def test_a_changed_plan_has_no_jump_and_still_ends() -> None:
    plan = Plan(100)
    before = plan.progress(40)
    plan.change(40, 60)
    assert plan.progress(40) == pytest.approx(before)
    assert plan.progress(59) == 1.0
    assert plan.progress(50) == pytest.approx(before + (1 - before) * 10 / 19)


def test_vectors_do_not_decay_and_parts_have_their_rates() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4), torch.nn.Linear(4, 2))
    net.rate_factors = {"0": 0.1, "0.bias": 0.2}  # type: ignore[assignment]
    net[1].weight.requires_grad_(False)
    optimiser = optimiser_of(net, Settings(decay=0.3), 1.0)
    found = {
        id(weight): (group["weight_decay"], group["lr"])
        for group in optimiser.param_groups
        for weight in group["params"]
    }
    assert found[id(net[0].weight)] == (0.3, 0.1)
    assert found[id(net[0].bias)] == (0.0, 0.2)
    assert found[id(net[2].weight)] == (0.3, 1.0)
    assert found[id(net[1].bias)] == (0.0, 1.0)
    assert id(net[1].weight) not in found


def test_clipping_is_that_of_torch() -> None:
    def made() -> torch.nn.Linear:
        torch.manual_seed(0)
        net = torch.nn.Linear(4, 3)
        (net(torch.randn(5, 4)) ** 2).sum().backward()
        return net

    ours, theirs = made(), made()
    norm = clip(list(ours.parameters()), 0.5)
    assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)))
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(a.grad, b.grad)


def test_each_epoch_goes_through_all_rows_and_processes_share_a_batch() -> None:
    rows = Examples({"x": np.arange(40, dtype=np.float32)[:, None]}, np.zeros(40, dtype=np.int64))
    one = Batches(rows, ("x",), 8, seed=1)
    seen = torch.cat([b.inputs["x"] for step in range(5) for b in one.of(step)])
    assert sorted(seen.flatten().tolist()) == list(range(40))
    parts = [Batches(rows, ("x",), 8, seed=1, rank=r, processes=2, parts=2) for r in (0, 1)]
    whole = torch.cat([b.inputs["x"] for b in one.of(7)])
    shared = torch.cat([b.inputs["x"] for part in parts for b in part.of(7)])
    assert torch.equal(whole, shared)
    assert not torch.equal(one.order(0), one.order(1))


def test_padding_at_the_end_is_left_out() -> None:
    ids = torch.tensor([[3, 0, 4, 0, 0], [5, 0, 0, 0, 0]])
    assert trimmed(ids).tolist() == [[3, 0, 4], [5, 0, 0]]
    assert trimmed(torch.zeros(2, 4, dtype=torch.int64)).shape == (2, 1)


def test_mixing() -> None:
    chance = torch.Generator().manual_seed(0)
    images = torch.zeros(8, 3, 10, 10, dtype=torch.uint8)
    images[4:] = 200
    batch = Batch({"image_0": images}, torch.arange(8), None)
    settings = Settings(mixup=0.4, cutmix=1.0)
    assert mixes(settings, ("image_0",)) == "mixup or cutmix"
    assert mixes(settings, ("image_0", "x")) == "mixup"
    assert mixes(settings, ("text_0",)) == ""
    up = mixed_batch(batch, "mixup", settings, chance)
    want = up.share * images.float() + (1 - up.share) * images[up.other].float()
    assert torch.allclose(up.inputs["image_0"], want, atol=1e-3)
    cut = mixed_batch(batch, "cutmix", settings, chance)
    own = (cut.inputs["image_0"] == images).float().mean(dim=(1, 2, 3))
    differs = (images != images[cut.other]).flatten(1).any(1)
    assert cut.inputs["image_0"].dtype == torch.uint8
    assert torch.allclose(own[differs], torch.tensor(cut.share), atol=1e-5)


def test_a_rate_is_found_below_where_the_loss_bursts() -> None:
    """On a parabola of curvature 10, gradient descent diverges above a rate of 0.2."""
    place = [1.0]

    def step(number: int, rate: float) -> float:
        loss = 0.1 + 5.0 * place[0] ** 2
        place[0] -= rate * 10.0 * place[0]
        return loss

    rate, seen = find(step)
    assert 0.003 < rate < 0.2
    assert len(seen) == 60
    assert find(lambda number, rate: math.nan)[0] == 1e-3


def test_bytes_of_a_row_are_measured() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(100, 50), torch.nn.Sigmoid(), torch.nn.Linear(50, 1))
    x = torch.randn(8, 100)
    # The input of the first layer and the output of the sigmoid are kept.
    assert bytes_for_rows(lambda rows: net(x[:rows].clone()).sum()) == pytest.approx(4 * 150, rel=0.4)
    assert parts_for(64, 600.0, net, 10**9) == 1
    fixed = 4 * 4 * (100 * 50 + 50 + 50 + 1)
    assert parts_for(64, 600.0, net, 2 * (fixed + 16 * 900)) == 4


def run(losses_: list[float], **settings: str) -> list[str]:
    watchers = Watchers(Settings(**settings))  # type: ignore[arg-type]
    found = [watchers.after_step(step, 1, loss) for step, loss in enumerate(losses_, 1)]
    return [event.name for event in found if event is not None]


def test_watchers_of_steps() -> None:
    rng = np.random.default_rng(0)
    calm = (np.linspace(2.0, 1.0, 200) + 0.1 * rng.normal(size=200)).tolist()
    assert run(calm) == []
    assert run([*calm, 9.0, *calm[:10]]) == ["loss spike"]
    assert run([*calm, float("nan")]) == ["not a number"]
    assert "divergence" in run([*calm[:50], *np.geomspace(1.5, 60.0, 150).tolist()])


def test_watchers_of_epochs() -> None:
    def seen(train: list[float], valid: list[float]) -> list[tuple[int, str]]:
        watchers = Watchers(Settings())
        found = []
        for epoch, (a, b) in enumerate(zip(train, valid, strict=True), 1):
            found += [(epoch, e.name) for e in watchers.after_epoch(epoch * 10, epoch, 20, a, b, {})]
        return found

    falling = [1.0 / epoch for epoch in range(1, 13)]
    assert seen(falling, falling) == []
    assert seen(falling, [0.5, 0.4, 0.3, 0.31, 0.34, 0.36, *[0.4] * 6]) == [(5, "overfitting")]
    assert seen([0.5] * 12, [0.6] * 12) == [(6, "plateau"), (11, "plateau")]
    watchers = Watchers(Settings())
    (event,) = watchers.after_epoch(10, 1, 20, 1.0, 1.0, {"body.0": 0.5})
    assert event.name == "dead units"
    assert watchers.after_epoch(20, 2, 20, 0.9, 0.9, {"body.0": 0.5}) == []
