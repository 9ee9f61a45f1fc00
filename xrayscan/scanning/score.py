"""The batch stage of a scan: rows with pixels in, the same rows with probabilities out."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from xrayscan.model.backend import Pixels, Placement, Predictor
from xrayscan.model.capabilities import KnowsUnlike
from xrayscan.model.file import Model
from xrayscan.outcome import Code, Status
from xrayscan.plugin.loading import load_predictor
from xrayscan.scanning.row import Row, pixel_column
from xrayscan.store.record import UNLIKE

NOT_A_NUMBER = "the model gave no finite number for this film"
Predict = Callable[[Pixels], npt.NDArray[np.float32]]  # pixels (B, S, S) → (K, B): logits, and unlikeness if K is 2


class BatchScorer:
    """Batch stage: rows with pixels in, the same rows with calibrated probabilities out, one per model.

    Every batch is filled up to the same size, so that a film's probability depends neither on its neighbours nor on
    how many there are: a scan that was interrupted and goes on gives the same bytes as one that was not.
    ``streams`` batches may be scored at the same time, from as many threads.
    The first model also tells how unlike its training films each one is, if it knows, and that is flagged.
    """

    def __init__(self, models: Sequence[Model], placement: Placement, batch_size: int, streams: int = 1) -> None:
        self.batch_size = batch_size
        self.streams = streams
        self._models = [(model.card, load_predictor(model, placement)) for model in models]

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """Score rows, in their order. A row whose logit is not finite gets a reason instead."""
        columns, gated = [], list(rows)
        for number, (card, predictor) in enumerate(self._models):
            pixels = np.stack([row[pixel_column(card.input)] for row in rows])
            if number == 0 and isinstance(predictor, KnowsUnlike):
                logits, unlikeness = self._predicted(_both(predictor), pixels)
                gated = [_gated(row, float(u), predictor.unlike_from) for row, u in zip(rows, unlikeness, strict=True)]
            else:
                (logits,) = self._predicted(_alone(predictor), pixels)
            columns.append([card.calibration.probability(float(logit)) for logit in logits])
        return [_scored(row, values) for row, values in zip(gated, zip(*columns, strict=True), strict=True)]

    def _predicted(self, predict: Predict, pixels: Pixels) -> npt.NDArray[np.float64]:
        """Predict in batches of ``self.batch_size``; when one does not fit into memory, go on with half of it."""
        done: list[npt.NDArray[np.float32]] = []
        at = 0
        while at < len(pixels):
            size = self.batch_size
            part = pixels[at : at + size]
            try:
                done.append(predict(_filled(part, size))[:, : len(part)])
                at += len(part)
            except (MemoryError, RuntimeError) as error:
                if size == 1 or not _out_of_memory(error):
                    raise
                self.batch_size = min(self.batch_size, size // 2)  # another stream may have halved it meanwhile
        return np.concatenate(done, axis=1).astype(np.float64)


def _both(predictor: KnowsUnlike) -> Predict:
    return lambda pixels: np.stack(predictor.predict_with_unlikeness(pixels))


def _alone(predictor: Predictor) -> Predict:
    return lambda pixels: predictor.predict(pixels)[np.newaxis]


def _filled(pixels: Pixels, size: int) -> Pixels:
    missing = size - len(pixels)
    return np.concatenate([pixels, np.zeros((missing, *pixels.shape[1:]), np.uint8)]) if missing else pixels


def _out_of_memory(error: Exception) -> bool:
    # torch.OutOfMemoryError is a RuntimeError; the CPU allocator raises a bare RuntimeError that says so.
    return isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "alloc" in str(error).lower()


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
