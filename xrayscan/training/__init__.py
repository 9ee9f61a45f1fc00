"""From a labelled folder to a model file."""

from xrayscan.training.plan import Trained, TrainSettings
from xrayscan.training.trainer import train

__all__ = ["TrainSettings", "Trained", "train"]
