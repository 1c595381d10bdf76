"""Pretrained audio models are fine-tuned from a folder: they hear what their own feature extractor would give
them, and the graph says what torch says. What cannot be heard so is refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.models.deep.pretrained import HEARD
from modelwright.models.families.hearing import Hearing
from modelwright.models.families.vision import Vision
from modelwright.models.family import DataFacts, Declines, Family, Machine, Space, Suits, Task
from modelwright.testing.families import MACHINE, FamilyConformance, task_of

FACTS = DataFacts(500, 0, 0, 0, 0, 0.0, audios=1, smallest_class=100)
WITH = replace(MACHINE, installed=MACHINE.installed | {"pretrained"})
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
ON_SAMPLES = {
    **SMALL,
    "conv_dim": (8, 8, 8),
    "conv_stride": (10, 8, 4),
    "conv_kernel": (10, 8, 4),
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "feat_extract_norm": "layer",
}
OF_WHISPER = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "vocab_size": 40,
    "pad_token_id": 0,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "decoder_start_token_id": 0,
}
AST_FORM = {"num_mel_bins": 32, "max_length": 64}
MODELS: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "wav2vec2": ("Wav2Vec2", ON_SAMPLES, "Wav2Vec2", {}),
    "wav2vec2-of-groups": ("Wav2Vec2", {**ON_SAMPLES, "feat_extract_norm": "group"}, "Wav2Vec2", {}),
    "hubert": ("Hubert", ON_SAMPLES, "Wav2Vec2", {}),
    "wavlm": ("WavLM", ON_SAMPLES, "Wav2Vec2", {}),
    "audio-spectrogram-transformer": ("AST", {**SMALL, **AST_FORM}, "AST", AST_FORM),
    "whisper": ("Whisper", OF_WHISPER, "Whisper", {}),
}


def made(place: Path, name: str) -> Path:
    """A model of some hundred to thousand weights, untrained, with its feature extractor, as transformers
    keeps them."""
    transformers = pytest.importorskip("transformers", reason="the extra pretrained is not installed")
    torch = pytest.importorskip("torch", reason="the extra deep is not installed")
    from modelwright.models.deep.pretrained import quiet

    torch.manual_seed(0)
    model, config, extractor, form = MODELS[name]
    with quiet():
        body = getattr(transformers, f"{model}Model")(getattr(transformers, f"{model}Config")(**config))
        body.save_pretrained(place)
        getattr(transformers, f"{extractor}FeatureExtractor")(**form).save_pretrained(place)
    return place


class OfFolder(Hearing):
    """The family as it is when the goal names a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def suits(self, task: Task, facts: DataFacts, machine: Machine) -> Suits | Declines:
        return super().suits(task, replace(facts, pretrained=self.folder), machine)

    def space(self, task: Task, facts: DataFacts) -> Space:
        space = super().space(task, replace(facts, pretrained=self.folder))
        # Its weights are no better than chance: all of them have to learn, as quickly as the head.
        starts = tuple({**s, "body_rate": 1.0, "rate": 5e-3, "augment": 0.0} for s in space.starts)
        return replace(space, starts=(starts[1], starts[0], starts[2]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("models") / "ast", "audio-spectrogram-transformer")


@pytest.mark.slow  # networks: torch and transformers are imported, and every test trains for some epochs
class TestHearing(FamilyConformance):
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


def clips() -> np.ndarray[Any, np.dtype[np.int16]]:
    """Three tones with silence around them, half a second at 16 kHz."""
    time, rng = np.arange(5000) / 16_000, np.random.default_rng(0)
    made = np.zeros((3, 8000), dtype=np.int16)
    for row, pitch in enumerate((200, 440, 1900)):
        tone = 8000 * np.sin(2 * np.pi * pitch * time) * np.hanning(5000) + 30 * rng.normal(size=5000)
        made[row, 1000:6000] = tone
    return made


@pytest.mark.slow  # transformers and torch are imported: seconds
@pytest.mark.parametrize("name", MODELS)
def test_it_hears_what_the_feature_extractor_gives(name: str, tmp_path: Path) -> None:
    place = made(tmp_path / "model", name)
    import torch
    from transformers import AutoFeatureExtractor

    from modelwright.models.deep.intake import Given
    from modelwright.models.deep.nets.pretrained_audio import PretrainedAudio

    sound = clips()
    net = PretrainedAudio(str(place), Given("audio_0", "audio", (8000,), "int16", rate=16_000), "full")
    extractor = AutoFeatureExtractor.from_pretrained(place)
    with torch.no_grad():
        heard = net.heard(torch.from_numpy(sound)).numpy()
    given = extractor([one / 32768.0 for one in sound], sampling_rate=16_000, return_tensors="np")
    (wanted,) = (given[key] for key in ("input_values", "input_features") if key in given)
    np.testing.assert_allclose(heard, np.asarray(wanted), atol=2e-4)


@pytest.mark.slow  # transformers and torch are imported: seconds
@pytest.mark.parametrize(
    ("name", "how"),
    [*((name, "full") for name in MODELS), ("wav2vec2", "head"), ("wav2vec2", "lora"), ("whisper", "lora")],
)
def test_the_graph_says_what_torch_says(name: str, how: str, tmp_path: Path) -> None:
    place = made(tmp_path / "model", name)
    import torch

    from modelwright.graph.session import session
    from modelwright.models.deep.export import to_onnx
    from modelwright.models.deep.intake import Given
    from modelwright.models.deep.nets.pretrained_audio import PretrainedAudio

    # Learned at 8 kHz: the way to the model's 16 kHz is a part of the graph as well.
    net = PretrainedAudio(str(place), Given("audio_0", "audio", (4000,), "int16", rate=8000), how).eval()
    sound = clips()[:, ::2].copy()
    graph = to_onnx(net, {"audio_0": sound[:2]}).SerializeToString()
    shown = session(graph).run(None, {"audio_0": sound})[0]
    with torch.no_grad():
        own = net(torch.from_numpy(sound)).numpy()
    np.testing.assert_allclose(shown, own, atol=1e-4 * float(np.abs(own).max()))
    learned = sum(w.numel() for w in net.parameters() if w.requires_grad)
    assert (learned == 0) == (how == "head")


@pytest.mark.slow  # torch is imported
def test_the_way_to_another_rate_is_that_of_the_runtime() -> None:
    torch = pytest.importorskip("torch", reason="the extra deep is not installed")
    from modelwright.models.deep.nets.pretrained_audio import Rate
    from modelwright.runtime.parse.resample import resample

    for rate, wanted in ((8000, 16_000), (11_025, 16_000), (16_000, 8000)):
        samples = clips()[1].astype(np.float64) / 32768
        own = Rate(rate, wanted, len(samples))(torch.from_numpy(samples[None].astype(np.float32)))[0].numpy()
        np.testing.assert_allclose(own, resample(samples, rate, wanted), atol=1e-5)


def _named(place: Path, kind: str, more: str = "") -> DataFacts:
    place.mkdir()
    (place / "config.json").write_text(f'{{"model_type": "{kind}"{more}}}')
    (place / "model.safetensors").write_bytes(b"")
    return replace(FACTS, pretrained=str(place))


def test_without_a_folder_it_declines_and_says_how_to_name_one() -> None:
    reply = Hearing().suits(task_of("binary"), FACTS, WITH)
    assert isinstance(reply, Declines)
    assert "pretrained: FOLDER" in reply.remedy


@pytest.mark.parametrize("kind", HEARD)
def test_these_are_taken(kind: str, tmp_path: Path) -> None:
    assert isinstance(Hearing().suits(task_of("binary"), _named(tmp_path / "m", kind), WITH), Suits)


def test_a_model_that_hears_otherwise_is_refused_with_what_would_do(tmp_path: Path) -> None:
    reply = Hearing().suits(task_of("binary"), _named(tmp_path / "m", "clap"), WITH)
    assert isinstance(reply, Declines)
    assert "wav2vec2" in reply.remedy


def test_models_of_pictures_and_sounds_are_not_taken_for_each_other(tmp_path: Path) -> None:
    seen = _named(tmp_path / "vit", "vit", ', "image_size": 16')
    heard = _named(tmp_path / "ast", "audio-spectrogram-transformer", ', "patch_size": 16')
    assert isinstance(Hearing().suits(task_of("binary"), seen, WITH), Declines)
    assert isinstance(Vision().suits(task_of("binary"), replace(heard, images=1), WITH), Declines)
