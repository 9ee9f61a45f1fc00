"""What a scan costs on this machine, part by part: decoding, inference by runtime and batch size, and all of it."""

import contextlib
import functools
import itertools
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image

from xrayscan.errors import InputError
from xrayscan.files.atomic import second_name
from xrayscan.model.backend import Placement
from xrayscan.model.file import Model
from xrayscan.network.choice import QUICK_SECONDS, answers, choose, compare
from xrayscan.network.device import default_batch_size, one_thread_each, streams
from xrayscan.observing.progress import Progress
from xrayscan.plugin.loading import load_predictor
from xrayscan.plugin.manager import load_registry
from xrayscan.runtime.films import drawn_films
from xrayscan.runtime.interface import why_missing
from xrayscan.scanning.local_engine import read
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.scan import ScanSettings, candidates, scan
from xrayscan.scanning.workers import reader_count

LONG = 20_000  # films of a scan for which a runtime is chosen
DRAWN_SIDE = 1024  # pixels of the films drawn where none are given
DRAWN_TIMES = 16  # under so many names each: a scan of them takes some seconds
DECODED = 64  # films that are decoded at least
LONGEST = 5  # times as long as each way of inference, decoding and a scan are measured
AIM = 100_000  # films of which the time is told


@dataclass(frozen=True, slots=True)
class Inference:
    """One way to compute the model. Films per second with all cores, or the GPU, at work."""

    runtime: str
    precision: str
    batch_size: int
    per_second: float
    chosen: bool  # what `xrayscan predict` takes for a long scan


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Films per second of the parts, and of a whole scan without its start-up. ``films``: that were there."""

    films: int
    decoded: float
    inference: tuple[Inference, ...]
    scanned: float | None  # None: so few films that the scan was over before it ran evenly

    @property
    def inferred(self) -> float:
        """Films per second of the runtime that a scan takes, at its best batch size."""
        return max(one.per_second for one in self.inference if one.chosen)

    @property
    def limit(self) -> str:
        """Which part takes the most of a scan's time: decoding, or inference."""
        return "decoding" if self.decoded < self.inferred else "inference"

    @property
    def hours(self) -> float | None:
        """Hours that a scan of 100,000 such films takes."""
        return self.scanned and AIM / self.scanned / 3600


def benchmark(
    paths: Sequence[str], model: Model, settings: ScanSettings = ScanSettings(), seconds: float = 2.0
) -> Benchmark:
    """Measure each part of a scan for about so many seconds; of drawn films, if no paths are given.

    The runtime that is found to be the fastest is remembered for later scans.
    Raises: InputError where no file could be decoded; as `scan`.
    """
    with contextlib.ExitStack() as undo:
        found = list(candidates(paths, Progress())) if paths else list(_drawn(undo))
        if not found:
            raise InputError("no image to measure on: give files or folders with images, or none at all")
        device, precision, runtime = settings.device, settings.precision, settings.runtime
        compare(model, device=device, precision=precision, runtime=runtime)
        placement = choose([model], device=device, precision=precision, runtime=runtime, films=LONG)
        decoded = _decode_rate(found, model, settings, LONGEST * seconds)
        inference = tuple(_inference(model, placement, settings, seconds))
        return Benchmark(len(found), decoded, inference, _scan_rate(found, model, settings, LONGEST * seconds))


def _drawn(undo: contextlib.ExitStack) -> Iterator[str]:
    folder = undo.enter_context(tempfile.TemporaryDirectory())
    for number, pixels in enumerate(drawn_films(DRAWN_SIDE)):
        path = os.path.join(folder, f"film-{number:02}.jpeg")
        Image.fromarray(pixels).save(path, quality=92)
        yield path
        for name in (f"{path}-{again:02}.jpeg" for again in range(1, DRAWN_TIMES)):
            second_name(path, name)
            yield name


def _decode_rate(paths: Sequence[str], model: Model, settings: ScanSettings, longest: float) -> float:
    """Films per second of all readers, once they have started."""
    until = time.perf_counter() + longest
    workers = reader_count(settings.workers)
    work = functools.partial(prepare, specs=(model.card.input,), limits=settings.limits)
    numbered = enumerate(itertools.islice(itertools.cycle(paths), max(len(paths), DECODED)))
    some = itertools.takewhile(lambda film: film[0] < DECODED or time.perf_counter() < until, numbered)
    rows = ({"path": path, "source": path} for _, path in some)
    arrived = [(time.perf_counter(), bool(row.get("reason"))) for row in read(rows, work, workers=workers)]
    if all(failed for _, failed in arrived):
        raise InputError("not one of these files could be decoded")
    return (len(arrived) - 1) / max(arrived[-1][0] - arrived[0][0], 1e-9)


def _inference(model: Model, chosen: Placement, settings: ScanSettings, seconds: float) -> Iterator[Inference]:
    """Every runtime that is here, at the usual batch size; the chosen one at others, too."""
    usual = default_batch_size(chosen)
    for placement in _placements(chosen, settings):
        with contextlib.suppress(Exception):  # an engine that cannot run this network says so in its own way
            predictor = load_predictor(model, placement)
            for size in (usual // 4, usual, usual * 4) if placement == chosen else (usual,):
                rate = inference_rate(predictor, placement, model.card.input.side, size, seconds)
                yield Inference(placement.runtime, placement.precision, size, rate, placement == chosen)


def _placements(chosen: Placement, settings: ScanSettings) -> Iterator[Placement]:
    registry = load_registry()
    for name, runtime in registry.runtimes.items():
        slow = runtime.setup_seconds > QUICK_SECONDS and name not in (chosen.runtime, settings.runtime)
        if not slow and not why_missing(runtime, chosen) and settings.runtime in ("auto", name):
            for precision in runtime.precisions(chosen.device):
                yield Placement(chosen.device, precision, name)


def inference_rate(predictor: object, placement: Placement, side: int, size: int, seconds: float) -> float:
    """Films per second in batches of ``size``, as many at once as a scan computes."""
    films = drawn_films(side)
    pixels = films[[n % len(films) for n in range(size)]]

    def stream(span: float) -> int:
        until, done = time.perf_counter() + span, 0
        while time.perf_counter() < until:
            answers(predictor, pixels)
            done += size
        return done

    restore, count = one_thread_each(placement), streams(placement)
    try:
        with ThreadPoolExecutor(count) as threads:
            list(threads.map(stream, [seconds / 4] * count))
            started = time.perf_counter()
            done = sum(threads.map(stream, [seconds] * count))
            return done / (time.perf_counter() - started)
    finally:
        restore()


def _scan_rate(paths: Sequence[str], model: Model, settings: ScanSettings, longest: float) -> float | None:
    """Films per second of a scan into a temporary folder, from the first batch that is recorded to the last.

    None if there is hardly another one after the first, whose time is mostly that of the start.
    """
    seen: list[tuple[float, int]] = []

    def note(progress: Progress) -> None:
        if progress.done and not (seen and seen[-1][1] == progress.done):
            seen.append((time.perf_counter(), progress.done))

    def enough() -> bool:
        return bool(seen) and time.perf_counter() - seen[0][0] > longest

    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "scan")
        with scan(paths, model=model, out=out, settings=settings, on_progress=note, stopping=enough):
            pass
    (begun, before), (ended, done) = seen[0], seen[-1]
    return (done - before) / (ended - begun) if done > 2 * before else None
