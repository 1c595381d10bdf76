"""An audio model of ``transformers`` as an encoder: samples brought to what it was trained on.

That happens inside of the network, so that it is a part of the graph. Three kinds of input: the samples
themselves (wav2vec 2.0, HuBERT, WavLM and their kin; Baevski et al., 2020), the filter banks of Kaldi (the
Audio Spectrogram Transformer; Gong et al., 2021), and the log-mel spectrogram of Whisper, whose encoder is
taken (Radford et al., 2023). Each gives the numbers that the feature extractor of ``transformers`` gives
for the same samples; its settings are those of ``preprocessor_config.json``.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from modelwright.models.deep.intake import Given
from modelwright.models.deep.nets.spectrogram import DEFAULT_RATE
from modelwright.models.deep.pretrained import body_of, tuned
from modelwright.runtime.parse.resample import FINEST, bank_of

LEAST_SECONDS = 0.25
"""Shorter clips stand at the beginning of so much silence: the convolutions of wave models need it."""


class Rate(nn.Module):
    """Samples float32 [n, samples] from one rate to another, by the very filters of the runtime."""

    kernel: Tensor

    def __init__(self, rate: int, wanted: int, samples: int) -> None:
        super().__init__()
        ratio = Fraction(wanted, rate).limit_denominator(FINEST)
        up, self.down = ratio.numerator, ratio.denominator
        bank = bank_of(up, self.down)
        taps = bank.shape[1]
        places = np.arange(up) * self.down
        kernel = np.zeros((up, 1, taps + int(places[-1] // up)))
        for row, place in enumerate(places):
            kernel[row, 0, place // up : place // up + taps] = bank[place % up]
        self.register_buffer("kernel", torch.from_numpy(kernel.astype(np.float32)), persistent=False)
        self.before = taps // 2 - 1
        self.count = -(-samples * up // self.down)
        steps = -(-self.count // up)
        self.after = max(0, (steps - 1) * self.down + kernel.shape[2] - self.before - samples)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (self.before, self.after)).unsqueeze(1)
        made = functional.conv1d(x, self.kernel, stride=self.down)
        return made.transpose(1, 2).flatten(1)[:, : self.count]


class Wave(nn.Module):
    """Zero mean and unit variance of each clip, where the model was trained so."""

    def __init__(self, told: dict[str, Any], samples: int) -> None:
        super().__init__()
        self.normal = bool(told.get("do_normalize", True))

    def forward(self, x: Tensor) -> Tensor:
        if self.normal:
            x = x - x.mean(dim=1, keepdim=True)
            x = x / torch.sqrt(x.square().mean(dim=1, keepdim=True) + 1e-7)
        return x


class Banks(nn.Module):
    """Kaldi's log filter banks [n, frames, bands] of the Audio Spectrogram Transformer: what is taken off
    each frame (its mean, and 0.97 of the sample before), the window and the Fourier transform are linear, and
    one strided convolution."""

    basis: Tensor
    filters: Tensor
    FRAME, HOP, SIZE = 400, 160, 512

    def __init__(self, told: dict[str, Any], samples: int) -> None:
        super().__init__()
        from transformers.audio_utils import mel_filter_bank

        rate, bands = int(told.get("sampling_rate", 16_000)), int(told.get("num_mel_bins", 128))
        length, size = self.FRAME, self.SIZE
        steady = np.eye(length) - 1.0 / length
        before = np.eye(length) - 0.97 * np.eye(length, k=-1)
        before[0, 0] = 1.0 - 0.97
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))
        made = _fourier(length, size) @ (window[:, None] * before @ steady)
        self.register_buffer("basis", _kernel(made), persistent=False)
        filters = mel_filter_bank(
            num_frequency_bins=size // 2 + 1,
            num_mel_filters=bands,
            min_frequency=20,
            max_frequency=rate // 2,
            sampling_rate=rate,
            norm=None,
            mel_scale="kaldi",
            triangularize_in_mel_space=True,
        )
        self.register_buffer("filters", torch.from_numpy(filters.T.astype(np.float32)), persistent=False)
        self.longest = int(told.get("max_length", 1024))
        self.mean, self.spread = float(told.get("mean", -4.2677393)), float(told.get("std", 4.5689974))
        self.normal = bool(told.get("do_normalize", True))

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.matmul(self.filters, _power(x, self.basis, self.HOP))
        seen = torch.log(seen.clamp(min=1.192092955078125e-07))[:, :, : self.longest]
        seen = functional.pad(seen, (0, self.longest - seen.shape[2])).transpose(1, 2)
        return (seen - self.mean) / (2 * self.spread) if self.normal else seen


class Whispered(nn.Module):
    """Whisper's log-mel spectrogram [n, bands, 3000] of thirty seconds; the clip is their beginning."""

    basis: Tensor
    filters: Tensor

    def __init__(self, told: dict[str, Any], samples: int) -> None:
        super().__init__()
        from transformers.audio_utils import mel_filter_bank

        rate = int(told.get("sampling_rate", 16_000))
        self.size, self.hop = int(told.get("n_fft", 400)), int(told.get("hop_length", 160))
        self.whole = int(told.get("chunk_length", 30)) * rate
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.size) / self.size)
        made = _fourier(self.size, self.size) * window
        self.register_buffer("basis", _kernel(made), persistent=False)
        filters = mel_filter_bank(
            num_frequency_bins=self.size // 2 + 1,
            num_mel_filters=int(told.get("feature_size", 80)),
            min_frequency=0.0,
            max_frequency=8000.0,
            sampling_rate=rate,
            norm="slaney",
            mel_scale="slaney",
        )
        self.register_buffer("filters", torch.from_numpy(filters.T.astype(np.float32)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x[:, : self.whole], (0, max(0, self.whole - x.shape[1])))
        half = self.size // 2
        x = functional.pad(x.unsqueeze(1), (half, half), mode="reflect").squeeze(1)
        power = _power(x, self.basis, self.hop)[:, :, :-1]
        seen = torch.log(torch.matmul(self.filters, power).clamp(min=1e-10)) / math.log(10.0)
        seen = torch.maximum(seen, seen.amax(dim=(1, 2), keepdim=True) - 8.0)
        return (seen + 4.0) / 4.0


FRONTS: dict[str, type[nn.Module]] = {
    "wav2vec2": Wave,
    "hubert": Wave,
    "wavlm": Wave,
    "unispeech": Wave,
    "unispeech-sat": Wave,
    "data2vec-audio": Wave,
    "audio-spectrogram-transformer": Banks,
    "whisper": Whispered,
}
"""What a model hears, by the ``model_type`` of its config."""


def _fourier(length: int, size: int) -> npt.NDArray[np.float64]:
    """[2 * bins, length]: first the real, then the imaginary parts of ``size`` points."""
    angles = 2 * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(length)) / size
    return np.concatenate([np.cos(angles), -np.sin(angles)])


