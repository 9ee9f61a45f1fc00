"""A training run between two epochs, kept as one safetensors file whose header holds the rest as JSON."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from xrayscan.errors import ModelError
from xrayscan.files.atomic import atomic_file
from xrayscan.files.regular import read_regular
from xrayscan.model.backend import Epoch, Snapshot
from xrayscan.model.tensors import sealed, unsealed

CHECKPOINT_FILE = "checkpoint.safetensors"  # inside a training run's folder
HEADER_KEY = "xrayscan_checkpoint"
FORMAT = 2


def save_checkpoint(path: str, snapshot: Snapshot, asked: Mapping[str, Any]) -> None:
    """Write a snapshot in place of the one before: a process that is killed leaves either this one or that one.

    ``asked`` says what is trained on what, as plain values. Raises: OutputError.
    """
    header = {
        "format": FORMAT,
        "asked": asked,
        "epochs": [dataclasses.asdict(epoch) for epoch in snapshot.epochs],
        "state": snapshot.state,
    }
    data = sealed(HEADER_KEY, header, snapshot.tensors)
    with atomic_file(path, "make room, then go on with --resume") as file:
        file.write(data)


def load_checkpoint(path: str) -> tuple[Snapshot, dict[str, Any]]:
    """Read a snapshot and what it was asked for. Raises: ModelError for a damaged, changed or foreign file."""
    try:
        header, tensors, whole = unsealed(HEADER_KEY, read_regular(path), finite=False)
        if header.get("format") != FORMAT:
            raise ModelError("written by another version of xrayscan")
        if not whole:
            raise ModelError("it lacks the digest of its content")
        epochs = tuple(Epoch(**epoch) for epoch in header["epochs"])
        if not epochs:
            raise ModelError("it holds no epoch")
        return Snapshot(epochs, tensors, header["state"]), header["asked"]
    except (ModelError, OSError, ValueError, KeyError, TypeError) as error:
        why = f" ({error})" if isinstance(error, ModelError) else ""
        raise ModelError(f"{path}: no checkpoint, or a damaged one{why}: remove it to start over") from error


def epochs_done(path: str) -> tuple[int, int]:
    """How many epochs a checkpoint holds, and of how many. Raises: as `load_checkpoint`."""
    epochs = load_checkpoint(path)[0].epochs
    return len(epochs), epochs[-1].of
