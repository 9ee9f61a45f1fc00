"""One scan, end to end: discover → read → score → store → rank. It goes on where an earlier one stopped."""

import contextlib
import dataclasses
import functools
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from xrayscan.errors import DecodeError
from xrayscan.model.file import Model
from xrayscan.outcome import Code
from xrayscan.plugin.loading import load_models, names_of
from xrayscan.plugin.manager import load_registry
from xrayscan.scanning.local_engine import run
from xrayscan.scanning.prefetch import Prefetcher
from xrayscan.scanning.prepare import prepare, refuse
from xrayscan.scanning.progress import Progress
from xrayscan.scanning.row import Row
from xrayscan.scanning.score import BatchScorer
from xrayscan.scanning.workers import default_workers
from xrayscan.sources.folders import discover
from xrayscan.sources.source import Source
from xrayscan.store.record import FACT_LABELS, Facts, ScanRecord, Status
from xrayscan.store.store import STORE_NAME, Store
from xrayscan.worklist.order import RankSettings
from xrayscan.worklist.worklist import Worklist

KEPT_BETWEEN_REPORTS = 1000
SOURCE = tuple(field.name for field in dataclasses.fields(Source))


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """How to run a scan; nothing here changes what a film's probability means.

    ``workers``: reader processes; None is one per core, 0 reads inside this process. ``batch_size``: None chooses by
    device. ``precision``: auto | fp32 | bf16 | fp16. ``device``: auto | cpu | cuda[:N] | mps.
    """

    device: str = "auto"
    precision: str = "auto"
    batch_size: int | None = None
    workers: int | None = None
    fresh: bool = False  # forget an earlier scan in the same folder
    rank: RankSettings = RankSettings()


def scan(
    paths: Iterable[str],
    *,
    model: str | Model | Sequence[str | Model] = "default",
    out: str = "triage",
    settings: ScanSettings = ScanSettings(),
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Worklist:
    """Score every radiograph among ``paths`` (files and folders, any mix) and return the worklist.

    Every path found ends as one record in ``out/scan.sqlite``, committed batch by batch; files unchanged since an
    earlier scan by the same models into the same folder are not read again. Several models score in one pass over the
    files; the first one's tiers and predictions count. Writes no report: see `xrayscan.report`.
    Close the worklist when done, or use it as a context manager.
    Raises: ModelError for an unusable model, UsageError for a device that is not there, models that look for different
    findings or one that is given twice, OutputError for a folder that cannot be written or holds other models' scan.
    """
    loaded = load_models([model] if isinstance(model, str | Model) else model)
    progress = Progress()
    names, fingerprints = names_of(loaded), tuple(model.fingerprint for model in loaded)
    store = Store.open(os.path.join(out, STORE_NAME), models=fingerprints, fresh=settings.fresh)
    started = time.perf_counter()
    try:
        store.remember(cards=[one.card.to_json() for one in loaded], names=names)  # for reports without model files
        with Prefetcher(paths, progress) as walk, contextlib.ExitStack() as undo:
            rows = _to_read(walk, store, progress, on_progress)
            for batch in _scored(rows, loaded, settings, progress, undo):
                records = [(_source(row), _record(row)) for row in batch]
                store.write(records)
                for _, record in records:
                    progress.count(record.status)
                on_progress(progress)
        store.finish()
        progress.seconds = time.perf_counter() - started
        on_progress(progress)
        return Worklist(store, [one.card for one in loaded], settings.rank, names)
    except BaseException:
        store.close()
        raise


def candidates(paths: Iterable[str], progress: Progress) -> Iterator[str]:
    """Yield the sources among ``paths`` that a scan would decode; opens each file, but reads only its first bytes.

    Counts into ``progress``: ``scored`` are the candidates, the others as in a scan.
    """
    for source in discover(paths):
        progress.found += 1
        refusal = DecodeError(source.code or Code.UNREADABLE, source.reason) if source.reason else refuse(source.path)
        if refusal is None:
            yield source.source
        progress.count(refusal.status if refusal else Status.SCORED)


def _to_read(
    walk: Iterable[Source], store: Store, progress: Progress, on_progress: Callable[[Progress], None]
) -> Iterator[Row]:
    """Turn sources into rows, passing over those whose record of an earlier scan still holds."""
    for source in walk:
        status = None if source.reason else store.keep(source)
        if status is None:
            yield {name: getattr(source, name) for name in SOURCE} | {"status": source.status}
            continue
        progress.kept += 1
        progress.count(status)
        if progress.kept % KEPT_BETWEEN_REPORTS == 0:
            on_progress(progress)


def _scored(
    rows: Iterator[Row],
    models: Sequence[Model],
    settings: ScanSettings,
    progress: Progress,
    undo: contextlib.ExitStack,
) -> Iterator[list[Row]]:
    """Run both stages over the rows. Starts neither readers nor torch when there is nothing to read."""
    first = next(rows, None)
    if first is None:
        return iter(())

    def start() -> BatchScorer:
        from xrayscan.network.device import default_batch_size, one_thread_each, place, streams

        placement = place(settings.device, settings.precision)
        undo.callback(one_thread_each(placement))
        size = settings.batch_size or default_batch_size(placement)
        progress.device, progress.precision, progress.batch_size = placement.device, placement.precision, size
        return BatchScorer(models, placement, size, streams(placement))

    specs = tuple(dict.fromkeys(model.card.input for model in models))
    stage = functools.partial(prepare, specs=specs, checks=tuple(load_registry().checks.values()))
    workers = default_workers() if settings.workers is None else settings.workers
    return run(itertools.chain([first], rows), prepare=stage, start=start, workers=workers)


def _source(row: Row) -> Source:
    return Source(row["source"], row["path"], row["size"], row["mtime_ns"])


def _record(row: Row) -> ScanRecord:
    facts = Facts(**{name: row[name] for name in FACT_LABELS if name in row})
    return ScanRecord(
        row["source"],
        facts,
        probabilities=row.get("probabilities", ()),
        status=row.get("status", Status.FAILED) if row.get("reason") else Status.SCORED,
        reason=row.get("reason"),
        code=row.get("code") or "",
        flags=tuple(row.get("flags", ())),
    )
