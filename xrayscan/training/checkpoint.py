"""A training run between two epochs, kept as one safetensors file whose header holds the rest as JSON."""

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any

from xrayscan.errors import ModelError, OutputError
from xrayscan.model.backend import Epoch, Snapshot

FILE_NAME = "checkpoint.safetensors"  # inside a training run's folder
HEADER_KEY = "xrayscan_checkpoint"
FORMAT = 1


def save_checkpoint(path: str, snapshot: Snapshot, asked: Mapping[str, Any]) -> None:
    """Write a snapshot in place of the one before: a process that is killed leaves either this one or that one.

    ``asked`` says what is trained on what, as plain values. Raises: OutputError.
    """
    from safetensors.numpy import save

    header = {
        "format": FORMAT,
        "asked": asked,
        "epochs": [dataclasses.asdict(epoch) for epoch in snapshot.epochs],
        "state": snapshot.state,
    }
    part = f"{path}.part"
    try:
        with open(part, "wb") as file:
            file.write(save(dict(snapshot.tensors), metadata={HEADER_KEY: json.dumps(header)}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}: make room, then go on with --resume") from error


def load_checkpoint(path: str) -> tuple[Snapshot, dict[str, Any]]:
    """Read a snapshot and what it was asked for. Raises: ModelError for a damaged or foreign file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            header = json.loads((file.metadata() or {})[HEADER_KEY])
            if header["format"] != FORMAT:
                raise ModelError(f"{path} was written by another version of xrayscan: remove it to start anew")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        epochs = tuple(Epoch(**epoch) for epoch in header["epochs"])
        return Snapshot(epochs, tensors, header["state"]), header["asked"]
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: no checkpoint, or a damaged one ({error}): remove it to start anew") from error


def epochs_done(path: str) -> tuple[int, int]:
    """How many epochs a checkpoint holds, and of how many. Raises: as `load_checkpoint`."""
    epochs = load_checkpoint(path)[0].epochs
    return len(epochs), epochs[-1].of
