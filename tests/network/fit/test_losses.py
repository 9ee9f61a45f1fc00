import numpy as np
import pytest
import torch

from xrayscan import Films, TrainingParams
from xrayscan.network.fit.losses import Loss, absolute_sum, class_weights, plain_loss

LABELS = np.array([1, 1, 1, 0], np.uint8)
FILMS = Films(np.zeros((4, 8, 8), np.uint8), LABELS)
LOGITS = torch.tensor([2.0, -1.0, 0.5, 1.0])


def by_hand(weights=(2.0, 2 / 3), smoothing=0.0, gamma=0.0):
    """The loss as its definition says, film by film."""
    values = []
    for logit, label in zip(LOGITS.tolist(), LABELS, strict=True):
        p = 1 / (1 + np.exp(-logit))
        target = label * (1 - smoothing) + smoothing / 2
        right = p if label else 1 - p
        value = -(target * np.log(p) + (1 - target) * np.log(1 - p))
        values.append(weights[label] * (1 - right) ** gamma * value)
    return np.mean(values)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, {}),
        ({"class_weights": "none"}, {"weights": (1, 1)}),
        ({"label_smoothing": 0.1}, {"smoothing": 0.1}),
        ({"loss": "focal"}, {"gamma": 2}),
        ({"loss": "focal", "focal_gamma": 0}, {}),
    ],
)
def test_the_loss_is_what_its_definition_says(params, expected):
    assert float(Loss(TrainingParams(**params), FILMS)(LOGITS, LABELS)) == pytest.approx(by_hand(**expected), rel=1e-5)


def test_balanced_weights_give_both_labels_the_same_total():
    weights = class_weights(TrainingParams(), FILMS)
    assert weights[0] * 1 == pytest.approx(weights[1] * 3)
    assert weights[0] * 1 + weights[1] * 3 == pytest.approx(4)


def test_validations_loss_is_neither_smoothed_nor_focused():
    smoothed = TrainingParams(loss="focal", label_smoothing=0.2)
    assert plain_loss(smoothed, FILMS, LOGITS) == pytest.approx(by_hand(), rel=1e-5)


def test_the_l1_norm_is_the_sum_of_absolute_weights():
    assert float(absolute_sum([torch.tensor([[-1.0, 2]]), torch.tensor([[3.0]])])) == 6
