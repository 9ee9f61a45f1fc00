"""A decoded radiograph: brightness with its technical facts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.store.record import Facts


@dataclass(frozen=True, slots=True)
class Radiograph:
    """One image as a reader sees it.

    ``brightness``: float32 (H, W), no unit, in [0, 1], bone bright; H and W may be smaller than ``facts.rows`` and
    ``facts.columns`` when the file was decoded at a reduced scale.
    """

    brightness: npt.NDArray[np.float32]
    facts: Facts
