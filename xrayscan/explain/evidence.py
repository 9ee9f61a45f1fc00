"""Worklist → evidence: for the first films the picture, where the score came from, and what the model compared with.

Made after ranking, from the files themselves: each is read again and shown only if it is still the one that was scored.
"""

import io
import itertools
import math
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image

from xrayscan.decode.flags import Flag
from xrayscan.decode.resize import preprocess
from xrayscan.errors import DecodeError
from xrayscan.explain.heatmap import Explainer, Neighbour, over_film
from xrayscan.explain.seen import write_picture
from xrayscan.explain.unchanged import read_unchanged
from xrayscan.model.backend import Pixels, Placement
from xrayscan.model.file import Model
from xrayscan.runtime.interface import cores
from xrayscan.scanning.prepare import decoded
from xrayscan.store.record import Facts, Status
from xrayscan.worklist.worklist import WorklistRow

THUMBNAIL = 96  # pixels of the longer side
QUALITY = 60  # of JPEG: nearer to the film than WebP at 75, half as large again, and made in a tenth of the time
BATCH = 16  # films that are read and explained together; every one of them is shown to the network many times
REDUCED_FIRST = 2.0  # times the size asked for, by whole numbers, which is quick; Pillow's filter does the rest
EIGHTHS = 8  # a JPEG can be decoded at 1/8 to 8/8 of its size
STRONGEST = 0.55  # how much of the film the overlay hides where the map is 1
WITHHELD = "burned-in annotation: shown only with --burned-in"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can be shown of one scored film, or the problem that stands in the way."""

    source: str
    film: bytes = b""  # JPEG, grey; empty where there is a problem
    thumbnail: bytes = b""  # JPEG, grey, its longer side THUMBNAIL pixels at most
    heatmap: npt.NDArray[np.float32] | None = None  # (h, w) in [0, 1], spread over the whole film; None: none was made
    neighbours: tuple[Neighbour, ...] = ()  # of a model that compares films: the nearest training cases, nearest first
    problem: str | None = None  # a phrase for the report: gone, changed, or not to be decoded any more


def gather(
    rows: Iterable[WorklistRow],
    model: Model | None,
    placement: Placement,
    *,
    top: int,
    heatmaps: int,
    side: int = 1024,
    burned_in: bool = False,
) -> Iterator[Evidence]:
    """Yield the evidence of the first ``top`` scored rows, in their order.

    The first ``heatmaps`` of them get a heatmap by ``model``, or its nearest training cases, where it gives either;
    without a model there is none. ``side``: pixels, at most, of a film's longer side. A file that is gone, or whose
    SHA-256 is not the row's any more, costs its own row: it has a problem, and no picture. So has a film whose header
    says that text of a person stands in it, unless ``burned_in``.
    Raises: ModelError if the model's backend is missing or its weights do not fit.
    """
    explainer = Explainer.from_model(model, placement) if model is not None and heatmaps > 0 else None
    scored = itertools.islice((row for row in rows if row.status == Status.SCORED), top)
    numbered = enumerate(scored)

    def read(at: int, row: WorklistRow) -> tuple[Evidence, Pixels | None]:
        if is_withheld(row.flags, burned_in=burned_in):
            return Evidence(row.source, problem=WITHHELD), None
        return _read(row.source, row.facts.sha256, side, explainer if at < heatmaps else None, row.facts)

    with ThreadPoolExecutor(cores()) as threads:
        while batch := list(itertools.islice(numbered, BATCH)):
            yield from _explained(list(threads.map(read, *zip(*batch, strict=True))), explainer)


def is_withheld(flags: Iterable[str], *, burned_in: bool) -> bool:
    """Whether a film with these flags is not to be shown: its header says that text of a person stands in it."""
    return Flag.BURNED_IN in flags and not burned_in


def gather_one(source: str, sha256: str, model: Model, placement: Placement, side: int = 1024) -> Evidence:
    """The evidence of one film that was scored, as `gather` makes it."""
    explainer = Explainer.from_model(model, placement)
    return next(_explained([_read(source, sha256, side, explainer)], explainer))


def _read(
    source: str, sha256: str, side: int, explainer: Explainer | None, facts: Facts = Facts()
) -> tuple[Evidence, Pixels | None]:
    """The film's pictures, and the pixels that the model takes where there is one to explain it."""
    large = _shorter(side, facts)
    try:
        data = read_unchanged(source, sha256)
        films = decoded(data, {large} | ({explainer.spec.side} if explainer else set()))
    except DecodeError as error:
        return Evidence(source, problem=str(error)), None
    film = _no_larger(Image.fromarray(_grey(films[large].brightness)), side)
    evidence = Evidence(source, _jpeg(film), _jpeg(_no_larger(film, THUMBNAIL)))
    return evidence, preprocess(films[explainer.spec.side].brightness, explainer.spec) if explainer else None


