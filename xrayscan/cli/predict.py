"""`xrayscan predict`: files and folders in, a ranked worklist out."""

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from xrayscan.cli import options
from xrayscan.cli.copies import Copies
from xrayscan.cli.folders import handed_over, opened
from xrayscan.cli.observers import observers, watching
from xrayscan.cli.ranked import Ranked, ranked
from xrayscan.cli.send import send_reports
from xrayscan.cli.settings import argument, command, option
from xrayscan.cli.signals import RESUME, Signals
from xrayscan.cli.types import FilmPath, ShardNumber
from xrayscan.report.interface import PictureSettings
from xrayscan.sources.shard import WHOLE, Shard
from xrayscan.worklist.order import RankSettings

if TYPE_CHECKING:
    from xrayscan.observing.progress import Progress
    from xrayscan.scanning.scan import ScanSettings
    from xrayscan.sources.source import Source
    from xrayscan.worklist.worklist import Worklist

OUT = "triage"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOptions:
    """What a scan is asked for."""

    paths: tuple[str, ...] = argument("[PATHS]...", FilmPath(exists=True))
    models: tuple[str, ...] = options.models_option(
        "Model that scores; repeat to compare several in one pass. The first one sets the tiers."
    )
    out: str | None = options.scan_out_option(None, shown="triage, or triage-2 and so on beside scans of other files")
    fresh: bool = options.fresh_option()
    share: bool = options.share_option()
    archives: bool = option(True, "Read ZIP and tar archives as folders, without unpacking them.")
    exclude: tuple[str, ...] = option(
        (),
        "Files and folders to skip, as in a .gitignore file, such as '*-thumb.png' or 'old/'; may be repeated.",
        metavar="PATTERN",
    )
    shard: Shard = option(
        WHOLE,
        "Scan one share of the files, such as 3/16; `xrayscan merge` brings all shares together.",
        type=ShardNumber(),
        shown="all files",
    )
    dry_run: bool = option(False, "List what would be scanned, and stop.")
    batch_size: int | None = option(None, "Films scored at once.", range=(1, None), words=options.AUTO)
    hardware: options.Hardware
    runtime: str = options.runtime_option()
    reading: options.Reading
    engines: options.Engines
    rank: RankSettings
    files_from: Any = option(
        None,
        "Read paths from FILE (- for standard input), separated by newlines or NULs; UTF-8 or UTF-16.",
        type=click.File("rb"),
        metavar="FILE",
    )
    formats: tuple[str, ...] = options.formats_option()
    pictures: PictureSettings
    copies: Copies
    send: tuple[str, ...] = options.send_option()
    observe: tuple[str, ...] = option(
        (),
        "Also tell an observer how far the scan is, such as prometheus=FILE; may be repeated.",
        metavar="NAME[=TARGET]",
    )
    quiet: bool = options.quiet_option()
    verbose: bool = options.verbose_option()
    as_json: bool = options.json_option()

    def __post_init__(self) -> None:
        if self.quiet and self.verbose:
            raise click.UsageError("--quiet and --verbose exclude each other")
        if self.as_json and self.dry_run:
            raise click.UsageError("--dry-run prints paths, one a line: leave --json away")
        if self.rank.rank_by == "mean" and len(self.models) == 1:
            raise click.UsageError("--rank-by mean compares models: give --model at least twice")
        if not self.paths and self.files_from is None:
            raise click.UsageError("No input. Give files or folders, e.g. xrayscan predict radiographs/")
        options.check_send(self.send, self.formats)

    def scan(self) -> "ScanSettings":
        """The same, as the library has it."""
        return options.scan_settings(
            self.hardware,
            self.reading,
            runtime=self.runtime,
            share=self.share,
            rank=self.rank,
            batch_size=self.batch_size,
            fresh=self.fresh,
            archives=self.archives,
            exclude=self.exclude,
            engine=self.engines.engine,
            cluster=self.engines.joined(),
            shard=self.shard,
        )


@command(
    "xrayscan predict radiographs/",
    "xrayscan predict ward-3/ extra.dcm --out triage-today --prevalence 5%",
    "xrayscan predict ward-3/ --model default --model runs/ours --rank-by mean",
    "xrayscan predict ward-3/ --format dicom-sr --send dimse://PACS@pacs:11112",
    "xrayscan predict /mnt/share --by study --device cuda --workers 16",
    "xrayscan predict /mnt/archive --engine dask --cluster tcp://scheduler:8786",
    "find /mnt/share -newer yesterday -print0 | xrayscan predict --files-from -",
    env="XRAYSCAN",
)
def predict(asked: PredictOptions) -> Ranked | None:
    """Rank chest radiographs by the probability of pneumonia.

    PATHS are files, folders and archives, any mix; folders and archives are searched through. Every path found gets
    exactly one record: scored, set aside, failed or skipped, with the reason. The worklist is written to --out; the
    same command again reads only files that are new or changed.

    Every option is also read from the environment: --model from XRAYSCAN_MODEL, and so on.

    Exit code: 0 all scored, 3 nothing could be scored, 4 unusable model, 5 output cannot be written, 6 the worklist is
    complete and lists files that could not be scored; 129, 130, 143 stopped by a signal: the worklist is partial.
    """
    from xrayscan.sources.exclusions import Exclusions
    from xrayscan.sources.path_list import read_list

    Exclusions.from_patterns(asked.exclude)  # a pattern that is none is refused before anything is made
    found = chain(asked.paths, read_list(asked.files_from) if asked.files_from else ())
    if asked.dry_run:
        _list_candidates(found, asked)
        return None
    return _scan(_not_empty(list(found), asked), asked)


