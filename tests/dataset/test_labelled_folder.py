import os

import pytest
from films import dicom
from small import write_film, write_labelled

from xrayscan import InputError, UsageError
from xrayscan.dataset.labelled_folder import FolderSettings, read_folder
from xrayscan.files.text import spreadsheet_cell


def films_at(folder, *names):
    for seed, name in enumerate(names):
        write_film(folder / name, seed)
    return str(folder)


def write_csv(folder, text):
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return FolderSettings(labels_csv=str(folder / "labels.csv"))


def patient_of(folder, name):
    return next(film.patient for film in folder.films if film.path.endswith(name))


def test_a_labelled_folder_is_two_folders_of_films(tmp_path):
    folder = read_folder(films_at(tmp_path, "Pneumonia/deep/b.png", "normal/a.png"))
    assert folder.labels == ("normal", "Pneumonia")
    assert [(film.path[-5:], film.label, film.split) for film in folder.films] == [
        ("b.png", 1, None),
        ("a.png", 0, None),
    ]


@pytest.mark.parametrize("names", [["PNEUMONIA"], ["NORMAL", "OTHER"], ["A", "B", "PNEUMONIA"], []])
def test_a_folder_without_exactly_two_labels_says_what_it_needs(tmp_path, names):
    for name in names:
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="No label folders found"):
        read_folder(str(tmp_path))


@pytest.mark.parametrize("split", ["", "train/"])
def test_a_third_label_is_named_with_what_to_do_and_an_empty_folder_is_none(tmp_path, split):
    (tmp_path / split / "empty" / "deeper").mkdir(parents=True)
    (tmp_path / split / "empty" / ".hidden").write_text("")
    names = [f"{split}{label}/{n}.png" for label in ("NORMAL", "PNEUMONIA") for n in range(5)]
    folder = read_folder(films_at(tmp_path, *names))
    assert folder.labels == ("NORMAL", "PNEUMONIA")
    assert folder.warnings == ("the folder empty holds no film",)
    films_at(tmp_path, f"{split}TB/a.png")
    with pytest.raises(InputError, match=r"has 3 labels: NORMAL, PNEUMONIA, TB\. Two are needed: --ignore-label NAME"):
        read_folder(str(tmp_path))
    assert len(read_folder(str(tmp_path), FolderSettings(ignore_label=("tb",))).films) == 10
    assert len(read_folder(str(tmp_path), FolderSettings("PNEUMONIA,TB")).films) == 11
    table = write_csv(tmp_path, "path,label\na.png,NORMAL\nb.png,PNEUMONIA\nc.png,TB\n")
    with pytest.raises(InputError, match="has 3 labels: NORMAL, PNEUMONIA, TB"):
        read_folder(str(tmp_path), table)


def test_a_label_without_a_file_is_refused_by_name(tmp_path):
    (tmp_path / "NORMAL").mkdir()
    with pytest.raises(InputError, match="NORMAL holds no file"):
        read_folder(films_at(tmp_path, "PNEUMONIA/a.png"))


def test_the_findings_folder_may_have_another_name(tmp_path):
    folder = films_at(tmp_path, "clear/a.png", "TB/a.png")
    assert read_folder(folder, FolderSettings("tb")).labels == ("clear", "TB")


def test_a_label_of_two_films_is_warned_about(tmp_path):
    folder = read_folder(films_at(tmp_path, "NORMAL/a.png", "NORMAL/b.png", *(f"PNEUMONIA/{n}.png" for n in range(9))))
    assert [warning for warning in folder.warnings if "NORMAL has only 2 films of 2 patients" in warning]
    assert len(folder.warnings) == 1


def test_kaggles_splits_are_read_whatever_their_case_and_other_folders_are_named(tmp_path):
    labels, splits = ("NORMAL", "PNEUMONIA"), ("Train", "val", "TEST")
    names = [f"{split}/{label}/IM-1-{n}.png" for n, split in enumerate(splits) for label in labels]
    folder = read_folder(films_at(tmp_path, *names, "chest_xray/train/NORMAL/a.png", "__MACOSX/a.png"))
    assert folder.labels == ("NORMAL", "PNEUMONIA")
    assert sorted({film.split for film in folder.films}) == ["test", "train", "val"]
    assert len(folder.films) == 6
    assert any("chest_xray beside TEST, Train, val is not read" in text for text in folder.warnings)


