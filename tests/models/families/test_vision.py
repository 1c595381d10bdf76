"""A pretrained image model is fine-tuned from a folder; a folder that is none is refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright.core.errors import BadInput
from modelwright.models.deep.pretrained import kind_of
from modelwright.models.families.vision import Vision
from modelwright.models.family import DataFacts, Declines, Family, Machine, Space, Suits, Task
from modelwright.testing.families import MACHINE, FamilyConformance, task_of

FACTS = DataFacts(500, 0, 0, 0, 0, 0.0, images=1, smallest_class=100)
WITH = replace(MACHINE, installed=MACHINE.installed | {"pretrained"})


class OfFolder(Vision):
    """The family as it is when the goal names a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        return super().suits(task, replace(facts, pretrained=self.folder), machine)

    def space(self, task: Task, facts: DataFacts) -> Space:
        space = super().space(task, replace(facts, pretrained=self.folder))
        # Its weights are no better than chance: they learn as quickly as the head.
        return replace(
            space, starts=tuple({**start, "body_rate": 1.0, "rate": 3e-3} for start in space.starts)
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vision transformer of a few thousand weights, untrained, as transformers keeps it."""
    transformers = pytest.importorskip("transformers", reason="the extra pretrained is not installed")
    torch = pytest.importorskip("torch", reason="the extra deep is not installed")
    from modelwright.models.deep.pretrained import quiet

    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=16,
        patch_size=4,
        num_channels=3,
    )
    place = tmp_path_factory.mktemp("models") / "vit"
    with quiet():
        transformers.ViTModel(config).save_pretrained(place)
    return place


@pytest.mark.slow  # networks: torch and transformers are imported, and every test trains for some epochs
class TestVision(FamilyConformance):
    rows = 240
    epochs = 16

    @pytest.fixture
    def family(self, folder: Path) -> Family:
        return OfFolder(folder)

    def test_declines_without_its_extra(self, family: Family) -> None:
        reply = family.suits(task_of("binary"), FACTS, replace(MACHINE, installed=frozenset()))
        assert isinstance(reply, Declines)
        assert "pip install" in reply.remedy

    def test_respects_the_wish_for_a_model_that_can_be_read(self, family: Family) -> None:
        assert isinstance(family.suits(task_of("binary", interpretable=True), FACTS, WITH), Declines)

    def test_says_why_it_suits_or_declines(self, family: Family) -> None:
        assert isinstance(family.suits(task_of("binary"), FACTS, WITH), Suits)


def test_without_a_folder_it_declines_and_says_how_to_name_one() -> None:
    reply = Vision().suits(task_of("binary"), FACTS, WITH)
    assert isinstance(reply, Declines)
    assert "pretrained: FOLDER" in reply.remedy


def _config(place: Path, text: str = '{"model_type": "vit", "image_size": 16}') -> Path:
    place.mkdir()
    (place / "config.json").write_text(text)
    return place


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert _code(tmp_path / "none") == "pretrained.no-folder"


def test_a_folder_without_a_config(tmp_path: Path) -> None:
    assert _code(tmp_path) == "pretrained.no-config"


def test_a_config_that_is_no_json(tmp_path: Path) -> None:
    assert _code(_config(tmp_path / "m", "{")) == "pretrained.config"


def test_a_folder_without_weights(tmp_path: Path) -> None:
    assert _code(_config(tmp_path / "m")) == "pretrained.no-weights"


def test_weights_in_a_pickle_are_not_read(tmp_path: Path) -> None:
    place = _config(tmp_path / "m")
    (place / "pytorch_model.bin").write_bytes(b"\x80\x02")
    with pytest.raises(BadInput, match="no model") as caught:
        kind_of(str(place))
    assert "safetensors" in caught.value.hint


def test_a_model_of_texts_is_declined(tmp_path: Path) -> None:
    place = _config(tmp_path / "m", '{"model_type": "bert", "vocab_size": 100}')
    (place / "model.safetensors").write_bytes(b"")
    reply = Vision().suits(task_of("binary"), replace(FACTS, pretrained=str(place)), WITH)
    assert isinstance(reply, Declines)
    assert "bert" in reply.why


def _code(place: Path) -> str:
    with pytest.raises(BadInput) as caught:
        kind_of(str(place))
    code: Any = caught.value.code
    return str(code)
