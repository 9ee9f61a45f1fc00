"""Reports as DICOM objects: in the film's own study, read back by the library that other tools use."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from command_line import xrayscan
from films import dicom
from pydicom import dcmread
from small import film_pixels, make_model, write_film

from xrayscan import UsageError
from xrayscan.plugin.manager import load_registry

pytest.importorskip("highdicom", reason="the DICOM extra is not installed")

BOTH = "csv,jsonl,html,dicom-sr,dicom-sc"
CANARY = {
    "PatientName": "CANARY^Name",
    "PatientID": "CANARY-1",
    "PatientBirthDate": "19610713",
    "PatientSex": "F",
    "PatientComments": "CANARY comment",
    "StudyDate": "20260102",
    "StudyTime": "101112",
    "AccessionNumber": "CANARY-2",
    "StudyID": "CANARY-3",
    "ReferringPhysicianName": "CANARY^Doctor",
    "StudyDescription": "CANARY study",
    "InstitutionName": "CANARY clinic",
    "OperatorsName": "CANARY^Operator",
}


def write(path, seed=0, **elements):
    """A DX film of a study of its own."""
    path.parent.mkdir(exist_ok=True)
    uids = {name: f"1.2.3.{seed}.{place}" for place, name in enumerate(("StudyInstanceUID", "SeriesInstanceUID"), 5)}
    path.write_bytes(dicom(film_pixels(seed, 96), bits=8, **{"SOPInstanceUID": f"1.2.3.{seed}.7", **uids, **elements}))


def scanned(folder, out, model_file, *more, formats="dicom-sr"):
    done = xrayscan(
        "predict", folder, "--model", model_file, "--out", out, "--workers", "0", "--format", formats, *more
    )
    assert done.exit_code in (0, 6), done.output
    return done


def objects(folder):
    """File name of a film → its object, or the problem that the index names."""
    lines = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    assert len(list(folder.iterdir())) == 1 + sum(bool(line["object"]) for line in lines)
    return {
        line["source"].rpartition("/")[2]: dcmread(folder / line["object"]) if line["object"] else line["problem"]
        for line in lines
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory, model_file):
    """A scan of films whose headers hold canaries, strange characters, nothing, or nonsense; and what it printed."""
    base = tmp_path_factory.mktemp("dicom")
    films = base / "films"
    write(films / "canary.dcm", 1, **CANARY, InstanceNumber=7, Manufacturer="Vendor")
    write(films / "bare.dcm", 2, drop=("PatientName", "PatientID", "PatientBirthDate"))
    write(films / "kanji.dcm", 3, SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName="Yamada^Tarou=山田^太郎")
    write(films / "odd.dcm", 4, PatientSex="weiblich", PatientBirthDate="July", StudyDate="x", InstanceNumber=-3)
    (films / "small.dcm").write_bytes(dicom(film_pixels(5, 40), bits=8))
    write_film(films / "plain.png", 6)
    done = scanned(films, base / "run", model_file, "--verbose", formats=BOTH)
    return base / "run", done.output


def test_every_film_of_a_study_has_its_report_there_and_the_index_says_why_another_has_none(run):
    found = objects(run[0] / "triage.dicom-sr")
    assert found.pop("plain.png") == "no DICOM image of a study"
    assert {name: report.StudyInstanceUID for name, report in found.items()} == {
        "canary.dcm": "1.2.3.1.5",
        "bare.dcm": "1.2.3.2.5",
        "kanji.dcm": "1.2.3.3.5",
        "odd.dcm": "1.2.3.4.5",
        "small.dcm": "1.2.3.4.5",
    }
    assert len({report.SOPInstanceUID for report in found.values()}) == 5
    assert found["canary.dcm"].InstanceNumber == 7


def test_a_report_says_what_the_worklist_says_and_who_observed_it(run):
    from highdicom.sr import ComprehensiveSR

    report = ComprehensiveSR.from_dataset(objects(run[0] / "triage.dicom-sr")["canary.dcm"])
    rows = map(json.loads, (run[0] / "triage.jsonl").read_text().splitlines())
    row = next(row for row in rows if row["sop_uid"] == "1.2.3.1.7")
    (group,) = report.content.get_image_measurement_groups()
    said = {one.name.meaning: one.value for one in group.get_measurements()}
    assert said["Probability"] == pytest.approx(100 * row["probability"], abs=0.006)
    answers = {one.name.meaning: one.value.meaning for one in group.get_qualitative_evaluations()}
    assert answers["Tier of the reading order"].lower() == row["tier"]
    assert answers["At or above the threshold"] == ("Yes" if row["prediction"] == "PNEUMONIA" else "No")
    assert answers["Intended use"] == "Suggested reading order. Not a diagnosis."
    assert group.finding_type.value == "233604007"
    assert [image.referenced_sop_instance_uid for image in group.source_images] == ["1.2.3.1.7"]
    fingerprint = json.loads((run[0] / "run.json").read_text())["models"][0]["fingerprint"]
    assert report.DeviceSerialNumber == fingerprint
    (shown,) = [item for item in report.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "121016"]
    assert shown.TextValue == fingerprint  # Device Observer Serial Number
    assert (report.CompletionFlag, report.VerificationFlag, report.PreliminaryFlag) == (
        *("PARTIAL", "UNVERIFIED"),
        "PRELIMINARY",
    )


def test_a_film_set_aside_has_the_reason_as_a_coded_finding_and_no_number(run):
    from highdicom.sr import ComprehensiveSR

    report = ComprehensiveSR.from_dataset(objects(run[0] / "triage.dicom-sr")["small.dcm"])
    (group,) = report.content.get_image_measurement_groups()
    reasons = [one.value for one in group.get_qualitative_evaluations() if one.name.meaning == "Reason"]
    assert [reason.value for reason in reasons] == ["too-small"]
    assert not group.get_measurements()


def test_patient_and_study_are_copied_in_any_characters_and_left_empty_where_the_film_has_none(run):
    found = objects(run[0] / "triage.dicom-sr")
    for name in ("PatientName", "PatientID", "StudyDate", "AccessionNumber", "StudyID", "ReferringPhysicianName"):
        assert str(found["canary.dcm"][name].value) == CANARY[name]
        assert not found["small.dcm" if name.startswith("Study") else "bare.dcm"][name].value
    assert str(found["kanji.dcm"].PatientName) == "Yamada^Tarou=山田^太郎"
    assert found["odd.dcm"].PatientSex == "weiblich"


def test_a_capture_shows_film_and_heatmap_and_says_what_it_is_not_for(run):
    found = objects(run[0] / "triage.dicom-sc")
    assert {name: one for name, one in found.items() if isinstance(one, str)} == {
        "plain.png": "no DICOM image of a study",
        "small.dcm": "no heatmap was asked for",
    }
    image = found["canary.dcm"]
    assert image.StudyInstanceUID == "1.2.3.1.5"
    assert image.ImageType[:2] == ["DERIVED", "SECONDARY"]
    assert (image.ImageComments, image.BurnedInAnnotation) == ("NOT FOR DIAGNOSIS", "NO")
    assert image.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.1.7"
    left, right = image.pixel_array[:96, :104].astype(int), image.pixel_array[:96, 120:].astype(int)
    assert np.ptp(left, 2).max() <= 2  # grey
    assert np.ptp(right, 2).max() > 20  # coloured
    assert image.pixel_array[96:].max() > 200  # the text


def test_a_film_that_may_show_a_name_is_captured_only_on_request_and_says_so(tmp_path, model_file):
    write(tmp_path / "films" / "a.dcm", 1, BurnedInAnnotation="YES")
    scanned(tmp_path / "films", tmp_path / "run", model_file, formats="dicom-sc")
    assert "burned-in" in objects(tmp_path / "run" / "triage.dicom-sc")["a.dcm"]
    xrayscan("report", tmp_path / "run", "--format", "dicom-sc", "--burned-in")
    assert objects(tmp_path / "run" / "triage.dicom-sc")["a.dcm"].BurnedInAnnotation == "YES"


def test_names_and_dates_of_people_are_in_the_objects_and_nowhere_else(run):
    folder, printed = run
    assert b"CANARY" in b"".join(path.read_bytes() for path in (folder / "triage.dicom-sr").glob("*.dcm"))
    others = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".dcm"]
    assert {path.name for path in others} >= {"scan.sqlite", "triage.csv", "triage.html", "index.jsonl", "run.json"}
    for secret in ("CANARY", "19610713", "20260102", "Yamada", "山田", "weiblich"):
        assert not [path for path in others if secret.encode() in path.read_bytes()]
        assert secret not in printed
        assert not [path for path in folder.rglob("*") if secret in path.name]
    inside = b"".join(path.read_bytes() for path in folder.rglob("*.dcm"))
    assert not any(part in inside for part in (b"CANARY comment", b"CANARY clinic", b"CANARY^Operator"))


def test_the_standards_own_checker_finds_no_error(run):
    if not shutil.which("dciodvfy"):
        pytest.skip("dciodvfy of dicom3tools is not installed")
    for name, found in {"dicom-sr": "ComprehensiveSR", "dicom-sc": "SCImage"}.items():
        checked = [path for path in (run[0] / f"triage.{name}").glob("*.dcm") if b"weiblich" not in path.read_bytes()]
        assert checked
        for path in checked:
            told = subprocess.run(["dciodvfy", path], capture_output=True, text=True).stderr
            assert found in told
            assert "Error" not in told


def test_the_same_result_is_the_same_object_and_another_model_makes_another_one(run, tmp_path, model_file):
    films = run[0].parent / "films"
    again = tmp_path / "again"
    scanned(films, again, model_file)
    first = {path.name: path.read_bytes() for path in (again / "triage.dicom-sr").iterdir()}
    assert set(first) == {path.name for path in (run[0] / "triage.dicom-sr").iterdir()}
    xrayscan("report", again, "--format", "dicom-sr")
    assert {path.name: path.read_bytes() for path in (again / "triage.dicom-sr").iterdir()} == first
    xrayscan("report", again, "--format", "dicom-sr", "--prevalence", "1%")
    moved = {path.name for path in (again / "triage.dicom-sr").glob("*.dcm")}
    assert len(moved) == 5
    assert len(moved & set(first)) == 1  # of the film that was set aside
    other = make_model(tmp_path / "other.safetensors", seed=1)
    scanned(films, tmp_path / "other", other)
    assert not {path.name for path in (tmp_path / "other" / "triage.dicom-sr").glob("*.dcm")} & (moved | set(first))


def test_a_film_that_changed_since_it_was_scored_gets_no_report(tmp_path, model_file):
    write(tmp_path / "films" / "a.dcm", 1)
    scanned(tmp_path / "films", tmp_path / "run", model_file, formats="csv")
    write(tmp_path / "films" / "a.dcm", 2)
    xrayscan("report", tmp_path / "run", "--format", "dicom-sr")
    assert objects(tmp_path / "run" / "triage.dicom-sr") == {"a.dcm": "the file has changed since it was scored"}


def test_several_models_each_say_what_they_found(tmp_path, model_file):
    from highdicom.sr import ComprehensiveSR

    write(tmp_path / "films" / "a.dcm", 1)
    other = make_model(tmp_path / "other.safetensors", seed=1, name="other")
    scanned(tmp_path / "films", tmp_path / "run", model_file, "--model", other)
    report = ComprehensiveSR.from_dataset(objects(tmp_path / "run" / "triage.dicom-sr")["a.dcm"])
    groups = report.content.get_image_measurement_groups()
    assert [group.tracking_identifier for group in groups] == ["xrayscan small", "xrayscan other"]
    assert len({group.get_measurements()[0].value for group in groups}) == 2


def test_what_xrayscan_made_is_no_film_when_it_comes_back(run, tmp_path, model_file):
    back = tmp_path / "export"
    back.mkdir()
    for path in run[0].rglob("*.dcm"):
        shutil.copy(path, back)
    write(back / "film.dcm", 9)
    done = scanned(back, tmp_path / "run", model_file, formats="csv")
    assert "1 scored" in done.output
    assert "9 skipped" in done.output
    done = scanned(run[0], tmp_path / "whole", model_file, back / "film.dcm", formats="csv")
    assert "1 scored" in done.output


def test_a_folder_of_objects_is_written_only_where_its_format_is_chosen(tmp_path, model_file):
    write(tmp_path / "films" / "a.dcm", 1)
    xrayscan("predict", tmp_path / "films", "--model", model_file, "--out", tmp_path / "run", "--workers", "0")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        *("scan.sqlite", "run.json"),
        *("triage.csv", "triage.jsonl", "triage.html"),
    }


def test_without_the_package_the_format_is_refused_before_the_scan(tmp_path, model_file, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'xrayscan\[dicom\]'"):
        load_registry().report("dicom-sr")
    write(tmp_path / "films" / "a.dcm", 1)
    done = xrayscan("predict", tmp_path / "films", "--out", tmp_path / "run", "--format", "dicom-sr")
    assert done.exit_code == 2
    assert not (tmp_path / "run").exists()


def test_registering_them_imports_no_dicom_library():
    code = "import sys; from xrayscan.plugin.manager import load_registry; load_registry(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "xrayscan_plugins.dicom" in loaded
    assert not {"highdicom", "pynetdicom", "dicomweb_client", "torch"} & set(loaded)