def test_a_patient_in_two_splits_is_one_patient(tmp_path):
    names = ("train/NORMAL/IM-7-1.png", "test/NORMAL/IM-7-2.png", "test/PNEUMONIA/person7_virus_1.png")
    folder = read_folder(films_at(tmp_path, *names))
    assert patient_of(folder, "IM-7-1.png") == patient_of(folder, "IM-7-2.png")
    assert len({film.patient for film in folder.films}) == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("PNEUMONIA/person7_virus_12.png", "PNEUMONIA/person7_virus_13.png", True),
        ("PNEUMONIA/person7_virus_12.png", "PNEUMONIA/person7_bacteria_12.png", False),
        ("PNEUMONIA/person7_virus_12.png", "PNEUMONIA/person70_virus_12.png", False),
        ("NORMAL/IM-0115-0001.png", "NORMAL/im-0115-0002.png", True),
        ("NORMAL/IM-0115-0001.png", "NORMAL/NORMAL2-IM-0115-0001.png", False),
        ("NORMAL/a/IM-0115-0001.png", "NORMAL/b/IM-0115-0002.png", False),
        ("NORMAL/patient012-1.png", "NORMAL/patient012-2.png", True),
        ("NORMAL/patient012-1.png", "PNEUMONIA/patient012-1.png", False),
        ("NORMAL/scan.png", "NORMAL/scan2.png", False),
    ],
)
def test_patients_are_told_by_known_naming_schemes(tmp_path, one, other, same):
    folder = read_folder(films_at(tmp_path, one, other, "NORMAL/other.png", "PNEUMONIA/other.png"))
    assert (patient_of(folder, one) == patient_of(folder, other)) is same


def test_only_keys_that_name_a_patient_elsewhere_may_be_kept(tmp_path):
    names = ("NORMAL/IM-0115-0001.png", "NORMAL/patient1-1.png", "NORMAL/scan.png", "PNEUMONIA/Person7_virus_1.png")
    folder = read_folder(films_at(tmp_path, *names))
    assert [film.patient_key for film in folder.films] == ["im-0115", None, None, "person7_virus"]


def test_a_pattern_tells_patients_and_says_how_many_files_it_misses(tmp_path):
    path = films_at(tmp_path, "NORMAL/s1/IM-1-a.png", "NORMAL/s1/IM-2-b.png", "NORMAL/x.png", "PNEUMONIA/s1/c.png")
    folder = read_folder(path, FolderSettings(patient_pattern=r"s(?P<patient>\d+)/"))
    assert [film.patient_key for film in folder.films] == ["1", "1", None, "1"]
    assert len({film.patient for film in folder.films}) == 2
    assert any("matches 3 of 4 files" in text for text in folder.warnings)
    assert folder.patients_by.startswith("--patient-pattern for 3 films")


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(UsageError, match="no regular expression"):
        read_folder("films", FolderSettings(patient_pattern="pat("))


def test_dicom_headers_tell_patients_and_leave_no_trace(tmp_path):
    write_labelled(tmp_path, ".dcm", lambda n: dicom(PatientID=f"MRN-{n}"), 2)
    folder = read_folder(str(tmp_path))
    assert patient_of(folder, "NORMAL/0.dcm") == patient_of(folder, "PNEUMONIA/0.dcm")
    assert patient_of(folder, "NORMAL/0.dcm") != patient_of(folder, "NORMAL/1.dcm")
    assert {film.patient_key for film in folder.films} == {None}
    assert folder.patients_by == "DICOM Patient ID"
    assert "MRN" not in repr(folder)


def test_one_patient_id_for_all_is_no_patient_id(tmp_path):
    write_labelled(tmp_path, ".dcm", lambda n: dicom(PatientID="ANONYMOUS"), 6)
    folder = read_folder(str(tmp_path))
    assert len({film.patient for film in folder.films}) == 12
    assert any("every DICOM file names the same patient" in text for text in folder.warnings)


