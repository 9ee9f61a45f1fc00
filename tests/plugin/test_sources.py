"""Files of any place: found once each, whatever the place does, and none of its errors or credentials written down."""

import io

import pytest
from films import film, png

from xrayscan import Code, DecodeError, Fetched, ScanSettings, Source, UsageError, in_threads, scan
from xrayscan.plugin import sources
from xrayscan.plugin.sources import discover, finds_nothing, read_file
from xrayscan.sources.path_list import fingerprint, read_list
from xrayscan.store.record import Status

FILM = png(film(96, 80))
HERE = ScanSettings(workers=0)  # without reader processes, which would load plugins of their own


class Shelf:
    """A place in memory; what `files` holds under an address is its content, or the error that listing it raises."""

    name = "shelf"

    def __init__(self, *names, **contents):
        self.files = {f"shelf://{name}": FILM for name in names}
        self.files |= {f"shelf://{name}": content for name, content in contents.items()}
        self.asked = []

    def find(self, addresses, search):
        self.asked.append(list(addresses))
        for address in self.asked[-1]:
            for path, content in self.files.items():
                if path == address or path.startswith(address.rstrip("/") + "/"):
                    if isinstance(content, Exception):
                        raise content
                    yield Source.from_tag(path, len(content), tag=str(hash(content)))

    def open(self, address):
        if isinstance(self.files[address], Exception):
            raise self.files[address]
        return Fetched(self.files[address])


@pytest.fixture
def shelf(monkeypatch):
    def put(*names, **contents):
        place = Shelf(*names, **contents)
        monkeypatch.setattr(sources, "installed_sources", lambda: {"shelf": place})
        return place

    return put


def found(*paths, **asked):
    listed = list(discover(paths, **asked))
    assert len({source.path for source in listed}) == len(listed)
    return {source.path: source.reason for source in listed}


def test_files_of_places_are_found_beside_those_of_folders(shelf, tmp_path):
    shelf("ward/a.png", "ward/b.png")
    (tmp_path / "c.png").write_bytes(FILM)
    assert found("shelf://ward", str(tmp_path)) == dict.fromkeys(
        ["shelf://ward/a.png", "shelf://ward/b.png", str(tmp_path / "c.png")]
    )


def test_whether_anything_is_to_be_found_is_told_without_asking_a_place(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "ward").mkdir()
    (tmp_path / "ward" / "a.png").write_bytes(b"a")
    monkeypatch.setattr(sources, "installed_sources", lambda: pytest.fail("a place was asked"))
    empty, ward = str(tmp_path / "empty"), str(tmp_path / "ward")
    assert finds_nothing([empty])
    assert not finds_nothing([empty, ward])
    assert not finds_nothing([empty, "shelf://ward"])


def test_an_address_named_twice_or_below_another_is_found_once(shelf):
    place = shelf("ward/a.png", "ward/deep/b.png")
    named = ("shelf://ward", "SHELF://ward", "shelf://ward/deep/", "shelf://ward/a.png", "shelf://ward/absent.png")
    assert found(*named) == {
        "shelf://ward/a.png": None,
        "shelf://ward/deep/b.png": None,
        "shelf://ward/absent.png": sources.NOTHING,
    }
    assert place.asked == [["shelf://ward"], ["shelf://ward/absent.png"]]


def test_hidden_names_exclusions_and_archives_are_seen_to_below_an_address(shelf):
    shelf("w/.cache/a.png", "w/@eaDir/b.png", "w/old/c.png", "w/d-thumb.png", "w/e.zip", "w/f.png")
    reasons = found("shelf://w", exclude=["old/", "*-thumb.png"])
    assert reasons.pop("shelf://w/f.png") is None
    assert [reason.split()[0] for reason in reasons.values()] == ["file", "file", "excluded", "excluded", "archive"]
    assert "not opened" in found("shelf://w/e.zip", archives=False)["shelf://w/e.zip"]
    assert found("shelf://w/.cache/a.png") == {"shelf://w/.cache/a.png": None}, "it was named itself"


def test_a_place_that_breaks_off_costs_what_it_had_not_listed(shelf):
    shelf("a", b=RuntimeError("secret of shelf://b"), c=FILM)
    reasons = found("shelf://a", "shelf://b", "shelf://c")
    assert reasons["shelf://a"] is None
    assert reasons["shelf://b"] == reasons["shelf://c"] == "the listing broke off: RuntimeError in source shelf"


def test_a_listing_that_breaks_off_behind_its_first_files_is_told(shelf):
    shelf("w/a", **{"w/b": RuntimeError("no")})
    assert set(found("shelf://w")) == {"shelf://w", "shelf://w/a"}


def test_a_place_that_cannot_be_used_at_all_ends_the_scan(shelf):
    shelf(a=UsageError("shelf:// needs a ladder"))
    with pytest.raises(UsageError, match="ladder"):
        found("shelf://a")


