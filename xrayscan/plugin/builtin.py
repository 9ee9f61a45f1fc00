"""What comes with xrayscan, registered through the hooks that any plugin has."""

from collections.abc import Callable, Iterable
from typing import Any

from xrayscan.checks import builtin as checks
from xrayscan.decode import BUILT_IN
from xrayscan.engine.interface import Engine
from xrayscan.observing.prometheus import PROMETHEUS
from xrayscan.observing.status_file import STATUS
from xrayscan.plugin.callback import Callback
from xrayscan.plugin.command import Command
from xrayscan.plugin.spec import hookimpl
from xrayscan.report import builtin as reports
from xrayscan.runtime import builtin as runtimes
from xrayscan.sources import local as sources

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


COMMAND_LIST = [
    Command(name, summary, f"xrayscan.cli.{MODULES.get(name, name)}:{name}") for name, summary in COMMANDS.items()
]
LOCAL = Engine("local", "Reader processes and scoring threads on this machine.", "xrayscan.scanning.job:run_here")
CSV = Callback("csv", "One row per epoch in history.csv; part of every run.", "xrayscan.training.csv_history:listen")
TENSORBOARD = Callback(
    "tensorboard", "Curves for TensorBoard in RUN/tensorboard.", "xrayscan.training.tensorboard_log:listen"
)


def _offering(built_in: Iterable[Any]) -> Callable[[Callable[[Any], None]], None]:
    """A hook that registers all of these."""

    @hookimpl
    def offer(register: Callable[[Any], None]) -> None:
        for one in built_in:
            register(one)

    return offer


register_decoders = _offering(BUILT_IN)
register_checks = _offering(checks.BUILT_IN)
register_reports = _offering(reports.BUILT_IN)
register_runtimes = _offering(runtimes.BUILT_IN)
register_sources = _offering(sources.BUILT_IN)
register_engines = _offering((LOCAL,))
register_observers = _offering((STATUS, PROMETHEUS))
register_callbacks = _offering((CSV, TENSORBOARD))
register_commands = _offering(COMMAND_LIST)
