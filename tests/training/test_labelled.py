import pytest
from small import write_film

from xrayscan import InputError
from xrayscan.training.labelled import patient_of, read_folder


def test_a_labelled_folder_is_two_folders_of_films(tmp_path):
    write_film(tmp_path / "Pneumonia" / "deep" / "b.png", 1)
    write_film(tmp_path / "normal" / "a.png", 2)
    folder = read_folder(str(tmp_path))
    assert folder.labels == ("normal", "Pneumonia")
    assert [(film.path[-5:], film.label) for film in folder.films] == [("b.png", 1), ("a.png", 0)]


@pytest.mark.parametrize("names", [["PNEUMONIA"], ["NORMAL", "OTHER"], ["A", "B", "PNEUMONIA"], []])
def test_a_folder_without_exactly_two_labels_says_what_it_needs(tmp_path, names):
    for name in names:
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="two folders"):
        read_folder(str(tmp_path))


def test_the_findings_folder_may_have_another_name(tmp_path):
    for name in ("clear", "TB"):
        write_film(tmp_path / name / "a.png", 1)
    assert read_folder(str(tmp_path), positive="tb").labels == ("clear", "TB")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("P/person7_virus_12.jpeg", "P/person7_virus_13.jpeg", True),
        ("P/person7_virus_12.jpeg", "P/person7_bacteria_12.jpeg", False),
        ("P/person7_virus_12.jpeg", "P/person70_virus_12.jpeg", False),
        ("N/IM-0115-0001.jpeg", "N/IM-0115-0002.jpeg", True),
        ("N/IM-0115-0001.jpeg", "N/NORMAL2-IM-0115-0001.jpeg", False),
        ("N/patient012-1.jpeg", "N/patient012-2.jpeg", True),
        ("N/patient012-1.jpeg", "P/patient012-1.jpeg", False),
        ("N/scan.jpeg", "N/scan2.jpeg", False),
    ],
)
def test_patients_are_told_by_known_naming_schemes(one, other, same):
    assert (patient_of(one) == patient_of(other)) is same
