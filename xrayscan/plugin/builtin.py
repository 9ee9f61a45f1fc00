"""What comes with xrayscan, registered through the hooks that any plugin has."""

from collections.abc import Callable

from xrayscan.checks import builtin as checks
from xrayscan.checks.interface import Check
from xrayscan.decode import BUILT_IN, Decoder
from xrayscan.engine.interface import Engine
from xrayscan.observing.interface import Observer
from xrayscan.observing.prometheus import Prometheus
from xrayscan.observing.status_file import StatusFile
from xrayscan.plugin.callback import Callback
from xrayscan.plugin.command import Command
from xrayscan.plugin.spec import hookimpl
from xrayscan.report import builtin as reports
from xrayscan.report.interface import Report
from xrayscan.runtime import builtin as runtimes
from xrayscan.runtime.interface import Runtime
from xrayscan.sources import local as sources
from xrayscan.sources.interface import Place

COMMANDS = {  # name → its line in `xrayscan --help`, in the order in which people meet them
    "predict": "Rank a folder of chest radiographs by the probability of pneumonia.",
    "status": "Say how far a scan is, from another shell.",
    "watch": "Score films as they arrive in a folder.",
    "listen": "Take films over DICOM and score them as they arrive.",
    "report": "Write the reports of an earlier scan again, with other settings.",
    "query": "List the rows of a worklist for which a condition holds.",
    "merge": "Bring the worklists of several scans together.",
    "send": "Send the reports of a scan, or what of them has not arrived.",
    "show": "Inspect one film: metadata, score, heatmap.",
    "explore": "Look at a labelled folder before training on it.",
    "train": "Train a model on a labelled folder.",
    "tune": "Search for the parameters that train the best model.",
    "evaluate": "Measure models on labelled films that they have never seen.",
    "calibrate": "Fit a model to one site from a few labelled films.",
    "export": "Write a model as an ONNX or OpenVINO file.",
    "benchmark": "Measure how fast a scan is here, and what limits it.",
    "models": "List the models and backends at hand, or show one.",
    "plugins": "List the plugins and what they register.",
    "doctor": "Look whether this installation can do its work.",
    "settings": "Show which settings hold, and where they come from.",
}
MODULES = {"settings": "show_settings"}  # of commands that have not the name of their own


@hookimpl
def register_decoders(register: Callable[[Decoder], None]) -> None:
    """Offer the decoders of the formats that xrayscan knows."""
    for decoder in BUILT_IN:
        register(decoder)


@hookimpl
def register_checks(register: Callable[[Check], None]) -> None:
    """Offer the checks of what may be ranked."""
    for check in checks.BUILT_IN:
        register(check)


@hookimpl
def register_reports(register: Callable[[Report], None]) -> None:
    """Offer csv, jsonl and html."""
    for report in reports.BUILT_IN:
        register(report)


@hookimpl
def register_runtimes(register: Callable[[Runtime], None]) -> None:
    """Offer torch, and the runtimes that take an ONNX graph."""
    for runtime in runtimes.BUILT_IN:
        register(runtime)


@hookimpl
def register_sources(register: Callable[[Place], None]) -> None:
    """Offer the file system, and the archives in it."""
    for place in sources.BUILT_IN:
        register(place)


@hookimpl
def register_engines(register: Callable[[Engine], None]) -> None:
    """Offer the engine that uses this machine alone."""
    register(Engine("local", "Reader processes and scoring threads on this machine.", "xrayscan.scanning.job:run_here"))


@hookimpl
def register_observers(register: Callable[[Observer], None]) -> None:
    """Offer what `xrayscan status` reads, and Prometheus text."""
    register(StatusFile())
    register(Prometheus())


@hookimpl
def register_callbacks(register: Callable[[Callback], None]) -> None:
    """Offer what writes a run's epochs down."""
    home = "xrayscan.training"
    register(Callback("csv", "One row per epoch in history.csv; part of every run.", f"{home}.csv_history:listen"))
    register(Callback("tensorboard", "Curves for TensorBoard in RUN/tensorboard.", f"{home}.tensorboard_log:listen"))


@hookimpl
def register_commands(register: Callable[[Command], None]) -> None:
    """Offer the commands."""
    for name, summary in COMMANDS.items():
        register(Command(name, summary, f"xrayscan.cli.{MODULES.get(name, name)}:{name}"))
