"""The objective of a backend that has no epochs, measured once it is fitted."""

import numpy as np

from xrayscan.model.backend import Films
from xrayscan.network.fit.early_stopping import SPECIFICITY, sensitivity_at
from xrayscan.statistics.metrics import Floats, auroc
from xrayscan.tuning.search import Objective


def measured(objective: Objective, films: Films, logits: Floats) -> float:
    """Return the objective of raw logits (N,) of validation films, as training computes it after an epoch."""
    if objective == "val_auroc":
        return auroc(films.labels, logits)
    if objective == "val_sensitivity":
        return sensitivity_at(SPECIFICITY, films.labels, logits)
    losses = np.logaddexp(0, np.where(films.labels == 1, -logits, logits))
    return float(np.mean([losses[films.labels == label].mean() for label in (0, 1)]))
