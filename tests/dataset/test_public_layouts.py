"""Tables of labels as public sets ship them, each as a small file of the same form."""

import codecs
import gzip

import pytest
from click.testing import CliRunner
from small import write_film

from xrayscan import InputError
from xrayscan.cli import main
from xrayscan.dataset.labelled_folder import FolderSettings, read_folder

FINDINGS = "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Cardiomegaly,Pneumonia"
VIEW = "view1_frontal.jpg"

# name: the table, the files, the settings, (label by end of path), number of patients
LAYOUTS = {
    "rsna": (
        "patientId,x,y,width,height,Target\nab-1,,,,,0\ncd-2,1,2,3,4,1\ncd-2,5,6,7,8,1\n",
        ("stage_2_train_images/ab-1.dcm", "stage_2_train_images/cd-2.dcm"),
        {},
        {"ab-1.dcm": 0, "cd-2.dcm": 1},
        2,
    ),
    "nih": (
        "Image Index,Finding Labels,Follow-up #,Patient ID\n00000001_000.png,Cardiomegaly|Pneumonia,0,1\n"
        "00000001_001.png,Cardiomegaly,1,1\n00000002_000.png,No Finding,0,2\n",
        ("images_001/images/00000001_000.png", "images_001/images/00000001_001.png", "images_002/00000002_000.png"),
        {},
        {"1_000.png": 1, "1_001.png": 0, "2_000.png": 0},
        2,
    ),
    "chexpert": (
        f"{FINDINGS}\nCheXpert-v1.0/train/patient00001/study1/{VIEW},F,68,Frontal,AP,1.0,,0.0\n"
        f"CheXpert-v1.0/train/patient00001/study2/{VIEW},F,68,Frontal,AP,,,1.0\n"
        f"CheXpert-v1.0/train/patient00002/study1/{VIEW},F,68,Frontal,AP,,,-1.0\n"
        f"CheXpert-v1.0/train/patient00003/study1/{VIEW},F,68,Frontal,AP,,,\n",
        tuple(
            f"train/{place}/{VIEW}" for place in ("patient00001/study1", "patient00001/study2", "patient00002/study1")
        ),
        {"uncertain": "positive"},
        {f"00001/study1/{VIEW}": 0, f"00001/study2/{VIEW}": 1, f"00002/study1/{VIEW}": 1},
        2,
    ),
    "vindr": (
        "image_id,class_name,class_id,rad_id,x_min\na1,Pneumonia,1,R1,3\na1,Nodule,2,R2,4\nb2,No finding,14,R1,\n"
        "b2,No finding,14,R2,\n",
        ("train/a1.dicom", "train/b2.dicom"),
        {},
        {"a1.dicom": 1, "b2.dicom": 0},
        2,
    ),
    "siim": (
        "ImageId, EncodedPixels\n1.2.276.0.5,-1\n1.2.276.0.6,387620 23 996\n",
        ("1.2.276.0.5.dcm", "deep/1.2.276.0.6.dcm"),
        {"positive": "pneumothorax"},
        {"0.5.dcm": 0, "0.6.dcm": 1},
        2,
    ),
    "mimic": (
        "subject_id,study_id,Cardiomegaly,Pneumonia\n10000032,50414267,,0.0\n10000764,57375967,,1.0\n",
        ("p10/p10000032/s50414267/x.jpg", "p10/p10000032/s50414267/y.jpg", "p10/p10000764/s57375967/z.jpg"),
        {},
        {"x.jpg": 0, "y.jpg": 0, "z.jpg": 1},
        2,
    ),
    "padchest": (
        ",ImageID,ImageDir,StudyID,PatientID,Projection,Labels\n0,1_a.png,0,5,8,PA,\"['pneumonia', 'infiltrates']\"\n"
        "1,2_b.png,1,6,9,L,['normal']\n2,3_c.png,1,7,9,PA,\"['cardiomegaly', 'pneumonia']\"\n",
        ("images/0/1_a.png", "images/1/2_b.png", "images/1/3_c.png"),
        {},
        {"1_a.png": 1, "2_b.png": 0, "3_c.png": 1},
        2,
    ),
}


def laid_out(folder, files, table, **settings):
    for seed, name in enumerate(files):
        write_film(folder / "films" / f"{name}.png", seed)
        (folder / "films" / f"{name}.png").rename(folder / "films" / name)
    (folder / "labels.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    return read_folder(folder / "films", FolderSettings(labels_csv=folder / "labels.csv", **settings))


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_tables_of_public_sets_are_read_as_they_are(tmp_path, name):
    table, files, settings, labels, patients = LAYOUTS[name]
    read = laid_out(tmp_path, files, table, **settings)
    assert {end: film.label for film in read.films for end in labels if film.path.endswith(end)} == labels
    assert len(read.films) == len(labels)
    assert len({film.patient for film in read.films}) == patients


@pytest.mark.parametrize(
    ("no", "yes"), [("0", "1"), ("0.0", "1.0"), ("No", "Yes"), ("FALSE", "TRUE"), ("n", "y"), ("neg", "Positive")]
)
def test_yes_and_no_need_no_name_of_the_finding(tmp_path, no, yes):
    read = laid_out(tmp_path, ("a.png", "b.png"), f"path,label\na.png,{no}\nb.png,{yes}\n")
    assert [film.label for film in read.films] == [0, 1]


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("cp1252"),
        lambda text: ("sep=,\nLabels of the ward\n" + text).encode(),
        lambda text: ("sep=;\n" + text.replace(",", ";")).encode("cp1252"),
        lambda text: text.replace("\n", "\r\n").encode("utf-16"),
    ],
)
def test_encodings_and_lines_above_the_heading_do_not_matter(tmp_path, encoded):
    table = encoded("path,label\nmüller.png,NORMAL\nb.png,PNEUMONIA\n")
    read = laid_out(tmp_path, ("müller.png", "b.png"), table)
    assert {film.path[-5:]: film.label for film in read.films} == {"r.png": 0, "b.png": 1}
    assert not any("not there" in warning for warning in read.warnings)


