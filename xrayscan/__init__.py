"""xrayscan: rank folders of chest radiographs by pneumonia probability.

The public API. Names are imported when first used (PEP 562), so that ``import xrayscan`` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xrayscan.backend import Backend as Backend
    from xrayscan.backend import Films as Films
    from xrayscan.backend import FitSettings as FitSettings
    from xrayscan.backend import Placement as Placement
    from xrayscan.backend import Predictor as Predictor
    from xrayscan.backend import Tensors as Tensors
    from xrayscan.backend import TrainingParams as TrainingParams
    from xrayscan.card import Calibration as Calibration
    from xrayscan.card import InputSpec as InputSpec
    from xrayscan.card import ModelCard as ModelCard
    from xrayscan.card import OperatingPoint as OperatingPoint
    from xrayscan.errors import DecodeError as DecodeError
    from xrayscan.errors import InputError as InputError
    from xrayscan.errors import ModelError as ModelError
    from xrayscan.errors import OutputError as OutputError
    from xrayscan.errors import UsageError as UsageError
    from xrayscan.errors import XrayscanError as XrayscanError
    from xrayscan.evaluation import EvaluateSettings as EvaluateSettings
    from xrayscan.evaluation import evaluate as evaluate
    from xrayscan.evaluation import write_evaluation as write_evaluation
    from xrayscan.hookspecs import hookimpl as hookimpl
    from xrayscan.modelfile import Model as Model
    from xrayscan.modelfile import load_model as load_model
    from xrayscan.rank import RankSettings as RankSettings
    from xrayscan.rank import Worklist as Worklist
    from xrayscan.record import Facts as Facts
    from xrayscan.record import ScanRecord as ScanRecord
    from xrayscan.registry import load_registry as load_registry
    from xrayscan.report import write_reports as write_reports
    from xrayscan.scanner import ScanSettings as ScanSettings
    from xrayscan.scanner import scan as scan
    from xrayscan.torch_backend import TorchBackend as TorchBackend
    from xrayscan.training import TrainSettings as TrainSettings
    from xrayscan.training import train as train
    from xrayscan.training.labelled import FolderSettings as FolderSettings
    from xrayscan.training.labelled import read_folder as read_folder
    from xrayscan.transfer import TransferParams as TransferParams
    from xrayscan.transfer import adapted as adapted
    from xrayscan.transfer import imagenet_spec as imagenet_spec
    from xrayscan.transfer import learning_groups as learning_groups
    from xrayscan.transfer import torchvision_backend as torchvision_backend
    from xrayscan.weights import WeightSource as WeightSource
    from xrayscan.weights import absent_weights as absent_weights

_HOME = {
    "Backend": "backend",
    "Films": "backend",
    "FitSettings": "backend",
    "Placement": "backend",
    "Predictor": "backend",
    "Tensors": "backend",
    "TrainingParams": "backend",
    "Calibration": "card",
    "InputSpec": "card",
    "ModelCard": "card",
    "OperatingPoint": "card",
    "DecodeError": "errors",
    "InputError": "errors",
    "ModelError": "errors",
    "OutputError": "errors",
    "UsageError": "errors",
    "XrayscanError": "errors",
    "EvaluateSettings": "evaluation",
    "evaluate": "evaluation",
    "write_evaluation": "evaluation",
    "hookimpl": "hookspecs",
    "Model": "modelfile",
    "load_model": "modelfile",
    "RankSettings": "rank",
    "Worklist": "rank",
    "Facts": "record",
    "ScanRecord": "record",
    "load_registry": "registry",
    "write_reports": "report",
    "ScanSettings": "scanner",
    "scan": "scanner",
    "TorchBackend": "torch_backend",
    "TrainSettings": "training",
    "train": "training",
    "FolderSettings": "training.labelled",
    "read_folder": "training.labelled",
    "TransferParams": "transfer",
    "adapted": "transfer",
    "imagenet_spec": "transfer",
    "learning_groups": "transfer",
    "torchvision_backend": "transfer",
    "WeightSource": "weights",
    "absent_weights": "weights",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'xrayscan' has no attribute {name!r}")
    return getattr(importlib.import_module(f"xrayscan.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
