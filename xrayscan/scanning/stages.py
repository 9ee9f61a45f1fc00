"""The two stages of one scan, made from what was asked for, on the machine that runs them."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from xrayscan.decode.limits import Limits
from xrayscan.model.file import Model
from xrayscan.plugin.manager import load_registry
from xrayscan.scanning.hardware import Hardware
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.reader import Work
from xrayscan.scanning.score import BatchScorer


@dataclass(frozen=True, slots=True)
class Asked:
    """How films are read and scored, as plain values; the fields are those of `ScanSettings`."""

    device: str
    precision: str
    runtime: str
    batch_size: int | None
    workers: int | None
    file_timeout: float
    limits: Limits


def row_stage(models: Sequence[Model], asked: Asked) -> Work:
    """What a reader does with a row."""
    specs = tuple(dict.fromkeys(model.card.input for model in models))
    return functools.partial(prepare, specs=specs, checks=tuple(load_registry().checks.values()), limits=asked.limits)


def hardware(models: Sequence[Model], asked: Asked, films: int, before: tuple[str, str] | None) -> Hardware:
    """What about ``films`` films are computed on. Raises: UsageError for what is not there."""
    return Hardware.resolved(
        models,
        device=asked.device,
        precision=asked.precision,
        runtime=asked.runtime,
        batch_size=asked.batch_size,
        films=films,
        before=before,
    )


def batch_stage(models: Sequence[Model], on: Hardware) -> BatchScorer:
    """What scores a batch."""
    return BatchScorer(models, on.placement, on.batch_size, on.streams)