def _shorter(side: int, facts: Facts) -> int:
    """The shorter side of a film whose longer one has ``side`` pixels, or a little less; ``side`` where its shape is
    not known.

    Less by as much as a JPEG then comes out at one of its own scales, eighths of its size: nothing is left to reduce.
    """
    if not facts.rows or not facts.columns:
        return side
    shorter, longer = sorted((facts.rows, facts.columns))
    if eighths := min(EIGHTHS, EIGHTHS * side // longer):
        return math.ceil(shorter * eighths / EIGHTHS)
    return math.ceil(shorter * side / longer)  # a film that is too large even at an eighth


def _grey(brightness: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Brightness in [0, 1] as grey levels."""
    scaled = brightness * np.float32(255)
    scaled += np.float32(0.5)
    return scaled.astype(np.uint8)


def _explained(batch: list[tuple[Evidence, Pixels | None]], explainer: Explainer | None) -> Iterator[Evidence]:
    """Yield a batch in its order, with heatmaps or neighbours where pixels were kept for them."""
    shown = [pixels for _, pixels in batch if pixels is not None]
    if explainer is None or not shown:
        yield from (evidence for evidence, _ in batch)
        return
    maps, neighbours = explainer.heatmaps(np.stack(shown)), explainer.neighbours(np.stack(shown))
    at = itertools.count()
    for evidence, pixels in batch:
        if pixels is None:
            yield evidence
            continue
        n = next(at)
        with Image.open(io.BytesIO(evidence.film)) as film:
            heatmap = None if maps is None else over_film(maps[n], explainer.spec, film.height, film.width)
        yield replace(evidence, heatmap=heatmap, neighbours=neighbours[n] if neighbours else ())


def _no_larger(film: Image.Image, side: int) -> Image.Image:
    """The film, reduced where its longer side is more than ``side``."""
    share = min(1, side / max(film.size))
    width, height = (max(1, round(length * share)) for length in film.size)
    return film.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=REDUCED_FIRST)


def _jpeg(film: Image.Image) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.asarray(film)[:, :, None], QUALITY, "GRAY", fastdct=False))


def write_heatmap(evidence: Evidence, path: str) -> None:
    """Write the film with its heatmap laid over it as a PNG; it replaces an older one in one step.

    Raises: ValueError for evidence without a heatmap; OutputError where the file cannot be written.
    """
    if evidence.heatmap is None:
        raise ValueError(f"{evidence.source} has no heatmap")
    write_picture(overlay(evidence.film, evidence.heatmap), path)


def overlay(film: bytes, heatmap: npt.NDArray[np.float32]) -> Image.Image:
    """The film in grey under the map's colours, the stronger the map the less of the film is seen through it."""
    from xrayscan.report.plots import colormaps  # it needs matplotlib

    with Image.open(io.BytesIO(film)) as picture:
        grey = np.asarray(picture.convert("RGB"), np.float32)
    rows, columns = grey.shape[:2]
    heat = np.asarray(Image.fromarray(heatmap).resize((columns, rows), Image.Resampling.BICUBIC)).clip(0, 1)
    colour = colormaps["inferno"](heat)[..., :3] * 255
    share = STRONGEST * heat[..., None]
    return Image.fromarray(np.rint(grey * (1 - share) + colour * share).astype(np.uint8))
