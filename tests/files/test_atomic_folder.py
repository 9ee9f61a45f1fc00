"""A folder of files is complete or not there, and what it has already need not be made again."""

import os

import pytest

from xrayscan import OutputError, atomic_folder


def written(path, **files):
    with atomic_folder(str(path)) as folder:
        for name, content in files.items():
            folder.add(name, content)


def contents(path):
    return {one.name: one.read_bytes() for one in path.iterdir()}


def test_it_replaces_an_older_one_and_keeps_what_is_taken_over(tmp_path):
    written(tmp_path / "out", a=b"1", b=b"2", c=b"3")
    with atomic_folder(str(tmp_path / "out")) as folder:
        assert folder.keep("a")
        assert not folder.keep("absent")
        folder.add("b", b"new")
        assert contents(tmp_path / "out") == {"a": b"1", "b": b"2", "c": b"3"}  # until the new one is whole
    assert contents(tmp_path / "out") == {"a": b"1", "b": b"new"}
    assert os.listdir(tmp_path) == ["out"]


def test_an_error_leaves_the_older_one_as_it_was(tmp_path):
    written(tmp_path / "out", a=b"1")
    with pytest.raises(TypeError):
        written(tmp_path / "out", a=b"half", b="no bytes")
    assert contents(tmp_path / "out") == {"a": b"1"}
    assert os.listdir(tmp_path) == ["out"]


def test_what_a_killed_process_left_is_removed(tmp_path):
    for name in ("out.part", "out.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rest").write_bytes(b"x")
    written(tmp_path / "out", a=b"1")
    assert contents(tmp_path / "out") == {"a": b"1"}
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("name", ["out", "out.part", "out.old"])
def test_a_link_of_its_name_is_replaced_and_not_followed(tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_bytes(b"theirs")
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    written(tmp_path / "out", b=b"1")
    assert contents(tmp_path / "out") == {"b": b"1"}
    assert contents(tmp_path / "elsewhere") == {"a": b"theirs"}


def test_a_link_within_an_older_one_is_not_taken_over(tmp_path):
    written(tmp_path / "out", a=b"1")
    (tmp_path / "secret").write_bytes(b"theirs")
    (tmp_path / "out" / "b").symlink_to(tmp_path / "secret")
    with atomic_folder(str(tmp_path / "out")) as folder:
        assert not folder.keep("b")
    assert contents(tmp_path / "out") == {}


def test_it_is_open_to_whom_its_parent_is(tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    written(tmp_path / "run" / "out", a=b"1")
    assert (tmp_path / "run" / "out").stat().st_mode & 0o077 == 0
    assert (tmp_path / "run" / "out" / "a").stat().st_mode & 0o077 == 0


def test_where_it_cannot_be_written_it_says_so(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        written(tmp_path / "absent" / "out", a=b"1")
