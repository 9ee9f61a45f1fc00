"""Draw synthetic frontal chest radiographs: every picture in this folder comes from here, and none from a patient."""

import argparse
import csv
import os
import shutil
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)  # so that the other files are found however this one is loaded

import others  # noqa: E402
from film import Film, Opacity, draw  # noqa: E402
from solids import Map  # noqa: E402

NORMAL, PNEUMONIA = "NORMAL", "PNEUMONIA"
ULTRASOUND = {"Modality": "US", "BodyPartExamined": "ABDOMEN"}
OUTCOMES, OUTCOME_FILM = ".outcomes", "labelled/PNEUMONIA/patient002-1.jpeg"
FLOOR, SPAN, TOP = 400, 3000, 4095  # 12-bit stored values: black, black to white, the greatest
EXPLICIT, RLE, JPEG2000 = uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEG2000Lossless
SMALL = 384, 480  # rows and columns of the DICOM films: most of them are not compressed
ORIENTATION = 0x0112  # EXIF tag; 6: turn a quarter clockwise to see the film upright. Source: CIPA DC-008 (Exif 2.32)


@dataclass(frozen=True)
class Sample:
    """One file of the sample set: what is drawn, and how it is written."""

    name: str
    what: str  # for SOURCES.md
    seed: int
    pneumonia: bool
    rows: int
    columns: int
    pose: int = 0
    mode: str = "L"  # of Pillow; "exif" for a JPEG that lies on its side
    syntax: uid.UID | None = None  # DICOM transfer syntax
    inverted: bool = False  # MONOCHROME1
    view: str = "PA"


FILM_09 = Sample("series-a/film-09.dcm", "DICOM, explicit VR, MONOCHROME2", 14, True, *SMALL, syntax=EXPLICIT)
FILM_11 = Sample("series-b/film-11.dcm", "DICOM, JPEG 2000 lossless, MONOCHROME2", 16, False, *SMALL, syntax=JPEG2000)
SAMPLES = (
    Sample("film-01.jpeg", "JPEG, grey", 2, False, 640, 800),
    Sample("film-02.jpeg", "JPEG, grey", 8, True, 640, 800),
    Sample("film-03.jpeg", "JPEG, RGB", 3, False, 560, 700, mode="RGB"),
    Sample("film-04.jpeg", "JPEG, grey, on its side with EXIF orientation 6", 6, True, 560, 700, mode="exif"),
    Sample("film-05.jpeg", "JPEG, grey", 7, True, 512, 640),
    Sample("film-06.png", "PNG, 8 bit", 10, False, 480, 600),
    Sample("film-07.png", "PNG, 8 bit", 5, True, 480, 600),
    Sample("film-08.png", "PNG, 16 bit", 12, True, 360, 450, mode="I;16"),
    FILM_09,
    replace(
        FILM_09,
        name="series-a/film-10.dcm",
        what="DICOM, implicit VR, MONOCHROME2; of the same study as film-09",
        pose=1,
        syntax=uid.ImplicitVRLittleEndian,
        view="AP",
    ),
    FILM_11,
    replace(
        FILM_11,
        name="series-b/film-12.dcm",
        what="DICOM, explicit VR, MONOCHROME1; the same picture as film-11",
        syntax=EXPLICIT,
        inverted=True,
    ),
    Sample("series-c/film-13.dcm", "DICOM, RLE lossless, MONOCHROME2", 18, False, *SMALL, syntax=RLE),
    Sample("series-c/film-14.dcm", "DICOM, RLE lossless, MONOCHROME1", 20, True, *SMALL, syntax=RLE, inverted=True),
)


