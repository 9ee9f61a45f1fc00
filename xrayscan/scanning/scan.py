"""One scan, end to end: discover → read → score → store → rank. It goes on where an earlier one stopped."""

import contextlib
import dataclasses
import functools
import itertools
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from xrayscan.decode.limits import DEFAULT_LIMITS, Limits
from xrayscan.engine.interface import HERE, Cluster
from xrayscan.errors import Code, DecodeError, XrayscanError
from xrayscan.files.paths import Path, path_text, path_texts
from xrayscan.files.run_folder import own_folder
from xrayscan.model.file import Model
from xrayscan.observing.progress import Progress
from xrayscan.plugin.loading import load_models, names_of
from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.sources import discover
from xrayscan.scanning.hardware import Hardware
from xrayscan.scanning.job import ScanJob
from xrayscan.scanning.kept import Kept
from xrayscan.scanning.prefetch import Prefetcher
from xrayscan.scanning.prepare import refuse
from xrayscan.scanning.row import Row, Rows
from xrayscan.scanning.stages import Asked
from xrayscan.scanning.workers import FILE_TIMEOUT
from xrayscan.sources.path_list import fingerprint
from xrayscan.sources.shard import WHOLE, Shard
from xrayscan.sources.source import IDENTITY, Source
from xrayscan.store.record import FACT_LABELS, Facts, ScanRecord, Status
from xrayscan.store.store import STORE_NAME, Store
from xrayscan.worklist.order import RankSettings
from xrayscan.worklist.worklist import Worklist

KEPT_BETWEEN_REPORTS = 1000
WALK_SECONDS = 1.0  # that the choice of a runtime waits to know how much there is to do
SOURCE = tuple(field.name for field in dataclasses.fields(Source))
ASKED = tuple(field.name for field in dataclasses.fields(Asked))


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """How to run a scan; nothing here changes what a film's probability means.

    ``workers``: reader processes; None is one per core, 0 reads inside this process. ``batch_size``: None chooses by
    device. ``precision``: auto | fp32 | bf16 | fp16. ``device``: auto | cpu | cuda[:N] | mps. ``file_timeout``:
    seconds after which a file is given up, 0 for never; without reader processes there is nobody to give it up.
    ``runtime``: what computes the models; auto is the fastest that agrees with torch in fp32.
    ``engine``: what runs readers and models: this machine alone, or workers of a ``cluster``.
    """

    device: str = "auto"
    precision: str = "auto"
    batch_size: int | None = None
    workers: int | None = None
    file_timeout: float = FILE_TIMEOUT
    limits: Limits = DEFAULT_LIMITS  # of a file's bytes and pixels
    fresh: bool = False  # forget an earlier scan in the same folder
    share: bool = False  # a folder that is made for the output is open as the umask says, not to its owner alone
    archives: bool = True  # walk ZIP and tar archives as folders
    exclude: tuple[str, ...] = ()  # patterns as in a .gitignore file: what they match is skipped
    runtime: str = "auto"
    engine: str = "local"
    cluster: Cluster = HERE
    shard: Shard = WHOLE  # scan this share of the paths alone
    rank: RankSettings = RankSettings()


