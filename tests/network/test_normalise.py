import pytest
import torch

from xrayscan import InputSpec
from xrayscan.network.normalise import equalise, normalise

IMAGES = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))


def test_per_image_normalisation_forgets_brightness_and_contrast():
    spec = InputSpec(32)
    plain, darker = normalise(IMAGES, spec), normalise(0.5 * IMAGES + 0.1, spec)
    assert plain.mean(dim=(1, 2, 3)).abs().max() < 1e-5
    assert torch.allclose(plain, darker, atol=0.02)


def test_an_image_of_one_grey_level_stays_finite():
    for how in ("per_image", "equalise", "blend", "fixed"):
        assert normalise(torch.full((1, 1, 32, 32), 0.7), InputSpec(32, normalise=how)).isfinite().all()


def test_fixed_normalisation_uses_each_channels_mean_and_deviation():
    spec = InputSpec(32, channels=3, normalise="fixed", mean=(0.5, 0.4, 0.3), std=(0.1, 0.2, 0.3))
    images = normalise(IMAGES, spec)
    assert images.shape == (3, 3, 32, 32)
    for channel, (mean, std) in enumerate(zip(spec.mean, spec.std, strict=True)):
        assert torch.allclose(images[:, channel], (IMAGES[:, 0] - mean) / std, atol=1e-6)


def test_equalisation_forgets_every_monotone_display_curve():
    levels = (IMAGES * 127).round() * 2 / 255  # even grey levels, so that half of them is still exact
    assert torch.equal(equalise(levels), equalise(levels * 0.5))
    assert equalise(levels).mean().item() == pytest.approx(0, abs=1e-3)
    assert equalise(levels).std().item() == pytest.approx(1, abs=1e-2)


def test_an_image_is_normalised_without_regard_to_its_neighbours():
    for how in ("per_image", "equalise", "blend", "fixed"):
        spec = InputSpec(32, normalise=how)
        assert torch.equal(normalise(IMAGES, spec)[1:2], normalise(IMAGES[1:2], spec))
