"""The two stages of a scan that may run anywhere: `prepare` reads one file, `Infer` scores a batch.

A row is a flat dict of plain values and read-only arrays. `prepare` expects ``path`` and adds the fields of `Facts`
and one pixel column per distinct geometry, or a ``reason``. `Infer` replaces the pixels by ``probabilities``.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.backend import Pixels, Placement, Predictor
from xrayscan.card import InputSpec
from xrayscan.decode import Radiograph, decode, named_as_image, sniff
from xrayscan.discover import read_file, read_head
from xrayscan.errors import DecodeError
from xrayscan.modelfile import Model
from xrayscan.preprocess import preprocess

Row = dict[str, Any]

NOT_A_NUMBER = "the model gave no finite number for this film"


def prepare(row: Row, *, specs: tuple[InputSpec, ...]) -> Row:
    """Row stage: read one file once; one pixel column per distinct geometry.

    Whatever goes wrong in decoding arrives here as DecodeError and becomes the row's reason. A row that has one
    already (a dangling link, a hidden file) passes through.
    """
    if row.get("reason"):
        return row
    digest = {}
    try:
        data = read_file(row["path"], head_ok=lambda head: _refuse_foreign(head, row["path"]))
        digest = {"sha256": hashlib.sha256(data).hexdigest()}
        films = decoded(data, {spec.side for spec in specs})
    except DecodeError as error:
        return row | digest | {"reason": str(error), "ignored": error.ignored}
    pixels = {pixel_column(spec): preprocess(films[spec.side].brightness, spec) for spec in specs}
    return row | dataclasses.asdict(films[specs[0].side].facts) | digest | pixels


def decoded(data: bytes, sides: Iterable[int]) -> dict[int, Radiograph]:
    """Decode a film for each of these sides, in pixels: no model's pixels depend on which others are asked.

    A JPEG's reduced scales are films of their own; whatever came out whole serves the larger sides too.
    Raises: DecodeError.
    """
    films: dict[int, Radiograph] = {}
    film: Radiograph | None = None
    for side in sorted(sides):
        if film is None or film.brightness.shape != (film.facts.rows, film.facts.columns):
            film = decode(data, at_least=side)
        films[side] = film
    return films


def refuse(path: str) -> DecodeError | None:
    """Say why a file would not be decoded, from its name and first bytes alone; None for a candidate."""
    try:
        _refuse_foreign(read_head(path), path)
    except DecodeError as error:
        return error
    return None


def pixel_column(spec: InputSpec) -> str:
    """Name the row field that holds (S, S) uint8 pixels of this geometry."""
    side, resize = spec.geometry
    return f"pixels_{side}_{resize}"


def _refuse_foreign(head: bytes, path: str) -> None:
    if sniff(head) is not None:
        return
    if named_as_image(path):
        raise DecodeError("empty file" if not head else "not an image, though its name says so")
    raise DecodeError("not an image", ignored=True)


class Infer:
    """Batch stage: rows with pixels in, the same rows with calibrated probabilities out, one per model.

    Every batch is filled up to the same size, so that a film's probability depends neither on its neighbours nor on
    how many there are: a scan that was interrupted and goes on gives the same bytes as one that was not.
    ``streams`` batches may be scored at the same time, from as many threads.
    """

    def __init__(self, models: Sequence[Model], placement: Placement, batch_size: int, streams: int = 1) -> None:
        self.batch_size = batch_size
        self.streams = streams
        self._models = [(model.card, model.predictor(placement)) for model in models]

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
        return rest | {"reason": NOT_A_NUMBER, "ignored": False}
    return rest | {"probabilities": probabilities}
