"""Draw synthetic frontal chest radiographs: every picture in this folder comes from here, and none from a patient."""

import argparse
import csv
import os
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from scipy import ndimage

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)  # so that the model is found however this file is loaded

import thorax  # noqa: E402

# Mass attenuation coefficients at 50 keV, about the mean energy of a 70 kVp beam, in cm2/g, and densities in g/cm3.
# Source: Hubbell and Seltzer, "Tables of X-Ray Mass Attenuation Coefficients", NIST SRD 126: water, cortical bone.
WATER, SOFT_DENSITY = 0.2269, 1.04
BONE, BONE_DENSITY = 0.4242, 1.92
SCATTER = 0.035  # scattered part of what leaves the chest, against the open beam: a grid takes away most


@dataclass(frozen=True)
class Opacity:
    """A bright region with a known place, as an ellipse in pixels of the film."""

    row: float
    column: float
    radius_rows: float
    radius_columns: float
    kind: str  # "consolidation", "bronchopneumonia" or "interstitial"


@dataclass(frozen=True)
class Film:
    """One synthetic radiograph and what is known about it. Arrays are (H, W)."""

    brightness: npt.NDArray[np.float32]  # in [0, 1], bone bright
    opacities: tuple[Opacity, ...]  # none without pneumonia
    mask: npt.NDArray[np.bool_] | None  # where the opacities are plainly seen; None without pneumonia
    lungs: npt.NDArray[np.bool_]  # the dark fields, without what lies behind heart and diaphragm


def draw(seed: int, *, pneumonia: bool, rows: int = 512, columns: int = 640, pose: int = 0) -> Film:
    """Draw one film of the patient of this seed, with or without the pneumonia that belongs to the seed.

    ``pose`` chooses one of the patient's films: another position and exposure, the same anatomy and opacities. With and
    without pneumonia, a seed and pose give the same film but for the opacities (and the scatter they take away).
    """
    anatomy = thorax.random_anatomy(seed)
    rng = np.random.default_rng((seed, 100 + pose))
    position = _pose(rng, rows, columns)
    x, y = position.grid(rows, columns)
    patches = tuple(thorax.moved(p, position) for p in thorax.random_patches(anatomy)) if pneumonia else ()
    path, lungs, extra = _attenuation(anatomy, position, patches, x, y)
    brightness = _expose(path, anatomy, rng, position.scale)
    mask = (extra > 0.12) & lungs if pneumonia else None
    return Film(_border(brightness, rng, rows, columns), _places(patches, position), mask, lungs)


def _pose(rng: np.random.Generator, rows: int, columns: int) -> thorax.Pose:
    scale = min(rows / 2.05, columns / 2.35) * rng.uniform(0.92, 1.06)
    return thorax.Pose(
        row=rows * 0.15 + scale * rng.uniform(-0.06, 0.08),
        column=columns / 2 + scale * rng.uniform(-0.07, 0.07),
        scale=scale,
        tilt=float(np.clip(rng.normal(0, 0.025), -0.06, 0.06)),
        turn=float(np.clip(rng.normal(0, 0.035), -0.08, 0.08)),
        inspiration=rng.uniform(-0.08, 0.05),
    )


def _places(patches: tuple[thorax.Patch, ...], pose: thorax.Pose) -> tuple[Opacity, ...]:
    found = []
    for patch in patches:
        row, column = pose.to_pixels(np.array([[patch.x, patch.y]]))[0]
        radii = patch.radius_y * pose.scale, patch.radius_x * pose.scale
        found.append(Opacity(float(row), float(column), *radii, patch.kind))
    return tuple(found)


