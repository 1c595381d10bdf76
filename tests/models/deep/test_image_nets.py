"""Networks for images: any size of picture, small and quick enough, and exported as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.graph.builder import GraphBuilder
from modelwright.graph.session import session
from modelwright.models.deep.intake import Given

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from modelwright.models.deep.batches import answers  # noqa: E402
from modelwright.models.deep.export import export  # noqa: E402
from modelwright.models.deep.nets import resnet, small_cnn, vit  # noqa: E402
from modelwright.models.deep.nets.parts import joined  # noqa: E402

pytestmark = pytest.mark.slow  # torch is imported, and networks are exported

SHAPES = [(1, 28, 28), (3, 32, 32), (1, 8, 8), (3, 20, 45), (3, 128, 128)]
MOST_BYTES = 5_000_000
MOST_MULTIPLICATIONS = 100e6
"""For one small picture: some five milliseconds. They are counted, since no two machines are as fast."""
ENCODERS = {"small_cnn": small_cnn.encoder, "resnet": resnet.encoder, "vit": vit.encoder}


def multiplications(network: Any, row: dict[str, Any]) -> float:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(*[torch.from_numpy(row[name]) for name in network.takes])
    return float(counter.get_total_flops()) / 2


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", list(ENCODERS))
def test_pictures_of_any_size_and_the_bars_of_size_and_work(name: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    given = (Given("image_0", "image", shape, "uint8"), Given("x", "matrix", (3,), "float32"))
    network = joined(given, ENCODERS[name], "image", 1000, 10, {}).eval()
    assert network.takes == ("image_0", "x")
    rng = np.random.default_rng(0)
    rows = {
        "image_0": rng.integers(0, 255, (3, *shape)).astype(np.uint8),
        "x": rng.normal(size=(3, 3)).astype(np.float32),
    }
    assert answers(network, rows).shape == (3, 10)
    graph = GraphBuilder("net")
    inputs = {"image_0": graph.input("image_0", "uint8", *shape), "x": graph.input("x", "float32", 3)}
    graph.output(export(graph, network, inputs, rows), "out", "float32", 10)
    model = graph.build().SerializeToString()
    assert len(model) < MOST_BYTES
    runner = session(model)
    one = {key: value[:1] for key, value in rows.items()}
    assert runner.run(None, one)[0].shape == (1, 10)
    if max(shape) <= 32:
        assert multiplications(network, one) < MOST_MULTIPLICATIONS


def test_initialisation_is_stated() -> None:
    network = joined((Given("image_0", "image", (1, 28, 28), "uint8"),), small_cnn.encoder, "image", 9, 2, {})
    assert "He et al." in network.initialisation
