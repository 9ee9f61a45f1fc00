"""How good models are on labelled films that they have never seen."""

from xrayscan.evaluation.evaluator import EvaluateSettings, Evaluation, evaluate
from xrayscan.evaluation.write import write_evaluation

__all__ = ["EvaluateSettings", "Evaluation", "evaluate", "write_evaluation"]
