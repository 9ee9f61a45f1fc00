"""A check of what may be ranked: it flags films that are much wider than high, and sets strips aside."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from xrayscan import Check, Radiograph, Verdict, hookimpl


class MyPlugin:
    """Looks at the shape of an image; ``sample`` holds some of its pixels, brightness in [0, 1]."""

    name = "my-plugin"

    def examine(self, image: Radiograph, sample: npt.NDArray[np.float32]) -> Verdict | None:
        """Flag it, set it aside with a code and a reason, or have nothing to say."""
        rows, columns = image.brightness.shape
        if columns > 20 * rows:
            return Verdict(code="my-plugin", reason="a strip, not a film")
        return Verdict(("much wider than high",)) if columns > 2 * rows else None


@hookimpl
def register_checks(register: Callable[[Check], None]) -> None:
    """Offer the check."""
    register(MyPlugin())
