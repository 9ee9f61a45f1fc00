import os
import stat

import pytest

from xrayscan.errors import OutputError
from xrayscan.files.atomic import atomic_writer, second_name


def test_a_file_takes_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "triage.csv"
    path.write_text("old")
    with atomic_writer(str(path)) as file:
        file.write("new\r\n\udcff")
        assert path.read_text() == "old"
    assert path.read_bytes() == b"new\r\n\\udcff"
    assert os.listdir(tmp_path) == ["triage.csv"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "triage.csv"
    path.write_text("old")
    with pytest.raises(TypeError), atomic_writer(str(path)) as file:
        file.writelines(["half", 7])
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["triage.csv"]


def test_what_a_killed_process_left_is_replaced(tmp_path):
    (tmp_path / "triage.csv.part").write_text("half")
    with atomic_writer(str(tmp_path / "triage.csv")) as file:
        file.write("new")
    assert os.listdir(tmp_path) == ["triage.csv"]


def test_a_full_disk_is_an_output_error_that_names_the_file(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    message = r"triage\.csv cannot be written \(No space left on device\)"
    with pytest.raises(OutputError, match=message), atomic_writer(str(tmp_path / "triage.csv")) as file:
        file.write("new")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_there_or_in_the_way_is_an_output_error(tmp_path):
    (tmp_path / "taken").mkdir()
    for path in (tmp_path / "nowhere" / "triage.csv", tmp_path / "taken"):
        with pytest.raises(OutputError, match="cannot be written"), atomic_writer(str(path)) as file:
            file.write("new")
    assert os.listdir(tmp_path) == ["taken"]


def test_the_file_has_the_rights_that_new_files_have(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    path = tmp_path / "open" / "triage.csv"
    before = os.umask(0o027)
    try:
        with atomic_writer(str(path)) as file:
            file.write("new")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_is_no_more_open_than_its_folder(tmp_path):
    (tmp_path / "own").mkdir(mode=0o700)
    with atomic_writer(str(tmp_path / "own" / "triage.csv")) as file:
        file.write("new")
    assert (tmp_path / "own" / "triage.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("planted", ["triage.csv", "triage.csv.part"])
def test_a_planted_link_is_replaced_and_what_it_leads_to_stays(tmp_path, planted):
    (tmp_path / "precious").write_text("old")
    (tmp_path / planted).symlink_to(tmp_path / "precious")
    with atomic_writer(str(tmp_path / "triage.csv")) as file:
        file.write("new")
    assert (tmp_path / "precious").read_text() == "old"
    assert not (tmp_path / "triage.csv").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["precious", "triage.csv"]


def test_file_and_folder_are_on_disk_before_the_writer_is_done(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def remember(descriptor):
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", remember)
    with atomic_writer(str(tmp_path / "triage.csv")) as file:
        file.write("new")
    assert synced == [False, True]


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_second_name_holds_the_same_whether_there_are_hard_links_or_not(tmp_path, monkeypatch, hard_links):
    def unsupported(*_):
        raise OSError(95, "Operation not supported")

    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"film")
    if not hard_links:
        monkeypatch.setattr(os, "link", unsupported)
    second_name(str(first), str(second))
    assert second.read_bytes() == b"film"
    assert first.samefile(second) is hard_links
    with pytest.raises(FileExistsError):
        second_name(str(first), str(second))
