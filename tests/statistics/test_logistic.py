import numpy as np
import pytest

from xrayscan.statistics.logistic import fit_shares


def test_shares_that_lie_on_a_curve_give_its_slope_and_intercept():
    logits = np.linspace(-3, 3, 61)
    assert fit_shares(logits, 1 / (1 + np.exp(-(1.5 * logits - 0.5)))) == pytest.approx((1.5, -0.5), abs=1e-3)
