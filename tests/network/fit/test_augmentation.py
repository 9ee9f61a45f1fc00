import numpy as np
import pytest
import torch

from xrayscan import ModelError
from xrayscan.network.fit.augmentation import PRESETS, augment
from xrayscan.network.fit.random_draws import COLUMNS, STYLE_COLUMNS, RandomDraws, network_seed, order_of

CHANGING = sorted(set(PRESETS) - {"none"})


def batch(count=16, side=48):
    """The same picture ``count`` times: (B, 1, S, S) in [0, 1]."""
    rows, columns = torch.meshgrid(torch.linspace(0, 6, side), torch.linspace(0, 9, side), indexing="ij")
    return ((rows.sin() * columns.cos() + 1) / 2).expand(count, 1, side, side).contiguous()


def augmented(preset, seed=0, images=None, epoch=1):
    images = batch() if images is None else images
    return augment(images, preset, RandomDraws.from_epoch(seed, epoch, len(images)))


@pytest.mark.parametrize("preset", CHANGING)
def test_every_image_of_a_batch_draws_its_own_change(preset):
    images = augmented(preset)
    differences = torch.cdist(images.flatten(1), images.flatten(1)) + torch.eye(len(images)) * 99
    assert differences.min() > 1e-3


def test_no_two_films_share_a_draw_of_anything():
    draws = RandomDraws.from_epoch(0, 1, 500)
    for name in COLUMNS + STYLE_COLUMNS:
        assert len(np.unique(draws[name])) >= 499, name  # float32 numbers may coincide by chance
    fields = draws.rows([3, 4, 5]).noise(8)
    assert not (fields[0] == fields[1]).any()
    assert not (fields[1] == fields[2]).any()


def test_no_two_columns_of_a_film_share_a_draw():
    draws = RandomDraws.from_epoch(0, 1, 500)
    correlations = np.corrcoef(draws.uniform.T) - np.eye(len(COLUMNS + STYLE_COLUMNS))
    assert abs(correlations).max() < 0.25


@pytest.mark.parametrize("preset", CHANGING)
def test_a_films_change_does_not_depend_on_its_batch(preset):
    draws = RandomDraws.from_epoch(0, 1, 40)
    together = augment(batch(40), preset, draws)
    alone = torch.cat([augment(batch(1), preset, draws.rows([film])) for film in (7, 23, 39)])
    assert torch.allclose(together[[7, 23, 39]], alone, atol=1e-5)


def test_a_films_draws_change_with_the_epoch_and_not_with_the_number_of_films():
    few, many = RandomDraws.from_epoch(0, 1, 5), RandomDraws.from_epoch(0, 1, 50)
    assert np.array_equal(few.uniform, many.uniform[:5])
    assert not (few.uniform == RandomDraws.from_epoch(0, 2, 5).uniform).any()


def test_the_order_of_the_films_is_a_function_of_seed_and_epoch():
    assert np.array_equal(order_of(0, 1, 99), order_of(0, 1, 99))
    assert sorted(order_of(0, 1, 99)) == list(range(99))
    others = [order_of(0, 2, 99), order_of(1, 1, 99)]
    assert not any(np.array_equal(order_of(0, 1, 99), other) for other in others)
    assert len({network_seed(seed, epoch) for seed in range(4) for epoch in range(4)}) == 16


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


def test_a_shift_moves_the_film_and_a_mirror_turns_it():
    """A dot right of the centre goes where the draws say: the geometry is that of torch's own affine grid."""
    images = torch.zeros(64, 1, 33, 33)
    images[:, :, 16, 24] = 1
    moved = augment(images, "light", RandomDraws.from_epoch(0, 1, 64))
    columns = moved.sum((1, 2)).argmax(1)
    flipped = torch.from_numpy(RandomDraws.from_epoch(0, 1, 64)["flip"].ravel() < 0.5)
    assert (columns[flipped] < 16).all()
    assert (columns[~flipped] > 16).all()
    assert 10 < int(flipped.sum()) < 54


def test_an_unknown_preset_is_answered_with_those_there_are():
    with pytest.raises(ModelError, match="standard"):
        augmented("wild")
