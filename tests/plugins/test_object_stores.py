"""Films in object stores, read from a server on loopback as from a folder, however the server behaves."""

import csv

import pytest
from command_line import xrayscan
from films import film, png
from object_server import CUT, FILM, SLOW

from xrayscan import Code, DecodeError, ScanSettings, Search, UsageError, scan, write_reports
from xrayscan.plugin.sources import discover, read_file
from xrayscan.store.record import Status
from xrayscan.testing.source import CLAUSES, SourceSubject

pytest.importorskip("botocore", reason="botocore is not installed: pip install 'xrayscan[cloud]'")
pytest.importorskip("obstore", reason="obstore is not installed: pip install 'xrayscan[cloud]'")

from xrayscan_plugins.object_stores import S3, Obstore

OTHER = png(film(96, 88))
ODD = (
    "../x.png",
    "a//b.png",
    "./c.png",
    "line\nbreak.png",
    "sp ace+%20?#é.png",
    "-rf.png",
    "d.png/e.png",
    "d.png",
    "..",
)
HERE = ScanSettings(workers=0)


def listed(*addresses):
    return {found.path: (found.code, found.reason) for found in discover(addresses)}


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.__name__.removeprefix("check_"))
def test_s3_keeps_the_contract(clause, serve):
    serve("ward/a.png", "ward/deep/b.png", "elsewhere/c.png", **{"ward/deep/d.png": OTHER})
    files = {f"s3://films/ward/{name}": FILM for name in ("a.png", "deep/b.png")} | {
        "s3://films/ward/deep/d.png": OTHER
    }
    clause(SourceSubject(S3(), "s3://films/ward", files, "s3://films/ward/absent.png"))


@pytest.mark.parametrize("clause", [one for one in CLAUSES if one.__name__ != "check_registration"])
def test_google_and_azure_keep_it_through_obstore(clause, monkeypatch):
    from obstore.store import MemoryStore

    store = MemoryStore()
    for key in ("ward/a.png", "ward/deep/b.png"):
        store.put(key, FILM)
    place = Obstore("gs")
    monkeypatch.setattr(place, "_client", lambda bucket: store)
    files = {f"gs://films/ward/{name}": FILM for name in ("a.png", "deep/b.png")}
    clause(SourceSubject(place, "gs://films/ward", files, "gs://films/ward/absent.png"))


def test_odd_keys_are_films_like_any_other(serve):
    serve(*ODD)
    assert listed("s3://films") == dict.fromkeys((f"s3://films/{key}" for key in ODD), (None, None))
    for key in ODD:
        assert read_file(f"s3://films/{key}") == FILM
        assert list(listed(f"s3://films/{key}")) == [f"s3://films/{key}"]


