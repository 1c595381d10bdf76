"""Changed pictures: of the same shape and dtype, by the given chance alone, mirrored where that is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from modelwright.modalities.image.augment import (  # noqa: E402
    QUARTER,
    SIDEWAYS,
    UPSIDE_DOWN,
    ImageAugment,
    augment,
    symmetries,
)
from modelwright.models.deep.augment import AUGMENTS, Chain  # noqa: E402
from modelwright.models.deep.examples import Examples  # noqa: E402

pytestmark = pytest.mark.slow  # torch is imported

STILL = ImageAugment(rotate=0, scale=0, shift=0, shear=0, bend=0, light=0, contrast=0, colour=0, cover=0)


def _pictures(n: int = 6, channels: int = 3, height: int = 20, width: int = 16) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 255, (n, channels, height, width)).astype(np.uint8))


def _chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_it_is_registered_for_images() -> None:
    assert AUGMENTS.get("image") is augment


@pytest.mark.parametrize("channels", [1, 3])
def test_shape_and_dtype_stay_and_other_inputs_are_left_alone(channels: int) -> None:
    given = {"image_0": _pictures(channels=channels), "x": torch.ones(6, 2)}
    changed = augment(given, 1.0, _chance())
    assert changed["image_0"].shape == given["image_0"].shape
    assert changed["image_0"].dtype == torch.uint8
    assert not torch.equal(changed["image_0"], given["image_0"])
    assert changed["x"] is given["x"]


def test_the_same_chance_gives_the_same_pictures() -> None:
    given = {"image_0": _pictures()}
    first, again, other = (augment(given, 1.0, _chance(seed))["image_0"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_no_strength_changes_nothing() -> None:
    given = {"image_0": _pictures()}
    assert augment(given, 0.0, _chance()) is given


def test_nothing_to_do_gives_the_picture_back() -> None:
    pictures = _pictures()
    assert torch.equal(STILL.changed(pictures, 1.0, _chance()), pictures)


@pytest.mark.parametrize(("name", "axes"), [("mirror", (3,)), ("flip", (2,))])
def test_mirrored_pictures_are_the_mirror_image_to_the_pixel(name: str, axes: tuple[int, ...]) -> None:
    pictures = _pictures(n=40)
    changed = replace(STILL, **{name: True}).changed(pictures, 1.0, _chance())
    same = (changed == pictures).flatten(1).all(1)
    turned = (changed == pictures.flip(axes)).flatten(1).all(1)
    assert (same | turned).all()
    assert 5 < int(turned.sum()) < 35


def test_a_covered_rectangle_is_flat_and_of_bounded_size() -> None:
    pictures = _pictures(n=64, height=20, width=20)
    changed = replace(STILL, cover=0.4).changed(pictures, 1.0, _chance())
    hidden = (changed != pictures).any(1)
    assert hidden.flatten(1).any(1).sum() > 20
    assert hidden.flatten(1).float().mean(1).max() <= 0.4**2 + 0.1


# --- what leaves a picture what it is ---------------------------------------------------------------------


def _quadrants(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    images, y = rng.normal(60, 20, (n, 1, 12, 12)), rng.integers(0, 4, n)
    for row, quadrant in enumerate(y.tolist()):
        down, across = divmod(quadrant, 2)
        images[row, 0, 6 * down : 6 * down + 6, 6 * across : 6 * across + 6] += 100
    return np.clip(images, 0, 255).astype(np.uint8), y


def test_pictures_whose_place_matters_are_not_mirrored() -> None:
    found = symmetries(*_quadrants())
    assert found.allowed == ()
    assert all("not shown" in sentence for sentence in found.why)


def test_pictures_that_are_symmetric_are_mirrored() -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 300)
    images = rng.normal(100, 10, (300, 3, 16, 16)) + 60 * y[:, None, None, None]
    found = symmetries(np.clip(images, 0, 255).astype(np.uint8), y)
    assert set(found.allowed) == {SIDEWAYS, UPSIDE_DOWN, QUARTER}


def test_two_of_many_classes_that_turn_into_each_other_forbid_it() -> None:
    """Ten classes by their level; the last two are mirror images of each other, as b and d are."""
    rng = np.random.default_rng(3)
    y = np.repeat(np.arange(10), 60)
    images = np.full((600, 1, 12, 12), 20.0) + 20.0 * np.minimum(y, 8)[:, None, None, None]
    images[y == 8, :, :, :6] += 60
    images[y == 9, :, :, 6:] += 60
    images += rng.normal(0, 3, images.shape)
    found = symmetries(np.clip(images, 0, 255).astype(np.uint8), y)
    assert SIDEWAYS not in found.allowed
    assert UPSIDE_DOWN in found.allowed
    assert "one class turns into another" in found.why[0]


@pytest.mark.parametrize(("channels", "allowed"), [(3, (SIDEWAYS,)), (1, ())])
def test_where_nothing_is_recognised_only_colour_is_mirrored(channels: int, allowed: tuple[str, ...]) -> None:
    rng = np.random.default_rng(4)
    images = rng.integers(0, 255, (200, channels, 14, 14)).astype(np.uint8)
    assert symmetries(images, rng.integers(0, 5, 200)).allowed == allowed
    assert symmetries(images, rng.normal(size=200)).allowed == allowed


def test_fitted_on_rows_it_says_why() -> None:
    images, y = _quadrants()
    fitted = augment.fitted(Examples({"image_0": images}, y))
    assert not fitted.mirror
    assert len(fitted.why) == 3
    assert Chain((fitted,)).why == fitted.why


def test_rows_without_images_leave_it_as_it_is() -> None:
    assert augment.fitted(Examples({"x": np.zeros((3, 1), np.float32)}, np.zeros(3, np.int64))) is augment
