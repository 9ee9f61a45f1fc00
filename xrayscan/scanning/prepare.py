"""The two stages of a scan that may run anywhere: `prepare` reads one file, `BatchScorer` scores a batch.

A row is a flat dict of plain values and read-only arrays. `prepare` expects ``path`` and adds the fields of `Facts`
and one pixel column per distinct geometry, or a ``reason``. `BatchScorer` replaces the pixels by ``probabilities``.
"""

import dataclasses
import hashlib
from collections.abc import Iterable

from xrayscan.decode import Radiograph, decode, named_as_image, sniff
from xrayscan.decode.resize import preprocess
from xrayscan.errors import DecodeError
from xrayscan.model.input_spec import InputSpec
from xrayscan.outcome import Code
from xrayscan.scanning.row import Row, pixel_column
from xrayscan.sources.reading import read_file, read_head


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
        return row | digest | refusal(error)
    pixels = {pixel_column(spec): preprocess(films[spec.side].brightness, spec) for spec in specs}
    film = films[specs[0].side]
    return row | dataclasses.asdict(film.facts) | digest | {"flags": film.flags} | pixels


def refusal(error: DecodeError) -> Row:
    """The fields of a row that got no further."""
    return {"reason": str(error), "code": error.code, "status": error.status}


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


def _refuse_foreign(head: bytes, path: str) -> None:
    if sniff(head) is not None:
        return
    if not named_as_image(path):
        raise DecodeError(Code.NOT_AN_IMAGE, "not an image")
    if not head:
        raise DecodeError(Code.EMPTY, "empty file")
    raise DecodeError(Code.MISNAMED, "not an image, though its name says so")
