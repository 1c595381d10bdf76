"""A torch module becomes nodes of a graph that answer the same, for any number of rows, beside others."""

from __future__ import annotations

import numpy as np
import pytest

from modelwright.core.errors import Unsupported
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.session import session

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from modelwright.models.deep.batches import answers  # noqa: E402
from modelwright.models.deep.export import export  # noqa: E402

pytestmark = pytest.mark.slow  # torch is imported, and its exporter


class Two(torch.nn.Module):  # type: ignore[misc]
    takes = ("image_0", "x")

    def __init__(self) -> None:
        super().__init__()
        self.filter = torch.nn.Conv2d(1, 4, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(4)
        self.head = torch.nn.Linear(6, 3)

    def forward(self, image: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        maps = torch.relu(self.norm(self.filter(image.float() / 255.0)))
        return self.head(torch.cat([maps.mean((2, 3)), x], dim=1))


def _given(rows: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(rows)
    return {
        "image_0": rng.integers(0, 255, (rows, 1, 8, 8)).astype(np.uint8),
        "x": rng.normal(size=(rows, 2)).astype(np.float32),
    }


def _graph(*modules: torch.nn.Module) -> GraphBuilder:
    graph = GraphBuilder("test")
    inputs = {"image_0": graph.input("image_0", "uint8", 1, 8, 8), "x": graph.input("x", "float32", 2)}
    for number, module in enumerate(modules):
        graph.output(export(graph, module, inputs, _given(4)), f"out_{number}", "float32", 3)
    return graph


def test_two_networks_in_one_graph_answer_as_torch_does() -> None:
    torch.manual_seed(0)
    first, second = Two().eval(), Two().eval()
    runner = session(_graph(first, second).build().SerializeToString())
    for rows in (1, 4, 9):
        given = _given(rows)
        shown = runner.run(None, given)
        for module, own in zip((first, second), shown, strict=True):
            np.testing.assert_allclose(own, answers(module, given), atol=1e-5)


def test_the_same_module_gives_the_same_bytes_and_stays_as_it_was() -> None:
    torch.manual_seed(0)
    module = Two().train()
    made = [_graph(module).build().SerializeToString(deterministic=True) for _ in range(2)]
    assert made[0] == made[1]
    assert module.training


def test_a_network_that_depends_on_the_number_of_rows_is_refused() -> None:
    class Counts(Two):
        def forward(self, image: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            return super().forward(image, x) * float(len(x))

    with pytest.raises(Unsupported) as caught:
        _graph(Counts())
    assert caught.value.code == "deep.export-differs"
