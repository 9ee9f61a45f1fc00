import html.parser
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from films import dicom
from PIL import Image
from small import check_answer, film_pixels, write_film

from xrayscan import InputError
from xrayscan.cli import main
from xrayscan.cli.explore import explore as command
from xrayscan.dataset.labelled_folder import FolderSettings, read_folder
from xrayscan.exploration import ExploreSettings, explore, write_explore_page
from xrayscan.exploration.tables import as_json, tables

QUICK = ExploreSettings(workers=0)


def explored(folder, **settings):
    return explore(str(folder), read_folder(str(folder), FolderSettings(**settings)), QUICK)


@pytest.fixture
def labelled(tmp_path):
    """Twelve patients of each label with a film each, all of one size and format."""
    for n in range(24):
        write_film(tmp_path / "films" / ("NORMAL", "PNEUMONIA")[n % 2] / f"patient{n}-1.png", n)
    return tmp_path / "films"


def test_every_film_is_counted_by_label_split_patient_and_format(tmp_path):
    for n in range(12):
        split, label = ("train", "val", "test")[n % 3], ("NORMAL", "PNEUMONIA")[n // 6]
        write_film(tmp_path / split / label / f"IM-{n // 2}-{n}.png", n)
    facts = as_json(explored(tmp_path))
    assert facts["labels"] == {"NORMAL": 6, "PNEUMONIA": 6}
    assert facts["splits"]["val"] == {"NORMAL": 2, "PNEUMONIA": 2}
    assert facts["patients"] == 6
    assert facts["patients_in_several_splits"] == 6
    assert any("validation split has only 4 films" in text for text in facts["warnings"])


def test_identical_files_are_found_across_labels_and_splits(tmp_path):
    for n in range(6):
        write_film(tmp_path / ("train", "test")[n % 2] / ("NORMAL", "PNEUMONIA")[n // 3] / f"{n}.png", n)
    shutil.copy(tmp_path / "train" / "NORMAL" / "0.png", tmp_path / "train" / "PNEUMONIA" / "copy.png")
    shutil.copy(tmp_path / "train" / "NORMAL" / "2.png", tmp_path / "test" / "NORMAL" / "copy.png")
    found = explored(tmp_path)
    assert as_json(found)["identical"] == {
        "groups": 2, "films": 4, "across_patients": 2, "across_labels": 1, "across_splits": 1
    }  # fmt: skip
    assert as_json(found)["near_duplicates"]["groups"] == 0
    assert any("identical films under both NORMAL and PNEUMONIA" in text for text in found.warnings)
    assert any("identical films in several splits" in text for text in found.warnings)


def test_a_film_saved_again_at_another_size_is_alike_but_not_identical(labelled):
    picture = Image.fromarray(film_pixels(0, 200))
    picture.save(labelled / "NORMAL" / "large.png")
    picture.resize((120, 110)).save(labelled / "PNEUMONIA" / "small.jpeg", quality=60)
    found = as_json(explored(labelled))
    assert found["identical"]["groups"] == 0
    assert found["near_duplicates"]["across_labels"] == 1


def test_a_label_that_can_be_told_from_the_file_is_a_shortcut(tmp_path):
    for n in range(40):
        label, side = (("NORMAL", 48), ("PNEUMONIA", 64))[n % 2]
        write_film(tmp_path / label / f"{n}.png", n, side)
    found = explored(tmp_path).shortcut
    assert found.auroc == 1.0
    assert found.alone["width"] == 1.0
    assert "File properties alone predict the label, mainly" in found.meaning


def test_labels_that_files_do_not_tell_are_no_shortcut(tmp_path):
    rng = np.random.default_rng(0)
    for n in range(80):
        label = ("NORMAL", "PNEUMONIA")[n % 2]
        (tmp_path / label).mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (40, 40), np.uint8)).save(tmp_path / label / f"{n}.bmp")
    found = explored(tmp_path).shortcut
    assert found.auroc == pytest.approx(0.5, abs=0.01)
    assert "no shortcut" in found.meaning


def test_unreadable_files_are_listed_and_counted(labelled):
    (labelled / "NORMAL" / "broken.jpeg").write_bytes(b"\xff\xd8\xff\xe0 no film")
    found = explored(labelled)
    assert [path.rsplit("/", 1)[1] for path in found.films.failed] == ["broken.jpeg"]
    assert len(found.films.looks) == 24
    assert any("1 file failed" in text for text in found.warnings)


def test_a_label_without_a_readable_film_is_refused_by_name(labelled):
    for path in (labelled / "NORMAL").iterdir():
        path.write_bytes(b"\xff\xd8\xff\xe0 no film")
    with pytest.raises(InputError, match="not one file of NORMAL can be read"):
        explored(labelled)


def test_depth_format_and_size_are_those_of_the_file(tmp_path):
    for label in ("NORMAL", "PNEUMONIA"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "a.dcm").write_bytes(dicom(bits=12))
        Image.fromarray(film_pixels(1).astype(np.uint16) * 250).save(tmp_path / label / "b.png")
        Image.fromarray(film_pixels(2)).convert("RGB").save(tmp_path / label / "c.jpeg", quality=50)
    looks = explored(tmp_path).films.looks[:3]
    assert [(look.format, look.bits, look.channels) for look in looks] == [
        ("DICOM", 12, 1),
        ("PNG", 16, 1),
        ("JPEG", 8, 3),
    ]
    assert [(look.rows, look.columns) for look in looks[1:]] == [(64, 72), (64, 72)]
    assert looks[2].quantiser > 10
    assert looks[1].quantiser == 0


def test_brightness_is_that_of_the_pixels(tmp_path):
    for label, value in (("NORMAL", 51), ("PNEUMONIA", 255)):
        (tmp_path / label).mkdir()
        Image.fromarray(np.full((80, 90), value, np.uint8)).save(tmp_path / label / "a.png")
    dark, bright = explored(tmp_path).films.looks
    assert (dark.brightness, dark.contrast, dark.white) == (pytest.approx(0.2), 0, 0)
    assert (bright.brightness, bright.white, bright.black) == (1, 1, 0)


class Page(html.parser.HTMLParser):
    """Collects tags and text, and fails on what loads something."""

    def __init__(self):
        super().__init__()
        self.tags, self.words = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            assert name not in ("src", "href") or value.startswith(("data:", "#")), value

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_self_contained_shows_films_and_escapes_names(labelled, tmp_path):
    shutil.copy(labelled / "NORMAL" / "patient0-1.png", labelled / "NORMAL" / "<script>alert(1)<&.png")
    write_explore_page(explored(labelled), str(tmp_path / "explore.html"))
    page = Page()
    page.feed((tmp_path / "explore.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert page.tags.count("img") == 13 + 12 + 2 + 2  # samples, average films, one group of copies
    assert page.tags.count("svg") == 7
    text = "".join(page.words)
    assert "<script>alert(1)<&.png" in text
    assert "Not a diagnosis" in text


def test_dicom_header_text_is_in_no_output(tmp_path):
    for label in ("NORMAL", "PNEUMONIA"):
        (tmp_path / label).mkdir()
        for n in range(2):
            (tmp_path / label / f"{n}.dcm").write_bytes(dicom(PatientID=f"SECRET-{n}"))
    found = explored(tmp_path)
    write_explore_page(found, str(tmp_path / "explore.html"))
    written = (tmp_path / "explore.html").read_text() + json.dumps(as_json(found)) + repr(tables(found))
    assert "SECRET" not in written
    assert "DOE" not in written


def test_the_command_prints_tables_for_people_and_json_for_programs(labelled, tmp_path):
    words = ["explore", str(labelled), "--out", str(tmp_path / "e.html"), "--json", "--workers", "0"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    check_answer(command.result, result.stdout)
    assert json.loads(result.stdout)["labels"] == {"NORMAL": 12, "PNEUMONIA": 12}
    for text in (
        "Films",
        "Sizes",
        "Formats",
        "Brightness",
        "Patients (IDs from",
        "Copies",
        "Shortcut check",
        "Open ",
    ):
        assert text in result.stderr, text


def test_the_command_takes_labels_patients_and_splits_from_a_csv(tmp_path):
    lines = ["path,label,split"]
    for n in range(6):
        write_film(tmp_path / f"case{n // 2}-{n}.png", n)
        lines.append(f"case{n // 2}-{n}.png,{('clear', 'TB')[n // 3]},{('train', 'test')[n % 2]}")
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    words = ["--labels", str(tmp_path / "labels.csv"), "--positive", "tb", "--patient-pattern", r"case(\d+)"]
    words += ["--json", "--quiet", "--workers", "0", "--out", str(tmp_path / "e.html")]
    result = CliRunner().invoke(main, ["explore", str(tmp_path), *words])
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["labels"] == {"clear": 3, "TB": 3}
    assert (facts["patients"], facts["patients_in_several_splits"], facts["patients_with_both_labels"]) == (3, 3, 1)
    assert facts["metadata_auroc"] is None  # too few patients to tell


def test_a_folder_with_one_label_gives_exit_code_3_and_what_it_needs(tmp_path):
    write_film(tmp_path / "NORMAL" / "a.png", 1)
    result = CliRunner().invoke(main, ["explore", str(tmp_path)])
    assert result.exit_code == 3
    assert "No label folders found in" in result.stderr


def test_the_same_folder_gives_the_same_page(labelled, tmp_path):
    for name in "ab":
        write_explore_page(explored(labelled), str(tmp_path / name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.slow
def test_real_films_are_what_was_counted_of_them(real_films):
    folder = str(real_films / "kermany224")
    facts = as_json(explore(folder, read_folder(folder)))
    assert facts["labels"] == {"NORMAL": 1341, "PNEUMONIA": 3875}
    assert facts["failed"] == {}
    assert (facts["identical"]["groups"], facts["identical"]["films"]) == (24, 50)
    assert facts["identical"]["across_labels"] == 0
    assert 0.86 < facts["metadata_auroc"] < 0.92


@pytest.mark.slow
def test_the_size_of_real_originals_predicts_their_label(real_films):
    found = explored(real_films / "kermany_fullsize").shortcut
    assert found.auroc > 0.99
    assert "File properties alone predict the label, mainly" in found.meaning
