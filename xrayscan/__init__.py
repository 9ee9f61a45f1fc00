"""Rank folders of chest radiographs by pneumonia probability.

Start with ``xrayscan.predict("radiographs/")``. Nothing is printed; what can be mended raises an `XrayscanError` whose
text is the whole message. ``xrayscan.__all__`` lists everything that is exported, for plugins and longer programs.
Suggested reading order. Not a diagnosis.
"""

from __future__ import annotations

# Names are imported when first used (PEP 562), so that `import xrayscan` costs nothing.
# Nothing is imported here, not even typing: `python -m xrayscan` puts the working folder first on the path, and it
# stays there until `__main__` has taken it off.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    __version__: str

    from xrayscan.api.films import predict as predict
    from xrayscan.api.films import show as show
    from xrayscan.api.labelled import evaluate as evaluate
    from xrayscan.api.labelled import explore as explore
    from xrayscan.api.labelled import train as train
    from xrayscan.api.worklist import PredictedWorklist as PredictedWorklist
    from xrayscan.calibration.site import CalibrateSettings as CalibrateSettings
    from xrayscan.calibration.site import calibrate as calibrate
    from xrayscan.checks.interface import Check as Check
    from xrayscan.checks.interface import Verdict as Verdict
    from xrayscan.dataset.folder_settings import FolderSettings as FolderSettings
    from xrayscan.dataset.labelled_folder import read_folder as read_folder
    from xrayscan.decode.dicom.read import header_kept_private as header_kept_private
    from xrayscan.decode.interface import Decoder as Decoder
    from xrayscan.decode.interface import Radiograph as Radiograph
    from xrayscan.decode.limits import Limits as Limits
    from xrayscan.engine.blocks import EnginePool as EnginePool
    from xrayscan.engine.blocks import LostBlock as LostBlock
    from xrayscan.engine.blocks import Patience as Patience
    from xrayscan.engine.blocks import run_blocks as run_blocks
    from xrayscan.engine.interface import Cluster as Cluster
    from xrayscan.engine.interface import Engine as Engine
    from xrayscan.engine.interface import EngineJob as EngineJob
    from xrayscan.engine.interface import EngineWorker as EngineWorker
    from xrayscan.engine.interface import Plan as Plan
    from xrayscan.engine.interface import Row as Row
    from xrayscan.engine.interface import Settled as Settled
    from xrayscan.engine.on_demand import WorkerOnDemand as WorkerOnDemand
    from xrayscan.errors import Code as Code
    from xrayscan.errors import DecodeError as DecodeError
    from xrayscan.errors import InputError as InputError
    from xrayscan.errors import ModelError as ModelError
    from xrayscan.errors import OutputError as OutputError
    from xrayscan.errors import UsageError as UsageError
    from xrayscan.errors import XrayscanError as XrayscanError
    from xrayscan.evaluation.settings import EvaluateSettings as EvaluateSettings
    from xrayscan.evaluation.write import write_evaluation as write_evaluation
    from xrayscan.explain.header import read_header as read_header
    from xrayscan.files.atomic import atomic_writer as atomic_writer
    from xrayscan.files.atomic_folder import NewFolder as NewFolder
    from xrayscan.files.atomic_folder import atomic_folder as atomic_folder
    from xrayscan.model.backend import Backend as Backend
    from xrayscan.model.backend import Epoch as Epoch
    from xrayscan.model.backend import Films as Films
    from xrayscan.model.backend import FitSettings as FitSettings
    from xrayscan.model.backend import Placement as Placement
    from xrayscan.model.backend import Predictor as Predictor
    from xrayscan.model.backend import Tensors as Tensors
    from xrayscan.model.backend import TrainingParams as TrainingParams
    from xrayscan.model.batches import Batches as Batches
    from xrayscan.model.calibration import Calibration as Calibration
    from xrayscan.model.capabilities import ComparesCases as ComparesCases
    from xrayscan.model.capabilities import Explains as Explains
    from xrayscan.model.capabilities import GivesFeatures as GivesFeatures
    from xrayscan.model.capabilities import GivesFirstWeights as GivesFirstWeights
    from xrayscan.model.capabilities import GivesLayers as GivesLayers
    from xrayscan.model.capabilities import GivesStyle as GivesStyle
    from xrayscan.model.capabilities import HasProgram as HasProgram
    from xrayscan.model.capabilities import HasRecipe as HasRecipe
    from xrayscan.model.capabilities import HeatmapLayer as HeatmapLayer
    from xrayscan.model.capabilities import KnowsUnlike as KnowsUnlike
    from xrayscan.model.capabilities import StartsFromWeights as StartsFromWeights
    from xrayscan.model.capabilities import TakesDevices as TakesDevices
    from xrayscan.model.capabilities import TakesRuntimes as TakesRuntimes
    from xrayscan.model.card import ModelCard as ModelCard
    from xrayscan.model.card import OperatingPoint as OperatingPoint
    from xrayscan.model.file import Model as Model
    from xrayscan.model.file import load_model as load_model
    from xrayscan.model.input_spec import InputSpec as InputSpec
    from xrayscan.network.backend import TorchBackend as TorchBackend
    from xrayscan.network.pretrained import WeightSource as WeightSource
    from xrayscan.network.pretrained import absent_weights as absent_weights
    from xrayscan.network.pretrained import read_state as read_state
    from xrayscan.network.transfer import TransferParams as TransferParams
    from xrayscan.network.transfer import adapted as adapted
    from xrayscan.network.transfer import imagenet_spec as imagenet_spec
    from xrayscan.network.transfer import learning_groups as learning_groups
    from xrayscan.network.transfer import torchvision_backend as torchvision_backend
    from xrayscan.observing.interface import ObservedRun as ObservedRun
    from xrayscan.observing.interface import Observer as Observer
    from xrayscan.observing.interface import Watcher as Watcher
    from xrayscan.observing.progress import Progress as Progress
    from xrayscan.plugin.callback import Callback as Callback
    from xrayscan.plugin.callback import TrainingRun as TrainingRun
    from xrayscan.plugin.command import Command as Command
    from xrayscan.plugin.loading import load_predictor as load_predictor
    from xrayscan.plugin.manager import load_registry as load_registry
    from xrayscan.plugin.reports import write_reports as write_reports
    from xrayscan.plugin.spec import hookimpl as hookimpl
    from xrayscan.report.interface import FolderReport as FolderReport
    from xrayscan.report.interface import OnRequest as OnRequest
    from xrayscan.report.interface import Overlay as Overlay
    from xrayscan.report.interface import PageSettings as PageSettings
    from xrayscan.report.interface import Report as Report
    from xrayscan.report.interface import WhileScanning as WhileScanning
    from xrayscan.report.sink import Sink as Sink
    from xrayscan.report.table import worklist_table as worklist_table
    from xrayscan.runtime.interface import Compiled as Compiled
    from xrayscan.runtime.interface import Program as Program
    from xrayscan.runtime.interface import Runtime as Runtime
    from xrayscan.scanning.scan import ScanSettings as ScanSettings
    from xrayscan.scanning.scan import scan as scan
    from xrayscan.sources.in_threads import in_threads as in_threads
    from xrayscan.sources.interface import Fetched as Fetched
    from xrayscan.sources.interface import Opened as Opened
    from xrayscan.sources.interface import Place as Place
    from xrayscan.sources.interface import Search as Search
    from xrayscan.sources.interface import Writable as Writable
    from xrayscan.sources.source import Source as Source
    from xrayscan.sources.streamed import Streamed as Streamed
    from xrayscan.store.record import Facts as Facts
    from xrayscan.store.record import ScanRecord as ScanRecord
    from xrayscan.training import TrainSettings as TrainSettings
    from xrayscan.worklist.order import RankSettings as RankSettings
    from xrayscan.worklist.row import Reading as Reading
    from xrayscan.worklist.worklist import Worklist as Worklist
    from xrayscan.worklist.worklist import WorklistRow as WorklistRow

