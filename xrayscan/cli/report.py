"""`xrayscan report`: the reports of an earlier scan once more, with other settings."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xrayscan.cli import options
from xrayscan.cli.copies import Copies
from xrayscan.cli.folders import handed_over
from xrayscan.cli.ranked import Ranked, ranked
from xrayscan.cli.settings import command, option
from xrayscan.cli.signals import began
from xrayscan.cli.types import ModelReference
from xrayscan.report.interface import PictureSettings
from xrayscan.worklist.order import RankSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the worklist of an earlier scan is written; what is not given is as the scan had it."""

    model: str | None = option(
        None, "The (first) model that scored, for heatmaps; default: as in the scan.", type=ModelReference()
    )
    device: str = options.device_option()
    rank: RankSettings
    formats: tuple[str, ...] = options.formats_option()
    pictures: PictureSettings
    copies: Copies
    quiet: bool = options.quiet_option()
    verbose: bool = options.verbose_option()

    @staticmethod
    def below(values: Mapping[str, Any], extra: list[str]) -> Mapping[str, Any]:
        """What the scan was asked for, below what is asked for now; of several, the first one."""
        from xrayscan.plugin.publishing import folder_of
        from xrayscan.report.reopen import asked

        run = values.get("run") or next(iter(values.get("runs") or ()), None)
        if not isinstance(run, str) or not os.path.isdir(folder_of(run)):
            return {}
        earlier = asked(folder_of(run))
        return {**earlier.rank, **earlier.pictures, "model": earlier.model}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """Which scan's worklist is written again, and how."""

    run: str = options.run_argument()
    look: Look
    as_json: bool = options.json_option()


@command(
    "xrayscan report triage --no-images",
    "xrayscan report triage --prevalence 5% --format html",
    "xrayscan report triage --html-top 2000 --heatmaps 200 --heatmap-files",
)
def report(wanted: ReportOptions) -> Ranked:
    """Write the reports of a scan again, from what it kept and without scanning.

    RUN_DIR is the --out of an earlier predict, and defaults are what that was asked for. Films are read only for the
    page's pictures, and shown only if they are still those that were scored. Run it where predict was run if its paths
    were relative.

    Exit code: that of predict; 3 also where RUN_DIR holds no scan.
    """
    return write_again(wanted.run, wanted.look)


def write_again(run: str, wanted: Look) -> Ranked:
    """Write the reports of the last scan into the folder ``run``, and tell what it came to."""
    from xrayscan.console.predict import ScanConsole
    from xrayscan.errors import UsageError
    from xrayscan.explain.pictures import page_settings
    from xrayscan.plugin.reports import write_reports
    from xrayscan.report.reopen import asked, reopen

    earlier = asked(run)
    wanted.copies.check(earlier.folders)
    console = ScanConsole(quiet=wanted.quiet, verbose=wanted.verbose, since=began())
    with console, reopen(run, wanted.rank) as worklist:
        if worklist.settings.rank_by == "mean" and not worklist.by_mean:
            raise UsageError("--rank-by mean compares models, and one model made this scan")
        page = page_settings(
            worklist,
            run,
            wanted.pictures,
            formats=wanted.formats,
            model=wanted.model or earlier.model,
            device=wanted.device,
            on_film=console.pictures,
            when=earlier.when,
            folders=earlier.folders,
        )
        files = list(write_reports(worklist, run, wanted.formats, page, console.writing))
        names, told = handed_over(run, files)
        console.summary(worklist, [*told, *wanted.copies.make(worklist)], [earlier.model], scanned=False)
        return ranked(worklist, run, names, worklist.exit_code)