def _attenuation(
    anatomy: thorax.Anatomy, pose: thorax.Pose, patches: tuple[thorax.Patch, ...], x: thorax.Map, y: thorax.Map
) -> tuple[thorax.Map, npt.NDArray[np.bool_], thorax.Map]:
    """Line integral of attenuation (H, W), no unit; the lung fields; the part of the integral that is disease."""
    rng = np.random.default_rng((anatomy.seed, 5))
    cavity, seen = thorax.lung_depth(anatomy, pose, x, y)
    heart = thorax.heart_depth(anatomy, pose, x, y)
    lung = np.maximum(cavity - heart, 0)
    aerated = np.minimum(lung * 4, 1)
    vessels = np.minimum(thorax.vessels(anatomy, pose, x.shape) * aerated, lung)
    texture = 1 + 0.06 * thorax.clouds(rng, x, y, 0.04) + 0.03 * thorax.clouds(rng, x, y, 0.2)
    density = thorax.LUNG_DENSITY * texture * lung + (SOFT_DENSITY - thorax.LUNG_DENSITY) * vessels
    full = SOFT_DENSITY * lung
    disease = np.zeros_like(x)
    if patches:
        disease = thorax.filling(anatomy, pose, patches, x, y) * (full - density)
    body = thorax.body(anatomy, pose, x, y) * (1 + 0.02 * thorax.clouds(rng, x, y, 0.5))
    air = thorax.airway(pose, x.shape) + _stomach(anatomy, pose, x, y)
    soft = np.maximum(body - lung - air, 0) * SOFT_DENSITY + density
    bone = thorax.ribs(anatomy, pose, x.shape) + thorax.girdle(anatomy, pose, x.shape)
    bone = anatomy.mineral * (bone + thorax.spine(anatomy, pose, x, y))
    unit = np.float32(anatomy.unit_cm)
    path = unit * (WATER * (soft + disease) + (BONE * BONE_DENSITY - WATER * SOFT_DENSITY) * bone)
    visible = seen & (heart < 0.05)
    return path.astype(np.float32), visible, unit * np.float32(WATER) * disease


def _stomach(anatomy: thorax.Anatomy, pose: thorax.Pose, x: thorax.Map, y: thorax.Map) -> thorax.Map:
    if not anatomy.stomach:
        return np.zeros_like(x)
    size, top = anatomy.stomach, anatomy.dome + pose.inspiration + 0.1
    return np.float32(size * 1.6) * thorax.ellipsoid(x, y, (0.42, top + size * 0.7), (size * 1.5, size * 0.75), 0.1)


def _wide_blur(image: thorax.Map, sigma: float) -> thorax.Map:
    size = max(round(sigma * 2), 1)  # two box filters: close to a Gaussian, at a cost that does not grow with it
    return ndimage.uniform_filter(ndimage.uniform_filter(image, size, mode="nearest"), size, mode="nearest")


def _expose(path: thorax.Map, anatomy: thorax.Anatomy, rng: np.random.Generator, scale: float) -> thorax.Map:
    """From line integrals to what a viewing station shows: scatter, blur, quantum noise, processing, display curve."""
    primary = np.exp(-path)
    arriving = primary + SCATTER * _wide_blur(1 - primary, 0.3 * scale)
    arriving = ndimage.gaussian_filter(arriving, 0.0022 * scale, truncate=3)  # focal spot and detector
    quanta = 16000 * rng.uniform(0.6, 1.6) * arriving  # per pixel
    noise = rng.standard_normal(path.shape, np.float32)
    signal = -np.log(arriving) + ndimage.gaussian_filter(noise, 0.5, truncate=3) / np.sqrt(quanta)
    signal += 0.75 * (signal - _wide_blur(signal, 0.075 * scale))  # detail is enhanced, as processing units do
    high = 0.45 + 0.222 * anatomy.unit_cm * rng.uniform(0.95, 1.05)
    t = np.clip((signal - 0.1) / high, 0, None)
    t = np.where(t > 0.7, 0.7 + 0.3 * np.tanh((t - 0.7) / 0.3), t)  # the shoulder of the curve
    t **= np.float32(rng.uniform(0.9, 1.15))
    return np.clip(0.95 * t, 0, 1).astype(np.float32)


