"""One look at every film: how it is stored, how bright it is, and its fingerprints."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan.dataset import perceptual_hash
from xrayscan.dataset.labelled_folder import LabelledFilm, LabelledFolder
from xrayscan.decode import decode
from xrayscan.decode.resize import preprocess
from xrayscan.decode.technical import encoding
from xrayscan.errors import DecodeError, InputError
from xrayscan.model.backend import Pixels
from xrayscan.plugin.decoders import decoders_for
from xrayscan.scanning.local_engine import read
from xrayscan.scanning.prepare import refuse
from xrayscan.scanning.row import Row
from xrayscan.sources.reading import read_file

DECODED_AT = 128  # pixels: copies were told from strangers on films decoded at this size
BLACK, WHITE = 5, 250  # of 255: a film's border, and what a detector could not tell apart any more


@dataclass(frozen=True, slots=True)
class Look:
    """What one readable film is like."""

    film: LabelledFilm
    sha256: str
    size: int  # bytes
    format: str
    rows: int  # pixels, as are columns
    columns: int
    bits: int  # per sample
    channels: int
    quantiser: float  # mean luma quantisation step of a JPEG, else 0
    progressive: bool
    brightness: float  # mean, in [0, 1], as are the following
    contrast: float  # standard deviation
    black: float  # share of pixels
    white: float

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.columns / self.rows


@dataclass(frozen=True, slots=True)
class Looks:
    """The readable films (N) in the folder's order, and the reasons of the others by path."""

    looks: tuple[Look, ...]
    pixels: Pixels  # (N, 64, 64), the whole film, squashed
    hashes: perceptual_hash.Hashes  # (N,)
    failed: dict[str, str]

    @property
    def labels(self) -> npt.NDArray[np.uint8]:
        """1 positive, 0 negative: (N,)."""
        return np.array([look.film.label for look in self.looks], np.uint8)


def examine(row: Row) -> Row:
    """Row stage: read one file once and say what it is like, or the ``reason`` why it cannot be read."""
    if refusal := refuse(row["path"]):
        return row | {"reason": str(refusal)}
    try:
        data = read_file(row["path"])
        film = decode(data, at_least=DECODED_AT, decoders=decoders_for(data))
    except DecodeError as error:
        return row | {"reason": str(error)}
    stored, pixels = encoding(data), preprocess(film.brightness, perceptual_hash.SPEC)
    return row | {
        "pixels": pixels,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "format": film.facts.format,
        "rows": film.facts.rows,
        "columns": film.facts.columns,
        "bits": stored.bits,
        "channels": stored.channels,
        "quantiser": stored.quantiser,
        "progressive": stored.progressive,
        "brightness": float(pixels.mean() / 255),
        "contrast": float(pixels.std() / 255),
        "black": float((pixels <= BLACK).mean()),
        "white": float((pixels >= WHITE).mean()),
    }


def look_at(folder: LabelledFolder, *, workers: int, on_film: Callable[[int, int], None]) -> Looks:
    """Look at every film of a folder. Raises: InputError if a label is left without a readable one."""
    films = folder.films
    side = perceptual_hash.SPEC.side
    pixels = np.zeros((len(films), side, side), np.uint8)
    found: dict[int, Look] = {}
    failed: dict[int, str] = {}
    rows = ({"path": film.path, "index": index} for index, film in enumerate(films))
    for done, row in enumerate(read(rows, examine, workers=workers), 1):
        index = row.pop("index")
        if reason := row.get("reason"):
            failed[index] = reason
        else:
            pixels[index] = row.pop("pixels")
            found[index] = _look(films[index], row)
        on_film(done, len(films))
    kept = sorted(found)
    _check(folder, [films[n] for n in kept])
    reasons = {films[n].path: failed[n] for n in sorted(failed)}
    return Looks(tuple(found[n] for n in kept), pixels[kept], perceptual_hash.hashes(pixels[kept]), reasons)


def _look(film: LabelledFilm, row: dict[str, Any]) -> Look:
    return Look(film, **{name: row[name] for name in Look.__slots__ if name != "film"})


def _check(folder: LabelledFolder, films: Sequence[LabelledFilm]) -> None:
    for label, name in enumerate(folder.labels):
        if not any(film.label == label for film in films):
            raise InputError(f"not one file of {name} can be read as a radiograph: is it the right folder?")
