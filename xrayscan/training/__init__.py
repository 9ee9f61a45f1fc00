"""From a labelled folder to a model file."""

from xrayscan.training.trainer import Trained, TrainSettings, train

__all__ = ["TrainSettings", "Trained", "train"]