def _border(brightness: thorax.Map, rng: np.random.Generator, rows: int, columns: int) -> thorax.Map:
    """Add the collimator's shadow, on some films, and the lead letter of the patient's right or left side."""
    image = Image.fromarray(np.zeros((rows, columns), np.uint8))
    letter, size = ("R" if rng.uniform() < 0.75 else "L"), max(rows // 18, 10)
    place = (columns * (0.05 if letter == "R" else 0.92), rows * rng.uniform(0.05, 0.4))
    ImageDraw.Draw(image).text(place, letter, fill=255, font=ImageFont.load_default(size))
    marker = ndimage.gaussian_filter(np.asarray(image, np.float32) / 255, 0.6) * np.float32(0.95)
    edges = rng.uniform(0, 0.035, 4) * (rng.uniform() < 0.4)
    row, column = np.arange(rows)[:, None] / rows, np.arange(columns)[None, :] / columns
    inside = (row >= edges[0]) & (row <= 1 - edges[1]) & (column >= edges[2]) & (column <= 1 - edges[3])
    return np.maximum(brightness * inside, marker).astype(np.float32)


# ---------------------------------------------------------------------------------------------------- files

NORMAL, PNEUMONIA = "NORMAL", "PNEUMONIA"
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


SAMPLES = (
    Sample("film-01.jpeg", "JPEG, grey", 2, False, 640, 800),
    Sample("film-02.jpeg", "JPEG, grey", 4, True, 640, 800),
    Sample("film-03.jpeg", "JPEG, RGB", 3, False, 560, 700, mode="RGB"),
    Sample("film-04.jpeg", "JPEG, grey, on its side with EXIF orientation 6", 6, True, 560, 700, mode="exif"),
    Sample("film-05.jpeg", "JPEG, grey", 7, True, 512, 640),
    Sample("film-06.png", "PNG, 8 bit", 10, False, 480, 600),
    Sample("film-07.png", "PNG, 8 bit", 5, True, 480, 600),
    Sample("film-08.png", "PNG, 16 bit", 12, True, 360, 450, mode="I;16"),
    Sample("series-a/film-09.dcm", "DICOM, explicit VR, MONOCHROME2", 14, True, *SMALL, syntax=EXPLICIT),
    Sample(
        name="series-a/film-10.dcm",
        what="DICOM, implicit VR, MONOCHROME2; of the same study as film-09",
        seed=14,
        pneumonia=True,
        rows=SMALL[0],
        columns=SMALL[1],
        pose=1,
        syntax=uid.ImplicitVRLittleEndian,
        view="AP",
    ),
    Sample("series-b/film-11.dcm", "DICOM, JPEG 2000 lossless, MONOCHROME2", 16, False, *SMALL, syntax=JPEG2000),
    Sample(
        name="series-b/film-12.dcm",
        what="DICOM, explicit VR, MONOCHROME1; the same picture as film-11",
        seed=16,
        pneumonia=False,
        rows=SMALL[0],
        columns=SMALL[1],
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


def _write_picture(path: str, brightness: thorax.Map, mode: str, quality: int = 88) -> None:
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


def _dicom(sample: Sample, brightness: thorax.Map) -> Dataset:
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

Every file in this folder is synthetic. `draw.py` computed each one from `thorax.py`, a simple physical model of a
thorax (solids for lungs, heart, vessels, ribs, spine; exponential attenuation at 50 keV with coefficients from NIST;
scatter, blur, quantum noise, a display curve). No picture of a person went into any of them, and no header names one.
They are licensed as the project is: Apache-2.0.

They are no medical data. They show that files are read and ranked; **a model's probability on them means nothing
medically**, and a model trained on `labelled/` knows drawings, not people.

```
python sample_images/draw.py                 # writes all files of this folder again, this page included
python sample_images/draw.py --many 100 DIR  # 100 patients per label: DIR/NORMAL, DIR/PNEUMONIA, DIR/masks and
                                             # DIR/opacities.csv with the place of every opacity
```

`labelled/NORMAL` and `labelled/PNEUMONIA` hold 60 small JPEGs each (192 x 160), of 30 patients per label with one to
three films each: `patient012-2.jpeg` is the second film of patient 12. It is enough to try `xrayscan train` on.

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
    write_labelled(os.path.join(HERE, "labelled"))


if __name__ == "__main__":
    main()