def test_odd_keys_come_through_a_scan_and_its_reports(serve, tmp_path):
    serve(*ODD)
    with scan("s3://films", out=tmp_path, settings=HERE) as worklist:
        assert worklist.counts.scored == worklist.counts.found == len(ODD)
        write_reports(worklist, tmp_path)
    with open(tmp_path / "triage.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(ODD)


def test_a_folders_own_mark_is_no_file(serve):
    serve("ward/a.png", **{"ward/": b"", "ward/deep/": b""})
    assert list(listed("s3://films/ward")) == ["s3://films/ward/a.png"]


def test_an_address_names_a_folder_or_a_film_and_not_what_begins_alike(serve):
    serve("ward/a.png", "ward-2/b.png", "ward.png")
    assert list(listed("s3://films/ward")) == list(listed("s3://films/ward/")) == ["s3://films/ward/a.png"]


def test_what_is_absent_or_forbidden_is_one_record_each(serve):
    server = serve("a.png", "b.png")
    server.faults["films/b.png"] = [403] * 9
    found = listed("s3://films/a.png", "s3://films/b.png", "s3://films/c.png", "s3://absent/", "s3://")
    assert [code for code, _ in found.values()].count(None) == 1
    assert {path: code for path, (code, _) in found.items() if code} == {
        "s3://films/b.png": Code.NOT_PERMITTED,
        "s3://films/c.png": Code.NOT_FOUND,
        "s3://absent/": Code.NOT_FOUND,
        "s3://": Code.BAD_ADDRESS,
    }


def test_wrong_credentials_are_one_record_and_in_no_file(serve, environment, tmp_path):
    serve("a.png")
    environment.setenv("AWS_ACCESS_KEY_ID", "STRANGERKEY")
    with scan("s3://films", out=tmp_path, settings=HERE) as worklist:
        (row,) = worklist.unscored(Status.FAILED)
        write_reports(worklist, tmp_path)
    assert (row.source, row.code) == ("s3://films", "not-permitted")
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert not any(secret in content for secret in (b"hunter2", b"STRANGERKEY", b"of the server", b"127.0.0.1"))


def test_no_credentials_at_all_are_told_at_once(serve, environment):
    serve("a.png")
    environment.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(UsageError, match="AWS_ACCESS_KEY_ID"):
        S3().find(["s3://films"], Search())


@pytest.mark.parametrize("faults", [[503, 429, 500], [CUT, CUT], [SLOW], [503, CUT]], ids=str)
def test_a_server_that_is_busy_or_breaks_off_is_asked_again(faults, serve):
    server = serve("a.png")
    server.faults["films/a.png"] = list(faults)
    assert read_file("s3://films/a.png") == FILM
    assert not server.faults["films/a.png"]


@pytest.mark.parametrize("key", ["a.png", "a//b.png"], ids=["by obstore", "by botocore"])
@pytest.mark.parametrize(
    ("fault", "code"), [(CUT, Code.TRUNCATED), (404, Code.NOT_FOUND), (403, Code.NOT_PERMITTED), (400, Code.UNREADABLE)]
)
def test_what_goes_on_failing_is_told_in_our_words_and_never_scored(fault, code, key, serve):
    server = serve(key)
    server.faults[f"films/{key}"] = [fault] * 99
    with pytest.raises(DecodeError) as raised:
        read_file(f"s3://films/{key}")
    assert raised.value.code is code
    assert not any(word in str(raised.value) for word in ("Secret", "films", "127.0.0.1", "hunter2"))


def test_a_listing_that_breaks_off_keeps_what_came_and_says_so(serve):
    server = serve("a.png", "b.png", "c.png")
    server.faults["films"] = [None, *[403] * 9]
    assert listed("s3://films") == {
        "s3://films/a.png": (None, None),
        "s3://films/b.png": (None, None),
        "s3://films": (
            Code.NOT_PERMITTED,
            "the store permits neither to list nor to read it with the credentials of the environment",
        ),
    }


def test_only_what_changed_is_read_again(serve, tmp_path):
    server = serve("a.png", "b.png", "c.png")
    with scan("s3://films", out=tmp_path, settings=HERE) as worklist:
        assert worklist.counts.scored == 3
    server.objects["films/b.png"] = OTHER
    server.log.clear()
    with scan("s3://films", out=tmp_path, settings=HERE) as worklist:
        assert (worklist.counts.scored, worklist.counts.kept) == (3, 2)
    assert {name for method, name in server.log if name != "films"} == {"films/b.png"}


def test_credentials_that_are_not_in_variables_are_botocores_affair(serve, environment, tmp_path):
    serve("a.png")
    environment.delenv("AWS_ACCESS_KEY_ID")
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id=KEY\naws_secret_access_key=x\n")
    environment.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    assert list(listed("s3://films")) == ["s3://films/a.png"]
    assert read_file("s3://films/a.png") == FILM


def test_the_command_line_takes_addresses_and_lists_of_them(serve, tmp_path):
    serve("a.png", "b.png", "c.png")
    (tmp_path / "list").write_text("s3://films/a.png\ns3://films/absent.png\n")
    out = tmp_path / "run"
    done = xrayscan("predict", "s3://films/b.png", "--files-from", tmp_path / "list", "--out", out, "--workers", "0")
    assert done.exit_code == 6, done.output
    with open(out / "triage.csv", newline="") as file:
        assert {row["source"]: row["code"] for row in csv.DictReader(file)} == {
            "s3://films/a.png": "",
            "s3://films/b.png": "",
            "s3://films/absent.png": "not-found",
        }
    page = (out / "triage.html").read_text()
    assert page.count(' id="film-') == 2, "the pictures are read from the store"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("other://bucket", "no plugin reads other:// addresses; those that are read: "),
        ("https://me:hunter2@host/a.png", "https://…@host/a.png: address that holds credentials"),
    ],
)
def test_the_command_line_refuses_what_no_source_may_read(address, told):
    done = xrayscan("predict", address)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())
    assert "hunter2" not in done.output
