"""`xrayscan.predict` and `xrayscan.show`: films in, what a model says of them out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable

from xrayscan.api.worklist import PredictedWorklist
from xrayscan.explain.film import InspectedFilm, inspect_film
from xrayscan.files.paths import Path, path_text
from xrayscan.files.run_folder import refuse_file
from xrayscan.model.file import Model
from xrayscan.observing.progress import Progress
from xrayscan.plugin.loading import load_models
from xrayscan.scanning.scan import ScanSettings, scan
from xrayscan.worklist.order import RankSettings


def predict(
    paths: Path | Iterable[Path],
    model: Path | Model | Iterable[Path | Model] = "default",
    *,
    out: Path | None = None,
    device: str = "auto",
    workers: int | None = None,
    prevalence: float | None = None,
    threshold: float | None = None,
    exclude: Iterable[str] = (),
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> PredictedWorklist:
    """Score chest radiographs and return the worklist: the films in the order in which they are best read.

    >>> import xrayscan
    >>> worklist = xrayscan.predict("radiographs/", out="triage")
    >>> for row in worklist.top(3):
    ...     print(row.rank, row.tier, row.source)  # doctest: +ELLIPSIS
    1 ... radiographs/...
    2 ... radiographs/...
    3 ... radiographs/...
    >>> table = worklist.to_pandas()  # or to_arrow()
    >>> xrayscan.write_reports(worklist, "triage", formats=["csv"])
    ['triage/triage.csv']

    ``paths``: files, folders and archives, one or any mix; whatever is found below them gets exactly one row.
    ``model``: a bundled name, a model file or a training run, or several, the first of which sets the tiers.
    ``out``: a folder that keeps the scan, so that the same call later reads only what is new; None keeps nothing.
    ``device``: auto, cpu, cuda[:N] or mps. ``workers``: reader processes, None for one per core, 0 for none; a script
    needs no ``if __name__ == "__main__"`` for them. ``prevalence``: share of films with pneumonia where you work;
    ``threshold``: flags films at this probability or higher. ``exclude``: patterns as in a .gitignore file.
    Everything else is set with `xrayscan.scan` and its `ScanSettings`.
    Raises: ModelError for an unusable model, UsageError for a device or pattern that is none, OutputError for a folder
    that cannot be written or holds another scan, ValueError for a share out of range.
    """
    settings = ScanSettings(
        device=device,
        workers=workers,
        exclude=(exclude,) if isinstance(exclude, str) else tuple(exclude),
        rank=RankSettings(prevalence=prevalence, threshold=threshold),
    )
    folder = tempfile.mkdtemp(prefix="xrayscan-") if out is None else path_text(out)
    temporary = folder if out is None else None
    try:
        worklist = scan(paths, model=model, out=folder, settings=settings, on_progress=on_progress)
        return PredictedWorklist.from_worklist(worklist, temporary)
    except BaseException:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
        raise


def show(
    film: Path,
    model: Path | Model | Iterable[Path | Model] = "default",
    *,
    out: Path | None = None,
    device: str = "auto",
    burned_in: bool = False,
) -> InspectedFilm:
    """Inspect one film: what is known of it, its probability and tier, and where its score came from.

    >>> import xrayscan
    >>> film = xrayscan.show("radiographs/film-01.jpeg", out="film-01-heatmap.png")
    >>> film.facts["format"], film.facts["rows"]
    ('JPEG', 640)
    >>> 0 <= film.probability <= 1
    True

    A notebook shows the film under its heatmap. ``out``: a new PNG file for that picture. ``model``: as in
    `xrayscan.predict`; the first one makes the heatmap. ``burned_in``: also show a film whose header says that text
    of a person stands in it.
    Raises: InputError if the film cannot be scored, ModelError for an unusable model, OutputError if ``out`` is there
    already or cannot be written, UsageError for a device that is not there.
    """
    if out is not None:
        refuse_file(path_text(out), overwrite=False)
    found = inspect_film(path_text(film), load_models(model), device=device, burned_in=burned_in)
    if out is not None and found.evidence.heatmap is not None:
        found.write_heatmap(path_text(out))
    return found
