from command_line import xrayscan
from small import make_model, pictures_of, write_film


def test_predict_puts_pictures_and_heatmaps_into_the_page(scanned):
    assert pictures_of(scanned) == {"thumb": 4, "film": 4, "heat": 4}
    assert not (scanned / "heatmaps").exists()


def test_a_scan_that_fails_before_it_reads_leaves_the_earlier_one_whole(scanned, tmp_path):
    asked_for = ("--model", tmp_path / "small.safetensors", "--out", scanned, "--workers", "0")
    write_film(tmp_path / "films" / "new.png", 9)
    assert xrayscan("predict", tmp_path / "films", *asked_for, "--device", "cuda:99").exit_code == 2
    assert xrayscan("report", scanned).exit_code == 6
    assert pictures_of(scanned) == {"thumb": 4, "film": 4, "heat": 4}
    assert xrayscan("predict", tmp_path / "films", *asked_for).exit_code == 6
    assert pictures_of(scanned) == {"thumb": 5, "film": 5, "heat": 5}


def test_a_film_that_is_gone_or_changed_has_a_placeholder(scanned, tmp_path):
    (tmp_path / "films" / "0.png").unlink()
    write_film(tmp_path / "films" / "1.png", 99)
    assert xrayscan("report", scanned).exit_code == 6
    assert pictures_of(scanned) == {"thumb": 2, "film": 2, "heat": 2, "problem": 2}


def test_only_the_first_rows_have_pictures(scanned):
    xrayscan("report", scanned, "--html-top", "2", "--heatmaps", "1")
    assert pictures_of(scanned) == {"thumb": 2, "film": 2, "heat": 1}


def test_heatmaps_are_written_as_files_in_the_worklists_order(scanned):
    xrayscan("report", scanned, "--heatmap-files", "--format", "csv")
    assert [path.name[:5] for path in sorted((scanned / "heatmaps").iterdir())] == ["00001", "00002", "00003", "00004"]
    (scanned / "heatmaps" / "mine.png").touch()
    xrayscan("report", scanned, "--heatmap-files", "--heatmaps", "1", "--no-images")
    assert [path.name[:5] for path in sorted((scanned / "heatmaps").iterdir())] == ["00001", "mine."]


def test_heatmaps_by_a_model_that_did_not_score_are_refused(scanned, tmp_path):
    other = make_model(tmp_path / "other.safetensors", seed=1)
    done = xrayscan("report", scanned, "--model", other)
    assert done.exit_code == 4
    assert "is not the model that scored: give that one, or --heatmaps none" in done.stderr
    assert xrayscan("report", scanned, "--model", other, "--heatmaps", "none").exit_code == 6
