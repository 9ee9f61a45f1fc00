import io

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from small import write_film

from xrayscan.cli import main
from xrayscan.errors import Code, Status
from xrayscan.files.own_output import STORE_NAME, is_own_output, save_png
from xrayscan.scanning.prepare import refuse


def saved(save):
    out = io.BytesIO()
    save(Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)), out)
    return out.getvalue()


def test_a_picture_that_xrayscan_wrote_says_so_wherever_it_lies():
    assert is_own_output("/anywhere/film.png", saved(save_png))
    assert not is_own_output("/anywhere/film.png", saved(lambda image, out: image.save(out, "PNG")))


@pytest.mark.parametrize(
    "name", ["triage.csv", "run.json", STORE_NAME, "heatmaps/00001-a_png.png", "triage.dicom-sr/1.2.dcm"]
)
def test_files_of_a_scans_folder_are_known_by_their_place(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    assert is_own_output(str(path), b"x") is (name == STORE_NAME)  # alone it is anyone's
    (tmp_path / STORE_NAME).write_bytes(b"x")
    assert is_own_output(str(path), b"x")
    refused = refuse(str(path))
    assert refused.code is Code.OWN_OUTPUT
    assert refused.status is Status.SKIPPED


def test_a_film_in_a_scans_folder_is_still_a_film(tmp_path):
    (tmp_path / STORE_NAME).write_bytes(b"x")
    assert not is_own_output(str(tmp_path / "00001-a.png"), b"x")
    assert refuse(str(write_film(tmp_path / "heatmaps" / "film.png", 1))) is None


def test_a_scan_of_its_own_outputs_ranks_the_films_alone(tmp_path, model_file):
    write_film(tmp_path / "in" / "a.png", 1)
    scan = ["predict", str(tmp_path / "in"), "--model", str(model_file), "--workers", "0", "--device", "cpu", "-q"]
    scan += ["--heatmap-files", "--format", "html,csv", "--unlike", "rank"]
    first = CliRunner().invoke(main, [*scan, "--out", str(tmp_path / "in" / "triage")])
    assert first.exit_code == 0, first.output
    assert list((tmp_path / "in" / "triage" / "heatmaps").glob("*.png"))
    listed = CliRunner().invoke(main, [*scan, "--dry-run"])
    assert listed.stdout.splitlines() == [str(tmp_path / "in" / "a.png")]
    assert "0 unreadable" in listed.stderr
