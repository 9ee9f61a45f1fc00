"""Logistic regression on one number, where each film's label is a share."""

import numpy as np

from xrayscan.statistics.metrics import Floats


def fit_shares(logits: Floats, shares: Floats) -> tuple[float, float]:
    """Slope and intercept by which logits (N,) come nearest to shares (N,) in [0, 1], by cross-entropy.

    Each film counts for the positive label by its share, and for the negative one by the rest.
    """
    from sklearn.linear_model import LogisticRegression

    twice = np.concatenate([logits, logits]).reshape(-1, 1).astype(np.float64)
    labels = np.repeat([1, 0], len(logits))
    fitted = LogisticRegression(C=np.inf).fit(twice, labels, sample_weight=np.concatenate([shares, 1 - shares]))
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