def test_a_gzipped_table_is_read_as_it_is_shipped(tmp_path):
    table, files, settings, labels, _ = LAYOUTS["mimic"]
    folder = laid_out(tmp_path, files, gzip.compress(table.encode()), **settings)
    assert [film.label for film in folder.films] == list(labels.values())
    with pytest.raises(InputError, match="damaged gzip file"):
        laid_out(tmp_path / "cut", files, gzip.compress(table.encode())[:-20], **settings)


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"PK\x03\x04\x14\x00", "a workbook or an archive"), (b"\x89\xf6\x00\xff\x12\x81", "is no text")],
)
def test_what_is_no_table_is_told_to_be_none_without_a_line_of_it(tmp_path, data, told):
    with pytest.raises(InputError, match=f"{told}: save it as CSV with the columns path,label$"):
        laid_out(tmp_path, ("a.png",), data)


def test_a_column_without_a_heading_says_nothing_of_patient_or_split(tmp_path):
    names = ("patient1-1.png", "patient1-2.png", "patient2-1.png")
    rows = "".join(f"{n},{name},{label}\n" for n, (name, label) in enumerate(zip(names, (1, 1, 0), strict=True)))
    folder = laid_out(tmp_path, names, f",path,label\n{rows}")
    assert len({film.patient for film in folder.films}) == 2


@pytest.mark.parametrize("cell", ["WARD\\A.PNG", "data/ward/a.png", "ward/a", "a.png", "a"])
def test_a_path_is_matched_the_way_peoples_paths_differ_and_the_warning_says_how(tmp_path, cell):
    read = laid_out(tmp_path, ("ward/a.png", "b.png"), f"path,label\n{cell},NORMAL\nb.png,PNEUMONIA\n")
    assert sorted(film.label for film in read.films if film.path.endswith("ward/a.png")) == [0]
    assert any("1 paths as written, 1 " in warning for warning in read.warnings)


def test_a_unicode_form_does_not_matter(tmp_path):
    read = laid_out(tmp_path, ("u\u0308.png", "b.png"), "path,label\n\u00fc.png,NORMAL\nb.png,PNEUMONIA\n")
    assert any("case or Unicode form" in warning for warning in read.warnings)


@pytest.mark.parametrize("rows", ["x.png,NORMAL\n", "w/1/x.png,NORMAL\nv/1/x.png,NORMAL\n"])
def test_a_path_that_may_mean_several_files_is_not_matched(tmp_path, rows):
    files = ("1/x.png", "2/x.png", "a.png", "b.png")
    read = laid_out(tmp_path, files, f"path,label\na.png,NORMAL\nb.png,PNEUMONIA\n{rows}")
    assert not any(film.path.endswith(("1/x.png", "2/x.png")) and "/films/1" in film.path for film in read.films)
    assert any("may mean several files" in warning for warning in read.warnings)


def test_several_labels_make_the_finding_and_others_are_left_out_and_counted(tmp_path):
    table = "file;state\na.png;viral\nb.png;bacterial\nc.png;clear\nd.png;unsure\n"
    wanted = {"positive": "viral,bacterial", "path_column": "FILE", "label_column": "State"}
    with pytest.raises(InputError, match="--ignore-label"):
        laid_out(tmp_path, ("a.png", "b.png", "c.png", "d.png"), table, **wanted)
    read = laid_out(tmp_path, (), table, ignore_label=("UNSURE",), **wanted)
    assert [film.label for film in read.films] == [1, 1, 0]
    assert any("1 of 4 lines have a label that is ignored" in warning for warning in read.warnings)


def test_a_third_folder_is_named_with_the_option_that_leaves_it_out(tmp_path):
    for name in ("NORMAL/a.png", "PNEUMONIA/b.png", "unsure/c.png"):
        write_film(tmp_path / name, 1)
    with pytest.raises(InputError, match="--ignore-label"):
        read_folder(tmp_path)
    assert len(read_folder(tmp_path, FolderSettings(ignore_label=("Unsure",))).films) == 2


@pytest.mark.parametrize(
    "same",
    [
        ("00000001_000.png", "00000001_001.png"),
        (f"patient00001/study1/{VIEW}", f"patient00001/study2/{VIEW}"),
        ("p10/p10000032/s5/a.jpg", "p10/p10000032/s6/b.jpg"),
        ("sub-S1_ses-E1_cr.png", "sub-S1_ses-E2_cr.png"),
    ],
)
def test_patients_of_public_sets_are_one_patient_under_both_labels(tmp_path, same):
    write_film(tmp_path / "NORMAL" / same[0], 1)
    write_film(tmp_path / "PNEUMONIA" / same[1], 2)
    assert len({film.patient for film in read_folder(tmp_path).films}) == 1


@pytest.mark.slow
def test_a_public_table_trains_a_model(tmp_path):
    rows = [f"{n:08d}_000.png,{'Pneumonia|Mass' if n % 2 else 'No Finding'},{n}" for n in range(1, 25)]
    for n, row in enumerate(rows):
        write_film(tmp_path / "films/images" / row.split(",")[0], n)
    (tmp_path / "labels.csv").write_text("\n".join(["Image Index,Finding Labels,Patient ID", *rows]))
    words = ["train", tmp_path / "films", "--labels", tmp_path / "labels.csv", "--out", tmp_path / "run"]
    words += ["--fast-dev-run", "--device", "cpu", "--workers", "0", "--cache", tmp_path / "cache"]
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.output
