"""A list of paths says what it means, whoever wrote it, and never walks what was not meant."""

import io
import os

import films
import pytest

from xrayscan.errors import Code, UsageError
from xrayscan.sources.path_list import fingerprint, read_list
from xrayscan.sources.source import Source

NAMES = ["ward/a.dcm", "ward/b c.png", "/data/films/Müller.jpeg", "x.dcm"]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


def listed(data):
    return list(read_list(io.BytesIO(data)))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_a_list_is_read_in_the_encoding_it_is_in(encoding, end, last):
    text = end.join(NAMES) + end * last
    assert listed(text.encode(encoding)) == NAMES


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_big_endian_list_and_its_mark_are_told_apart(encoding):
    assert listed(("\ufeff" + "\r\n".join(NAMES)).encode(encoding)) == NAMES


def test_a_list_that_arrives_byte_by_byte_is_read_as_one_that_is_there():
    class Trickle(io.BytesIO):
        def read1(self, size=-1):
            return super().read(1)

    for encoding in ENCODINGS:
        assert list(read_list(Trickle("\r\n".join(NAMES).encode(encoding)))) == NAMES


def broad():
    home = os.path.expanduser("~")
    return ["/", "//", "/.", "/tmp/..", "./" + os.path.relpath("/"), home, home + "/", os.path.dirname(home)]


@pytest.mark.skipif(os.name == "nt", reason="the roots of POSIX")
@pytest.mark.parametrize("name", broad())
def test_a_root_or_a_home_folder_in_a_list_is_not_walked(name):
    for data in (f"a.png\n{name}\n".encode(), f"a.png\0{name}\0".encode(), f"a.png\r\n{name}\r\n".encode("utf-16")):
        first, second = listed(data)
        assert first == "a.png"
        assert isinstance(second, Source)
        assert second.code == Code.TOO_BROAD


def test_a_link_to_a_root_in_a_list_is_not_walked_either(tmp_path):
    (tmp_path / "films").symlink_to("/")
    (source,) = listed(os.fsencode(tmp_path / "films"))
    assert source.code == Code.TOO_BROAD


def test_signs_that_only_a_shell_expands_are_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert listed(b"~\n$HOME\n*\n") == ["~", "$HOME", "*"]


def test_quotes_and_blanks_belong_to_a_name_only_where_there_is_such_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png ", "'c.png'"):
        (tmp_path / name).touch()
    lines = b"\"a.png\"\n'a.png'\na.png  \nb.png \n'c.png'\n\"gone.png\"\n"
    assert listed(lines) == ["a.png", "a.png", "a.png", "b.png ", "'c.png'", '"gone.png"']


def test_the_same_paths_are_the_same_inputs_however_they_are_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fingerprint(["a", "b/"]) == fingerprint([os.fspath(tmp_path / "b"), "./a", "a"])
    assert fingerprint(["a"]) != fingerprint(["b"])


@pytest.mark.parametrize("data", [films.png(), films.jpeg(), films.dicom(), films.tiff(), b"PK\x03\x04", b"%PDF-1.7"])
def test_a_film_is_no_list(data):
    with pytest.raises(UsageError, match="no list of paths"):
        listed(data)
