import errno
import io
import os
import socket
import subprocess
import sys

import pytest

from xrayscan.errors import Code, DecodeError, Status
from xrayscan.sources import folders as module
from xrayscan.sources.folders import discover, subfolders
from xrayscan.sources.path_list import read_list
from xrayscan.sources.reading import read_file, read_head
from xrayscan.sources.source import Source


def touch(path, content=b"film"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def found(*paths):
    """Every source, by its name below the current folder; asserts that no path came twice."""
    sources = list(discover(map(str, paths)))
    assert len({source.path for source in sources}) == len(sources)
    return {source.source: source for source in sources}


def candidates(*paths):
    return sorted(name for name, source in found(*paths).items() if source.reason is None)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def skipped(sources):
    return {name: source.reason for name, source in sources.items() if source.status is Status.SKIPPED}


def test_a_source_is_the_path_as_given_plus_what_lies_below_it(here):
    file = touch(here / "in" / "deep" / "a.dcm", b"12345")
    os.utime(file, ns=(1, 1_600_000_000_123_456_789))
    [found] = discover(["in"])
    status = file.stat()
    assert found == Source.from_status("in/deep/a.dcm", str(file), status)
    assert (found.size, found.mtime_ns) == (5, 1_600_000_000_123_456_789)
    assert (found.ctime_ns, found.device, found.inode) == (status.st_ctime_ns, status.st_dev, status.st_ino)
    assert candidates("in/") == ["in/deep/a.dcm"]
    assert candidates("./in/deep") == ["./in/deep/a.dcm"]
    assert candidates(here / "in") == [f"{here}/in/deep/a.dcm"]
    assert candidates("in/deep/a.dcm") == ["in/deep/a.dcm"]


def test_a_flat_folder_starts_yielding_before_it_is_listed(here, monkeypatch):
    folder = here / "flat"
    folder.mkdir()
    real, listed = os.scandir, 0

    class Counting:
        def __init__(self, path):
            self._entries = real(path)
            self._entry = next(self._entries)

        def __iter__(self):
            nonlocal listed
            for _ in range(50_000):
                listed += 1
                yield self._entry

        def close(self):
            self._entries.close()

    touch(folder / "a.dcm")
    monkeypatch.setattr(module.os, "scandir", Counting)
    walk = discover(["flat"])
    next(walk)
    assert listed == 1
    assert sum(1 for _ in walk) == 49_999


def test_a_tree_of_many_folders_starts_yielding_before_they_are_listed(here, monkeypatch):
    for number in range(50):
        touch(here / "tree" / str(number) / "a.dcm")
    entered = []
    real = os.scandir
    monkeypatch.setattr(module.os, "scandir", lambda path: entered.append(path) or real(path))
    walk = discover(["tree"])
    next(walk)
    assert len(entered) == 2
    assert sum(1 for _ in walk) == 49


@pytest.fixture
def deep_tree(here):
    """A file below 1,100 folders, named ``d`` each: more than Python recurses. pytest itself could not remove it."""
    limit = sys.getrecursionlimit()  # which torch's compiler raises for the whole process
    sys.setrecursionlimit(1000)
    for _ in range(1100):
        os.mkdir("d")
        os.chdir("d")
    os.close(os.open("a.dcm", os.O_CREAT))
    os.chdir(here)
    yield "d/" * 1100 + "a.dcm"
    sys.setrecursionlimit(limit)
    subprocess.run(["rm", "-rf", here / "d"], check=True)


def test_a_tree_deeper_than_the_recursion_limit_and_the_file_handles_is_walked(here, deep_tree, monkeypatch):
    monkeypatch.setattr(module, "OPEN_FOLDERS", 4)
    touch(here / "d" / "d" / "beside" / "b.dcm")
    assert candidates("d") == sorted([deep_tree, "d/d/beside/b.dcm"])


def test_an_abandoned_walk_closes_its_folders(here):
    touch(here / "in" / "deep" / "a.dcm")
    walk = discover(["in"])
    next(walk)
    walk.close()  # an open folder would warn, and warnings are errors here


def test_hidden_and_system_files_are_ignored_and_hidden_folders_are_not_entered(here):
    for name in (".hidden.dcm", ".DS_Store", "Thumbs.db", "desktop.ini", ".git/a.dcm", "a.dcm"):
        touch(here / "in" / name)
    sources = found("in")
    assert candidates("in") == ["in/a.dcm"]
    assert skipped(sources) == {
        "in/.hidden.dcm": "hidden file",
        "in/.DS_Store": "hidden file",
        "in/Thumbs.db": "system file",
        "in/desktop.ini": "system file",
        "in/.git": "hidden folder",
    }


def test_what_is_hidden_is_a_candidate_when_it_is_named(here):
    touch(here / "in" / ".hidden.dcm")
    touch(here / "in" / ".folder" / "a.dcm")
    assert candidates("in/.hidden.dcm", "in/.folder") == ["in/.folder/a.dcm", "in/.hidden.dcm"]
    assert candidates("in/.hidden.dcm", "in/.folder", "in") == ["in/.folder/a.dcm", "in/.hidden.dcm"]


def test_pipes_sockets_and_devices_are_failures_and_never_opened(here):
    os.mkfifo(here / "x.dcm")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("s.dcm")
        sources = found(here, "/dev/null")
    assert sources[f"{here}/x.dcm"].reason == "named pipe, not a regular file"
    assert sources[f"{here}/s.dcm"].reason == "socket, not a regular file"
    assert sources["/dev/null"].reason == "device, not a regular file"
    assert not any(source.status is Status.SKIPPED for source in sources.values())


def test_broken_links_are_failures(here):
    os.symlink("loop", "loop")
    os.symlink("nowhere", "dangling")
    os.symlink("a.dcm/b", "through")
    touch(here / "a.dcm")
    reasons = {name: (source.reason, source.status) for name, source in found(".").items()}
    assert reasons == {
        "./a.dcm": (None, Status.FAILED),
        "./loop": ("link loop", Status.FAILED),
        "./dangling": ("dangling link", Status.FAILED),
        "./through": ("dangling link", Status.FAILED),
    }


def test_links_that_loop_are_no_folders_of_labels(here):
    os.makedirs("labelled/NORMAL")
    os.symlink("loop", "labelled/loop")
    os.symlink("NORMAL", "labelled/PNEUMONIA")
    assert subfolders("labelled") == ["NORMAL", "PNEUMONIA"]


def test_a_path_that_does_not_exist_is_a_failure():
    assert found("nowhere.dcm")["nowhere.dcm"].reason == "no such file or folder"


def test_a_link_back_is_ignored_and_its_target_scanned_once(here):
    touch(here / "in" / "a.dcm")
    touch(here / "in" / "deep" / "b.dcm")
    os.symlink("..", "in/deep/up")
    os.symlink("deep", "in/across")
    os.symlink("a.dcm", "in/0.dcm")
    sources = found("in")
    assert candidates("in") == ["in/a.dcm", "in/deep/b.dcm"]
    assert skipped(sources) == {
        "in/deep/up": "leads back to a folder already found",
        "in/across": "leads back to a folder already found",
        "in/0.dcm": "another name of a file already found",
    }


def test_links_to_what_lies_elsewhere_are_followed(here):
    touch(here / "far" / "a.dcm")
    touch(here / "far" / "deep" / "b.dcm")
    touch(here / "single.dcm")
    (here / "in").mkdir()
    os.symlink("../far", "in/folder")
    os.symlink("../single.dcm", "in/file")
    assert candidates("in") == ["in/file", "in/folder/a.dcm", "in/folder/deep/b.dcm"]


def test_which_of_two_links_counts_depends_on_their_names_alone(here, monkeypatch):
    touch(here / "far" / "a.dcm")
    touch(here / "in" / "c.dcm")
    for name in ("z", "m", "b"):
        os.symlink("../far/a.dcm", f"in/{name}")
    os.symlink("../far", "in/x")
    expected = found("in")
    real = os.scandir

    class Backwards:
        def __init__(self, path):
            with real(path) as entries:
                self._entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __iter__(self):
            return iter(self._entries)

        def close(self):
            pass

    monkeypatch.setattr(module.os, "scandir", Backwards)
    assert found("in") == expected
    assert candidates("in") == ["in/b", "in/c.dcm"]


def test_links_found_in_linked_folders_come_after_them(here):
    touch(here / "far" / "a.dcm")
    touch(here / "farther" / "b.dcm")
    os.symlink("../farther", "far/link")
    os.symlink("../in", "farther/back")
    (here / "in").mkdir()
    os.symlink("../far", "in/link")
    assert candidates("in") == ["in/link/a.dcm", "in/link/link/b.dcm"]
    assert found("in")["in/link/link/back"].status is Status.SKIPPED


def test_a_link_to_a_hidden_file_or_into_a_hidden_folder_is_followed(here):
    touch(here / "in" / ".objects" / "1f")
    touch(here / "in" / ".cache.dcm")
    os.symlink(".objects/1f", "in/a.dcm")
    os.symlink(".cache.dcm", "in/b.dcm")
    assert candidates("in") == ["in/a.dcm", "in/b.dcm"]


def test_a_link_named_as_an_argument_is_followed_but_gives_way_to_the_real_folder(here):
    touch(here / "real" / "a.dcm")
    os.symlink("real", "link")
    assert candidates("link") == ["link/a.dcm"]
    assert candidates("link", "real") == ["real/a.dcm"]


@pytest.mark.parametrize(
    "paths",
    [
        ("in", "in/deep/a.dcm"),
        ("in/deep/a.dcm", "in"),
        ("in/deep", "in"),
        ("in", "in/deep"),
        ("in", "in", "./in/"),
        ("in/deep/a.dcm", "in/deep/../deep/a.dcm", "in"),
    ],
)
def test_overlapping_arguments_find_a_file_once(here, paths):
    touch(here / "in" / "deep" / "a.dcm")
    assert len(found(*paths)) == 1


def test_a_file_named_through_a_linked_folder_is_scanned_once(here):
    touch(here / "real" / "a.dcm")
    os.symlink("real", "link")
    assert candidates("link/a.dcm", "real") == ["link/a.dcm"]
    assert candidates("real", "link/a.dcm") == ["real/a.dcm"]


def test_the_parent_of_a_link_is_where_the_link_leads(here):
    touch(here / "far" / "a.dcm")
    (here / "far" / "deep").mkdir()
    os.symlink("far/deep", "link")
    assert found("link/../a.dcm")["link/../a.dcm"].path == str(here / "far" / "a.dcm")


def test_hard_links_are_files_of_their_own(here):
    touch(here / "in" / "a.dcm")
    os.link("in/a.dcm", "in/b.dcm")
    assert len(candidates("in")) == 2


def test_names_that_are_no_text_or_look_dangerous_are_found(here):
    (here / "in").mkdir()
    names = [b"\xff\xfe.dcm", b"new\nline.png", "\u202egnp.x".encode(), "🫁.jpeg".encode(), b"-rf"]
    for name in names:
        os.close(os.open(b"in/" + name, os.O_CREAT))
    assert sorted(map(os.fsencode, found("in"))) == sorted(b"in/" + name for name in names)


def test_an_unreadable_folder_is_a_failure_and_its_neighbours_are_found(here, monkeypatch):
    touch(here / "in" / "closed" / "a.dcm")
    touch(here / "in" / "open" / "b.dcm")
    os.symlink("in/closed/a.dcm", "way.dcm")
    real = os.scandir

    def scandir(path):
        if path.endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(module.os, "scandir", scandir)
    sources = found("in", "way.dcm")
    assert sources["in/closed"].reason == "unreadable folder: Permission denied"
    assert sources["in/open/b.dcm"].reason is None
    assert sources["way.dcm"].reason is None  # nobody has found its target yet


def test_a_folder_that_fails_midway_keeps_what_it_gave(here, monkeypatch):
    touch(here / "in" / "a.dcm")
    real = os.scandir

    class Failing:
        def __init__(self, path):
            self._entries = real(path)

        def __iter__(self):
            yield from self._entries
            raise OSError(errno.EIO, "Input/output error")

        def close(self):
            self._entries.close()

    monkeypatch.setattr(module.os, "scandir", Failing)
    sources = found("in")
    assert sources["in"].reason == "unreadable folder: Input/output error"
    assert sources["in/a.dcm"].reason is None


def test_a_file_that_vanishes_after_it_was_listed_is_a_failure(here):
    touch(here / "in" / "a.dcm")
    touch(here / "in" / "b.dcm")
    walk = discover(["in"])
    first = next(walk)
    for name in ("a.dcm", "b.dcm"):
        os.unlink(f"in/{name}")
    (second,) = walk
    assert first.reason is None
    assert second.reason == "file vanished during the scan"


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"a.dcm\nb c.dcm\n", ["a.dcm", "b c.dcm"]),
        (b"a.dcm\r\n\r\nb.dcm", ["a.dcm", "b.dcm"]),
        (b"\xef\xbb\xbfa.dcm\n", ["a.dcm"]),
        (b"new\nline.dcm\0b\r\0\0", ["new\nline.dcm", "b\r"]),
        (b"\xff.dcm\n", ["\udcff.dcm"]),
        (b"", []),
        (b"x" * 5000 + b"\n" + b"y" * 70_000, ["x" * 5000, "y" * 70_000]),
        (b"ab\0" * 50_000, ["ab"] * 50_000),
    ],
)
def test_a_list_of_paths_is_separated_by_newlines_or_nul(content, names):
    assert list(read_list(io.BytesIO(content))) == names


