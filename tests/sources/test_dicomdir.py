"""A DICOMDIR that is named: the films that it lists are found, each once, and nothing beside them."""

import os
import warnings

import films
import pytest
from click.testing import CliRunner
from pydicom.dataset import Dataset

from xrayscan.cli import main
from xrayscan.errors import Code
from xrayscan.sources.folders import discover

DIRECTORY = "1.2.840.10008.1.3.10"
FILM = films.dicom(films.film(96, 96))


def write_dicomdir(folder, *file_ids, name="DICOMDIR"):
    header = films.header(sop_class=DIRECTORY)
    header.DirectoryRecordSequence = []
    for parts in file_ids:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names that the standard does not allow
            record.ReferencedFileID = list(parts)
        header.DirectoryRecordSequence.append(record)
    patient = Dataset()  # a record that lists no file
    patient.DirectoryRecordType = "PATIENT"
    header.DirectoryRecordSequence.append(patient)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that the standard does not allow
        (folder / name).write_bytes(films.written(header))
    return folder / name


@pytest.fixture
def disc(tmp_path):
    for name in ("IMAGES/ONE", "IMAGES/TWO", "beside.dcm"):
        (tmp_path / "disc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "disc" / name).write_bytes(FILM)
    (tmp_path / "secret.dcm").write_bytes(FILM)
    return tmp_path / "disc"


def names(folder, *addresses):
    return {os.path.relpath(one.source, folder): one.code for one in discover([str(path) for path in addresses])}


def test_what_it_lists_is_found_and_nothing_beside(disc):
    listing = write_dicomdir(disc, ["IMAGES", "ONE"], ["IMAGES", "TWO"], ["IMAGES", "ONE"])
    assert names(disc, listing) == dict.fromkeys(("DICOMDIR", "IMAGES/ONE", "IMAGES/TWO"))


def test_a_listed_file_that_is_gone_is_one_failed_record(disc):
    listing = write_dicomdir(disc, ["IMAGES", "ONE"], ["IMAGES", "GONE"])
    assert names(disc, listing)["IMAGES/GONE"] is Code.NOT_FOUND


def test_a_disc_whose_names_are_shown_in_small_letters_is_read_as_well(disc):
    (disc / "images").mkdir()
    (disc / "images" / "three").write_bytes(FILM)
    listing = write_dicomdir(disc, ["IMAGES", "THREE"], name="dicomdir")
    assert names(disc, listing) == dict.fromkeys(("dicomdir", "images/three"))


@pytest.mark.parametrize(
    "parts", [["..", "secret.dcm"], ["/etc", "passwd"], ["IMAGES", "..", "..", "secret.dcm"], ["IMAGES"]]
)
def test_nothing_outside_its_folder_and_no_folder_is_scanned(disc, parts):
    assert names(disc, write_dicomdir(disc, parts, ["IMAGES", "ONE"])) == dict.fromkeys(("DICOMDIR", "IMAGES/ONE"))


def test_with_its_folder_every_file_counts_once(disc):
    listing = write_dicomdir(disc, ["IMAGES", "ONE"])
    found = [one.path for one in discover([str(listing), str(disc)])]
    assert sorted(os.path.relpath(path, disc) for path in found) == [
        "DICOMDIR",
        "IMAGES/ONE",
        "IMAGES/TWO",
        "beside.dcm",
    ]


@pytest.mark.parametrize("content", [b"", b"no DICOM at all", b"\0" * 128 + b"DICM" + b"\xff" * 64])
def test_one_that_cannot_be_read_lists_nothing(disc, content):
    (disc / "DICOMDIR").write_bytes(content)
    assert names(disc, disc / "DICOMDIR") == {"DICOMDIR": None}


def test_a_scan_of_it_scores_its_films_and_skips_the_list_itself(disc, model_file, tmp_path):
    listing = write_dicomdir(disc, ["IMAGES", "ONE"])
    done = CliRunner().invoke(
        main,
        ["predict", str(listing), "--model", model_file, "--out", str(tmp_path / "out"), "--workers", "0", "--json"],
    )
    assert done.exit_code == 0, done.output
    assert '"scored": 1' in done.stdout
    assert '"skipped": 1' in done.stdout
