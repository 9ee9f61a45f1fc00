"""The synthetic films: drawn the same every time, opacities where they are said to be, the files on disk up to date."""

import dataclasses
import importlib.util
import os
import re
import sys
from collections import defaultdict

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageOps
from pydicom.pixels import pixel_array

from xrayscan import ScanSettings, scan
from xrayscan.store.record import Status

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sample_images")
HERE = ScanSettings(workers=0, device="cpu", precision="fp32")
SMALL = {"rows": 160, "columns": 200}
OUTCOMES = os.path.join(FOLDER, ".outcomes")
HALF = os.path.join(".outcomes", "failed.jpeg")
TOLERANCE = 8 / 255  # another libm may round differently: seen through noise, a JPEG and a display curve


@pytest.fixture(scope="module")
def draw():
    """The script, which lies in no package."""
    before = list(sys.path)
    spec = importlib.util.spec_from_file_location("sample_images_draw", os.path.join(FOLDER, "draw.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = before
    for name in (spec.name, "film", "others", "disease", "bones", "vessels", "thorax", "solids"):
        sys.modules.pop(name, None)


def brightness(path):
    """What a viewer shows of a sample file: float64 (H, W) in [0, 1], read without any code of xrayscan."""
    if not path.endswith(".dcm"):
        image = ImageOps.exif_transpose(Image.open(path))
        full = 65535 if image.mode.startswith("I") else 255
        return np.asarray(image if full == 65535 else image.convert("L"), float) / full
    ds = pydicom.dcmread(path)
    shown = (pixel_array(ds) - (ds.WindowCenter - 0.5)) / (ds.WindowWidth - 1) + 0.5
    return 1 - shown if ds.PhotometricInterpretation == "MONOCHROME1" else shown


def files(under=FOLDER):
    """Every picture below a folder, as sorted relative paths."""
    found = [os.path.join(folder, name) for folder, _, names in os.walk(under) for name in names]
    return sorted(os.path.relpath(path, under) for path in found if path.endswith((".jpeg", ".png", ".dcm")))


def test_a_seed_draws_the_same_film_every_time(draw):
    first, second = (draw.draw(5, pneumonia=True, **SMALL) for _ in range(2))
    assert np.array_equal(first.brightness, second.brightness)
    assert first.opacities == second.opacities
    assert not np.array_equal(first.brightness, draw.draw(6, pneumonia=True, **SMALL).brightness)


def test_brightness_is_float32_in_0_to_1_and_fills_the_range(draw):
    for seed in range(4):
        film = draw.draw(seed, pneumonia=bool(seed % 2), **SMALL).brightness
        assert (film.dtype, film.shape) == (np.float32, (160, 200))
        assert film.min() >= 0
        assert 0.7 < film.max() <= 1
        assert 0.35 < film.mean() < 0.6  # as real films: 0.49 on average
        assert 0.18 < film.std() < 0.32


def test_lungs_are_darker_than_what_lies_between_and_below(draw):
    for seed in range(4):
        film = draw.draw(seed, pneumonia=False, **SMALL)
        rows, columns = np.nonzero(film.lungs)
        assert 0.12 < film.lungs.mean() < 0.4
        middle = film.brightness[rows.min() + 40 : rows.max(), 96:104]
        assert film.brightness[film.lungs].mean() + 0.15 < middle.mean()
        assert columns.min() < 60 < 140 < columns.max()  # a lung on either side


def test_opacities_lie_in_the_lungs_and_brighten_their_place_alone(draw):
    for seed in range(6):
        sick, well = (draw.draw(seed, pneumonia=ill, breathless=True, **SMALL) for ill in (True, False))
        assert well.opacities == ()
        assert well.mask is None
        assert np.array_equal(sick.lungs, well.lungs)
        assert not (sick.mask & ~sick.lungs).any()
        assert sick.mask.mean() > 0.003
        change = sick.brightness - well.brightness
        assert change[sick.mask].mean() > 0.03
        row, column = np.indices(change.shape)
        outside = np.ones(change.shape, bool)
        for opacity in sick.opacities:
            down, across = (row - opacity.row) / opacity.radius_rows, (column - opacity.column) / opacity.radius_columns
            reach = np.hypot(down, across)
            outside &= reach > 2
            assert sick.lungs[round(opacity.row), round(opacity.column)]
        assert abs(change[outside]).mean() < 0.01


def test_several_films_of_a_patient_differ_in_pose_and_share_the_opacities(draw):
    one, two = (draw.draw(9, pneumonia=True, pose=pose, **SMALL) for pose in (0, 1))
    assert not np.array_equal(one.brightness, two.brightness)
    assert [o.kind for o in one.opacities] == [o.kind for o in two.opacities]


def test_the_files_on_disk_are_what_the_script_draws(draw, tmp_path):
    drawn = draw.write_samples(str(tmp_path))
    draw.write_sources(str(tmp_path / "SOURCES.md"), drawn)
    draw.write_others(str(tmp_path))
    draw.write_labelled(str(tmp_path / "labelled"), patients=2)
    draw.write_outcomes(str(tmp_path))
    top = [name for name in files() if not name.startswith("labelled")]
    assert top == [name for name in files(tmp_path) if not name.startswith("labelled")]
    for name in files(tmp_path):
        assert name in files()
        if name == HALF:
            continue
        again = brightness(str(tmp_path / name))
        assert again.shape == brightness(os.path.join(FOLDER, name)).shape
        assert abs(again - brightness(os.path.join(FOLDER, name))).mean() < TOLERANCE / 8, name
        assert abs(again - brightness(os.path.join(FOLDER, name))).max() < TOLERANCE, name
    for sample, film in drawn:
        assert abs(brightness(str(tmp_path / sample.name)) - film.brightness).mean() < 0.01, sample.name
    with open(os.path.join(FOLDER, "SOURCES.md"), encoding="utf-8") as text:
        table = re.sub(r"\d+", "", text.read())
    assert table == re.sub(r"\d+", "", (tmp_path / "SOURCES.md").read_text(encoding="utf-8"))


def test_the_set_has_twelve_films_of_several_formats_and_stays_small():
    top = [name for name in files() if not name.startswith("labelled")]
    assert len(top) >= 12
    assert {os.path.splitext(name)[1] for name in top} == {".jpeg", ".png", ".dcm"}
    assert sum(os.path.getsize(os.path.join(FOLDER, name)) for name in top) < 2_500_000
    labelled = [os.path.getsize(os.path.join(FOLDER, name)) for name in files() if name.startswith("labelled")]
    assert len(labelled) == 120
    assert max(labelled) < 6_000
    assert sum(labelled) < 700_000


def test_no_labelled_patient_stands_under_both_labels():
    patients = defaultdict(set)
    for label in ("NORMAL", "PNEUMONIA"):
        names = files(os.path.join(FOLDER, "labelled", label))
        assert len(names) == 60
        patients[label] = {re.fullmatch(r"(patient\d{3})-\d\.jpeg", name)[1] for name in names}
    assert len(patients["NORMAL"]) == len(patients["PNEUMONIA"]) == 30
    assert not patients["NORMAL"] & patients["PNEUMONIA"]


def test_every_dicom_film_is_a_windowed_12_bit_radiograph_that_names_nobody():
    seen, studies = set(), defaultdict(list)
    for name in (name for name in files() if name.endswith(".dcm") and not name.startswith(("others", ".outcomes"))):
        ds = pydicom.dcmread(os.path.join(FOLDER, name))
        seen.add((ds.file_meta.TransferSyntaxUID.name, ds.PhotometricInterpretation))
        studies[ds.StudyInstanceUID].append(name)
        pixels = pixel_array(ds, raw=True)
        assert pixels.shape == (ds.Rows, ds.Columns)
        assert pixels.max() < 4096
        assert (ds.Modality, ds.BitsStored, ds.ViewPosition in ("PA", "AP")) == ("DX", 12, True)
        assert ds.PatientName == "Synthetic^Thorax"
        assert re.fullmatch(r"SYNTHETIC-\d+", ds.PatientID)
        people = [element for element in ds if element.VR in ("PN", "DA", "TM", "DT") and element.tag != 0x00100010]
        assert not any(element.value for element in people)
        assert not {"InstitutionName", "OtherPatientIDs", "PatientAddress"} & set(ds.dir())
    assert max(len(names) for names in studies.values()) >= 2
    assert {form for _, form in seen} == {"MONOCHROME1", "MONOCHROME2"}
    assert {syntax for syntax, _ in seen} == {
        "Explicit VR Little Endian",
        "Implicit VR Little Endian",
        "RLE Lossless",
        "JPEG 2000 Image Compression (Lossless Only)",
    }


def test_others_are_set_aside_or_flagged_and_the_scan_of_all_samples_succeeds(model, tmp_path, sample_images):
    films = [str(sample_images / name) for name in ("film-01.jpeg", "others", "SOURCES.md")]
    with scan(films, model=model, out=str(tmp_path / "plain"), settings=HERE) as worklist:
        ended = {os.path.basename(row.source): (row.status, row.flags) for row in worklist.rows()}
        assert ended == {
            "film-01.jpeg": (Status.SCORED, ()),
            "hand.dcm": (Status.SCORED, ("body part: HAND",)),
            "ultrasound.dcm": (Status.SET_ASIDE, ()),
        }
        assert worklist.exit_code == 0


def test_the_folder_of_outcomes_shows_each_way_in_which_a_file_can_end(model, tmp_path):
    with scan([OUTCOMES], model=model, out=str(tmp_path / "out"), settings=HERE) as worklist:
        counts = dataclasses.asdict(worklist.counts)
        assert [counts[name] for name in ("scored", "set_aside", "failed", "skipped")] == [1, 1, 1, 1]
        ended = {os.path.basename(row.source): row.reason for row in worklist.rows()}
        assert ended == {
            "scored.jpeg": "",
            "set-aside.dcm": "modality US: not a radiograph",
            "failed.jpeg": "truncated JPEG",
        }
        assert worklist.exit_code == 6
