"""What a header says flags an image, by words of a closed list, or sets it aside."""

import sys

import numpy as np
import pytest
from films import dicom, film
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from xrayscan import InputSpec, Verdict
from xrayscan.checks.builtin import BUILT_IN, Rule
from xrayscan.errors import Code, Status
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.row import pixel_column

SPECS = (InputSpec(32),)
PICTURE = film(96, 80, bits=12)


def prepared(tmp_path, **elements):
    (tmp_path / "film.dcm").write_bytes(dicom(PICTURE, **elements))
    return prepare({"path": str(tmp_path / "film.dcm")}, specs=SPECS, checks=BUILT_IN)


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "NM", "PT", "MG", "XA", "RF"])
def test_what_another_device_made_is_set_aside_whatever_it_looks_like(tmp_path, modality):
    row = prepared(tmp_path, Modality=modality)
    assert (row["status"], row["code"]) == (Status.SET_ASIDE, Code.OTHER_MODALITY)
    assert modality in row["reason"]
    assert not any(key.startswith("pixels") for key in row)


@pytest.mark.parametrize("modality", ["CR", "DX", "RG", "OT", "SC", ""])
def test_a_radiograph_is_not(tmp_path, modality):
    assert "reason" not in prepared(tmp_path, Modality=modality)


def test_a_modality_that_is_no_term_is_not_repeated(tmp_path):
    row = prepared(tmp_path, Modality="DOE JOHN")
    assert row["status"] is Status.SET_ASIDE
    assert "DOE" not in repr(row)


@pytest.mark.parametrize(
    ("view", "flags"),
    [
        *[(view, ("lateral",)) for view in ("LL", "RL", "LAT", "lateral", "LEFT LATERAL", "L-LAT", "RLAT")],
        *[(view, ()) for view in ("", "PA", "AP", "LEFT", "BILATERAL", "DOE JOHN")],
        ("LLO", ("lateral", "oblique")),
        ("LAO", ("oblique",)),
        *[(view, ("decubitus",)) for view in ("LLD", "RLD", "LATERAL DECUBITUS")],
        ("AXIAL", ("axial",)),
        ("AP LORDOTIC", ("lordotic",)),
        ("SWIMMERS", ("swimmer's",)),
        ("XTABLE LATERAL", ("lateral", "cross-table")),
        ("AP SUPINE", ("supine",)),
    ],
)
def test_every_view_that_is_not_upright_and_frontal_is_flagged(tmp_path, view, flags):
    assert prepared(tmp_path, ViewPosition=view)["flags"] == flags


def test_codes_orientation_and_series_say_it_too(tmp_path):
    code, modifier = Dataset(), Dataset()
    code.CodeValue, code.CodeMeaning = "LOCAL", "postero-anterior"
    modifier.CodeMeaning = "Lordotic"
    code.ViewModifierCodeSequence = Sequence([modifier])
    assert prepared(tmp_path, ViewCodeSequence=Sequence([code]))["flags"] == ("lordotic",)
    assert prepared(tmp_path, SeriesDescription="Chest cross-table of DOE JOHN")["flags"] == ("cross-table",)
    assert prepared(tmp_path, SeriesDescription="Chest PA and lateral")["flags"] == ()


@pytest.mark.parametrize(
    "named", ["Chest LL", "TORAX PERFIL", "Thorax seitlich", "Torace latero-laterale", "Thorax RL"]
)
def test_a_lateral_is_known_by_what_people_call_its_series(tmp_path, named):
    assert prepared(tmp_path, SeriesDescription=named)["flags"] == ("lateral",)


@pytest.mark.parametrize("named", ["Chest PA + LL", "Torax AP", "Thorax", "Chest 2 views"])
def test_a_series_that_names_a_frontal_view_or_none_is_no_lateral(tmp_path, named):
    assert prepared(tmp_path, SeriesDescription=named)["flags"] == ()
    assert "lateral" in prepared(tmp_path, PatientOrientation=["A", "F"])["flags"]
    assert "oblique" in prepared(tmp_path, PatientOrientation=["LA", "F"])["flags"]
    assert prepared(tmp_path, PatientOrientation=["L", "F"])["flags"] == ()


@pytest.mark.parametrize(
    ("part", "flags"),
    [
        ("HAND", ("body part: HAND",)),
        ("C SPINE", ("body part: CSPINE",)),
        *[(part, ()) for part in ("CHEST", "THORAX", "", "PORT CHEST", "DOE JOHN")],
    ],
)
def test_another_body_part_is_flagged_if_it_is_a_defined_term(tmp_path, part, flags):
    row = prepared(tmp_path, BodyPartExamined=part)
    assert row["flags"] == flags
    assert "reason" not in row


def darken(image, sample):
    sample[:] = 0


def darken_the_film(image, sample):
    image.brightness[:] = 0


@pytest.mark.parametrize(
    "examine",
    [
        lambda image, sample: 1 / 0,
        lambda image, sample: sys.exit(0),
        lambda image, sample: "lateral",
        lambda image, sample: Verdict(code="truncated", reason="of a code that is none of what is set aside"),
        darken,
        darken_the_film,
    ],
)
def test_a_check_that_fails_costs_its_own_opinion_and_changes_no_film(tmp_path, examine):
    (tmp_path / "film.dcm").write_bytes(dicom(PICTURE))
    row = prepare({"path": str(tmp_path / "film.dcm")}, specs=SPECS, checks=(Rule("broken", examine),))
    assert row["flags"] == ("check broken failed",)
    assert "reason" not in row
    np.testing.assert_array_equal(row[pixel_column(SPECS[0])], prepared(tmp_path)[pixel_column(SPECS[0])])