def test_a_long_list_is_read_as_it_arrives():
    stream = io.BytesIO(b"a.dcm\n" * 1_000_000)
    assert next(read_list(stream)) == "a.dcm"
    assert stream.tell() < 200_000


def test_a_regular_file_is_read_whole(here):
    content = os.urandom(10_000)
    touch(here / "a.dcm", content)
    heads = []
    assert read_file("a.dcm", heads.append) == content
    assert heads == [content[:4096]]
    assert read_file("a.dcm") == content
    assert read_head("a.dcm") == content[:4096]


def test_a_foreign_file_is_refused_before_it_is_read(here):
    def refuse(head):
        raise DecodeError(Code.NOT_AN_IMAGE, "a ZIP archive")

    with open("big.zip", "wb") as file:
        file.truncate(20 << 30)
    with pytest.raises(DecodeError, match=r"^a ZIP archive$") as caught:
        read_file("big.zip", head_ok=refuse)
    assert caught.value.status is Status.SKIPPED
    with pytest.raises(DecodeError, match=r"^larger than 512 MB \(--max-file-size\)$"):
        read_file("big.zip")


@pytest.mark.parametrize("read", [read_file, read_head])
def test_only_regular_files_are_read_and_reasons_name_no_path(here, read):
    os.mkfifo("pipe.dcm")
    with pytest.raises(DecodeError, match=r"^not a regular file$"):
        read("pipe.dcm")
    with pytest.raises(DecodeError, match=r"^Is a directory$"):
        read(str(here))
    with pytest.raises(DecodeError, match=r"^No such file or directory$"):
        read("nowhere.dcm")


def test_a_file_that_does_not_fit_into_memory_is_a_reason(here):
    def exhaust(head):
        raise MemoryError

    touch(here / "a.dcm")
    with pytest.raises(DecodeError, match="too large for the memory"):
        read_file("a.dcm", exhaust)


@pytest.mark.parametrize("name", ["", "a\0.png", "a" * 300])
def test_a_name_that_no_file_can_have_is_one_record_and_not_the_working_folder(here, name):
    touch(here / "a.png")
    assert {source: one.code for source, one in found(name, "a.png").items()} == {name: Code.NOT_FOUND, "a.png": None}
