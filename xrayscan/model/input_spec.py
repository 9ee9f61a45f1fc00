"""The pixels a model takes."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from xrayscan.errors import ModelError
from xrayscan.model.card_check import STRICT

Resize = Literal["squash", "letterbox", "crop"]
Normalise = Literal["fixed", "per_image", "equalise", "blend"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The pixels a model takes: (S, S) uint8, repeated to ``channels`` and normalised on the device.

    ``resize``: ``squash`` gives up the aspect ratio, ``letterbox`` pads with black, ``crop`` keeps the centre square.
    ``normalise``: ``fixed`` is (pixel / 255 - mean) / std per channel; ``per_image`` subtracts the image's own mean and
    divides by its own standard deviation; ``equalise`` flattens the image's histogram to mean 0 and deviation 1, which
    forgets the display curve altogether; ``blend`` is the mean of these two. Only ``fixed`` uses ``mean`` and ``std``.
    ``jpeg_quality``, 1 to 100, gives every film the losses of a JPEG at ``side`` before that: for networks that learned
    on JPEGs alone. None leaves films as they are.
    """

    side: int  # pixels
    channels: int = 1
    resize: Resize = "squash"
    normalise: Normalise = "per_image"
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.25,)
    jpeg_quality: int | None = None

    __pydantic_config__: ClassVar = STRICT

    def __post_init__(self) -> None:
        if not 8 <= self.side <= 4096:
            raise ModelError(f"an input side of {self.side} px is out of range: give 8 to 4096")
        if self.channels not in (1, 3):
            raise ModelError(f"{self.channels} input channels: a radiograph is given as 1 or 3")
        if self.resize not in get_args(Resize):
            raise ModelError(f"unknown resize policy {self.resize!r}: choose {', '.join(get_args(Resize))}")
        if self.normalise not in get_args(Normalise):
            raise ModelError(f"unknown normalisation {self.normalise!r}: choose {', '.join(get_args(Normalise))}")
        if self.jpeg_quality is not None and not 1 <= self.jpeg_quality <= 100:
            raise ModelError(f"a JPEG quality of {self.jpeg_quality} is out of range: give 1 to 100, or none")
        fits = len(self.mean) == len(self.std) and len(self.mean) in (1, self.channels)
        if not fits or min(self.std) <= 0 or not all(map(math.isfinite, (*self.mean, *self.std))):
            raise ModelError(f"mean {self.mean} and std {self.std} do not fit {self.channels} channels")

    @property
    def geometry(self) -> tuple[int, Resize]:
        """What decides the uint8 pixels: models that agree on it share one pixel column."""
        return self.side, self.resize
