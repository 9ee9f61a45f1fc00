"""Decode a labelled folder once, into one array at training size."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from xrayscan.backend import Pixels
from xrayscan.card import InputSpec
from xrayscan.engine import read
from xrayscan.errors import InputError
from xrayscan.infer import pixel_column, prepare
from xrayscan.training.labelled import LabelledFilm


@dataclass(frozen=True, slots=True)
class Decoded:
    """The films that could be read, in the folder's order, and the reasons of those that could not."""

    films: tuple[LabelledFilm, ...]
    pixels: Pixels  # (N, S, S)
    digests: tuple[str, ...]  # SHA-256 of each file
    rejected: dict[str, str]  # path → reason


def decode_films(
    films: Sequence[LabelledFilm],
    spec: InputSpec,
    *,
    workers: int,
    on_film: Callable[[int, int], None] = lambda done, total: None,
) -> Decoded:
    """Read every film in reader processes. Raises: InputError if a label is left without a film."""
    pixels = np.zeros((len(films), spec.side, spec.side), np.uint8)
    digests, rejected = [""] * len(films), {}
    rows = ({"path": film.path, "index": index} for index, film in enumerate(films))
    for done, row in enumerate(read(rows, functools.partial(prepare, specs=(spec,)), workers=workers), 1):
        if row.get("reason"):
            rejected[row["path"]] = row["reason"]
        else:
            pixels[row["index"]] = row[pixel_column(spec)]
            digests[row["index"]] = row["sha256"]
        on_film(done, len(films))
    good = [index for index, digest in enumerate(digests) if digest]
    if {films[index].label for index in good} != {0, 1}:
        raise InputError("a label is left without one readable film: both labels need some")
    return Decoded(tuple(films[i] for i in good), pixels[good], tuple(digests[i] for i in good), rejected)
