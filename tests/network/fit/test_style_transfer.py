import dataclasses

import numpy as np
import torch

from xrayscan.network.fit.augmentation import Partners, augment
from xrayscan.network.fit.random_draws import RandomDraws
from xrayscan.network.fit.style_transfer import blend, histogram


def test_a_film_may_take_over_the_grey_levels_of_another_and_keeps_its_own_order():
    draws = RandomDraws.from_epoch(0, 1, 1)
    whole = dataclasses.replace(draws, uniform=np.ones_like(draws.uniform))
    own, other = torch.rand(1, 1, 8, 8), torch.rand(1, 1, 8, 8) ** 3
    changed = histogram(own, other, whole)
    assert torch.allclose(changed.flatten().sort().values, other.flatten().sort().values, atol=1e-6)
    assert torch.equal(changed.flatten().argsort(), own.flatten().argsort())


def test_style_stays_within_grey_levels_and_leaves_the_films_alone():
    images = torch.rand(32, 1, 48, 48)
    kept = images.clone()
    others = Partners(torch.rand(32, 1, 48, 48), torch.rand(32, 1, 48, 48))
    changed = augment(images, "style", RandomDraws.from_epoch(0, 1, 32), others)
    assert torch.equal(images, kept)
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_a_film_that_shows_through_never_outweighs_the_film_itself():
    draws = RandomDraws.from_epoch(0, 1, 200)
    shown = blend(torch.zeros(200, 1, 2, 2), torch.ones(200, 1, 2, 2), draws)[:, 0, 0, 0]
    assert shown.max() <= 0.5
    assert torch.allclose(shown, torch.from_numpy(draws["blend_share"][:, 0]) / 2)
