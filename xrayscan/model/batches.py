"""Any number of films through a model, batch by batch: the one place that knows what to do when one does not fit."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from xrayscan.model.backend import Pixels, Predictor

SIZE = 64  # films that any machine takes at once
Answers = TypeVar("Answers", bound=npt.NDArray[Any])


class Batches:
    """Asks about films in batches of ``size``, which is halved, for good, whenever one does not fit into memory.

    ``fixed``: a last batch that is smaller is filled up with black films, so that a film's answer depends neither on
    its neighbours nor on how many there are. May be used from several threads at once.
    """

    def __init__(self, size: int = SIZE, *, fixed: bool = False) -> None:
        self.size, self._fixed = size, fixed

    def over(self, ask: Callable[[Pixels], Answers], pixels: Pixels) -> Answers:
        """Ask about pixels (N, S, S), N at least 1; an answer (B, ...) has a row for each film, and so has the whole.

        Raises: whatever ``ask`` raises, and its MemoryError or torch.OutOfMemoryError once a single film is too much.
        """
        answers: list[Answers] = []
        at = 0
        while at < len(pixels):
            size = self.size
            part = pixels[at : at + size]
            try:
                answers.append(ask(_filled(part, size) if self._fixed else part)[: len(part)])  # type: ignore[arg-type]
                at += len(part)
            except (MemoryError, RuntimeError) as error:
                if size == 1 or not out_of_memory(error):
                    raise
                self.size = min(self.size, size // 2)  # another thread may have halved it meanwhile
        return np.concatenate(answers)  # type: ignore[return-value]


def predict_logits(predictor: Predictor, pixels: Pixels) -> npt.NDArray[np.float32]:
    """Raw logits (N,) of pixels (N, S, S)."""
    return Batches().over(predictor.predict, pixels)


def out_of_memory(error: Exception) -> bool:
    """Whether this is what a device without room for a batch raises."""
    if isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    said = str(error).lower()  # the CPU allocator raises a bare RuntimeError
    return "out of memory" in said or "alloc" in said


def _filled(pixels: Pixels, size: int) -> Pixels:
    missing = size - len(pixels)
    return np.concatenate([pixels, np.zeros((missing, *pixels.shape[1:]), np.uint8)]) if missing else pixels