_HOME = {
    "predict": "api.films",
    "show": "api.films",
    "evaluate": "api.labelled",
    "explore": "api.labelled",
    "train": "api.labelled",
    "PredictedWorklist": "api.worklist",
    "CalibrateSettings": "calibration.site",
    "calibrate": "calibration.site",
    "Check": "checks.interface",
    "Verdict": "checks.interface",
    "Backend": "model.backend",
    "Epoch": "model.backend",
    "Films": "model.backend",
    "FitSettings": "model.backend",
    "Placement": "model.backend",
    "Predictor": "model.backend",
    "Tensors": "model.backend",
    "TrainingParams": "model.backend",
    "Batches": "model.batches",
    "Calibration": "model.calibration",
    "ComparesCases": "model.capabilities",
    "Explains": "model.capabilities",
    "GivesFeatures": "model.capabilities",
    "GivesFirstWeights": "model.capabilities",
    "GivesLayers": "model.capabilities",
    "GivesStyle": "model.capabilities",
    "HasProgram": "model.capabilities",
    "TakesDevices": "model.capabilities",
    "TakesRuntimes": "model.capabilities",
    "HasRecipe": "model.capabilities",
    "HeatmapLayer": "model.capabilities",
    "KnowsUnlike": "model.capabilities",
    "StartsFromWeights": "model.capabilities",
    "InputSpec": "model.input_spec",
    "ModelCard": "model.card",
    "OperatingPoint": "model.card",
    "Decoder": "decode.interface",
    "Radiograph": "decode.interface",
    "Limits": "decode.limits",
    "Cluster": "engine.interface",
    "Engine": "engine.interface",
    "EngineJob": "engine.interface",
    "EnginePool": "engine.blocks",
    "EngineWorker": "engine.interface",
    "LostBlock": "engine.blocks",
    "Patience": "engine.blocks",
    "Plan": "engine.interface",
    "Row": "engine.interface",
    "Settled": "engine.interface",
    "WorkerOnDemand": "engine.on_demand",
    "run_blocks": "engine.blocks",
    "Code": "errors",
    "DecodeError": "errors",
    "InputError": "errors",
    "ModelError": "errors",
    "OutputError": "errors",
    "UsageError": "errors",
    "XrayscanError": "errors",
    "EvaluateSettings": "evaluation.settings",
    "write_evaluation": "evaluation.write",
    "atomic_writer": "files.atomic",
    "FolderReport": "report.interface",
    "Overlay": "report.interface",
    "header_kept_private": "decode.dicom.read",
    "read_header": "explain.header",
    "NewFolder": "files.atomic_folder",
    "atomic_folder": "files.atomic_folder",
    "ObservedRun": "observing.interface",
    "Observer": "observing.interface",
    "Progress": "observing.progress",
    "Watcher": "observing.interface",
    "hookimpl": "plugin.spec",
    "Model": "model.file",
    "load_model": "model.file",
    "RankSettings": "worklist.order",
    "Reading": "worklist.row",
    "Worklist": "worklist.worklist",
    "WorklistRow": "worklist.worklist",
    "Facts": "store.record",
    "ScanRecord": "store.record",
    "load_predictor": "plugin.loading",
    "load_registry": "plugin.manager",
    "Callback": "plugin.callback",
    "TrainingRun": "plugin.callback",
    "Command": "plugin.command",
    "write_reports": "plugin.reports",
    "OnRequest": "report.interface",
    "PageSettings": "report.interface",
    "Report": "report.interface",
    "WhileScanning": "report.interface",
    "Sink": "report.sink",
    "worklist_table": "report.table",
    "Compiled": "runtime.interface",
    "Program": "runtime.interface",
    "Runtime": "runtime.interface",
    "ScanSettings": "scanning.scan",
    "scan": "scanning.scan",
    "in_threads": "sources.in_threads",
    "Fetched": "sources.interface",
    "Opened": "sources.interface",
    "Place": "sources.interface",
    "Search": "sources.interface",
    "Writable": "sources.interface",
    "Source": "sources.source",
    "Streamed": "sources.streamed",
    "TorchBackend": "network.backend",
    "TrainSettings": "training",
    "FolderSettings": "dataset.folder_settings",
    "read_folder": "dataset.labelled_folder",
    "TransferParams": "network.transfer",
    "adapted": "network.transfer",
    "imagenet_spec": "network.transfer",
    "learning_groups": "network.transfer",
    "torchvision_backend": "network.transfer",
    "WeightSource": "network.pretrained",
    "absent_weights": "network.pretrained",
    "read_state": "network.pretrained",
}
_CALLED = ("predict", "show", "explore", "train", "evaluate", "scan", "write_reports", "load_model", "XrayscanError")
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("xrayscan")
    if name not in _HOME:
        raise AttributeError(f"module 'xrayscan' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"xrayscan.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """What people call, which `help` then explains without importing torch; ``__all__`` is all that is exported."""
    return [*_CALLED, "__all__", "__doc__", "__file__", "__name__", "__path__", "__version__"]
