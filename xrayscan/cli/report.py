"""`xrayscan report`: the reports of an earlier scan once more, with other settings."""

import dataclasses
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from xrayscan.cli.options import AUTO, examples, formats_option, given, page

if TYPE_CHECKING:
    from xrayscan.report.html.worklist_page import PictureSettings
    from xrayscan.worklist.order import RankSettings


@click.command(
    epilog=examples(
        "xrayscan report triage --no-images",
        "xrayscan report triage --prevalence 0.05 --format html",
        "xrayscan report triage --html-top 2000 --heatmaps 200 --heatmap-files",
    )
)
@click.argument("run", metavar="RUN_DIR", type=click.Path(exists=True, file_okay=False))
@click.option(
    "--model", metavar="NAME|FILE|RUN/", help="The (first) model that scored, for heatmaps; default: as in the run."
)
@click.option(
    "--device", default=AUTO, show_default=True, metavar="auto|cpu|cuda[:N]|mps", help="Where heatmaps are made."
)
@click.option("--threshold", type=click.FloatRange(0, 1), metavar="P", help="As in predict; default: as in the run.")
@click.option(
    "--prevalence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="As in predict; default: as in the run.",
)
@click.option("--by", type=click.Choice(["image", "study"]), help="What is ranked; default: as in the run.")
@click.option("--rank-by", type=click.Choice(["first", "mean"]), help="As in predict; default: as in the run.")
@click.option("--unlike", type=click.Choice(["apart", "rank"]), help="As in predict; default: as in the run.")
@formats_option
@page
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def report(run: str, model: str | None, device: str, formats: tuple[str, ...], quiet: bool, **options: Any) -> None:
    """Write the reports of a scan again, from what it kept and without scanning.

    RUN_DIR is the --out of an earlier predict. Films are read only for the page's pictures, and shown only if they are
    still those that were scored. Run it where predict was run if its paths were relative.

    Exit code: that of predict.
    """
    from xrayscan.console.predict import ScanConsole
    from xrayscan.errors import UsageError
    from xrayscan.explain.pictures import page_settings
    from xrayscan.files.text import with_size
    from xrayscan.plugin.reports import write_reports
    from xrayscan.report.reopen import asked, reopen

    earlier = asked(run)
    pictures = _pictures(earlier.pictures, options.pop("pictures"))
    with ScanConsole(quiet=quiet) as console, reopen(run, _rank(earlier.rank, options)) as worklist:
        if worklist.settings.rank_by == "mean" and not worklist.by_mean:
            raise UsageError("--rank-by mean compares models, and one model made this scan")
        look = page_settings(
            worklist,
            run,
            pictures,
            formats=formats,
            model=model or earlier.model,
            device=device,
            on_film=console.pictures,
            when=earlier.when,
            folders=earlier.folders,
        )
        files = write_reports(worklist, run, formats, look, console.writing)
        console.summary(worklist, list(map(with_size, files)))
        sys.exit(worklist.exit_code)


# Fields of PictureSettings and the parameters that give them.
PICTURES = {"top": "html_top"} | {name: name for name in ("images", "heatmaps", "heatmap_files", "burned_in")}


def _pictures(earlier: Mapping[str, Any], asked_for: "PictureSettings") -> "PictureSettings":
    """What the run showed of the films, except where something else is given now."""
    new = given(*PICTURES.values())
    kept = {field: value for field, value in earlier.items() if PICTURES[field] not in new}
    return dataclasses.replace(asked_for, **kept)


def _rank(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> "RankSettings":
    """How the run was ranked, except where something else is given now."""
    from xrayscan.worklist.order import RankSettings

    return RankSettings(**{**earlier, **{name: value for name, value in now.items() if value is not None}})
