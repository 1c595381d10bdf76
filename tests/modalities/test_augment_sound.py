"""What augmentation does to real sounds and sequences, and what it never does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from modelwright.modalities.audio.augment import augment as change_sounds  # noqa: E402
from modelwright.modalities.series.augment import augment as change_series  # noqa: E402
from modelwright.runtime.parse import audio  # noqa: E402

pytestmark = pytest.mark.slow  # torch alone takes two seconds to be imported


def chance(seed: int = 0) -> Any:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def clips(shared_data: Path) -> Any:
    folder = shared_data / "audio_classification" / "free_spoken_digits" / "recordings"
    read = audio.build({"rate": 8000, "samples": 6400})
    cells: list[Any] = [read((folder / f"{d}_theo_0.wav").read_bytes()) for d in range(10)]
    return torch.from_numpy(np.stack(cells))


def test_sounds_change_and_stay_sounds(clips: Any) -> None:
    made = change_sounds({"audio_0": clips, "x": torch.ones(10, 2)}, 1.0, chance())
    assert made["audio_0"].dtype == torch.int16
    assert made["audio_0"].shape == clips.shape
    assert made["x"].equal(torch.ones(10, 2))
    assert (made["audio_0"] != clips).any(dim=1).all()
    level = made["audio_0"].float().square().mean(dim=1).sqrt() / clips.float().square().mean(dim=1).sqrt()
    assert ((level > 0.4) & (level < 2.2)).all()


def test_the_same_chance_is_the_same_change_and_no_strength_is_none(clips: Any) -> None:
    one, two = (change_sounds({"audio_0": clips}, 1.0, chance(3))["audio_0"] for _ in "ab")
    assert one.equal(two)
    assert not one.equal(change_sounds({"audio_0": clips}, 1.0, chance(4))["audio_0"])
    assert change_sounds({"audio_0": clips}, 0.0, chance())["audio_0"].equal(clips)


def test_silence_stays_silent() -> None:
    silent = torch.zeros(3, 800, dtype=torch.int16)
    assert not change_sounds({"audio_0": silent}, 2.0, chance())["audio_0"].any()


def test_full_scale_is_not_left() -> None:
    loud = torch.full((8, 800), 32767, dtype=torch.int16)
    made = change_sounds({"audio_0": loud}, 2.0, chance())["audio_0"]
    # What left the scale would come out on its other side.
    assert (made > -16_000).all()


def test_sequences_change_and_gaps_stay() -> None:
    series = torch.sin(torch.arange(60.0)).reshape(1, 1, 60).repeat(16, 2, 1)
    series[:, 0, 20:25] = torch.nan
    series[5] = torch.nan
    series[6, :, :-1] = torch.nan
    made = change_series({"series_0": series}, 1.0, chance())["series_0"]
    assert made.isnan()[:, 0, 20:25].all()
    assert made[5].isnan().all()
    assert not made[6, :, -1].isnan().any()
    cropped = made[:, 1, 0].isnan()
    assert 2 <= int(cropped.sum()) <= 14
    there = ~made.isnan() & ~series.isnan()
    assert (made[there] - series[there]).abs().max() < 0.5
    assert change_series({"series_0": series}, 0.0, chance())["series_0"] is series
