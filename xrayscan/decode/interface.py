"""What every decoder takes and gives back; whoever adds a format writes a :class:`Decoder`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from xrayscan.decode.limits import Limits
from xrayscan.store.record import Facts


@dataclass(frozen=True, slots=True)
class Radiograph:
    """One image as a reader sees it.

    ``brightness``: float32 (H, W), no unit, in [0, 1], bone bright; H and W may be smaller than ``facts.rows`` and
    ``facts.columns`` when the file was decoded at a reduced scale.
    ``flags``: members of :class:`xrayscan.decode.flags.Flag`: what was repaired, or is doubtful.
    ``reading``: how the stored values were read, for people: a term such as "bits" and what was found or chosen.
    ``projections``: what the header says of the view that is not upright and frontal, such as "lateral";
    ``body_part``: a defined term of DICOM's, empty where nothing is said. Both from closed lists, never free text.
    ``taken_ns``: when it was taken, in ns since 1970, for the reading order alone; None where nobody knows.
    ``chroma``: how colourful the picture is, in [0, 1]; 0 for grey: :func:`xrayscan.decode.chroma.chroma_of`.
    """

    brightness: npt.NDArray[np.float32]
    facts: Facts
    flags: tuple[str, ...] = ()
    reading: Mapping[str, str] = field(default_factory=dict)
    projections: tuple[str, ...] = ()
    body_part: str = ""
    chroma: float = 0.0
    taken_ns: int | None = None


class Decoder(Protocol):
    """One file format. Both methods run in reader processes: they import no torch and keep no state."""

    @property
    def name(self) -> str:
        """Name the format as people know it, such as "JPEG"."""

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins with ``head`` (up to 4,096 bytes) is of this format."""

    def decode(self, data: bytes, *, at_least: int, limits: Limits) -> Radiograph:
        """Read one radiograph from the bytes of a whole file.

        ``at_least``: pixels; a format that decodes faster at a reduced scale keeps both sides at least so long.
        Check ``limits`` before anything of the picture's size is allocated.
        Raises: DecodeError with a code and a text that quotes nothing from the file. Anything else that is raised
        counts as a damaged file.
        """
