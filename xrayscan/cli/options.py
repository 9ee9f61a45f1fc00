"""Options that several commands share."""

import functools
import os
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from xrayscan.plugin.manager import load_registry
from xrayscan.plugin.registry import Registry

AUTO = "auto"
PLUGINS = "xrayscan.plugins"  # in a context's ``meta``, which a whole command line shares


def installed(ctx: click.Context) -> Registry:
    """The plugins, loaded once for the whole command line."""
    if PLUGINS not in ctx.meta:
        ctx.meta[PLUGINS] = load_registry()
    registry: Registry = ctx.meta[PLUGINS]
    return registry


class CountOrAuto(click.ParamType[int | None]):
    """A whole number, or a word such as ``auto``, which becomes None."""

    def __init__(self, least: int, word: str = AUTO) -> None:
        self.least, self.word, self.name = least, word, f"N|{word}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Return the number, or None for the word."""
        if value in (None, self.word):
            return None
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a whole number nor {self.word!r}", param, ctx)
        if number < self.least:
            self.fail(f"{number} is less than {self.least}", param, ctx)
        return number


class Formats(click.ParamType[tuple[str, ...]]):
    """A comma-separated choice of report formats."""

    name = "formats"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """List the formats that are installed."""
        return ",".join(installed(ctx).reports)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names as a tuple."""
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(name.strip() for name in str(value).split(",") if name.strip()))
        known = installed(ctx or click.get_current_context()).reports
        if not names or not set(names) <= set(known):
            self.fail(f"{value!r}: choose among {', '.join(known)}, separated by commas", param, ctx)
        return names


class ModelReference(click.ParamType[str]):
    """A bundled name, a model file or a training run's folder; in the environment several are joined as in PATH."""

    name = "NAME|FILE|RUN/"
    envvar_list_splitter = os.pathsep

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the models in a variable; empty parts stand for none."""
        return [one for one in rv.split(os.pathsep) if one]


class FilmPath(click.Path):
    """A path that is there, or one that leads into an archive: ``ward.zip!/study/a.dcm``. An archive is a folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; what an archive holds shows when it is read."""
        from xrayscan.sources.address import named_as_archive, split

        path = os.fspath(value)
        archive = named_as_archive(path) and os.path.isfile(path)
        if archive and not self.dir_okay:
            self.fail(f"{path} is an archive: name a file in it, such as {path}!/film.dcm", param, ctx)
        return path if archive or split(path) else super().convert(value, param, ctx)


formats_option = click.option(
    "--format",
    "formats",
    envvar="XRAYSCAN_FORMAT",
    type=Formats(),
    default=lambda: tuple(installed(click.get_current_context()).reports),
    show_default=False,
    help="Reports to write; default: all.",
)
share_option = click.option(
    "--share",
    is_flag=True,
    envvar="XRAYSCAN_SHARE",
    help="Open the output folder to others, as the umask says. Without it a new folder is for you alone.",
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace what an earlier run left there.")
workers_option = click.option(
    "--workers",
    type=CountOrAuto(0),
    metavar="N|auto",
    default=AUTO,
    show_default=True,
    envvar="XRAYSCAN_WORKERS",
    help="Processes that read files; auto is one per core, 0 reads inside this process.",
)


def models(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --model, which may be given several times and arrives as ``models``; also from XRAYSCAN_MODEL."""
    return click.option(
        "--model",
        "models",
        type=ModelReference(),
        multiple=True,
        default=("default",),
        show_default=True,
        envvar="XRAYSCAN_MODEL",
        help=help_text,
    )


