"""Groups of options that several commands share, each with what it comes to in the library."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click

from xrayscan.cli.folders import OutFolder, RunFolder
from xrayscan.cli.installed import installed
from xrayscan.cli.settings import AS_JSON, argument, option
from xrayscan.cli.types import EXISTING_FILE, Destination, DeviceName, EngineName, Formats, ModelReference, RuntimeName
from xrayscan.models import DEFAULT
from xrayscan.plugin.delivery import NOTHING_TO_SEND, sends_anything

if TYPE_CHECKING:
    from xrayscan.decode.limits import Limits
    from xrayscan.engine.interface import Cluster
    from xrayscan.model.backend import Placement
    from xrayscan.scanning.scan import ScanSettings

AUTO = {"auto": None}


run_argument = partial(argument, "RUN_DIR", RunFolder())  # the --out of a scan

quiet_option = partial(option, False, "Print errors only.", "--quiet", "-q")
verbose_option = partial(option, False, "Also print every file that was set aside or failed.", "--verbose", "-v")
json_option = partial(option, False, AS_JSON, "--json")
overwrite_option = partial(option, False, "Replace the results of an earlier run.")
share_option = partial(
    option,
    False,
    "Give a new output folder the permissions of the umask; default: readable by you alone.",
    env="XRAYSCAN_SHARE",
)
device_option = partial(
    option,
    "auto",
    "Device that runs the model.",
    type=DeviceName(),
    metavar="auto|cpu|cuda[:N]|mps",
    env="XRAYSCAN_DEVICE",
    shown="auto",
)
runtime_option = partial(
    option,
    "auto",
    "What computes the model, such as torch, onnxruntime or openvino; auto: onnxruntime on a CPU, or what "
    "`xrayscan benchmark` found to be faster, if within 0.01 of torch in fp32.",
    type=RuntimeName(),
    metavar="NAME|auto",
    env="XRAYSCAN_RUNTIME",
)
workers_option = partial(
    option,
    None,
    "Reader processes; auto: one per core, 0: read inside this process.",
    range=(0, None),
    words=AUTO,
    env="XRAYSCAN_WORKERS",
)
formats_option = partial(
    option,
    lambda: installed(click.get_current_context()).usual_reports,
    "Reports to write; default: csv, jsonl, html and those that plugins always write.",
    "--format",
    type=Formats(),
    env="XRAYSCAN_FORMAT",
)
send_option = partial(
    option,
    (),
    "Send the files of --format dicom-sr and the like to this address, each once; may be repeated.",
    "--send",
    each=Destination(),
    metavar="ADDRESS",
)


fresh_option = partial(option, False, "Replace an earlier scan in the same folder.")
scan_out_option = partial(
    option,
    told="Output folder, or an address such as s3://bucket/folder for the reports.",
    metavar="FOLDER/",
    type=OutFolder(),
)


def models_option(told: str) -> Any:
    """--model, repeatable: a model file in every command."""
    return option((DEFAULT,), told, "--model", each=ModelReference(), env="XRAYSCAN_MODEL", shown=DEFAULT)


def out_option(told: str, metavar: str, shown: str, **more: Any) -> Any:
    """--out of a command that finds a place of its own where none is given."""
    return option(None, told, metavar=metavar, shown=shown, **more)


def check_send(destinations: tuple[str, ...], formats: tuple[str, ...]) -> None:
    """Raises: UsageError where something is to be sent that no format writes."""
    if destinations and not sends_anything(formats, installed(click.get_current_context())):
        raise click.UsageError(NOTHING_TO_SEND)


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a model runs on, and how many processes read for it."""

    device: str = device_option()
    precision: Literal["auto", "fp32", "bf16", "fp16"] = option(
        "auto",
        "Numeric precision. auto: one that keeps probabilities within 0.01; train and tune: fastest one the hardware "
        "supports.",
        env="XRAYSCAN_PRECISION",
    )
    workers: int | None = workers_option()

    def placement(self) -> "Placement":
        """Raises: UsageError for a device that is not there."""
        from xrayscan.network.device import place

        return place(self.device, self.precision)

    def chosen(self, models: Iterable[str], *, films: int, runtime: str = "auto") -> "Placement":
        """What computes so many films best by these models. Raises: as `load_model` and `choose`."""
        from xrayscan.model.file import load_model
        from xrayscan.network.choice import choose

        loaded = [load_model(model) for model in models]
        return choose(loaded, device=self.device, precision=self.precision, runtime=runtime, films=films)


@dataclass(frozen=True, slots=True)
class Engines:
    """What runs readers and models, and where."""

    engine: str = option(
        "local", "What runs readers and models: local is this machine alone.", type=EngineName(), shown="local"
    )
    cluster: str | None = option(
        None,
        "Cluster to join, such as tls://scheduler:8786; default: the engine starts one on this machine.",
        metavar="ADDRESS",
    )
    cluster_ca: str | None = option(
        None, "Certificate of the authority that the cluster's are signed by (PEM).", type=EXISTING_FILE, metavar="FILE"
    )
    cluster_cert: str | None = option(
        None, "One's own certificate for the cluster (PEM).", type=EXISTING_FILE, metavar="FILE"
    )
    cluster_key: str | None = option(None, "Its key (PEM).", type=EXISTING_FILE, metavar="FILE")

    def __post_init__(self) -> None:
        if self.engine == "local" and self.cluster:
            raise click.UsageError("--cluster needs an engine that joins it, such as --engine dask")
        if (self.cluster_ca or self.cluster_cert or self.cluster_key) and not self.cluster:
            raise click.UsageError("certificates need --cluster ADDRESS")

    def joined(self) -> "Cluster":
        """The cluster, as engines have it."""
        from xrayscan.engine.interface import Cluster

        return Cluster(self.cluster, self.cluster_ca, self.cluster_cert, self.cluster_key)


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


def scan_settings(hardware: Hardware, reading: Reading, **more: Any) -> "ScanSettings":
    """What a command was asked for, as the library has it; ``more`` are its other fields."""
    from xrayscan.scanning.scan import ScanSettings

    return ScanSettings(
        device=hardware.device,
        precision=hardware.precision,
        workers=hardware.workers,
        file_timeout=reading.file_timeout,
        limits=reading.limits(),
        **more,
    )


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