def _not_empty(found: "list[str | Source]", asked: PredictOptions) -> "list[str | Source]":
    """The same paths. Raises: InputError, before anything is written, where not one file is there."""
    from xrayscan.errors import InputError
    from xrayscan.plugin.sources import finds_nothing

    if finds_nothing(found, archives=asked.archives, exclude=asked.exclude):
        where = ", ".join(map(os.fsdecode, asked.paths)) or "the list of paths"
        raise InputError(f"no files in {where}: nothing was written")
    return found


def _list_candidates(found: Iterable["str | Source"], asked: PredictOptions) -> None:
    """Print each file that a scan would read, one per line on stdout, and the counts on stderr."""
    from xrayscan.files.text import counted, escaped
    from xrayscan.observing.progress import Progress
    from xrayscan.scanning.scan import candidates

    progress = Progress()
    terminal, stream = sys.stdout.isatty(), sys.stdout.buffer
    for source in candidates(found, progress, archives=asked.archives, exclude=asked.exclude, shard=asked.shard):
        if terminal:
            click.echo(escaped(source))
        else:
            stream.write(os.fsencode(source) + b"\n")  # in large pieces: nobody watches
    stream.flush()
    click.echo(
        f"{counted(progress.found, 'file')} found: {progress.scored:,} would be scored, {progress.failed:,} "
        f"unreadable, {progress.skipped:,} skipped (not images)",
        err=True,
    )


def _scan(found: "list[str | Source]", asked: PredictOptions) -> Ranked:
    from xrayscan.console.predict import ScanConsole
    from xrayscan.explain.pictures import page_settings
    from xrayscan.plugin.loading import load_models, names_of
    from xrayscan.plugin.reports import follow_scan, write_reports
    from xrayscan.report.reopen import when
    from xrayscan.report.run_json import write_run
    from xrayscan.scanning.hardware import ran_on
    from xrayscan.scanning.scan import run_folder, scan
    from xrayscan.worklist.row import Reading

    loaded, settings = load_models(asked.models), asked.scan()
    asked.copies.check([path for path in found if isinstance(path, str)])
    list(observers(asked.observe))  # an unknown one is refused before anything is made
    if asked.out is None:
        out = named = run_folder(OUT, found, loaded, share=asked.share, shard=asked.shard)
    else:
        out, named = opened(asked.out, share=asked.share), asked.out
    context = click.get_current_context()
    signals = context.find_object(Signals)
    assert signals
    context.meta[RESUME] = lambda: ": nothing was recorded yet"
    with (
        ScanConsole(quiet=asked.quiet, verbose=asked.verbose, since=signals.since) as console,
        contextlib.ExitStack() as undo,
    ):
        console.models([one.card for one in loaded], names_of(loaded))
        reading = Reading([one.card for one in loaded], settings.rank, names_of(loaded))
        with (
            signals.noted() as stopping,
            follow_scan(asked.formats, out, reading, fresh=asked.fresh) as on_records,
            watching(asked.observe, out, engine=asked.engines.engine, share=asked.share) as watched,
        ):

            def tell(progress: "Progress") -> None:
                console.update(progress)
                watched.update(progress)

            worklist = scan(
                found,
                model=loaded,
                out=out,
                settings=settings,
                on_progress=tell,
                on_start=console.started,
                on_records=on_records,
                stopping=stopping,
            )
        undo.enter_context(worklist)
        context.meta[RESUME] = lambda: f": every file is recorded; `xrayscan report {named}` writes the reports"
        look = page_settings(
            worklist,
            out,
            _without_pictures(asked.pictures) if stopping() else asked.pictures,
            formats=asked.formats,
            model=loaded[0],
            device=settings.device,
            on_film=console.pictures,
            when=when(datetime.now(UTC).isoformat()),
            folders=tuple(map(os.fsdecode, asked.paths)),
        )
        files = list(write_reports(worklist, out, asked.formats, look, console.writing))
        copies = [] if stopping() else asked.copies.make(worklist, share=asked.share)
        exit_code = signals.exit_code if stopping() else worklist.exit_code
        kept = _kept(asked, settings, named)
        counted = dataclasses.asdict(console.progress) | ran_on(console.hardware)
        files.append(write_run(worklist, out, kept, counted, exit_code))
        names, told = handed_over(out, files)
        console.summary(worklist, [*told, *copies], asked.models)
        answer = ranked(worklist, out, names, exit_code)
        if stopping():
            remains = _remains(worklist, console.progress, named, asked.fresh)
            click.echo(f"xrayscan: stopped by {signals.name}{remains}", err=True)
            return answer
    if asked.send:
        context.meta[RESUME] = lambda: f": `xrayscan send {named}` sends the rest"
        send_reports(out, asked.send, quiet=asked.quiet)
    return answer


def _kept(asked: PredictOptions, settings: "ScanSettings", out: str) -> dict[str, Any]:
    """What run.json says was asked for; also of a stopped scan, whose page has no pictures."""
    kept = {"paths": asked.paths, "models": asked.models, "out": out, "formats": asked.formats}
    return kept | dataclasses.asdict(settings) | {"pictures": dataclasses.asdict(asked.pictures)}


def _without_pictures(pictures: PictureSettings) -> PictureSettings:
    """Whoever stops a scan does not wait for pictures."""
    return dataclasses.replace(pictures, images=False, heatmaps=0, heatmap_files=False)


def _remains(worklist: "Worklist", progress: "Progress", out: str, fresh: bool) -> str:
    """Words on what a stopped scan left, and how to go on."""
    if worklist.complete:
        return f": every file is recorded; `xrayscan report {out}` adds the pictures"
    found = f"{progress.found:,}{'' if progress.walked else ' or more'}"
    same = "the same command without --fresh" if fresh else "the same command"
    return f": the worklist is partial, with {worklist.counts.found:,} of {found} files; run {same} to resume"