def scan(
    paths: Path | Iterable[Path | Source],
    *,
    model: Path | Model | Iterable[Path | Model] = "default",
    out: Path = "triage",
    settings: ScanSettings = ScanSettings(),
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_start: Callable[[Hardware], None] = lambda hardware: None,
    on_records: Callable[[Sequence[ScanRecord]], None] = lambda records: None,
    stopping: Callable[[], bool] = lambda: False,
    inputs: Path | Iterable[Path] | None = None,
    waits: Callable[[Source, ScanRecord], bool] = lambda source, record: False,
    kept: Kept | None = None,
) -> Worklist:
    """Score every radiograph among ``paths`` (one file or folder, or any mix of them) and return the worklist.

    Every path found ends as one record in ``out/scan.sqlite``, committed about twice a second; files unchanged since an
    earlier scan by the same models into the same folder are not read again. Several models score in one pass over the
    files; the first one's tiers and predictions count. Writes no report: see `xrayscan.report`.
    Close the worklist when done, or use it as a context manager.

    ``on_start`` is told, from the scoring thread, what the scan computes on, before the first film is scored; never
    where there is none to score. ``on_records`` is told of the records that this call makes, once they are in
    the store. ``stopping`` is asked about once a second. When it says yes, the films that are being scored are still
    recorded, and the worklist holds what there is: `Worklist.complete` is false, and the same call goes on from there.

    For scans of one folder again and again: ``inputs`` are what makes two scans the same one, where ``paths`` are only
    what is to be found this time; ``waits`` is asked of every file that failed, and one that waits gets no record yet;
    ``kept`` keeps the local engine's readers and models for the next scan.
    Raises: ModelError for an unusable model, UsageError for a device that is not there, models that look for different
    findings or one that is given twice, OutputError for a folder that cannot be written, or holds a scan of other paths
    or by other models, KeyboardInterrupt if it was stopped before it recorded anything: an earlier scan is as it was.
    """
    loaded, out, named = load_models(model), path_text(out), list(path_texts(paths))
    progress = Progress()
    names = names_of(loaded)
    path = os.path.join(out, STORE_NAME)
    which = _which(named if inputs is None else path_texts(inputs), loaded, settings.shard)
    store = Store.open(path, **which, fresh=settings.fresh, share=settings.share)
    started = time.perf_counter()
    try:
        store.remember(cards=[one.card.to_json() for one in loaded], names=names)  # for reports without model files
        choice, telling = _Choice(store, on_start), _Telling(store, on_records)
        asked = Asked(**{name: getattr(settings, name) for name in ASKED})
        films = functools.partial(_expected, progress)
        waiting = functools.partial(_waiting, progress, on_progress)
        job = ScanJob(loaded, asked, settings.cluster, films, choice.before, choice.made, stopping, kept, waiting)
        with (
            Prefetcher(
                named, progress, archives=settings.archives, exclude=settings.exclude, shard=settings.shard
            ) as found,
            contextlib.closing(_to_read(found, store, progress, on_progress, stopping)) as rows,
            contextlib.closing(_finished(rows, job, settings.engine)) as batches,
        ):
            for batch in batches:
                choice.remember()
                records = [(_source(row), _record(row)) for row in batch]
                telling.write([one for one in records if not (one[1].status is Status.FAILED and waits(*one))])
                for _, record in records:
                    progress.count(record.status)
                on_progress(progress)
        if not (progress.walked and progress.done == progress.found):
            begun = store.pause()
            if not stopping():
                raise XrayscanError(f"engine {settings.engine} did not hand back every file: run the same to resume")
            if not begun:
                raise KeyboardInterrupt
        else:
            store.finish()
        telling.tell()
        progress.seconds = time.perf_counter() - started
        on_progress(progress)
        return Worklist(store, [one.card for one in loaded], settings.rank, names)
    except BaseException:
        store.close()
        raise


def run_folder(
    base: str, paths: Iterable[str | Source], models: Sequence[Model], *, share: bool = False, shard: Shard = WHOLE
) -> str:
    """Choose and make the folder of a scan for which none was named: that of the newest scan of the same paths by the
    same models, else a new one called ``base``, ``base-2`` and so on. Raises: OutputError.
    """
    which = _which(paths, models, shard)
    return own_folder(
        base, goes_on=lambda folder: Store.goes_on(os.path.join(folder, STORE_NAME), **which), share=share
    )


def _which(paths: Iterable[str | Source], models: Sequence[Model], shard: Shard) -> dict[str, Any]:
    """What makes two scans the same one."""
    inputs = fingerprint(path.path if isinstance(path, Source) else path for path in paths)
    part = "" if shard == WHOLE else f" {shard}"
    return {"models": tuple(model.fingerprint for model in models), "inputs": inputs + part}