def test_a_csv_names_labels_patients_and_splits(tmp_path):
    films_at(tmp_path, *(f"{n}.png" for n in range(4)))
    settings = write_csv(
        tmp_path, "\ufeffSplit;Path;Label;Patient\ntrain;0.png;normal;p1\nvalid;1.png;Pneumonia;p1\n;2.png;NORMAL;\n"
    )
    folder = read_folder(str(tmp_path), settings)
    assert folder.labels == ("normal", "Pneumonia")
    assert [(film.label, film.split, film.patient_key) for film in folder.films] == [
        (0, "train", "p1"),
        (1, "val", "p1"),
        (0, None, None),
    ]
    assert folder.films[0].patient == folder.films[1].patient
    assert "the CSV's patient column for 2 films" in folder.patients_by


def test_a_csv_with_a_wrong_path_is_warned_about_with_its_line(tmp_path):
    films_at(tmp_path, "a.png", "b.png")
    settings = write_csv(tmp_path, "path,label\na.png,NORMAL\nb.png,PNEUMONIA\nc.png,NORMAL\n")
    folder = read_folder(str(tmp_path), settings)
    assert any("1 of 3 files that are not there, first in line 4: c.png" in text for text in folder.warnings)
    assert len(folder.films) == 3  # the third is listed with its reason once it has been tried


def test_a_csv_whose_paths_are_all_wrong_for_a_label_is_refused(tmp_path):
    films_at(tmp_path, "a.png")
    settings = write_csv(tmp_path, "path,label\na.png,NORMAL\nx/b.png,PNEUMONIA\n")
    with pytest.raises(InputError, match=r"line 3: x/b.png .*give the folder that they start at"):
        read_folder(str(tmp_path), settings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,label\na.png,NORMAL\n", "no column path"),
        ("", "no column path"),
        ("path,label\n", "labels no file"),
        ("path,label,Label\na.png,NORMAL,PNEUMONIA\n", "several columns label"),
        ("path,label\n,NORMAL\n", "line 2: no path"),
        ("path,label\na.png,\n", "needs two labels, NORMAL and PNEUMONIA for example; other names: --positive NAME"),
        ("path,label,split\na.png,NORMAL,exam\n", "line 2: unknown split 'exam'"),
        ("path,label\na.png,NORMAL\na.png,PNEUMONIA\n", r"NORMAL in line 2 .* line 3.*\(1 contradiction\)"),
        (
            "path,label\na.png,NORMAL\nb.png,NORMAL\n",
            r"needs two labels, .* \(found: NORMAL\)",
        ),
    ],
)
def test_a_csv_that_cannot_be_used_says_where_and_why(tmp_path, text, message):
    films_at(tmp_path, "a.png", "b.png")
    with pytest.raises(InputError, match=message):
        read_folder(str(tmp_path), write_csv(tmp_path, text))


def test_a_readers_answers_label_films_wherever_the_scan_started_and_lines_without_a_label_are_counted(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    names = ("=1+1.png", "new\nline.png", "\udcff.png", "C:\\new.png", "plain.png")
    films_at(tmp_path, *(f"ward/{name}" for name in names[:4]), "plain.png")
    cells = [spreadsheet_cell(f"ward/{name}") for name in names[:4]]
    lines = ["path,label,answer,note", *(f"{cell},PNEUMONIA,agree," for cell in cells)]
    lines += ["plain.png,NORMAL,disagree,'=1+1", "ward/gone.png,,wrong picture,"]
    settings = write_csv(tmp_path, "\n".join(lines) + "\n")
    for directory in (".", "ward", str(tmp_path)):
        read = read_folder(directory, settings)
        assert {os.path.realpath(film.path) for film in read.films} == {
            os.path.realpath(tmp_path / name) for name in (*(f"ward/{name}" for name in names[:4]), "plain.png")
        }
        assert any("1 of 6 lines have no label and are not used" in warning for warning in read.warnings)