def hardware(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --device, --precision and --workers; each also from XRAYSCAN_DEVICE and so on."""
    options = (
        click.option(
            "--device",
            default=AUTO,
            show_default=True,
            envvar="XRAYSCAN_DEVICE",
            metavar="auto|cpu|cuda[:N]|mps",
            help="Where the model runs.",
        ),
        click.option(
            "--precision",
            type=click.Choice(["auto", "fp32", "bf16", "fp16"]),
            default=AUTO,
            show_default=True,
            envvar="XRAYSCAN_PRECISION",
            help="How exactly it computes; auto is the fastest that the hardware computes natively.",
        ),
        workers_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --file-timeout, --max-file-size and --max-pixels; the last two arrive as ``limits``: Limits."""

    @functools.wraps(command)
    def with_limits(*args: Any, max_file_size: int, max_pixels: int, **options: Any) -> Any:
        from xrayscan.decode.limits import Limits

        return command(*args, limits=Limits(max_file_size * 1_000_000, max_pixels), **options)

    options = (
        click.option(
            "--file-timeout",
            type=click.FloatRange(0),
            metavar="SECONDS",
            default=60,
            show_default=True,
            help="Time after which a file is given up and its reader replaced; 0: never. Needs reader processes.",
        ),
        click.option(
            "--max-file-size",
            type=click.IntRange(1),
            metavar="MB",
            default=512,
            show_default=True,
            help="Size beyond which a file is not read.",
        ),
        click.option(
            "--max-pixels",
            type=click.IntRange(1),
            metavar="N",
            default=100_000_000,
            show_default=True,
            help="Pixels beyond which an image is not decoded.",
        ),
    )
    decorated: Callable[..., Any] = with_limits
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


burned_in_option = click.option(
    "--burned-in",
    is_flag=True,
    envvar="XRAYSCAN_BURNED_IN",
    help="Also show pictures of films whose header says that text of a person stands in them.",
)


def page(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options on pictures of films, which arrive as ``pictures``: PictureSettings."""

    @functools.wraps(command)
    def with_pictures(
        *args: Any,
        html_top: int,
        images: bool,
        heatmaps: int | None,
        heatmap_files: bool,
        burned_in: bool,
        **options: Any,
    ) -> Any:
        from xrayscan.report.html.worklist_page import PictureSettings

        pictures = PictureSettings(html_top, images, heatmaps or 0, heatmap_files, burned_in)
        return command(*args, pictures=pictures, **options)

    options = (
        click.option(
            "--html-top",
            type=click.IntRange(0),
            metavar="N",
            default=500,
            show_default=True,
            envvar="XRAYSCAN_HTML_TOP",
            help="Films with pictures and all tags in the page; the others are rows.",
        ),
        click.option(
            "--images/--no-images",
            default=True,
            show_default=True,
            envvar="XRAYSCAN_IMAGES",
            help="Whether the page shows pictures of films.",
        ),
        click.option(
            "--heatmaps",
            type=CountOrAuto(0, "none"),
            metavar="N|none",
            default="50",
            show_default=True,
            envvar="XRAYSCAN_HEATMAPS",
            help="Films of which the page shows where the score came from.",
        ),
        click.option(
            "--heatmap-files/--no-heatmap-files",
            default=False,
            show_default=True,
            envvar="XRAYSCAN_HEATMAP_FILES",
            help="Also write the heatmaps as PNG files, into the folder heatmaps.",
        ),
        burned_in_option,
    )
    decorated: Callable[..., Any] = with_pictures
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def given(*names: str) -> set[str]:
    """Which of these parameters the user gave, on the command line or in the environment."""
    context = click.get_current_context()
    return {name for name in names if context.get_parameter_source(name) is not ParameterSource.DEFAULT}


def cache(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --cache and --cache-size, which arrive as ``cache``, a folder, and ``cache_size``, in bytes."""

    @functools.wraps(command)
    def with_cache(*args: Any, cache: str | None, cache_size: float, **options: Any) -> Any:
        from xrayscan.dataset.cache import user_cache

        return command(*args, cache=cache or user_cache(), cache_size=int(cache_size * 1e9), **options)

    options = (
        click.option(
            "--cache", metavar="DIR", show_default="the user's cache folder", help="Folder for decoded films."
        ),
        click.option(
            "--cache-size",
            type=click.FloatRange(0),
            metavar="GB",
            default=10,
            show_default=True,
            envvar="XRAYSCAN_CACHE_SIZE",
            help="Most that decoded films take up; those used longest ago leave first.",
        ),
    )
    decorated: Callable[..., Any] = with_cache
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def labelled_folder(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --positive, --labels and --patient-pattern, which arrive as one argument: ``folder``, a FolderSettings."""

    @functools.wraps(command)
    def with_folder(
        *args: Any, positive: str, labels_csv: str | None, patient_pattern: str | None, **options: Any
    ) -> Any:
        from xrayscan.dataset.labelled_folder import FolderSettings

        return command(*args, folder=FolderSettings(positive, labels_csv, patient_pattern), **options)

    options = (
        click.option(
            "--positive",
            default="PNEUMONIA",
            show_default=True,
            metavar="LABEL",
            help="The finding's label, in upper or lower case.",
        ),
        click.option(
            "--labels",
            "labels_csv",
            type=click.Path(exists=True, dir_okay=False),
            metavar="FILE.csv",
            help="Labels as path,label[,patient][,split] instead of folders; paths start at DIR.",
        ),
        click.option(
            "--patient-pattern",
            metavar="REGEX",
            help=r"What in a file's path names its patient, such as 'pat(\d+)'; the first group counts.",
        ),
    )
    decorated: Callable[..., Any] = with_folder
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def examples(*lines: str) -> str:
    """Format an epilog of examples, one per line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