def _kernel(made: npt.NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(made.astype(np.float32)[:, None, :])


def _power(x: Tensor, basis: Tensor, hop: int) -> Tensor:
    """[n, bins, frames] of samples [n, samples]."""
    parts = functional.conv1d(x.unsqueeze(1), basis, stride=hop)
    half = parts.shape[1] // 2
    return parts[:, :half].square() + parts[:, half:].square()


def told_of(named: str) -> dict[str, Any]:
    """``preprocessor_config.json`` of a folder; {} where there is none."""
    path = Path(named) / "preprocessor_config.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


class PretrainedAudio(nn.Module):
    """Features float32 [n, width] of sounds int16 [n, samples] by a pretrained body."""

    initialisation = "the body as it was trained before; head uniform"

    def __init__(self, named: str, given: Given, how: str) -> None:
        super().__init__()
        body: Any = body_of(named)
        config = body.config
        self.kind = str(config.model_type)
        told = told_of(named)
        # Whole stretches and layers left out while training would draw from numpy's chance, not torch's.
        for name, value in (("apply_spec_augment", False), ("layerdrop", 0.0), ("encoder_layerdrop", 0.0)):
            if hasattr(config, name):
                setattr(config, name, value)
        if self.kind == "whisper":
            body = body.get_encoder()
            body.layerdrop = 0.0
            told.setdefault("feature_size", config.num_mel_bins)
        if self.kind == "audio-spectrogram-transformer":
            told["num_mel_bins"], told["max_length"] = config.num_mel_bins, config.max_length
        wanted, rate = int(told.get("sampling_rate", 16_000)), given.rate or DEFAULT_RATE
        samples = given.shape[0]
        self.resample = Rate(rate, wanted, samples) if rate != wanted else None
        heard = samples if self.resample is None else self.resample.count
        self.missing = max(0, math.ceil(LEAST_SECONDS * wanted) - heard)
        self.front = FRONTS[self.kind](told, heard + self.missing)
        self.body = tuned(body, how)
        if how == "full" and self.kind in FRONTS and FRONTS[self.kind] is Wave:
            # As all do who fine-tune these: the convolutions on the samples stay as they are.
            for weight in cast(Any, self.body).feature_extractor.parameters():
                weight.requires_grad_(False)
        self.frozen = how == "head"
        self.frames = 0
        if isinstance(self.front, Whispered):
            self.frames = min(config.max_source_positions, -(-heard // (2 * self.front.hop)))
        was = self.body.training
        self.body.eval()
        with torch.no_grad():
            self.width = int(self(torch.zeros((1, samples), dtype=torch.int16)).shape[1])
        self.body.train(was)

    def heard(self, sound: Tensor) -> Tensor:
        """What the feature extractor of the model makes of the clip."""
        x = sound.to(torch.float32) / 32768.0
        # Powers span twelve orders of magnitude: nothing for half precision.
        with torch.autocast(x.device.type, enabled=False):
            if self.resample is not None:
                x = self.resample(x)
            if self.missing:
                x = functional.pad(x, (0, self.missing))
            return cast(Tensor, self.front(x))

    def forward(self, sound: Tensor) -> Tensor:
        seen = self.heard(sound)
        found = self.body(seen, return_dict=True)
        pooled = getattr(found, "pooler_output", None)
        if pooled is not None:
            return cast(Tensor, pooled.flatten(1))
        last = found.last_hidden_state
        if self.frames:
            last = last[:, : self.frames]
        return cast(Tensor, last.mean(1))

    def train(self, mode: bool = True) -> PretrainedAudio:
        super().train(mode)
        if self.frozen:
            self.body.eval()
        return self
