"""What a header says of an image. Body part and view are wrong in about one file of seven, so they only flag.

Source: Gueld et al., "Quality of DICOM header information for image categorization", Proc. SPIE 4685 (2002): of the
body parts examined in their archive, 15.3 % were wrong.
"""

from xrayscan.checks.interface import Sample, Verdict
from xrayscan.decode import Radiograph

CHEST = frozenset(("", "CHEST", "THORAX", "LUNG", "LUNGS", "MEDIASTINUM"))


def projection(image: Radiograph, sample: Sample) -> Verdict | None:
    """Flag every view that is not upright frontal, by its name."""
    return Verdict(image.projections) if image.projections else None


def body_part(image: Radiograph, sample: Sample) -> Verdict | None:
    """Flag a body part other than the chest."""
    if image.body_part in CHEST:
        return None
    return Verdict((f"body part: {image.body_part}",))
