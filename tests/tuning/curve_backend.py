"""A backend that "trains" at once: what it reaches is a known function of its parameters."""

from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np

from xrayscan import Films, FitSettings, InputSpec, ModelError
from xrayscan.model.backend import Epoch


@dataclass(frozen=True)
class CurveParams:
    side: int = 32
    height: float = field(default=0.2, metadata={"tune": (0.0, 1.0)})
    kind: Literal["steady", "steep"] = field(default="steady", metadata={"tune": ["steady", "steep"]})
    trouble: str = ""

    def __post_init__(self) -> None:
        if self.height > 0.9:
            raise ModelError("height above 0.9 does not work")


class CurveBackend:
    """Remembers the films and settings of every fit in ``fits``."""

    name, summary, params = "curve", "for tests", CurveParams

    def __init__(self) -> None:
        self.fits: list[tuple[CurveParams, Films, Films, FitSettings]] = []

    def spec(self, params):
        return InputSpec(side=params.side)

    def fit(self, params, spec, train, validation, settings):
        self.fits.append((params, train, validation, settings))
        if params.trouble == "interrupt" and len(self.fits) == 3:
            raise KeyboardInterrupt
        if params.trouble == "memory":
            raise RuntimeError("out of memory\nwith many lines of detail")
        for number in range(1, settings.params.epochs + 1 if params.trouble != "no epochs" else 1):
            value = self.reached(params) * number / settings.params.epochs
            value = float("nan") if params.trouble == "nan" and params.kind == "steep" else value
            settings.on_epoch(epoch(number, settings.params.epochs, val_auroc=value, val_loss=1 - value))
        return {"weight": np.zeros(1, np.float32)}

    def load(self, params, spec, tensors, placement):
        return self

    def predict(self, pixels):
        return pixels.reshape(len(pixels), -1).mean(1).astype(np.float32) - 128

    @staticmethod
    def reached(params):
        return 1 - abs(params.height - 0.6) - (0.1 if params.kind == "steep" else 0)


def epoch(number, of, **values):
    zeros = {f.name: 0.0 for f in fields(Epoch)}
    return Epoch(**{**zeros, "number": number, "of": of, "best": False, **values})
