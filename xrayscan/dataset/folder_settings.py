"""What people say about a labelled folder: positive label, table of labels and its columns, what is left out."""

import os
from dataclasses import dataclass
from typing import Any, Literal

from xrayscan.files.option import option
from xrayscan.files.paths import Path

Uncertain = Literal["drop", "negative", "positive"]


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """How a labelled folder is to be read.

    ``positive``: the positive label, or several with commas between. ``labels_csv``: a table of labels;
    its columns are found by their usual names unless they are given. ``patient_pattern``: a regular expression.
    ``ignore_label``: labels that are left out. ``uncertain``: what -1 counts as.
    """

    positive: str = option(
        "PNEUMONIA",
        "Name of the positive class (case-insensitive); several with commas between count as one.",
        metavar="A[,B]",
    )
    labels_csv: Path | None = option(
        None,
        "Labels as path,label[,patient][,split], or the table of a public set, instead of folders; paths start at DIR.",
        "--labels",
        file=True,
        metavar="FILE.csv",
    )
    patient_pattern: str | None = option(
        None,
        r"Regular expression that extracts the patient ID from the path, such as 'pat(\d+)'; the first group counts.",
        metavar="REGEX",
    )
    path_column: str | None = option(None, "Column of --labels that names the file.", metavar="NAME")
    label_column: str | None = option(None, "Column of --labels that holds the label.", metavar="NAME")
    patient_column: str | None = option(None, "Column of --labels that names the patient.", metavar="NAME")
    ignore_label: tuple[str, ...] = option((), "Leave out films of this label or folder; repeatable.", metavar="LABEL")
    uncertain: Uncertain = option(
        "drop", "What -1 counts as in a column of 0, 1 and -1, as CheXpert and MIMIC-CXR have it."
    )

    def findings(self) -> tuple[str, ...]:
        """The positive labels, in lower case."""
        parts = tuple(filter(None, (part.strip().casefold() for part in self.positive.split(","))))
        return tuple(dict.fromkeys((self.positive.casefold(), *parts)))

    def ignored(self) -> frozenset[str]:
        """The labels that are left out, in lower case."""
        return frozenset(label.strip().casefold() for label in self.ignore_label)

    def kept(self) -> dict[str, Any]:
        """All of it, as recipes keep it: None where nothing was said."""
        return {
            "positive": self.positive,
            "labels": self.labels_csv and os.path.abspath(self.labels_csv),
            "patient_pattern": self.patient_pattern,
            "path_column": self.path_column,
            "label_column": self.label_column,
            "patient_column": self.patient_column,
            "ignore_label": list(self.ignore_label) or None,
            "uncertain": None if self.uncertain == "drop" else self.uncertain,
        }