def test_an_address_that_no_plugin_reads_is_one_record(shelf):
    shelf()
    (source,) = discover(["other://a"])
    assert (source.code, source.reason) == (Code.BAD_ADDRESS, "no plugin reads other:// addresses")
    with pytest.raises(DecodeError, match="no plugin reads"):
        read_file("other://a")


@pytest.mark.parametrize(
    "address",
    [
        "shelf://me:hunter2@host/a.png",
        "shelf://hunter2@host/a.png",
        "shelf://host/a.png?X-Amz-Algorithm=x&X-Amz-Signature=hunter2",
        "shelf://host/a.png?sv=1&sig=hunter2",
        "shelf://host/a.png?access_token=hunter2",
    ],
)
def test_credentials_in_an_address_are_refused_and_written_nowhere(address, shelf, tmp_path):
    shelf()
    with scan([address, f"{address}2"], out=tmp_path / "run", settings=HERE) as worklist:
        assert worklist.counts.failed == worklist.counts.found == 2
        assert {row.code for row in worklist.unscored(Status.FAILED)} == {"bad-address"}
    assert b"hunter2" not in (tmp_path / "run" / "scan.sqlite").read_bytes()


def test_a_query_without_secrets_is_part_of_the_address(shelf):
    shelf("host/wado?objectUID=1.2&contentType=a", "host/wado?objectUID=1.3&contentType=a")
    assert len(found("shelf://host/wado?objectUID=1.2&contentType=a")) == 1


@pytest.mark.parametrize(
    ("content", "code", "reason"),
    [
        (RuntimeError("secret of shelf://a"), Code.UNREADABLE, "not read: RuntimeError in source shelf"),
        (ConnectionError("secret of shelf://a"), Code.UNREADABLE, "unreadable"),
        (DecodeError(Code.NOT_PERMITTED, "no right"), Code.NOT_PERMITTED, "no right"),
    ],
)
def test_what_goes_wrong_in_reading_is_told_in_our_words(content, code, reason, shelf):
    shelf(a=content)
    with pytest.raises(DecodeError) as raised:
        read_file("shelf://a")
    assert (raised.value.code, str(raised.value)) == (code, reason)


def test_fewer_bytes_than_announced_are_never_scored(shelf, monkeypatch):
    shelf("a.png")
    monkeypatch.setattr(Fetched, "size", property(lambda file: len(file.content) + 1))
    with pytest.raises(DecodeError) as raised:
        read_file("shelf://a.png")
    assert raised.value.code is Code.TRUNCATED


def test_a_scan_reads_addresses_once_and_again_only_where_they_changed(shelf, tmp_path):
    place = shelf("w/a.png", "w/b.png")
    with scan("shelf://w", out=tmp_path / "run", settings=HERE) as worklist:
        assert worklist.counts.scored == 2
    place.files["shelf://w/b.png"] = png(film(96, 88))
    opened = []
    place.open = lambda address: opened.append(address) or Fetched(place.files[address])
    with scan("shelf://w", out=tmp_path / "run", settings=HERE) as worklist:
        assert (worklist.counts.scored, worklist.counts.kept) == (2, 1)
    assert set(opened) <= {"shelf://w/b.png"}


def test_a_list_of_addresses_is_read_as_one_of_paths(shelf):
    lines = b"shelf://a\r\n 'shelf://b' \n\nshelf://../../../../..\n/tmp/x\n"
    assert list(read_list(io.BytesIO(lines))) == ["shelf://a", "shelf://b", "shelf://../../../../..", "/tmp/x"]


def test_a_scan_of_addresses_is_the_same_one_from_any_folder(tmp_path, monkeypatch):
    before = fingerprint(["shelf://a//b"])
    monkeypatch.chdir(tmp_path)
    assert fingerprint(["shelf://a//b"]) == before != fingerprint(["shelf://a/b"])


def test_addresses_are_listed_several_at_a_time_and_each_error_is_a_record():
    def find(address):
        if address == "x://2":
            raise PermissionError(13, "secret")
        if address == "x://3":
            yield Source(address + "/1", address + "/1")
            raise DecodeError(Code.NOT_FOUND, "gone")
        yield Source(address, address)

    listed = {source.path: source.reason for source in in_threads(find, [f"x://{n}" for n in range(50)])}
    assert len(listed) == 51
    assert (listed["x://2"], listed["x://3"], listed["x://3/1"]) == ("Permission denied", "gone", None)


def test_an_error_that_is_no_files_ends_the_listing():
    def find(address):
        raise UsageError("no ladder")

    with pytest.raises(UsageError, match="no ladder"):
        list(in_threads(find, ["x://1", "x://2"]))


def test_a_listing_that_is_not_drawn_to_its_end_lets_go_of_its_threads():
    import threading

    def find(address):
        yield from (Source(f"{address}/{n}", f"{address}/{n}") for n in range(10_000))

    before = threading.active_count()
    listing = in_threads(find, ["x://1", "x://2"])
    next(listing)
    threads = [thread for thread in threading.enumerate() if thread.name.endswith("(work)")]
    listing.close()
    for thread in threads:
        thread.join(5)
    assert threading.active_count() <= before
