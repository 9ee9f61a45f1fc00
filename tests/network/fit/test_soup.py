import numpy as np
import pytest
import torch

from xrayscan.network.fit.soup import Soup, rescale
from xrayscan.statistics.logistic import fit_shares


def test_the_soup_is_the_mean_of_its_members():
    soup = Soup()
    for value in (1.0, 3.0):
        soup.add({"weight": np.full(2, value, np.float32), "count": np.array(7)}, np.zeros(1, np.float32))
    assert soup.mean()["weight"].tolist() == [2.0, 2.0]
    assert soup.mean()["count"] == 7


def test_a_soup_is_made_as_sure_as_its_members_together():
    logits = np.linspace(-2, 2, 41).astype(np.float32)
    slope, intercept = fit_shares(logits, 1 / (1 + np.exp(-(2.0 * logits + 0.5))))
    assert (slope, intercept) == pytest.approx((2.0, 0.5), abs=1e-3)
    torch.manual_seed(0)
    body = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(1024, 1))
    images = torch.rand(3, 1, 32, 32)
    before = body(images)
    rescale(body, slope, intercept)
    assert torch.allclose(body(images), slope * before + intercept, atol=1e-4)
