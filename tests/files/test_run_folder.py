"""Every run has a folder of its own, and nothing finished is overwritten in silence."""

import os
import stat

import pytest

from xrayscan.errors import OutputError
from xrayscan.files.run_folder import make_folder, make_subfolder, own_file, own_folder, refuse_file, refuse_finished


def taken(path):
    path.mkdir()
    (path / "scan.sqlite").touch()


def test_a_run_gets_the_next_free_folder(tmp_path):
    base = os.fspath(tmp_path / "triage")
    for name in ("triage", "triage-2", "triage-3"):
        assert own_folder(base) == os.fspath(tmp_path / name)
        (tmp_path / name / "scan.sqlite").touch()


def test_a_run_goes_on_in_the_newest_folder_that_is_its_own(tmp_path):
    for name in ("triage", "triage-2", "triage-3"):
        taken(tmp_path / name)
    mine = {os.fspath(tmp_path / name) for name in ("triage", "triage-2")}
    assert own_folder(os.fspath(tmp_path / "triage"), goes_on=mine.__contains__) == os.fspath(tmp_path / "triage-2")


@pytest.mark.parametrize("name", ["triage-x", "triage-02", "triage-1", "triage-2.old", "my-triage"])
def test_a_folder_that_only_looks_like_a_run_counts_for_nothing(tmp_path, name):
    taken(tmp_path / name)
    assert own_folder(os.fspath(tmp_path / "triage")) == os.fspath(tmp_path / "triage")


def test_a_file_or_a_link_in_the_place_of_a_folder_is_passed_over(tmp_path):
    (tmp_path / "triage").touch()
    (tmp_path / "triage-2").symlink_to("nowhere")
    assert own_folder(os.fspath(tmp_path / "triage")) == os.fspath(tmp_path / "triage-3")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_of_ones_own_takes_no_name_that_is_there(tmp_path):
    page = os.fspath(tmp_path / "page.html")
    assert own_file(page) == page
    (tmp_path / "page.html").symlink_to("nowhere")
    assert own_file(page) == os.fspath(tmp_path / "page-2.html")


def test_what_is_finished_stays_unless_it_may_go(tmp_path):
    (tmp_path / "model.safetensors").symlink_to("nowhere")
    with pytest.raises(OutputError, match="--overwrite"):
        refuse_finished(os.fspath(tmp_path), ["model.safetensors"], overwrite=False)
    with pytest.raises(OutputError, match="--overwrite"):
        refuse_file(os.fspath(tmp_path / "model.safetensors"), overwrite=False)
    refuse_finished(os.fspath(tmp_path), ["model.safetensors"], overwrite=True)
    refuse_finished(os.fspath(tmp_path), ["metrics.json"], overwrite=False)


@pytest.mark.skipif(os.name == "nt", reason="rights are those of POSIX")
def test_a_folder_that_is_made_is_its_owner_s_alone_unless_it_is_shared(tmp_path):
    before = os.umask(0o022)
    try:
        for share, mode in ((False, 0o700), (True, 0o755)):
            make_folder(os.fspath(tmp_path / str(share)), share=share)
            made = (tmp_path / str(share), tmp_path / str(share) / "heatmaps")
            make_subfolder(os.fspath(made[1]))
            chosen = own_folder(os.fspath(tmp_path / f"own-{share}"), share=share)
            assert [stat.S_IMODE(os.stat(path).st_mode) for path in (*made, chosen)] == [mode] * 3
    finally:
        os.umask(before)


def test_a_planted_link_in_an_output_folder_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "heatmaps").symlink_to("elsewhere")
    with pytest.raises(OutputError, match="not followed"):
        make_subfolder(os.fspath(tmp_path / "heatmaps"))
