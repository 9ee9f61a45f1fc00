"""DICOM: what is damaged, what is no film, what asks for too much, and what merely looks odd."""

import struct
import warnings

import films
import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from faults.fault import BROKEN, Fault, broken, cuts, sound
from xrayscan.errors import Code

FILM = films.dicom()
SR = "1.2.840.10008.5.1.4.1.1.88.11"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"
DIRECTORY = "1.2.840.10008.1.3.10"
MPEG2, PRIVATE = "1.2.840.10008.1.2.4.100", "1.2.276.0.99.1"
HEADER = (Code.HEADER, *BROKEN)


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new, 1)


def with_syntax(syntax: str) -> bytes:
    """The film, said to be in another transfer syntax."""
    return films.dicom(films.film(), JPEGBaseline8Bit, bits=8).replace(
        b"UI" + struct.pack("<H", len(JPEGBaseline8Bit)) + JPEGBaseline8Bit.encode(),
        b"UI" + struct.pack("<H", len(syntax) + len(syntax) % 2) + syntax.encode() + b"\0" * (len(syntax) % 2),
        1,
    )


def nested(levels: int) -> bytes:
    """A film behind a sequence in a sequence in a sequence."""
    inner = Dataset()
    for _ in range(levels):
        outer = Dataset()
        outer.ContentSequence = [inner]
        inner = outer
    return films.dicom(ContentSequence=inner.ContentSequence if levels else [])


def truncated() -> list[Fault]:
    syntaxes = [*films.NATIVE, *films.LOSSLESS, *films.LOSSY_16]
    return [
        *(
            fault
            for n, syntax in enumerate(syntaxes)
            for fault in cuts(f"dicom-cut-{n}.dcm", films.dicom(syntax=syntax), (0.5, 0.9))
        ),
        *cuts("dicom-baseline-cut.dcm", films.dicom(films.film(), JPEGBaseline8Bit, bits=8), (0.5, 0.9)),
        *cuts("dicom-header-cut.dcm", FILM, (0.02, 0.03, 0.06)),
        broken("dicom-preamble-only.dcm", bytes(128) + b"DICM"),
        broken(
            "dicom-garbage.dcm",
            bytes(128) + b"DICM" + np.random.default_rng(2).bytes(3000),
            *BROKEN,
            Code.NO_PIXELS,
            Code.HEADER,
        ),
        broken("dicom-short-pixels.dcm", films.dicom(Rows=144)),
        broken("dicom-no-fragments.dcm", films.dicom(syntax=RLELossless, stream=bytes(2))),
        broken("dicom-stream-of-zeros.dcm", films.dicom(syntax=JPEG2000Lossless, stream=bytes(500))),
        broken("dicom-stream-of-text.dcm", films.dicom(syntax=JPEGLSLossless, stream=b"to do" * 20)),
        broken("dicom-deflated-zeros.dcm", films.dicom(syntax=DeflatedExplicitVRLittleEndian)[:400] + bytes(500)),
    ]


def headers() -> list[Fault]:
    """What the header lacks or contradicts; where the pixels tell, they are believed."""
    return [
        broken("dicom-no-rows.dcm", films.dicom(drop=("Rows",)), *HEADER),
        broken("dicom-no-columns.dcm", films.dicom(drop=("Columns",)), *HEADER),
        broken("dicom-zero-rows.dcm", films.dicom(Rows=0), Code.ZERO_SIZE, *HEADER),
        sound("dicom-no-bits.dcm", films.dicom(drop=("BitsAllocated", "BitsStored", "HighBit"))),
        broken("dicom-odd-bits.dcm", films.dicom(BitsAllocated=13), Code.UNSUPPORTED_VALUES, *HEADER),
        broken("dicom-64-bits.dcm", films.dicom(BitsAllocated=64), Code.UNSUPPORTED_VALUES, *HEADER),
        sound("dicom-five-samples.dcm", films.dicom(SamplesPerPixel=5)),
        broken("dicom-unknown-colours.dcm", films.dicom(PhotometricInterpretation="OCTARINE"), *HEADER),
        broken("dicom-slope-zero.dcm", films.dicom(RescaleSlope=0, RescaleIntercept=0), *HEADER),
        broken("dicom-too-large.dcm", films.dicom(Rows=60000, Columns=60000), Code.TOO_MANY_PIXELS, *BROKEN),
        broken("dicom-no-pixels.dcm", films.dicom(drop=("PixelData",)), Code.NO_PIXELS, *BROKEN),
        sound("dicom-jpeg-of-private-syntax.dcm", with_syntax(PRIVATE)),
        sound("dicom-jpeg-said-to-be-video.dcm", with_syntax(MPEG2)),
    ]


def no_films() -> list[Fault]:
    """Objects that are no film for a model of chest films."""
    frames = films.dicom(NumberOfFrames=2, PixelData=films.film(bits=12).tobytes() * 2)
    return [
        broken("dicom-report.dcm", films.written(films.header(sop_class=SR)), Code.NO_PIXELS),
        broken("dicom-pdf.dcm", films.written(films.header(sop_class=PDF)), Code.NO_PIXELS),
        broken("DICOMDIR", films.written(films.header(sop_class=DIRECTORY)), Code.DICOM_DIRECTORY),
        broken("dicom-frames.dcm", frames, Code.MULTI_FRAME),
        broken("dicom-ct.dcm", films.dicom(Modality="CT"), Code.OTHER_MODALITY),
        broken("dicom-ultrasound.dcm", films.dicom(Modality="US"), Code.OTHER_MODALITY),
        broken("dicom-raw.dcm", films.dicom(PresentationIntentType="FOR PROCESSING"), Code.RAW_DETECTOR),
    ]


def odd() -> list[Fault]:
    """Films that are read as every viewer reads them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            sound("dicom-inverted.dcm", films.dicom(PhotometricInterpretation="MONOCHROME1")),
            sound("dicom-without-preamble.dcm", films.dicom(preamble=False)),
            sound("dicom-padded.dcm", FILM + bytes(1000)),
            sound("dicom-without-modality.dcm", films.dicom(drop=("Modality",))),
            sound("dicom-without-uids.dcm", films.dicom(drop=("StudyInstanceUID", "SeriesInstanceUID"))),
            sound("dicom-odd-window.dcm", films.dicom(WindowCenter=1e9, WindowWidth=0)),
            sound("dicom-deep.dcm", nested(20)),
            sound("dicom-lying-polarity.dcm", films.dicom(BitsStored=8, HighBit=7)),
            sound("dicom-colour.dcm", films.dicom(np.dstack([films.film()] * 3), ExplicitVRLittleEndian, bits=8)),
            sound("dicom-person.dcm", films.dicom(PatientName="=cmd|' /C calc'!A0", ViewPosition="DOE JOHN 1980")),
        ]
