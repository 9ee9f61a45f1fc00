"""The loop: look at the folder, score what has come, write the worklist, tell of what is high, pause."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from xrayscan.errors import OutputError, UsageError
from xrayscan.explain.pictures import page_settings
from xrayscan.files.text import counted, encodable, escaped
from xrayscan.model.file import Model
from xrayscan.plugin.reports import write_reports
from xrayscan.report.interface import PictureSettings
from xrayscan.report.reopen import when
from xrayscan.scanning.kept import Kept
from xrayscan.scanning.scan import ScanSettings, scan
from xrayscan.sources.source import Source
from xrayscan.watching.arrivals import Arrivals, Patience
from xrayscan.watching.calls import Calls, call_for_new
from xrayscan.watching.sending import Sending
from xrayscan.watching.wake import Waker
from xrayscan.worklist.worklist import Worklist

REST = 200  # times as long as a look at the folder took is the pause behind it: half a percent of a core
LEAST = 0.2  # s of a pause
RETRY = 10.0  # s


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How a folder is watched. ``poll``: s between two looks where nothing tells of changes; ``reload``: a page, s."""

    patience: Patience = Patience()
    poll: float = 5.0
    reload: int = 10
    formats: Sequence[str] = ("csv", "jsonl", "html")
    pictures: PictureSettings = PictureSettings(top=50, heatmaps=0)
    calls: Calls = Calls()
    send: tuple[str, ...] = ()  # addresses to which results go on


def watch(
    folder: str,
    *,
    models: Sequence[Model],
    out: str,
    scan_settings: ScanSettings = ScanSettings(),
    settings: WatchSettings = WatchSettings(),
    stopping: Callable[[], bool] = lambda: False,
    tell: Callable[[str], None] = lambda line: None,
) -> int:
    """Score the films of a folder as they arrive, until ``stopping`` says so; ``tell`` hears of what happens.

    The worklist in ``out`` holds what is in the folder; a folder that is gone for a while leaves it as it is. Results
    are sent on between batches, each once, and again later where nobody answers. Returns how many films it scored.
    Raises: as `scan`, for the first batch; later ones that cannot be written are tried again. UsageError for an
    ``out`` within the folder.
    """
    if os.path.commonpath([os.path.realpath(folder), os.path.realpath(out)]) == os.path.realpath(folder):
        raise UsageError(f"{encodable(out)} lies in the folder that is watched: give another --out")
    arrivals = Arrivals(folder, settings.patience, archives=scan_settings.archives, exclude=scan_settings.exclude)
    ways = [Sending(out, address, tell) for address in settings.send]
    away, recorded, scored = False, False, 0
    with Kept() as kept, Waker(folder, tell) as waker:
        while not stopping():
            began = time.thread_time()  # of this thread alone: others may be taking films
            arrivals.look()
            took = time.thread_time() - began
            if arrivals.away != away:
                away = arrivals.away
                tell(f"{escaped(folder)} is {'not there, or empty: waiting for it' if away else 'there again'}")
            if arrivals.due:
                try:
                    scored += _batch(folder, arrivals, models, out, scan_settings, settings, stopping, tell, kept)
                    recorded = True
                    for way in ways:
                        way.new()
                except OutputError as error:
                    if not recorded:
                        raise
                    arrivals.again()
                    tell(f"{escaped(str(error))}; trying again")
                    waker.pause(RETRY, RETRY, stopping)
            for way in ways:
                way.take_turn(stopping)
            least = max(LEAST, min(took * REST, arrivals.until_late))
            soon = min(settings.poll, settings.patience.settle / 2) if arrivals.changing else settings.poll
            most = least if any(way.due for way in ways) else max(min(soon, arrivals.until_late), least)
            waker.pause(most, least, stopping)
    return scored


def _batch(
    folder: str,
    arrivals: Arrivals,
    models: Sequence[Model],
    out: str,
    scan_settings: ScanSettings,
    settings: WatchSettings,
    stopping: Callable[[], bool],
    tell: Callable[[str], None],
    kept: Kept,
) -> int:
    """Score what has come, and write the worklist. Returns how many films were scored."""
    sources: list[Source] = arrivals.take()
    with scan(
        sources,
        model=models,
        out=out,
        settings=scan_settings,
        stopping=stopping,
        inputs=[folder],
        waits=arrivals.waits,
        kept=kept,
    ) as worklist:
        if not worklist.complete:
            return worklist.counts.new
        counts = worklist.counts
        if counts.new:
            tell(f"{counted(counts.new, 'film')} scored; {worklist.tier_counts['high']:,} of {counts.scored:,} high")
        for source in arrivals.waiting:
            tell(f"{escaped(source)} cannot be read yet: waiting for the rest of it")
        _write(folder, worklist, models, out, scan_settings, settings)
        call_for_new(worklist, settings.calls, tell)
        return counts.new


def _write(
    folder: str,
    worklist: Worklist,
    models: Sequence[Model],
    out: str,
    scan_settings: ScanSettings,
    settings: WatchSettings,
) -> None:
    page = page_settings(
        worklist,
        out,
        settings.pictures,
        formats=settings.formats,
        model=models[0],
        device=scan_settings.device,
        when=when(datetime.now(UTC).isoformat()),
        folders=(folder,),
        reload=settings.reload,
    )
    write_reports(worklist, out, settings.formats, page)
