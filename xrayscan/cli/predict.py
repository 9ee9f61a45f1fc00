"""`xrayscan predict`: files and folders in, a ranked worklist out."""

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import click

from xrayscan.cli.options import (
    CountOrAuto,
    FilmPath,
    examples,
    formats_option,
    hardware,
    models,
    page,
    reading,
    share_option,
)
from xrayscan.cli.signals import RESUME, Signals

if TYPE_CHECKING:
    from xrayscan.report.html.worklist_page import PictureSettings
    from xrayscan.scanning.progress import Progress
    from xrayscan.sources.source import Source
    from xrayscan.worklist.worklist import Worklist


OUT = "triage"


@click.command(
    epilog=examples(
        "xrayscan predict radiographs/",
        "xrayscan predict ward-3/ extra.dcm --out triage-today --prevalence 0.05",
        "xrayscan predict ward-3/ --model default --model runs/ours --rank-by mean",
        "xrayscan predict /mnt/share --by study --device cuda --workers 16",
        "find /mnt/share -newer yesterday -print0 | xrayscan predict --files-from -",
    ),
    context_settings={"auto_envvar_prefix": "XRAYSCAN"},
)
@click.argument("paths", nargs=-1, type=FilmPath(exists=True))
@models("The model that scores; give it again to compare it with others in one pass. Tiers are the first one's.")
@click.option(
    "--out",
    metavar="DIR",
    show_default="triage, or triage-2 and so on beside scans of other files",
    help="Folder for the worklist and the scan's store.",
)
@click.option("--fresh", is_flag=True, help="Replace an earlier scan in the same folder.")
@share_option
@click.option(
    "--archives/--no-archives",
    default=True,
    show_default=True,
    help="Read ZIP and tar archives as folders, without unpacking them.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Files and folders to skip, as in a .gitignore file, such as '*-thumb.png' or 'old/'; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="List what would be scanned, and stop.")
@click.option(
    "--batch-size",
    type=CountOrAuto(1),
    metavar="N|auto",
    default="auto",
    show_default=True,
    help="Films scored at once.",
)
@hardware
@reading
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="Probability at or above which the finding is called; default: the model's balanced operating point.",
)
@click.option(
    "--prevalence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="Share of films with the finding where you work; shifts the probabilities by Bayes' rule.",
)
@click.option("--by", type=click.Choice(["image", "study"]), default="image", show_default=True, help="What is ranked.")
@click.option(
    "--rank-by",
    type=click.Choice(["first", "mean"]),
    default="first",
    show_default=True,
    help="With several models: rank by the first one or by the mean of their probabilities.",
)
@click.option(
    "--unlike",
    type=click.Choice(["apart", "rank"]),
    default="apart",
    show_default=True,
    help="Films unlike the training films: apart, to be read after tier high without the model's help, or ranked.",
)
@click.option(
    "--files-from",
    type=click.File("rb"),
    metavar="FILE",
    help="Read paths from FILE (- for standard input), separated by newlines or NULs; UTF-8 or UTF-16.",
)
@formats_option
@page
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
@click.option("--verbose", "-v", is_flag=True, help="Also print every file set aside or failed, and the settings.")
def predict(
    paths: tuple[str, ...],
    files_from: Any,
    archives: bool,
    exclude: tuple[str, ...],
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Rank chest radiographs by the probability of pneumonia.

    PATHS are files, folders and archives, any mix; folders and archives are searched through. Every path found gets
    exactly one record: a probability, or the reason why there is none. The worklist is written to --out; the same
    command again reads only files that are new or changed.

    Every option is also read from the environment: --model from XRAYSCAN_MODEL, and so on.

    Exit code: 0 all scored, 3 nothing could be scored, 4 unusable model, 5 output cannot be written, 6 the worklist is
    complete and lists files that could not be scored; 129, 130, 143 stopped by a signal: the worklist is partial.
    """
    from itertools import chain

    from xrayscan.sources.exclusions import Exclusions
    from xrayscan.sources.path_list import read_list

    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other")
    if options["rank_by"] == "mean" and len(options["models"]) == 1:
        raise click.UsageError("--rank-by mean compares models: give --model at least twice")
    if not paths and files_from is None:
        raise click.UsageError("give files or folders, or --files-from FILE")
    Exclusions.of(exclude)  # a pattern that is none is refused before anything is made
    found = chain(paths, read_list(files_from) if files_from else ())
    if dry_run:
        _list_candidates(found, archives, exclude)
    else:
        sys.exit(_scan(found, paths, quiet, verbose, archives=archives, exclude=exclude, **options))


def _list_candidates(found: Iterable["str | Source"], archives: bool, exclude: Iterable[str]) -> None:
    """Print each file that a scan would read, one per line on stdout, and the counts on stderr."""
    from xrayscan.files.text import escaped
    from xrayscan.scanning.progress import Progress
    from xrayscan.scanning.scan import candidates

    progress = Progress()
    terminal = sys.stdout.isatty()
    for source in candidates(found, progress, archives=archives, exclude=exclude):
        click.echo(escaped(source) if terminal else os.fsencode(source))
    click.echo(
        f"{progress.found:,} files found: {progress.scored:,} would be scored, {progress.failed:,} unreadable, "
        f"{progress.skipped:,} skipped (not images)",
        err=True,
    )


def _scan(
    found: Iterable["str | Source"],
    paths: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    *,
    models: tuple[str, ...],
    out: str | None,
    formats: tuple[str, ...],
    pictures: "PictureSettings",
    fresh: bool,
    share: bool,
    threshold: float | None,
    prevalence: float | None,
    by: Literal["image", "study"],
    rank_by: Literal["first", "mean"],
    unlike: Literal["apart", "rank"],
    **hardware_options: Any,
) -> int:
    from xrayscan.console.predict import ScanConsole
    from xrayscan.explain.pictures import page_settings
    from xrayscan.files.text import with_size
    from xrayscan.plugin.loading import load_models
    from xrayscan.plugin.reports import write_reports
    from xrayscan.report.reopen import when
    from xrayscan.report.run_json import write_run
    from xrayscan.scanning.scan import ScanSettings, run_folder, scan
    from xrayscan.worklist.order import RankSettings

    loaded, found = load_models(models), list(found)
    out = run_folder(OUT, found, loaded, share=share) if out is None else out
    settings = ScanSettings(
        fresh=fresh, share=share, rank=RankSettings(prevalence, threshold, by, rank_by, unlike), **hardware_options
    )
    asked = {"paths": paths, "models": models, "out": out, "formats": formats} | dataclasses.asdict(settings)
    asked |= {"pictures": dataclasses.asdict(pictures)}  # also of a stopped scan, whose page has none
    context = click.get_current_context()
    signals = context.find_object(Signals)
    assert signals
    context.meta[RESUME] = lambda: ": nothing was recorded yet"
    with ScanConsole(quiet=quiet, verbose=verbose) as console, contextlib.ExitStack() as undo:
        with signals.noted() as stopping:
            worklist = scan(
                found, model=loaded, out=out, settings=settings, on_progress=console.update, stopping=stopping
            )
        undo.enter_context(worklist)
        context.meta[RESUME] = lambda: f": every file is recorded; `xrayscan report {out}` writes the reports"
        header = {"when": when(datetime.now(UTC).isoformat()), "folders": tuple(map(os.fsdecode, paths))}
        look = page_settings(
            worklist,
            out,
            _without_pictures(pictures) if stopping() else pictures,
            formats=formats,
            model=loaded[0],
            device=settings.device,
            on_film=console.pictures,
            **header,
        )
        files = list(map(with_size, write_reports(worklist, out, formats, look, console.writing)))
        exit_code = signals.exit_code if stopping() else worklist.exit_code
        files.append(write_run(worklist, out, asked, dataclasses.asdict(console.progress), exit_code))
        console.summary(worklist, files)
        if stopping():
            remains = _remains(worklist, console.progress, out, fresh)
            click.echo(f"xrayscan: stopped by {signals.name}{remains}", err=True)
        return exit_code


def _without_pictures(pictures: "PictureSettings") -> "PictureSettings":
    """Whoever stops a scan does not wait for pictures."""
    return dataclasses.replace(pictures, images=False, heatmaps=0, heatmap_files=False)


def _remains(worklist: "Worklist", progress: "Progress", out: str, fresh: bool) -> str:
    """Words on what a stopped scan left, and how to go on."""
    if worklist.complete:
        return f": every file is recorded; `xrayscan report {out}` adds the pictures"
    found = f"{progress.found:,}{'' if progress.walked else ' or more'}"
    same = "the same command without --fresh" if fresh else "the same command"
    return f": the worklist is partial, with {worklist.counts.found:,} of {found} files; run {same} to resume"
