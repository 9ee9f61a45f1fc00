"""The mean of the weights of several networks that began alike.

Source: Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
increasing inference time", ICML 2022: networks adapted from the same weights lie so close together that the mean of
their weights does about what the mean of their answers does.
"""

from collections.abc import Mapping

import numpy as np

from xrayscan.model.backend import Tensors

PREFIX = "soup/"  # before the names in a snapshot


class Soup:
    """Sums up the weights of members that are trained; `mean` divides."""

    def __init__(self, total: Tensors | None = None, members: int = 0) -> None:
        self.total, self.members = total or {}, members

    def add(self, weights: Tensors) -> None:
        """Take in one more member. Whole numbers, which only count batches, are kept as the last one has them."""
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
        return {f"{PREFIX}{name}": array for name, array in self.total.items()}

    @classmethod
    def resumed(cls, tensors: Tensors, members: int) -> "Soup":
        """Go on from the tensors of a snapshot with so many members."""
        return cls(_below(tensors), members)


def _wide(array: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _below(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    return {name.removeprefix(PREFIX): array for name, array in tensors.items() if name.startswith(PREFIX)}