def candidates(
    paths: Path | Iterable[Path | Source],
    progress: Progress,
    *,
    archives: bool = True,
    exclude: Iterable[str] = (),
    shard: Shard = WHOLE,
) -> Iterator[str]:
    """Yield the sources among ``paths`` that a scan would decode; opens each file, but reads only its first bytes.

    Counts into ``progress``: ``scored`` are the candidates, the others as in a scan.
    """
    for source in shard.among(discover(path_texts(paths), archives=archives, exclude=exclude)):
        progress.found += 1
        refusal = DecodeError(source.code or Code.UNREADABLE, source.reason) if source.reason else refuse(source.path)
        if refusal is None:
            yield source.source
        progress.count(refusal.status if refusal else Status.SCORED)


def _waiting(progress: Progress, on_progress: Callable[[Progress], None], told: str) -> None:
    progress.waiting = told
    on_progress(progress)


def _to_read(
    found: Iterable[Source | None],
    store: Store,
    progress: Progress,
    on_progress: Callable[[Progress], None],
    stopping: Callable[[], bool],
) -> Generator[Row | None, None, None]:
    """Turn sources into rows, passing over those whose record of an earlier scan still holds."""
    for source in found:
        if stopping():
            return
        if source is None:
            on_progress(progress)
            yield None
            continue
        status = None if source.reason else store.reuse(source)
        if status is None:
            yield {name: getattr(source, name) for name in SOURCE} | {"status": source.status}
            continue
        progress.kept += 1
        progress.count(status)
        if progress.kept % KEPT_BETWEEN_REPORTS == 0:
            on_progress(progress)


def _finished(rows: Rows, job: ScanJob, engine: str) -> Generator[list[Row], None, None]:
    """Have an engine finish the rows. Starts neither readers nor torch when there is nothing to read."""
    first = next(filter(None, rows), None)
    if first is not None:
        yield from load_registry().engine(engine).load()(job, itertools.chain([first], rows))


class _Choice:
    """What a scan computes on. One that goes on keeps runtime and precision, so that its films are computed alike."""

    def __init__(self, store: Store, on_start: Callable[[Hardware], None]) -> None:
        self._store, self._on_start = store, on_start
        self._hardware: Hardware | None = None
        kept = store.computed
        self.before: tuple[str, str] | None = (kept[0], kept[1]) if kept else None

    def made(self, hardware: Hardware) -> None:
        """Take over what the scoring thread settled on."""
        self._hardware = hardware
        self._on_start(hardware)

    def remember(self) -> None:
        """Keep it in the store, once."""
        if self._hardware and self.before != (computed := self._hardware.computed):
            self._store.remember(computed=computed)
            self.before = computed


class _Telling:
    """Tells of records once they are in the store."""

    def __init__(self, store: Store, on_records: Callable[[Sequence[ScanRecord]], None]) -> None:
        self._store, self._on_records = store, on_records
        self._untold: list[ScanRecord] = []

    def write(self, records: Sequence[tuple[Source, ScanRecord]]) -> None:
        """Have the store take these, soon."""
        self._store.write(records, soon=True)
        self._untold += [record for _, record in records]
        self.tell()

    def tell(self) -> None:
        """Tell of those that are there."""
        there = len(self._untold) - len(self._store.waiting)
        if there > 0:
            self._on_records(self._untold[:there])
            del self._untold[:there]


def _expected(progress: Progress) -> int:
    """How many films there are to score, as far as the walk knows after a moment."""
    until = time.monotonic() + WALK_SECONDS
    while not progress.walked and time.monotonic() < until:
        time.sleep(0.01)
    return progress.found - progress.kept


def _source(row: Row) -> Source:
    return Source(row["source"], row["path"], **{name: row[name] for name in IDENTITY})


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
        taken_ns=row.get("taken_ns"),
    )