def write_samples(folder: str, samples: tuple[Sample, ...] = SAMPLES) -> list[tuple[Sample, Film]]:
    """Write the sample files under ``folder`` and return what each one shows."""
    drawn = []
    for sample in samples:
        film = draw(sample.seed, pneumonia=sample.pneumonia, rows=sample.rows, columns=sample.columns, pose=sample.pose)
        path = os.path.join(folder, sample.name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if sample.syntax is None:
            _write_picture(path, film.brightness, sample.mode)
        else:
            _dicom(sample, film.brightness).save_as(path, enforce_file_format=True)
        drawn.append((sample, film))
    return drawn


def write_others(folder: str) -> None:
    """Write what is no chest film below ``folder``/others: a hand and an ultrasound frame."""
    hand = Sample("others/hand.dcm", "", 30, False, 300, 250, syntax=JPEG2000)
    _write_other(folder, hand, others.hand(300, 250), {"BodyPartExamined": "HAND"})
    ultrasound = Sample("others/ultrasound.dcm", "", 31, False, 200, 260, syntax=JPEG2000)
    _write_other(folder, ultrasound, others.ultrasound(200, 260), ULTRASOUND)


def write_outcomes(folder: str) -> None:
    """Write one file for each way in which a scan ends one below ``folder``/.outcomes; needs the labelled films.

    Hidden, so that a scan of ``folder`` succeeds: one with a failed file ends with exit code 6.
    """
    aside = Sample(f"{OUTCOMES}/set-aside.dcm", "", 31, False, 100, 130, syntax=JPEG2000)
    _write_other(folder, aside, others.ultrasound(100, 130), ULTRASOUND)
    there, film = os.path.join(folder, OUTCOMES), os.path.join(folder, OUTCOME_FILM)
    shutil.copy(film, os.path.join(there, "scored.jpeg"))
    shutil.copy(film, os.path.join(there, "failed.jpeg"))
    os.truncate(os.path.join(there, "failed.jpeg"), os.path.getsize(film) // 2)
    with open(os.path.join(there, "skipped.txt"), "w", encoding="utf-8") as file:
        file.write("A text among the films.\n")


def _write_other(folder: str, sample: Sample, picture: Map, header: dict[str, str]) -> None:
    path = os.path.join(folder, sample.name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    ds = _dicom(sample, picture)
    ds.update(header)
    ds.DerivationDescription = "Drawn; shows no patient"
    ds.save_as(path, enforce_file_format=True)


def _write_picture(path: str, brightness: Map, mode: str, quality: int = 88) -> None:
    if mode == "I;16":
        Image.fromarray(np.rint(brightness * 65535).astype(np.uint16)).save(path, optimize=True)
        return
    image = Image.fromarray(np.rint(brightness * 255).astype(np.uint8))
    exif = Image.Exif()
    if mode == "exif":
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[ORIENTATION] = 6
    elif mode == "RGB":
        image = image.convert("RGB")
    image.save(path, **({"optimize": True} if path.endswith(".png") else {"quality": quality, "exif": exif}))


def _dicom(sample: Sample, brightness: Map) -> Dataset:
    """A Digital X-Ray object for presentation, 12 bits with a window. Source: DICOM PS3.3 A.26, C.8.11, C.11.2."""
    stored = np.rint(FLOOR + SPAN * brightness).astype(np.uint16)
    centre = FLOOR + SPAN / 2 + 0.5  # of a LINEAR window that spans [FLOOR, FLOOR + SPAN]
    if sample.inverted:
        stored, centre = TOP - stored, TOP - centre + 1
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = EXPLICIT
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = uid.DigitalXRayImageStorageForPresentation
    study, film = f"xrayscan sample study {sample.seed}", f"xrayscan sample film {sample.name}"
    ds.StudyInstanceUID = uid.generate_uid(entropy_srcs=[study])
    ds.SeriesInstanceUID = uid.generate_uid(entropy_srcs=[film, "series"])
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = uid.generate_uid(entropy_srcs=[film])
    ds.PatientName, ds.PatientID = "Synthetic^Thorax", f"SYNTHETIC-{sample.seed}"
    ds.PatientBirthDate = ds.PatientSex = ds.StudyDate = ds.StudyTime = ds.AccessionNumber = ""
    ds.ReferringPhysicianName = ds.StudyID = ds.Manufacturer = ""
    ds.SeriesNumber, ds.InstanceNumber, ds.Modality = 1, 1 + sample.pose, "DX"
    ds.PresentationIntentType, ds.BurnedInAnnotation, ds.ImageType = "FOR PRESENTATION", "NO", ["DERIVED", "PRIMARY"]
    ds.BodyPartExamined, ds.ViewPosition, ds.ImageLaterality = "CHEST", sample.view, "U"
    ds.PatientOrientation = ["L", "F"]
    ds.AcquisitionContextSequence = []
    ds.DerivationDescription = "Drawn from a synthetic model of a thorax; shows no patient"
    ds.ImagerPixelSpacing = [round(250 / sample.rows, 4)] * 2  # mm: the film is 25 cm high
    ds.Rows, ds.Columns = stored.shape
    ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 1, 16, 12, 11, 0
    ds.PhotometricInterpretation = "MONOCHROME1" if sample.inverted else "MONOCHROME2"
    ds.PresentationLUTShape = "INVERSE" if sample.inverted else "IDENTITY"
    ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = "LOG", 1 if sample.inverted else -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "US"
    ds.WindowCenter, ds.WindowWidth, ds.LossyImageCompression = centre, SPAN + 1, "00"
    ds.PixelData = stored.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"
    if sample.syntax in (RLE, JPEG2000):
        ds.compress(sample.syntax, generate_instance_uid=False)
    ds.file_meta.TransferSyntaxUID = sample.syntax
    return ds


def labelled(patients: int, first: int = 0) -> list[tuple[str, int, int, bool]]:
    """Name, seed, pose and illness of the films of this many patients per label, one to three films each."""
    films = []
    for number in range(first, first + 2 * patients):
        sick = number % 2 == 1
        label = PNEUMONIA if sick else NORMAL
        for pose in range((number // 2) % 3 + 1):
            films.append((f"{label}/patient{number + 1:03d}-{pose + 1}.jpeg", 1000 + number, pose, sick))
    return films


def write_labelled(folder: str, patients: int = 30, rows: int = 160, columns: int = 192) -> None:
    """Write a labelled set of small films: 30 patients make 60 films per label."""
    for name, seed, pose, sick in labelled(patients):
        film = draw(seed, pneumonia=sick, rows=2 * rows, columns=2 * columns, pose=pose)
        small = film.brightness.reshape(rows, 2, columns, 2).mean((1, 3))
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _write_picture(path, small, "L", quality=79)


def write_many(folder: str, patients: int) -> None:
    """Write 512 x 640 films of this many patients per label and ``opacities.csv``: each opacity's ellipse, in pixels.

    ``masks/`` holds a 1-bit PNG per film with pneumonia: where its opacities are plainly seen.
    """
    rows: list[dict[str, Any]] = []
    for name, seed, pose, sick in labelled(patients, first=10_000):
        film = draw(seed, pneumonia=sick, pose=pose)
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _write_picture(path, film.brightness, "L")
        if film.mask is not None:
            os.makedirs(os.path.join(folder, "masks"), exist_ok=True)
            Image.fromarray(film.mask).save(os.path.join(folder, "masks", os.path.basename(path)[:-5] + ".png"))
        rows += [{"file": name, **vars(opacity)} for opacity in film.opacities]
    with open(os.path.join(folder, "opacities.csv"), "w", newline="") as table:
        writer = csv.DictWriter(table, ["file", *Opacity.__dataclass_fields__])
        writer.writeheader()
        writer.writerows(rows)


def write_sources(path: str, drawn: list[tuple[Sample, Film]]) -> None:
    """Write SOURCES.md: where the files come from, and what each one shows."""
    lines = [f"| `{sample.name}` | {sample.what} | {_shows(film)} |" for sample, film in drawn]
    with open(path, "w", encoding="utf-8") as text:
        text.write(SOURCES.replace("FILES", "\n".join(lines)))


def _shows(film: Film) -> str:
    rows, columns = film.brightness.shape
    places = [
        f"{opacity.kind} at row {opacity.row:.0f}, column {opacity.column:.0f}, "
        f"radii {opacity.radius_rows:.0f} x {opacity.radius_columns:.0f}"
        for opacity in film.opacities
    ]
    return f"{rows} x {columns}: " + ("; ".join(places) or "no opacity")


SOURCES = """# Where these files come from

Every file in this folder is synthetic. `draw.py` computed each one from a simple physical model of a child's thorax
(`thorax.py`, `vessels.py`, `bones.py`, `disease.py`: solids for lungs, heart, vessels, ribs, spine) and of its film
(`film.py`: exponential attenuation at 50 keV with coefficients from NIST; scatter, blur, quantum noise, a display
curve). No picture of a person went into any of them, and no header names one. The proportions and contrasts were set
by eye, and so that the default model, which knows films of small children, finds most of the healthy ones unremarkable.
They are licensed as the project is: Apache-2.0.

Who has pneumonia here also breathes fast and shallowly, as ill children do: the lungs hold less air, the diaphragm
stands higher and the film is slightly blurred. `film.draw(..., breathless=...)` separates that from the opacities.

They are no medical data. They show that files are read and ranked; **a model's probability on them means nothing
medically**, and a model trained on `labelled/` knows drawings, not people.

```
python sample_images/draw.py                 # writes all files of this folder again, this page included
python sample_images/draw.py --many 100 DIR  # 100 patients per label: DIR/NORMAL, DIR/PNEUMONIA, DIR/masks and
                                             # DIR/opacities.csv with the place of every opacity
```

`labelled/NORMAL` and `labelled/PNEUMONIA` hold 60 small JPEGs each (192 x 160), of 30 patients per label with one to
three films each: `patient012-2.jpeg` is the second film of patient 12. It is enough to try `xrayscan train` on.

`others/` holds what is no chest film (`others.py`):

| file | what it is | how it ends |
| --- | --- | --- |
| `others/ultrasound.dcm` | a fan of speckle, Modality US | set aside: not a radiograph |
| `others/hand.dcm` | a film of a hand, Body Part Examined HAND | scored, flagged `body part: HAND` |

`.outcomes/` holds one file for each way in which a scan can end one. It is hidden, so that
`xrayscan predict sample_images` ends with exit code 0; `xrayscan predict sample_images/.outcomes` shows all four and
ends with 6, as every worklist with a failed file does.

| file | what it is | how it ends |
| --- | --- | --- |
| `.outcomes/scored.jpeg` | `labelled/PNEUMONIA/patient002-1.jpeg` | scored |
| `.outcomes/set-aside.dcm` | `others/ultrasound.dcm`, smaller | set aside: not a radiograph |
| `.outcomes/failed.jpeg` | the first half of `scored.jpeg` | failed: truncated JPEG |
| `.outcomes/skipped.txt` | a text | skipped: not an image |

Rows and columns are pixels of the film as it is displayed, counted from the upper left corner; an opacity is an ellipse
around its centre. The right side of the patient is on the left.

| file | format | rows x columns: what it shows |
| --- | --- | --- |
FILES
"""


def main() -> None:
    """Write the sample set beside this file, or a larger labelled set elsewhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", nargs=2, metavar=("N", "DIR"), help="write a labelled set of N patients per label")
    given = parser.parse_args()
    if given.many:
        write_many(given.many[1], int(given.many[0]))
        return
    write_sources(os.path.join(HERE, "SOURCES.md"), write_samples(HERE))
    write_others(HERE)
    write_labelled(os.path.join(HERE, "labelled"))
    write_outcomes(HERE)


if __name__ == "__main__":
    main()
