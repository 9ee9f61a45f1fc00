"""The batch stage of a scan: rows with pixels in, the same rows with probabilities out."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from xrayscan.errors import Code, Status
from xrayscan.model.backend import Pixels, Placement
from xrayscan.model.batches import Batches
from xrayscan.model.capabilities import KnowsUnlike
from xrayscan.model.file import Model
from xrayscan.plugin.loading import load_predictor
from xrayscan.scanning.row import Row, pixel_column
from xrayscan.store.record import UNLIKE

NOT_A_NUMBER = "the model gave no finite number for this film"


class BatchScorer:
    """Batch stage: rows with pixels in, the same rows with calibrated probabilities out, one per model.

    Every batch is filled up to the same size, so that a film's probability depends neither on its neighbours nor on
    how many there are: a scan that was interrupted and goes on gives the same bytes as one that was not.
    ``streams`` batches may be scored at the same time, from as many threads.
    The first model also tells how unlike its training films each one is, if it knows, and that is flagged.
    """

    def __init__(self, models: Sequence[Model], placement: Placement, batch_size: int, streams: int = 1) -> None:
        self._batches = Batches(batch_size, fixed=True)
        self.streams = streams
        self._models = [(model.card, load_predictor(model, placement)) for model in models]

    @property
    def batch_size(self) -> int:
        """How many rows to bring at once."""
        return self._batches.size

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """Score rows, in their order. A row whose logit is not finite gets a reason instead."""
        columns, gated = [], list(rows)
        for number, (card, predictor) in enumerate(self._models):
            pixels = np.stack([row[pixel_column(card.input)] for row in rows])
            if number == 0 and isinstance(predictor, KnowsUnlike):
                logits, unlikeness = self._batches.over(_together(predictor), pixels).T
                gated = [_gated(row, float(u), predictor.unlike_from) for row, u in zip(rows, unlikeness, strict=True)]
            else:
                logits = self._batches.over(predictor.predict, pixels)
            columns.append([card.calibration.probability(float(logit)) for logit in logits])
        return [_scored(row, values) for row, values in zip(gated, zip(*columns, strict=True), strict=True)]


def _together(predictor: KnowsUnlike) -> Callable[[Pixels], npt.NDArray[np.float32]]:
    """Pixels (B, S, S) → logits and unlikeness (B, 2)."""
    return lambda pixels: np.stack(predictor.predict_with_unlikeness(pixels), 1)


def _scored(row: Row, probabilities: tuple[float, ...]) -> Row:
    rest = {key: value for key, value in row.items() if not key.startswith("pixels_")}
    if not np.isfinite(probabilities).all():
        return rest | {"reason": NOT_A_NUMBER, "status": Status.FAILED, "code": Code.NOT_FINITE}
    return rest | {"probabilities": probabilities}


def _gated(row: Row, unlikeness: float, unlike_from: float) -> Row:
    """The row with its unlikeness, flagged if that is high; what is no number is as unlike as can be."""
    known = unlikeness if np.isfinite(unlikeness) else 1.0
    flags = (UNLIKE,) if known >= unlike_from else ()
    return row | {"unlikeness": known, "flags": (*row.get("flags", ()), *flags)}
