import numpy as np

from xrayscan.network.fit.random_draws import balanced_order


def test_batches_hold_the_share_that_was_asked_for_and_rare_films_take_turns():
    labels = np.array([1] * 90 + [0] * 10)
    order = balanced_order(0, 1, labels, 10, 0.6).reshape(-1, 10)
    assert (labels[order].sum(1) == 6).all()
    rare = np.bincount(order[labels[order] == 0], minlength=100)[90:]
    assert rare.min() >= 1
    assert rare.max() - rare.min() <= 1
