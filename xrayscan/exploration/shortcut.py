"""Can the label be read from the file without looking at the film? Then a model may learn that instead of radiology."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xrayscan.exploration.file_properties import Look
from xrayscan.statistics.metrics import Interval, Labels, Resampler, auroc, ranking_interval

FOLDS = 5
TREES = 150
LEAF, LEAF_SHARE = 5, 100  # films, at least, and one in so many: smaller leaves learn single files by heart
STRONG, WEAK = 0.9, 0.6  # AUROC from which the label is as good as written on the file, below which it hardly shows


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What a classifier reaches that sees file metadata only, and each property alone."""

    auroc: float
    interval: Interval  # 95 %, by patient
    alone: dict[str, float]  # property → AUROC of its plain value, whichever way round; the best first

    @property
    def meaning(self) -> str:
        """One sentence for people."""
        best = next(iter(self.alone))
        if self.auroc >= STRONG:
            return (
                f"File properties alone predict the label, mainly {best}: good figures on this folder may owe nothing "
                "to the films. Test on films of another source, or give all films one size and encoding."
            )
        if self.auroc >= WEAK:
            return (
                f"File properties predict the label in part, mainly {best}: part of a model's figures on this folder "
                "may come from how films were stored, not from what they show."
            )
        return "File properties hardly predict the label: no shortcut of this kind."


def shortcut(looks: Sequence[Look], labels: Labels, groups: npt.NDArray[np.intp], seed: int) -> Shortcut | None:
    """Cross-validate a random forest on metadata of films (N,), by patient; None with too few patients of a label.

    Every film is judged by a forest that saw no film of its group.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    if min(len(np.unique(groups[labels == label])) for label in (0, 1)) < FOLDS:
        return None
    table = properties(looks)
    values_NK = np.stack(list(table.values()), axis=1)
    scores = np.empty(len(labels))
    leaf = max(LEAF, len(labels) // LEAF_SHARE)
    for rest, held_out in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(values_NK, labels, groups):
        forest = RandomForestClassifier(TREES, min_samples_leaf=leaf, class_weight="balanced", random_state=seed)
        scores[held_out] = forest.fit(values_NK[rest], labels[rest]).predict_proba(values_NK[held_out])[:, 1]
    together = auroc(labels, scores)
    draws = Resampler.from_patients(groups, seed=seed).aurocs(labels, scores)
    single = {name: auroc(labels, values) for name, values in table.items() if np.ptp(values) > 0}
    alone = {name: max(value, 1 - value) for name, value in single.items()} or {"nothing": 0.5}
    interval = ranking_interval(together, draws, labels, together)
    return Shortcut(together, interval, dict(sorted(alone.items(), key=lambda item: -item[1])))


def properties(looks: Sequence[Look]) -> dict[str, npt.NDArray[np.float64]]:
    """What is known of films without looking at them: property → (N,)."""
    columns: dict[str, list[float]] = {
        "width": [look.columns for look in looks],
        "height": [look.rows for look in looks],
        "aspect ratio": [look.aspect for look in looks],
        "file size": [look.size for look in looks],
        "bytes per pixel": [look.size / (look.rows * look.columns) for look in looks],
        "bit depth": [look.bits for look in looks],
        "channels": [look.channels for look in looks],
        "JPEG quantisation": [look.quantiser for look in looks],
        "progressive encoding": [look.progressive for look in looks],
    }
    for name in sorted({look.format for look in looks}):
        columns[f"format {name}"] = [look.format == name for look in looks]
    return {name: np.array(values, np.float64) for name, values in columns.items()}
