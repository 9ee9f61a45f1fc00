"""The heatmap beside the film, as a secondary capture: derived, and not for diagnosis.

Source: DICOM PS3.3 A.8.1 (secondary capture), C.7.6.1 (derivation), C.8.6 (conversion type).
"""

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from xrayscan import Overlay, PageSettings, Worklist, WorklistRow

from .dicom_objects import NO_STUDY, Film, Wanted, equipment, has_study, short, uid_of

NAME = "dicom-sc"
SERIES_NUMBER = 9902
NO_HEATMAP = "no heatmap was asked for"
MARK = "NOT FOR DIAGNOSIS"
BURNED_IN = "burned-in annotation"  # the flag of a film that is shown only on request
GAP, STRIP = 16, 48  # pixels between the two pictures, and of the text below them


def wanted(worklist: Worklist, page: PageSettings) -> Iterator[Wanted]:
    """A capture for each of the first rows, as many as get a heatmap."""
    rows = worklist.top(page.heatmaps) if page.overlays else []
    for row, overlay in zip(rows, page.overlays(rows) if page.overlays else (), strict=True):
        problem = overlay.problem if has_study(row) else NO_STUDY
        uid = uid_of(NAME, row.facts.sop_uid, row.facts.sha256, worklist.fingerprint)
        yield Wanted(row, uid, problem, functools.partial(capture, worklist, row, overlay))
    for row in itertools.islice(worklist.rows(), len(rows), None):
        yield Wanted(row, problem=NO_HEATMAP)


def capture(worklist: Worklist, row: WorklistRow, overlay: Overlay, film: Film) -> Any:
    """The secondary capture as a data set."""
    from highdicom.sc import SCImage
    from pydicom.uid import ExplicitVRLittleEndian

    image = SCImage.from_ref_dataset(
        film.reference,
        picture(overlay, f"{MARK} · xrayscan · heatmap of {worklist.names[0]} {worklist.card.version}"),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        series_instance_uid=film.series_uid,
        series_number=SERIES_NUMBER,
        sop_instance_uid=film.uid,
        instance_number=film.number,
        series_description=short(f"xrayscan heatmap: {MARK.lower()}"),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **equipment(worklist),
    )
    return _derived(image, row, film)


def picture(overlay: Overlay, text: str) -> npt.NDArray[np.uint8]:
    """The film, the film under its heatmap and the text below: uint8 (H, W, 3)."""
    from PIL import Image, ImageDraw, ImageFont

    assert overlay.film is not None
    assert overlay.heated is not None
    rows, columns = overlay.film.shape[:2]
    canvas = Image.new("RGB", (2 * columns + GAP, rows + STRIP))
    canvas.paste(Image.fromarray(overlay.film), (0, 0))
    canvas.paste(Image.fromarray(overlay.heated), (columns + GAP, 0))
    draw = ImageDraw.Draw(canvas)
    size = STRIP // 2
    while size > 8 and draw.textlength(text, ImageFont.load_default(size)) > canvas.width - GAP:
        size -= 1
    draw.text((GAP // 2, rows + STRIP // 2), text, (255, 255, 255), ImageFont.load_default(size), anchor="lm")
    return np.asarray(canvas)


def _derived(image: Any, row: WorklistRow, film: Film) -> Any:
    """Say of what it was made, and whether it may show a name: the text below the pictures shows none."""
    from pydicom.dataset import Dataset
    from pydicom.sr.codedict import codes

    image.ImageType = ["DERIVED", "SECONDARY"]
    image.PatientOrientation = ""  # nobody has looked
    image.DerivationDescription = f"The film, and beside it where a model's score came from. {MARK.capitalize()}."
    image.ImageComments = MARK
    image.BurnedInAnnotation = "YES" if BURNED_IN in row.flags else "NO"
    image.LossyImageCompression = "01"  # the picture passed through a lossy codec
    image.BodyPartExamined = "CHEST"
    source, purpose = Dataset(), Dataset()
    source.ReferencedSOPClassUID = film.reference.SOPClassUID
    source.ReferencedSOPInstanceUID = film.reference.SOPInstanceUID
    code = codes.DCM.SourceImageForImageProcessingOperation
    purpose.CodeValue, purpose.CodingSchemeDesignator = code.value, code.scheme_designator
    purpose.CodeMeaning = code.meaning
    source.PurposeOfReferenceCodeSequence = [purpose]
    image.SourceImageSequence = [source]
    return image
