"""What training minimises: cross-entropy or focal loss, smoothed and class-weighted as the parameters say."""

from collections.abc import Iterable

import numpy as np
import torch
from torch.nn import functional

from xrayscan.model.backend import Films, TrainingParams
from xrayscan.statistics.metrics import Labels


class Loss:
    """The loss of logits against labels, with the class weights of the training films."""

    def __init__(self, params: TrainingParams, train: Films) -> None:
        self._params, self._weights = params, class_weights(params, train)

    def __call__(self, logits: torch.Tensor, labels: Labels) -> torch.Tensor:
        """Mean loss of logits (B,) against labels (B,): a scalar.

        Source of the focus: Lin et al., "Focal loss for dense object detection", ICCV 2017; of the smoothing: Szegedy
        et al., "Rethinking the Inception architecture", CVPR 2016, section 7, here over two labels.
        """
        smoothing = self._params.label_smoothing
        hard = torch.from_numpy(labels.astype(np.float32)).to(logits.device)
        weights = self._weights[0] + (self._weights[1] - self._weights[0]) * hard
        target = hard * (1 - smoothing) + smoothing / 2
        each = functional.binary_cross_entropy_with_logits(logits, target, weight=weights, reduction="none")
        if self._params.loss == "focal":
            right = torch.sigmoid(torch.where(hard > 0, logits, -logits))
            each = each * (1 - right) ** self._params.focal_gamma
        return each.mean()


def plain_loss(params: TrainingParams, films: Films, logits: torch.Tensor) -> float:
    """Cross-entropy of logits (N,), class-weighted as in training, neither smoothed nor focused: validation's loss."""
    weights = class_weights(params, films)
    target = torch.from_numpy(films.labels.astype(np.float32))
    each = weights[0] + (weights[1] - weights[0]) * target
    return float(functional.binary_cross_entropy_with_logits(logits, target, weight=each))


def absolute_sum(weights: Iterable[torch.Tensor]) -> torch.Tensor:
    """The sum of absolute weights, for L1 regularisation: a scalar."""
    return torch.stack([tensor.abs().sum() for tensor in weights]).sum()


def class_weights(params: TrainingParams, films: Films) -> tuple[float, float]:
    """Loss weights of negative and positive films; balanced: both labels weigh the same in total."""
    share = float(films.labels.mean())
    if params.class_weights == "none" or not 0 < share < 1:
        return 1.0, 1.0
    return 0.5 / (1 - share), 0.5 / share
