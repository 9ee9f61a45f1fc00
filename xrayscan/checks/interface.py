"""What a check is: a name, what it sees of an image, and what it may say of it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from xrayscan.decode import Radiograph
from xrayscan.errors import Code, Status

Sample = npt.NDArray[np.float32]
SAMPLE_SIDE = 128  # pixels: what every side of a sample has at least, where the image has as many


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of an image that it does not simply pass.

    ``flags``: short phrases that stand in every report, such as "lateral": of the check's own words, never text of a
    header. ``code`` and ``reason``: given together they set the image aside: it is not scored, and the reason says
    why, in a phrase; the code says the same to programs.
    Raises: ValueError if only one of the two is given, or the code is one of those that files fail or are skipped for.
    """

    flags: tuple[str, ...] = ()
    code: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if bool(self.code) != bool(self.reason):
            raise ValueError("a verdict that sets aside has a code and a reason")
        if self.code in set(Code) and Code(self.code).status is not Status.SET_ASIDE:
            raise ValueError(f"{self.code} is no code of what is set aside")


class Check(Protocol):
    """One rule on what may be ranked. Register it from a plugin's ``register_checks`` hook.

    It runs in reader processes, on every image of a scan: it imports no torch, keeps no state and takes well below a
    millisecond. It is sent there by pickle, so it is a module's function in a `Rule`, or an instance of a module's
    class.
    """

    @property
    def name(self) -> str:
        """What ``xrayscan plugins`` calls it."""
        ...

    def examine(self, image: Radiograph, sample: Sample) -> Verdict | None:
        """Look at one image; None lets it pass.

        ``image``: as decoded, with its facts and what its header says of projection and body part, in a closed list of
        words. ``sample``: every k-th pixel of its brightness, float32 (h, w) in [0, 1], both sides `SAMPLE_SIDE` or
        more where the image is as large, below twice that.
        """
        ...


def sample_of(brightness: npt.NDArray[np.float32]) -> Sample:
    """Return every k-th row and column of an image: enough for checks, at a cost that does not grow with it."""
    rows, columns = (max(1, length // SAMPLE_SIDE) for length in brightness.shape)
    return brightness[::rows, ::columns]
