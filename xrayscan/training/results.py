"""The files that a training run leaves beside its model: history, split, metrics and a page of figures."""

import csv
import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xrayscan.files.atomic import atomic_writer
from xrayscan.files.text import spreadsheet_cell
from xrayscan.model.backend import Epoch
from xrayscan.model.card import TRIAL
from xrayscan.statistics.metrics import CELLS, confusion, rates
from xrayscan.training.page import PAGE_FILE, write_training_page
from xrayscan.training.plan import SplitFilms, Trained, validation_probabilities

NOT_IN_HISTORY = ("of", "images_per_second")
HISTORY_FILE, SPLIT_FILE, METRICS_FILE, DIGESTS_FILE = "history.csv", "split.csv", "metrics.json", "SHA256SUMS"


def write_history(path: str, epochs: Sequence[Epoch]) -> None:
    """Write one row per epoch, with numbers as exact as they were: all but the seconds repeat when a run is repeated.

    Raises: OutputError.
    """
    names = [field.name for field in dataclasses.fields(Epoch) if field.name not in NOT_IN_HISTORY]
    with atomic_writer(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["epoch" if name == "number" else name for name in names])
        for epoch in epochs:
            values = (getattr(epoch, name) for name in names)
            writer.writerow([int(value) if isinstance(value, bool) else repr(value) for value in values])


def write_split(path: str, films: SplitFilms) -> None:
    """Write which file went where. ``patient`` numbers the films that had to stay together. Raises: OutputError."""
    sides = np.full(len(films.labels), "not used", object)
    sides[films.training], sides[films.validation] = "training", "validation"
    with atomic_writer(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["source", "label", "side", "patient"])
        for film, label, side, patient in zip(films.decoded.films, films.labels, sides, films.groups, strict=True):
            name = spreadsheet_cell(films.folder.labels[label])
            writer.writerow([spreadsheet_cell(film.path), name, side, int(patient)])


def write_training_results(out: str, trained: Trained, asked: Mapping[str, Any]) -> tuple[str, ...]:
    """Write metrics and report, and return their paths. Raises: OutputError."""
    path, measured = os.path.join(out, METRICS_FILE), training_metrics(trained)
    with atomic_writer(path) as file:
        json.dump(measured, file, indent=2)
        file.write("\n")
    write_training_page(os.path.join(out, PAGE_FILE), trained, measured, asked)
    return path, os.path.join(out, PAGE_FILE)


def write_digests(path: str, files: Sequence[str]) -> None:
    """Write the SHA-256 of each file, so that ``sha256sum -c SHA256SUMS`` tells whether one has changed.

    Raises: OutputError.
    """
    with atomic_writer(path) as text:
        for name in files:
            with open(name, "rb") as file:
                text.write(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {os.path.basename(name)}\n")


def training_metrics(trained: Trained) -> dict[str, Any]:
    """What the model reaches on its validation films, the counts at its balanced threshold, and its best epoch."""
    card, films = trained.model.card, trained.films
    labels, probabilities = validation_probabilities(trained)
    balanced = card.operating_point("balanced")
    cells = confusion(labels, probabilities, balanced.threshold).sum(0)
    shares = {name: float(share) for name, share in rates(*cells.astype(float)).items()}
    best = max((epoch for epoch in trained.epochs if epoch.best), key=lambda epoch: epoch.number, default=None)
    return {
        "n": len(labels),
        **dict(card.metrics),
        "threshold": balanced.threshold,
        **{name: None if math.isnan(share) else share for name, share in shares.items()},
        "confusion": dict(zip(CELLS, cells.tolist(), strict=True)),
        "operating_points": [dataclasses.asdict(point) for point in card.operating_points],
        "calibration": dataclasses.asdict(card.calibration),
        "epochs": len(trained.epochs),
        "best_epoch": dataclasses.asdict(best) if best else None,
        "training_films": len(films.training),
        "left_out": len(films.decoded.failed),
        "fingerprint": trained.model.fingerprint,
        **({TRIAL: True} if card.is_trial else {}),
    }
