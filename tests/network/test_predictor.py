"""A network is asked from several threads at once: each is told of its own films."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from torch import nn

from xrayscan import InputSpec, Placement
from xrayscan.network.predictor import TorchPredictor
from xrayscan.runtime.films import drawn_films


def test_two_threads_that_ask_for_features_at_the_same_time_each_get_those_of_their_own_films():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 14 * 14, 1))
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    predictor = TorchPredictor(network, InputSpec(16), tensors, Placement(), "0")
    films = [drawn_films(16)[:2], drawn_films(16)[2:4]]
    alone = [predictor.features(pair) for pair in films]
    assert not np.allclose(*alone)
    both_ask = threading.Barrier(2, timeout=60)
    network[1].register_forward_pre_hook(lambda module, inputs: both_ask.wait() * 0 or None)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(predictor.features, films))
    np.testing.assert_array_equal(together, alone)
