import pytest
import torch

from xrayscan import ModelError
from xrayscan.augment import PRESETS, augment


def batch(count=16, side=48):
    """The same picture ``count`` times: (B, 1, S, S) in [0, 1]."""
    rows, columns = torch.meshgrid(torch.linspace(0, 6, side), torch.linspace(0, 9, side), indexing="ij")
    return ((rows.sin() * columns.cos() + 1) / 2).expand(count, 1, side, side).contiguous()


def augmented(preset, seed=0, images=None):
    return augment(batch() if images is None else images, preset, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"none"}))
def test_every_image_of_a_batch_draws_its_own_change(preset):
    images = augmented(preset)
    differences = torch.cdist(images.flatten(1), images.flatten(1)) + torch.eye(len(images)) * 99
    assert differences.min() > 1e-3


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_augmented_images_keep_shape_and_range(preset):
    images = augmented(preset)
    assert images.shape == batch().shape
    assert 0 <= images.min() <= images.max() <= 1


def test_no_augmentation_changes_nothing():
    assert torch.equal(augmented("none"), batch())


def test_the_same_seed_repeats_the_same_change():
    assert torch.equal(augmented("standard", 3), augmented("standard", 3))
    assert not torch.equal(augmented("standard", 3), augmented("standard", 4))


def test_augmentation_does_not_write_into_its_input():
    images = batch()
    augmented("strong", images=images)
    assert torch.equal(images, batch())


def test_an_unknown_preset_is_answered_with_those_there_are():
    with pytest.raises(ModelError, match="standard"):
        augmented("wild")
