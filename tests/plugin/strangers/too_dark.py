"""A check that a stranger might write: films that are nearly black."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from xrayscan import Check, Radiograph, Verdict, hookimpl


class TooDark:
    name = "too dark"

    def examine(self, image: Radiograph, sample: npt.NDArray[np.float32]) -> Verdict | None:
        if float(sample.mean()) > 0.02:
            return None
        return Verdict(code="too-dark", reason="nearly black")


@hookimpl
def register_checks(register: Callable[[Check], None]) -> None:
    register(TooDark())
