"""The mean of the weights of several networks that began alike.

Source: Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
increasing inference time", ICML 2022: networks adapted from the same weights lie so close together that the mean of
their weights does about what the mean of their answers does.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xrayscan.model.backend import Tensors

PREFIX = "soup/"  # before the names in a snapshot
ANSWERS = "soup answers"  # in a snapshot


class Soup:
    """Sums up the weights of members that are trained; `mean` divides."""

    def __init__(self, total: Tensors | None = None, answers: npt.NDArray[np.float64] | None = None, members: int = 0):
        self.total, self.answers, self.members = total or {}, answers, members

    def add(self, weights: Tensors, logits: npt.NDArray[np.float32]) -> None:
        """Take in one more member, with its logits (N,) of films that all members are asked about.

        Whole numbers, which only count batches, are kept as the last one has them.
        """
        probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
        self.answers = probabilities + (0 if self.answers is None else self.answers)
        self.members += 1
        self.total = {
            name: array + self.total.get(name, 0) if array.dtype.kind == "f" else array
            for name, array in ((name, _wide(array)) for name, array in weights.items())
        }

    def mean(self) -> Tensors:
        """The weights of the soup, as float32."""
        return {
            name: np.asarray(array / self.members, np.float32) if array.dtype.kind == "f" else array
            for name, array in self.total.items()
        }

    def tensors(self) -> Tensors:
        """What `resumed` needs."""
        answers = {} if self.answers is None else {ANSWERS: self.answers}
        return {**answers, **{f"{PREFIX}{name}": array for name, array in self.total.items()}}

    @classmethod
    def resumed(cls, tensors: Tensors, members: int) -> "Soup":
        """Go on from the tensors of a snapshot with so many members."""
        return cls(_below(tensors), tensors.get(ANSWERS), members)


def _wide(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _below(tensors: Tensors) -> dict[str, npt.NDArray[Any]]:
    return {name.removeprefix(PREFIX): array for name, array in tensors.items() if name.startswith(PREFIX)}


def rescale(network: nn.Module, slope: float, intercept: float) -> None:
    """Change the last dense layer, if that gives the logit, so that the logit becomes slope * logit + intercept."""
    dense = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if dense and dense[-1].out_features == 1 and dense[-1].bias is not None:
        with torch.no_grad():
            dense[-1].weight.mul_(slope)
            dense[-1].bias.mul_(slope).add_(intercept)
