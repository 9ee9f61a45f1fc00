"""Groups of options that several commands share, each with what it comes to in the library."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from xrayscan.cli.installed import installed
from xrayscan.cli.settings import option
from xrayscan.cli.types import EXISTING_FILE, Formats, ModelReference
from xrayscan.plugin.reports import default_formats

if TYPE_CHECKING:
    from xrayscan.dataset.folder_settings import FolderSettings
    from xrayscan.decode.limits import Limits
    from xrayscan.model.backend import Placement

AUTO = {"auto": None}


def device_option() -> str:
    """--device, for commands that take no --precision."""
    made: str = option(
        "auto", "Device that runs the model.", metavar="auto|cpu|cuda[:N]|mps", env="XRAYSCAN_DEVICE", shown="auto"
    )
    return made


def models_option(told: str) -> tuple[str, ...]:
    """--model, repeatable: a model file in every command."""
    made: tuple[str, ...] = option(
        ("default",), told, "--model", each=ModelReference(), env="XRAYSCAN_MODEL", shown="default"
    )
    return made


def out_option(told: str, metavar: str, shown: str) -> str | None:
    """--out of a command that finds a place of its own where none is given."""
    made: str | None = option(None, told, metavar=metavar, shown=shown)
    return made


def burned_in_option() -> bool:
    """--burned-in."""
    told = "Also show pictures of films whose header says that text of a person stands in them."
    made: bool = option(False, told, env="XRAYSCAN_BURNED_IN")
    return made


def quiet_option() -> bool:
    """--quiet."""
    made: bool = option(False, "Print errors only.", "--quiet", "-q")
    return made


def verbose_option() -> bool:
    """--verbose."""
    made: bool = option(False, "Also print every file that was set aside or failed.", "--verbose", "-v")
    return made


def overwrite_option() -> bool:
    """--overwrite."""
    made: bool = option(False, "Replace the results of an earlier run.")
    return made


def share_option() -> bool:
    """--share."""
    told = "Give a new output folder the permissions of the umask; default: readable by you alone."
    made: bool = option(False, told, env="XRAYSCAN_SHARE")
    return made


def runtime_option() -> str:
    """--runtime."""
    made: str = option(
        "auto",
        "What computes the model, such as torch, onnxruntime or openvino; auto: the fastest that agrees with torch in "
        "fp32 within 0.01, measured once it pays.",
        metavar="NAME|auto",
        env="XRAYSCAN_RUNTIME",
    )
    return made


def workers_option() -> int | None:
    """--workers."""
    told = "Reader processes; auto: one per core, 0: read inside this process."
    made: int | None = option(None, told, range=(0, None), words=AUTO, env="XRAYSCAN_WORKERS")
    return made


def formats_option() -> tuple[str, ...]:
    """--format."""
    made: tuple[str, ...] = option(
        lambda: default_formats(installed(click.get_current_context())),
        "Reports to write; default: csv, jsonl, html and those of plugins.",
        "--format",
        type=Formats(),
        env="XRAYSCAN_FORMAT",
    )
    return made


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a model runs on, and how many processes read for it."""

    device: str = device_option()
    precision: Literal["auto", "fp32", "bf16", "fp16"] = option(
        "auto", "Numeric precision. auto: fastest one the hardware supports.", env="XRAYSCAN_PRECISION"
    )
    workers: int | None = workers_option()

    def placement(self) -> "Placement":
        """Raises: UsageError for a device that is not there."""
        from xrayscan.network.device import place

        return place(self.device, self.precision)


@dataclass(frozen=True, slots=True)
class Reading:
    """When a file is given up, or not read at all."""

    file_timeout: float = option(
        60,
        "Give up a file after this many seconds and replace its reader process; 0: never. Needs --workers above 0.",
        range=(0, None),
        metavar="SECONDS",
    )
    max_file_size: int = option(512, "Largest file to read, in MB.", range=(1, None), metavar="MB")
    max_pixels: int = option(100_000_000, "Largest image to decode, in pixels.", range=(1, None), metavar="N")

    def limits(self) -> "Limits":
        """Of a file's bytes and pixels."""
        from xrayscan.decode.limits import Limits

        return Limits(self.max_file_size * 1_000_000, self.max_pixels)


@dataclass(frozen=True, slots=True)
class Cache:
    """Where decoded films are kept between runs."""

    cache: str | None = option(None, "Folder for decoded films.", metavar="FOLDER/", shown="the user's cache folder")
    cache_size: float = option(
        10,
        "Largest size of that folder in GB; films not used for longest are removed first.",
        range=(0, None),
        metavar="GB",
        env="XRAYSCAN_CACHE_SIZE",
    )

    def folder(self) -> str:
        """The folder."""
        from xrayscan.dataset.cache import user_cache

        return self.cache or user_cache()

    def size(self) -> int:
        """In bytes."""
        return int(self.cache_size * 1e9)


@dataclass(frozen=True, slots=True)
class Labels:
    """How a labelled folder is to be read."""

    positive: str = option(
        "PNEUMONIA",
        "Name of the positive class (case-insensitive); several with commas between make the finding.",
        metavar="A[,B]",
    )
    labels_csv: str | None = option(
        None,
        "Labels as path,label[,patient][,split], or the table of a public set, instead of folders; paths start at DIR.",
        "--labels",
        type=EXISTING_FILE,
        metavar="FILE.csv",
    )
    patient_pattern: str | None = option(
        None,
        r"Regular expression that extracts the patient ID from the path, such as 'pat(\d+)'; the first group counts.",
        metavar="REGEX",
    )
    path_column: str | None = option(None, "Column of --labels that names the file.", metavar="NAME")
    label_column: str | None = option(None, "Column of --labels that holds the label.", metavar="NAME")
    patient_column: str | None = option(None, "Column of --labels that names the patient.", metavar="NAME")
    ignore_label: tuple[str, ...] = option((), "Leave out films of this label or folder; repeatable.", metavar="LABEL")
    uncertain: Literal["drop", "negative", "positive"] = option(
        "drop", "What -1 counts as in a column of 0, 1 and -1, as CheXpert and MIMIC-CXR have it."
    )

    def folder(self) -> "FolderSettings":
        """The same, as the library has it."""
        from xrayscan.dataset.folder_settings import FolderSettings

        return FolderSettings(**dataclasses.asdict(self))
