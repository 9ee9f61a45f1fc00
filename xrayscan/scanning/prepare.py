"""The two stages of a scan that may run anywhere: `prepare` reads one file, `BatchScorer` scores a batch.

A row is a flat dict of plain values and read-only arrays. `prepare` expects ``path`` and adds the fields of `Facts`
and one pixel column per distinct geometry, or a ``reason``. `BatchScorer` replaces the pixels by ``probabilities``.
"""

import contextlib
import dataclasses
import functools
import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from xrayscan.checks.interface import Check, Sample, Verdict, sample_of
from xrayscan.checks.polarity import righted
from xrayscan.decode import BUILT_IN, Radiograph, decode, named_as_image, named_as_not_read, sniff
from xrayscan.decode.limits import DEFAULT_LIMITS, Limits
from xrayscan.decode.resize import preprocess
from xrayscan.decode.sniff import unsupported
from xrayscan.errors import Code, DecodeError, Status
from xrayscan.files.own_output import is_own_output
from xrayscan.model.input_spec import InputSpec
from xrayscan.plugin.decoders import decoders_for
from xrayscan.plugin.sources import read_file, read_head
from xrayscan.scanning.row import Row, pixel_column
from xrayscan.sources.address import named_as_archive, named_as_other_archive, unpacked_name

# What a later run may be allowed: such a file is not known by its checksum, so that it is read again.
OF_THIS_RUN = (Code.MEMORY, Code.TOO_MANY_PIXELS, Code.INFLATES_TOO_FAR)


def prepare(
    row: Row, *, specs: tuple[InputSpec, ...], checks: Sequence[Check] = (), limits: Limits = DEFAULT_LIMITS
) -> Row:
    """Row stage: read one file once, within ``limits``; one pixel column per distinct geometry, unless a check sets
    the image aside.

    Whatever goes wrong in decoding arrives here as DecodeError and becomes the row's reason. A row that has one
    already (a dangling link, a hidden file) passes through.
    """
    if row.get("reason"):
        return row
    digest = {}
    try:
        check = functools.partial(_refuse_foreign, path=row["path"])
        data = read_file(row["path"], check, max_bytes=limits.max_file_bytes)
        digest = {"sha256": hashlib.sha256(data).hexdigest()}
        films = decoded(data, {spec.side for spec in specs}, limits)
    except DecodeError as error:
        return row | ({} if error.code in OF_THIS_RUN else digest) | refusal(error)
    film = films[specs[0].side]
    known = row | film.facts.as_dict() | digest | {"taken_ns": film.taken_ns} | _examined(film, checks)
    if known.get("reason"):
        return known
    return known | {pixel_column(spec): preprocess(films[spec.side].brightness, spec) for spec in specs}


def _examined(film: Radiograph, checks: Sequence[Check]) -> Row:
    """Return the flags of an image, its decoder's and those of the checks, and why it is set aside if it is."""
    film = dataclasses.replace(film, brightness=_read_only(film.brightness))
    sample = _read_only(np.ascontiguousarray(sample_of(film.brightness)))  # looked at more than once
    verdicts = [verdict for check in checks if (verdict := _verdict(check, film, sample))]
    flags = dict.fromkeys([*film.flags, *(flag for verdict in verdicts for flag in verdict.flags)])
    against = next((verdict for verdict in verdicts if verdict.reason), None)
    outcome = {"reason": against.reason, "code": against.code, "status": Status.SET_ASIDE} if against else {}
    return {"flags": tuple(flags), **outcome}


def _verdict(check: Check, film: Radiograph, sample: Sample) -> Verdict | None:
    """A check that fails costs its own opinion, not the image its place."""
    with contextlib.suppress(Exception, SystemExit):
        verdict = check.examine(film, sample)
        if verdict is None or isinstance(verdict, Verdict):
            return verdict
    return Verdict((f"check {check.name} failed",))


def _read_only(array: Sample) -> Sample:
    """The same values, which no check can change for the model."""
    view = array.view()
    view.flags.writeable = False
    return view


def refusal(error: DecodeError) -> Row:
    """The fields of a row that got no further."""
    return {"reason": str(error), "code": error.code, "status": error.status}


def decoded(data: bytes, sides: Iterable[int], limits: Limits = DEFAULT_LIMITS) -> dict[int, Radiograph]:
    """Decode a film for each of these sides, in pixels: no model's pixels depend on which others are asked.

    A JPEG's reduced scales are films of their own; whatever came out whole serves the larger sides too. An inverted
    film is turned.
    Raises: DecodeError.
    """
    films: dict[int, Radiograph] = {}
    film: Radiograph | None = None
    for side in sorted(sides):
        if film is None or film.brightness.shape != (film.facts.rows, film.facts.columns):
            film = righted(decode(data, at_least=side, limits=limits, decoders=decoders_for(data)))
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
    if is_own_output(path, head):
        raise DecodeError(Code.OWN_OUTPUT, "written by xrayscan")
    decoders = decoders_for(head)
    if decoders is BUILT_IN or sniff(head, decoders) is not None:
        return
    if named_as_other_archive(path) or named_as_image(unpacked_name(path)):
        raise DecodeError(Code.UNSUPPORTED_ARCHIVE, "archive of a kind that is not read here: unpack it")
    archive = named_as_archive(path)
    if not archive and not named_as_image(path):
        raise DecodeError(Code.NOT_AN_IMAGE, "not an image")
    if not head:
        raise DecodeError(Code.EMPTY, "empty file")
    if name := named_as_not_read(path):
        raise unsupported(name)
    raise DecodeError(Code.MISNAMED, f"not an {'archive' if archive else 'image'}, though its name says so")
