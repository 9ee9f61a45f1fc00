"""The batch stage of a scan: rows with pixels in, the same rows with probabilities out."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xrayscan.model.backend import Pixels, Placement, Predictor
from xrayscan.model.file import Model
from xrayscan.outcome import Code, Status
from xrayscan.plugin.loading import load_predictor
from xrayscan.scanning.row import Row, pixel_column

NOT_A_NUMBER = "the model gave no finite number for this film"


class BatchScorer:
    """Batch stage: rows with pixels in, the same rows with calibrated probabilities out, one per model.

    Every batch is filled up to the same size, so that a film's probability depends neither on its neighbours nor on
    how many there are: a scan that was interrupted and goes on gives the same bytes as one that was not.
    ``streams`` batches may be scored at the same time, from as many threads.
    """

    def __init__(self, models: Sequence[Model], placement: Placement, batch_size: int, streams: int = 1) -> None:
        self.batch_size = batch_size
        self.streams = streams
        self._models = [(model.card, load_predictor(model, placement)) for model in models]

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """Score rows, in their order. A row whose logit is not finite gets a reason instead."""
        columns = []
        for card, predictor in self._models:
            pixels = np.stack([row[pixel_column(card.input)] for row in rows])
            columns.append([card.calibration.probability(float(logit)) for logit in self._logits(predictor, pixels)])
        return [_scored(row, values) for row, values in zip(rows, zip(*columns, strict=True), strict=True)]

    def _logits(self, predictor: Predictor, pixels: Pixels) -> npt.NDArray[np.float64]:
        """Predict in batches of ``self.batch_size``; when one does not fit into memory, go on with half of it."""
        done: list[npt.NDArray[np.float32]] = []
        at = 0
        while at < len(pixels):
            size = self.batch_size
            part = pixels[at : at + size]
            try:
                done.append(predictor.predict(_filled(part, size))[: len(part)])
                at += len(part)
            except (MemoryError, RuntimeError) as error:
                if size == 1 or not _out_of_memory(error):
                    raise
                self.batch_size = min(self.batch_size, size // 2)  # another stream may have halved it meanwhile
        return np.concatenate(done).astype(np.float64)


def _filled(pixels: Pixels, size: int) -> Pixels:
    missing = size - len(pixels)
    return np.concatenate([pixels, np.zeros((missing, *pixels.shape[1:]), np.uint8)]) if missing else pixels


def _out_of_memory(error: Exception) -> bool:
    # torch.OutOfMemoryError is a RuntimeError; the CPU allocator raises a bare RuntimeError that says so.
    return isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "alloc" in str(error).lower()


def _scored(row: Row, probabilities: tuple[float, ...]) -> Row:
    rest = {key: value for key, value in row.items() if not key.startswith("pixels_")}
    if not np.isfinite(probabilities).all():
        return rest | {"reason": NOT_A_NUMBER, "code": Code.NOT_FINITE, "status": Status.FAILED}
    return rest | {"probabilities": probabilities}
