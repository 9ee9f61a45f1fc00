import os

import pytest
from archive_files import gzipped, tarred, zipped
from click.testing import CliRunner
from small import write_film

from xrayscan import load_model, scan
from xrayscan.cli import main
from xrayscan.errors import Status
from xrayscan.scanning.scan import ScanSettings
from xrayscan.sources.reading import read_file

IN_PROCESS = ScanSettings(device="cpu", precision="fp32", workers=0)
NAMES = ("a.png", "ward/b.jpeg", "c.bmp")


@pytest.fixture
def members(tmp_path):
    """Three films, as names and bytes."""
    return [(name, write_film(tmp_path / "plain" / name, seed).read_bytes()) for seed, name in enumerate(NAMES)]


@pytest.fixture
def folder(tmp_path, members):
    """A folder that holds the films in a ZIP and in a gzipped tar."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.zip").write_bytes(zipped([*members, ("notes.txt", b"to do")]))
    (tmp_path / "in" / "b.tgz").write_bytes(gzipped(tarred(members)))
    return str(tmp_path / "in")


def probabilities(worklist):
    return {row.source: row.probability for row in worklist.scored()}


def test_films_in_archives_have_the_probabilities_that_they_have_alone(tmp_path, folder, model_file):
    settings = ScanSettings(device="cpu", precision="fp32", workers=1)
    with scan([str(tmp_path / "plain")], model=model_file, out=str(tmp_path / "x"), settings=IN_PROCESS) as worklist:
        alone = probabilities(worklist)
    with scan([folder], model=model_file, out=str(tmp_path / "y"), settings=settings) as worklist:
        assert (worklist.counts.found, worklist.counts.scored, worklist.counts.skipped) == (7, 6, 1)
        packed = probabilities(worklist)
    expected = {
        f"{folder}/{name}!/{member}": alone[f"{tmp_path}/plain/{member}"]
        for name in ("a.zip", "b.tgz")
        for member in NAMES
    }
    assert packed == pytest.approx(expected, abs=1e-6)


def test_a_scan_of_archives_goes_on_where_it_stopped_and_reads_a_changed_archive_again(tmp_path, folder, model_file):
    def counts():
        with scan([folder], model=model_file, out=str(tmp_path / "out"), settings=IN_PROCESS) as worklist:
            return worklist.counts

    assert counts().new == 6
    again = counts()
    assert (again.new, again.kept, again.removed) == (0, 7, 0)
    film = write_film(tmp_path / "new.png", 9).read_bytes()
    (tmp_path / "in" / "a.zip").write_bytes(zipped([("new.png", film)]))
    last = counts()
    assert (last.found, last.new, last.removed) == (4, 1, 3)


def test_no_archives_skips_them_with_that_reason(tmp_path, folder, model_file):
    settings = ScanSettings(device="cpu", workers=0, archives=False)
    with scan([folder], model=model_file, out=str(tmp_path / "out"), settings=settings) as worklist:
        assert (worklist.counts.found, worklist.counts.skipped) == (2, 2)
    result = CliRunner().invoke(main, ["predict", folder, "--dry-run", "--no-archives"])
    assert result.stdout == ""
    result = CliRunner().invoke(main, ["predict", folder, "--dry-run"])
    assert sorted(result.stdout.split()) == sorted(
        f"{folder}/{name}!/{member}" for name in ("a.zip", "b.tgz") for member in NAMES
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.7z", "archive of a kind that is not read here: unpack it"),
        ("a.TAR.XZ", "archive of a kind that is not read here: unpack it"),
        ("a.zip", "not an archive, though its name says so"),
    ],
)
def test_an_archive_that_cannot_be_read_is_a_failed_file(tmp_path, model_file, name, reason):
    (tmp_path / name).write_bytes(b"7z\xbc\xaf'\x1c" + bytes(100))
    path = str(tmp_path / name)
    with scan([path], model=model_file, out=str(tmp_path / "out"), settings=IN_PROCESS) as worklist:
        assert worklist.counts.failed == 1
        assert [row.reason for row in worklist.unscored(Status.FAILED)] == [reason]


def test_a_film_that_is_called_an_archive_is_scored(tmp_path, model_file):
    path = write_film(tmp_path / "a.png", 1).rename(tmp_path / "a.zip")
    with scan([str(path)], model=model_file, out=str(tmp_path / "out"), settings=IN_PROCESS) as worklist:
        assert worklist.counts.scored == 1


def test_the_page_and_show_read_a_film_in_its_archive(tmp_path, folder, model_file, monkeypatch):
    from xrayscan.explain.evidence import gather
    from xrayscan.model.backend import Placement

    with scan([folder], model=model_file, out=str(tmp_path / "out"), settings=IN_PROCESS) as worklist:
        evidence = list(gather(worklist.scored(), load_model(model_file), Placement(), top=9, heatmaps=9))
    assert len(evidence) == 6
    assert all(one.problem is None and one.film and one.heatmap is not None for one in evidence)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["show", f"{folder}/b.tgz!/ward/b.jpeg", "--model", model_file])
    assert result.exit_code == 0, result.output
    assert os.path.exists("b-heatmap.png")
    for wrong in (f"{folder}/b.tgz", f"{folder}/b.tgz!/nowhere.png", f"{folder}/nowhere.zip!/b.png"):
        result = CliRunner().invoke(main, ["show", wrong, "--model", model_file])
        assert result.exit_code in (2, 3)
        assert "Traceback" not in result.output


def test_a_file_beside_an_exclamation_mark_is_a_file(tmp_path):
    path = write_film(tmp_path / "odd!" / "a.png", 1)
    assert read_file(str(path)) == path.read_bytes()
