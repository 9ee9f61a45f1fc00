import zipfile

import pytest

from xrayscan import UsageError
from xrayscan.errors import Code, Status
from xrayscan.sources.folders import discover

FILES = ("a.dcm", "a-thumb.png", "old/b.dcm", "ward/old/c.dcm", "ward/keep-thumb.png", "ward/d.dcm")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        path = tmp_path / "old share" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"film")
    return tmp_path


def left(*patterns, paths=("old share",)):
    """What is still read, and what is left out, below the folder."""
    sources = list(discover(paths, exclude=patterns))
    assert {source.code for source in sources} <= {None, Code.EXCLUDED}
    assert all(source.status is Status.SKIPPED for source in sources if source.code)
    names = {source.source.removeprefix("old share/"): source.code for source in sources}
    return {name for name, code in names.items() if not code}, {name for name, code in names.items() if code}


@pytest.mark.parametrize(
    ("patterns", "excluded"),
    [
        ((), set()),
        (("*-thumb.png",), {"a-thumb.png", "ward/keep-thumb.png"}),
        (("*-thumb.png", "!keep-*"), {"a-thumb.png"}),  # the last pattern that matches counts
        (("old/",), {"old", "ward/old"}),  # folders of that name, each one record; not the folder that was named
        (("/old",), {"old"}),  # at the top only
        (("ward/*.dcm",), {"ward/d.dcm"}),
        (("**/c.dcm",), {"ward/old/c.dcm"}),
        (("*.dcm", "# a comment", ""), {"a.dcm", "old/b.dcm", "ward/old/c.dcm", "ward/d.dcm"}),
    ],
)
def test_patterns_mean_what_they_mean_to_git_below_the_folder_that_was_named(patterns, excluded):
    read, out = left(*patterns)
    assert out == excluded
    assert read == {name for name in FILES if not any(name == one or name.startswith(f"{one}/") for one in excluded)}


def test_a_file_that_is_named_is_matched_by_its_name():
    assert left("*.png", paths=("old share/a-thumb.png", "old share/a.dcm")) == ({"a.dcm"}, {"a-thumb.png"})
    assert left("old*", paths=("old share/a.dcm",)) == ({"a.dcm"}, set())


def test_links_and_members_of_archives_are_matched_too(here):
    (here / "old share" / "z").symlink_to(here / "elsewhere")
    (here / "elsewhere").mkdir()
    (here / "elsewhere" / "e.dcm").write_bytes(b"film")
    with zipfile.ZipFile(here / "old share" / "w.zip", "w") as archive:
        for name in ("study/f.dcm", "study/g-thumb.png"):
            archive.writestr(name, b"film")
    _, out = left("*-thumb.png", "z", "w.zip/study/f*")
    assert out == {"a-thumb.png", "ward/keep-thumb.png", "z", "w.zip!/study/f.dcm", "w.zip!/study/g-thumb.png"}
    assert left("w.zip")[1] == {"w.zip"}
    assert left("/study/f*", paths=("old share/w.zip",)) == ({"w.zip!/study/g-thumb.png"}, {"w.zip!/study/f.dcm"})


def test_what_is_no_pattern_is_refused():
    with pytest.raises(UsageError, match="gitignore"):
        list(discover(["old share"], exclude=["!"]))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("@eaDir", "folder of thumbnails"),
        (".thumbnails", "folder of thumbnails"),
        (".AppleDouble", "folder of thumbnails"),
        ("#recycle", "recycle bin"),
        ("@Recycle", "recycle bin"),
        ("$RECYCLE.BIN", "recycle bin"),
        (".Trash-1000", "recycle bin"),
        (".Trashes", "recycle bin"),
        ("System Volume Information", "system folder"),
        ("lost+found", "system folder"),
        (".git", "hidden folder"),
    ],
)
def test_what_storage_puts_beside_films_is_skipped_with_its_reason(here, name, reason):
    (here / "in" / name).mkdir(parents=True)
    (here / "in" / name / "x.dcm").write_bytes(b"film")
    (here / "in" / "a.dcm").write_bytes(b"film")
    reasons = {source.source: source.reason for source in discover(["in"])}
    assert reasons == {"in/a.dcm": None, f"in/{name}": reason}
    with zipfile.ZipFile(here / "in.zip", "w") as archive:
        archive.writestr(f"{name}/x.dcm", b"film")
    assert [source.reason for source in discover(["in.zip"])] == [f"file of a {reason}"]


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini", "ehthumbs.db", ".DS_Store", "._a.dcm"])
def test_files_of_systems_are_skipped(here, name):
    (here / "in").mkdir()
    (here / "in" / name).write_bytes(b"film")
    assert [source.code for source in discover(["in"])] == [Code.HIDDEN]
