import os
import tarfile
import zlib

import pytest
from archive_files import encrypted, gzipped, nested, overlapping, tarred, unfolding, with_directory, zipped

from xrayscan.errors import Code, DecodeError, Status
from xrayscan.sources import archive_file, archives, members, tar_members, zip_members
from xrayscan.sources.blob import Gunzipped, MemoryBlob
from xrayscan.sources.folders import as_folder, discover, subfolders
from xrayscan.sources.reading import exists, read_file, read_head

FILES = [("ward/a.dcm", b"one" * 500), ("b.dcm", b"two"), ("deep/er/c.dcm", os.urandom(70_000))]
KINDS = {
    "a.zip": zipped,
    "stored.ZIP": lambda files: zipped(files, packed=False),
    "a.tar": tarred,
    "a.tar.gz": lambda files: gzipped(tarred(files)),
    "a.tgz": lambda files: gzipped(tarred(files)),
}
each_kind = pytest.mark.parametrize("name", KINDS)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, data):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "wb") as file:
        file.write(data)


def found(*paths, **options):
    """Every source by its name; asserts that no path came twice."""
    sources = list(discover(paths, **options))
    assert len({source.path for source in sources}) == len(sources)
    return {source.source: source for source in sources}


def unlimited(data):
    return Gunzipped(MemoryBlob(data), 1 << 40, members.inflates_too_far(1 << 40))


def contents(*paths):
    """What can be read of every candidate."""
    return {name: read_file(source.path) for name, source in found(*paths).items() if source.reason is None}


def reasons(*paths):
    return {name: source.reason for name, source in found(*paths).items() if source.reason is not None}


def inside(name, files=FILES):
    return {f"{name}!/{member}": data for member, data in files}


@each_kind
def test_an_archive_is_walked_as_a_folder_and_its_members_are_read_in_place(here, name):
    write(f"in/{name}", KINDS[name](FILES))
    before = sorted(os.walk(here))
    assert contents("in") == inside(f"in/{name}")
    assert contents(f"in/{name}") == inside(f"in/{name}")
    assert sorted(os.walk(here)) == before
    assert reasons("in") == {}


@each_kind
def test_a_member_has_its_size_and_its_archives_time_and_is_found_by_its_path_alone(name):
    write(name, KINDS[name](FILES))
    source = found(name)[f"{name}!/ward/a.dcm"]
    assert (source.size, source.mtime_ns) == (1500, os.stat(name).st_mtime_ns)
    assert source.path == f"{os.path.abspath(name)}!/ward/a.dcm"
    assert read_head(f"{name}!/ward/a.dcm") == b"one" * 500
    assert exists(f"{name}!/b.dcm")
    assert not exists(f"{name}!/nowhere.dcm")


@each_kind
def test_what_lies_in_an_archive_can_be_named(name):
    write(f"in/{name}", KINDS[name]([*FILES, ("wards/d.dcm", b"4")]))
    address = f"in/{name}!"
    assert list(found(f"{address}/b.dcm")) == [f"{address}/b.dcm"]
    assert list(found(f"{address}/ward")) == list(found(f"{address}/ward/")) == [f"{address}/ward/a.dcm"]
    assert len(found(f"{address}/b.dcm", f"{address}/b.dcm", f"{address}/ward/a.dcm", f"{address}/ward")) == 2
    assert len(found(f"{address}/b.dcm", "in")) == len(found("in"))
    assert reasons(f"{address}/nowhere") == {f"{address}/nowhere": "no such file in the archive"}


@each_kind
def test_an_archive_in_an_archive_is_walked_too(name):
    write(name, KINDS[name]([("x.dcm", b"x"), *((f"in/{other}", make(FILES)) for other, make in KINDS.items())]))
    expected = inside(name, [("x.dcm", b"x")])
    for other in KINDS:
        expected |= inside(f"{name}!/in/{other}")
    assert contents(".") == {f"./{path}": data for path, data in expected.items()}
    assert contents(f"{name}!/in/a.tar") == inside(f"{name}!/in/a.tar")


@each_kind
def test_no_member_leaves_its_archive_whatever_its_name(name):
    names = ["/etc/x.dcm", "../../y.dcm", "a/../../z.dcm", "./w.dcm", "odd!/v.dcm", "..", "new\nline.dcm", "C:/t.dcm"]
    write(name, KINDS[name]([(n, n.encode()) for n in names]))
    assert list(contents(name).values()) == [n.encode() for n in names]
    safe = ["etc/x.dcm", "y.dcm", "a/z.dcm", "w.dcm", "odd!_/v.dcm", "unnamed", "new\nline.dcm", "C:/t.dcm"]
    assert list(found(name)) == [f"{name}!/{one}" for one in safe]


@each_kind
def test_members_of_one_name_are_told_apart_and_keep_their_extension(name):
    write(name, KINDS[name]([("a/b.dcm", b"1"), ("a/b.dcm", b"2"), ("a/b (2).dcm", b"3"), ("/a/b.dcm", b"4")]))
    assert list(contents(name).values()) == [b"1", b"2", b"3", b"4"]
    assert all(path.endswith(".dcm") for path in contents(name))


@each_kind
def test_hidden_and_system_files_of_an_archive_are_skipped(name):
    names = [".hidden.dcm", "__MACOSX/._a.dcm", "Thumbs.db", ".git/a.dcm", "a.dcm"]
    write(name, KINDS[name]([(n, b"x") for n in names]))
    assert list(contents(name)) == [f"{name}!/a.dcm"]
    assert {source.status for source in found(name).values() if source.reason} == {Status.SKIPPED}


@each_kind
def test_an_archive_can_be_left_closed(name):
    write(name, KINDS[name](FILES))
    assert [(s.source, s.code, s.status) for s in discover([name], archives=False)] == [
        (name, Code.EXCLUDED, Status.SKIPPED)
    ]
    assert [s.code for s in discover([f"{name}!/b.dcm"], archives=False)] == [Code.EXCLUDED]


@each_kind
def test_an_archive_without_files_is_one_skipped_source(name):
    write(name, KINDS[name]([]))
    (source,) = found(name).values()
    assert (source.reason, source.status) == ("archive without files", Status.SKIPPED)


@each_kind
def test_a_changed_archive_is_listed_anew(name):
    write(name, KINDS[name]([("a.dcm", b"old")]))
    assert read_file(f"{name}!/a.dcm") == b"old"
    write(f"{name}.new", KINDS[name]([("b.dcm", b"b"), ("a.dcm", b"new")]))
    os.replace(f"{name}.new", name)
    assert read_file(f"{name}!/a.dcm") == b"new"


def test_only_what_is_named_as_an_archive_and_is_one_is_walked():
    for name in ("report.docx", "lib.jar", "slides.pptx", "arrays.npz", "film.dcm"):
        write(f"in/{name}", zipped(FILES))
    write("in/dicom.zip", bytes(128) + b"DICM" + bytes(100))
    write("in/text.tar", b"to do")
    write("in/film.tar.gz", gzipped(bytes(128) + b"DICM"))
    assert not any("!/" in name for name in found("in"))
    assert reasons("in") == {}


def test_the_content_decides_which_kind_an_archive_is():
    write("a.tar", zipped(FILES))
    write("b.zip", gzipped(tarred(FILES)))
    write("c.tgz", tarred(FILES))
    write("sfx.zip", b"MZ" + bytes(5000) + zipped(FILES))
    for name in ("a.tar", "b.zip", "c.tgz", "sfx.zip"):
        assert contents(name) == inside(name)


def test_a_tar_that_ends_in_a_zip_is_a_tar():
    write("a.tar", tarred([*FILES, ("in.zip", zipped(FILES, packed=False))]))
    assert len(contents("a.tar")) == 2 * len(FILES)


def test_a_folder_called_like_the_inside_of_an_archive_is_read_and_the_archive_refused():
    write("a.zip", zipped([("a.dcm", b"inside")]))
    write("a.zip!/a.dcm", b"beside")
    assert contents(".") == {"./a.zip!/a.dcm": b"beside"}
    assert "rename" in reasons(".")["./a.zip"]


def test_links_devices_and_holes_in_a_tar_are_one_record_each():
    kinds = {
        tarfile.SYMTYPE: (Code.ARCHIVED_LINK, Status.SKIPPED),
        tarfile.LNKTYPE: (Code.ARCHIVED_LINK, Status.SKIPPED),
        tarfile.FIFOTYPE: (Code.NOT_A_FILE, Status.FAILED),
        tarfile.CHRTYPE: (Code.NOT_A_FILE, Status.FAILED),
        tarfile.GNUTYPE_SPARSE: (Code.UNSUPPORTED_ARCHIVE, Status.FAILED),
    }
    for kind, (code, status) in kinds.items():
        write("a.tar", tarred([("x.dcm", b"")], type=kind, linkname="/etc/passwd")[:512] + tarred(FILES))
        assert len(contents("a.tar")) == 3
        source = found("a.tar")["a.tar!/x.dcm"]
        assert (source.code, source.status) == (code, status)
        with pytest.raises(DecodeError):
            read_file("a.tar!/x.dcm")


def test_a_link_in_a_zip_is_not_followed():
    data = zipped([("x.dcm", b"/etc/passwd"), ("b.dcm", b"two")])
    data = with_directory(data, 4, b"\x14\x03")
    write("a.zip", with_directory(data, 38, (0o120777 << 16).to_bytes(4, "little")))
    assert found("a.zip")["a.zip!/x.dcm"].code is Code.ARCHIVED_LINK
    assert contents("a.zip") == {"a.zip!/b.dcm": b"two"}


def test_encrypted_members_are_one_record_each_and_their_neighbours_are_read():
    write("a.zip", encrypted(zipped(FILES)))
    assert reasons("a.zip") == {"a.zip!/ward/a.dcm": "encrypted in its archive"}
    assert len(contents("a.zip")) == 2


def test_a_method_that_is_not_read_is_named():
    write("a.zip", with_directory(zipped(FILES), 10, b"\x09\x00"))
    assert "Deflate64" in reasons("a.zip")["a.zip!/ward/a.dcm"]


def test_names_in_any_encoding_are_kept_apart_and_found_again():
    for raw in ("röntgen.dcm".encode("cp437"), "röntgen.dcm".encode(), b"\xff\xfe\x80.dcm"):
        data = zipped([("x" * len(raw), b"1"), ("b.dcm", b"2")]).replace(b"x" * len(raw), raw)
        write("a.zip", data)
        assert list(contents("a.zip").values()) == [b"1", b"2"]
    write("a.zip", with_directory(data, 8, b"\x00\x08"))  # says that it is UTF-8
    assert list(contents("a.zip").values()) == [b"1", b"2"]
    write("a.tar", tarred([("\udcff\udcfe.dcm", b"1")]))
    assert contents("a.tar") == {"a.tar!/\udcff\udcfe.dcm": b"1"}
    write("b.zip", zipped([("ward\\a.dcm", b"1")]))
    assert list(contents("b.zip")) == ["b.zip!/ward/a.dcm"]


@pytest.mark.parametrize("bomb", [overlapping(), unfolding()], ids=["overlapping", "unfolding"])
def test_an_archive_bomb_costs_one_record_that_names_the_limit(bomb):
    write("bomb.zip", bomb)
    (source,) = found("bomb.zip").values()
    assert (source.source, source.code) == ("bomb.zip", Code.INFLATES_TOO_FAR)
    write("outer.zip", zipped([("b.dcm", b"two"), ("bomb.zip", bomb)], packed=False))
    assert list(found("outer.zip").values())[-1].code is Code.INFLATES_TOO_FAR


def test_a_gzipped_bomb_costs_one_record():
    write("bomb.tgz", gzipped(tarred([("a.dcm", bytes(1 << 20))] * 300)))
    (source,) = found("bomb.tgz").values()
    assert source.reason == "archive that inflates to more than 200 times its size"


def test_a_gzipped_bomb_is_not_inflated_beyond_the_limit(monkeypatch):
    monkeypatch.setattr(members, "FREE_BYTES", 1 << 20)
    write("bomb.tgz", gzipped(tarred([("a.dcm", bytes(64 << 20))])))
    given, real = [], Gunzipped._next
    monkeypatch.setattr(Gunzipped, "_next", lambda self, most: given.append(real(self, most)) or given[-1])
    (source,) = found("bomb.tgz").values()
    assert source.code is Code.INFLATES_TOO_FAR
    assert sum(map(len, given)) < 32 << 20


@each_kind
def test_more_members_than_the_limit_are_one_record_that_names_it(name, monkeypatch):
    for module in (members, zip_members, tar_members):
        monkeypatch.setattr(module, "MAX_MEMBERS", 2)
    write(name, KINDS[name](FILES))
    assert reasons(name) == {name: "archive of more than 2 files"}
    assert contents(name) == {}


def test_archives_within_archives_share_one_limit(monkeypatch):
    write("a.zip", zipped([(f"{n}.zip", zipped(FILES)) for n in range(3)]))
    assert len(contents("a.zip")) == 9
    monkeypatch.setattr(members, "MAX_MEMBERS", 8)
    assert reasons("a.zip") == {"a.zip": "archive of more than 8 files"}


def test_archives_are_followed_three_deep():
    write("three.zip", nested(3, b"film"))
    write("four.zip", nested(4, b"film"))
    assert list(contents("three.zip").values()) == [b"film"]
    assert contents("four.zip") == {}
    assert list(reasons("four.zip").values()) == ["archive within more than 2 archives: unpack it"]


def test_an_archive_packed_within_another_is_bounded_but_not_one_that_is_stored(monkeypatch):
    monkeypatch.setattr(archive_file, "MAX_INNER", 1000)
    inner = zipped([("a.dcm", os.urandom(5000))])
    write("packed.zip", zipped([("in.zip", inner)]))
    write("stored.zip", zipped([("in.zip", inner)], packed=False))
    assert found("packed.zip")["packed.zip!/in.zip"].code is Code.ARCHIVE_TOO_LARGE
    assert len(contents("stored.zip")) == 1


@pytest.mark.parametrize(("at", "size"), [(24, 1 << 16), (24, 1), (20, 2)])
def test_a_member_whose_size_is_a_lie_is_one_record(at, size):
    write("a.zip", with_directory(zipped(FILES), at, size.to_bytes(4, "little")))
    with pytest.raises(DecodeError):
        read_file("a.zip!/ward/a.dcm")
    assert read_file("a.zip!/b.dcm") == b"two"


def test_a_damaged_member_fails_its_checksum_and_its_neighbours_are_read():
    data = bytearray(zipped(FILES, packed=False))
    data[data.index(b"oneone") + 3] ^= 1
    write("a.zip", bytes(data))
    with pytest.raises(DecodeError, match="checksum"):
        read_file("a.zip!/ward/a.dcm")
    assert read_file("a.zip!/b.dcm") == b"two"


def test_a_zip_that_breaks_off_is_one_record_and_what_is_whole_is_read():
    data = zipped(FILES)
    write("a.zip", data[: data.index(b"PK\x01\x02")])
    assert contents("a.zip") == inside("a.zip")
    assert reasons("a.zip") == {"a.zip": "truncated archive: its directory is missing"}
    write("a.zip", data[: data.index(b"deep") + 200])
    assert list(contents("a.zip")) == ["a.zip!/ward/a.dcm", "a.zip!/b.dcm"]
    assert list(reasons("a.zip")) == ["a.zip"]


UNLISTED = {"a.zip": "damaged archive: its directory does not list all that is in it"}


def test_an_archive_put_behind_another_is_read_and_the_other_is_told_of():
    write("a.zip", zipped(FILES[:2]) + zipped(FILES[2:]))
    assert contents("a.zip") == inside("a.zip", FILES[2:])
    assert reasons("a.zip") == UNLISTED


def test_a_program_before_an_archive_is_nothing_that_is_missed():
    write("a.zip", b"MZ" + bytes(1000) + zipped(FILES))
    assert contents("a.zip") == inside("a.zip")
    assert reasons("a.zip") == {}


def test_a_directory_of_fewer_files_than_its_end_counts_is_told_of():
    data = bytearray(zipped(FILES))
    end = data.rindex(b"PK\x05\x06")
    data[end + 8 : end + 12] = b"\x05\0\x05\0"
    write("a.zip", bytes(data))
    assert contents("a.zip") == inside("a.zip")
    assert reasons("a.zip") == UNLISTED


@pytest.mark.parametrize("behind", [b"", b" and more", b"PK\x05\x06"])
def test_a_comment_that_looks_like_the_end_of_an_archive_hides_nothing(behind):
    write("a.zip", zipped(FILES, comment=b"PK\x05\x06" + bytes(18) + behind))
    assert contents("a.zip") == inside("a.zip")
    assert reasons("a.zip") == {}


@pytest.mark.parametrize("name", ["film.dcm/", "film.dcm\\"])
def test_a_file_that_is_called_like_a_folder_is_a_file(name):
    write("a.zip", zipped([(name, b"film")]))
    assert contents("a.zip") == {"a.zip!/film.dcm": b"film"}


def test_a_zip_whose_directory_is_damaged_keeps_what_stands_before():
    data = bytearray(zipped(FILES))
    data[data.rindex(b"PK\x01\x02")] = 0
    write("a.zip", bytes(data))
    assert list(contents("a.zip")) == ["a.zip!/ward/a.dcm", "a.zip!/b.dcm"]
    assert reasons("a.zip") == {"a.zip": "damaged archive: part of its directory is lost"}


@pytest.mark.parametrize("filling", [b"\0", b"x"])
@pytest.mark.parametrize("pack", [lambda data: data, gzipped])
@pytest.mark.parametrize("name", [b"ward/a.dcm", b"b.dcm", b"deep/er/c.dcm"])
def test_a_tar_with_a_damaged_header_loses_one_member_and_says_so(name, filling, pack):
    data = tarred(FILES)
    at = data.index(name)
    write("a.tar", pack(data[:at] + filling * 512 + data[at + 512 :]))
    assert list(contents("a.tar")) == [f"a.tar!/{other}" for other, _ in FILES if other != name.decode()]
    assert reasons("a.tar") == {"a.tar": "damaged archive: a part of it is lost"}


@pytest.mark.parametrize("pack", [lambda data: data, gzipped])
def test_a_tar_that_breaks_off_is_one_record_and_what_is_whole_is_read(pack):
    data = pack(tarred(FILES))
    write("a.tar", data[:-40_000])
    sources = found("a.tar")
    assert read_file(sources["a.tar!/b.dcm"].path) == b"two"
    assert sources["a.tar"].code is Code.TRUNCATED
    with pytest.raises(DecodeError, match="truncated"):
        read_file(sources["a.tar!/deep/er/c.dcm"].path)


def test_nothing_in_a_gzipped_tar_that_fails_its_checksum_is_read():
    data = bytearray(gzipped(tarred(FILES)))
    data[-6] ^= 1  # of the CRC-32
    write("a.tgz", bytes(data))
    assert contents("a.tgz") == {}
    assert reasons("a.tgz") == {"a.tgz": "damaged gzip stream: nothing in it can be trusted"}


def test_one_part_of_several_is_named():
    data = bytearray(zipped(FILES))
    data[data.index(b"PK\x05\x06") + 4] = 3
    write("a.zip", bytes(data))
    assert reasons("a.zip") == {"a.zip": "one part of an archive in several parts"}


def test_an_archive_that_cannot_be_opened_is_one_record(monkeypatch):
    write("a.zip", zipped(FILES))
    monkeypatch.setattr(archives, "FileBlob", lambda path: (_ for _ in ()).throw(PermissionError(13, "x")))
    assert found("a.zip")["a.zip"].code is Code.NOT_PERMITTED


def test_a_long_name_in_a_tar_is_whole_and_a_header_without_end_is_refused():
    long = "x/" * 150 + "a.dcm"
    write("a.tar", tarred([(long, b"1")]))
    assert contents("a.tar") == {f"a.tar!/{long}": b"1"}
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    write("a.tar", tarred(FILES[:1])[:2048] + head.tobuf(tarfile.GNU_FORMAT) + bytes(5000))
    assert reasons("a.tar") == {"a.tar": "damaged archive: a header of more than 1 MiB"}


def test_pax_headers_give_name_and_size():
    import io

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        header = tarfile.TarInfo("ü" * 120 + ".dcm")
        header.size = 3
        archive.addfile(header, io.BytesIO(b"pax"))
    write("a.tar", out.getvalue())
    assert contents("a.tar") == {"a.tar!/" + "ü" * 120 + ".dcm": b"pax"}


def test_members_read_in_the_archives_order_inflate_it_once(monkeypatch):
    films = [(f"{n}.dcm", os.urandom(50_000)) for n in range(40)]
    write("a.tgz", gzipped(tarred(films)))
    given, real = [], Gunzipped._next
    monkeypatch.setattr(Gunzipped, "_next", lambda self, most: given.append(real(self, most)) or given[-1])
    for name, data in films:
        assert read_file(f"a.tgz!/{name}") == data
    assert sum(map(len, given)) < 1.1 * len(tarred(films))


def test_members_read_backwards_start_from_snapshots(monkeypatch):
    monkeypatch.setattr("xrayscan.sources.blob.FIRST_APART", 100_000)
    content = os.urandom(3_000_000)
    blob = unlimited(gzipped(content))
    assert blob.read(0, len(content)) == content
    given, real = [], Gunzipped._next
    monkeypatch.setattr(Gunzipped, "_next", lambda self, most: given.append(real(self, most)) or given[-1])
    for at in range(2_900_000, 0, -100_000):
        assert blob.read(at, 1000) == content[at : at + 1000]
    assert sum(map(len, given)) < 2 * len(content)
    assert len(blob._snapshots) <= 129


def test_a_gzip_file_of_several_members_with_padding_is_whole():
    first, second = gzipped(b"a" * 100_000), gzipped(b"b" * 100_000)
    blob = unlimited(first + second + bytes(512))
    assert blob.read(0, 1 << 20) == b"a" * 100_000 + b"b" * 100_000
    assert zlib.decompress(first, 31) == blob.read(0, 100_000)


@each_kind
def test_labelled_folders_in_an_archive_are_listed(name):
    labels = [("NORMAL/1.png", b"1"), ("PNEUMONIA/2.png", b"2"), ("readme.txt", b"3"), (".x/y.png", b"4")]
    write(name, KINDS[name]([*labels, ("deep/A/1.png", b"5")]))
    folder = as_folder(name)
    assert subfolders(folder) == ["NORMAL", "PNEUMONIA", "deep"]
    assert subfolders(f"{folder}/deep") == ["A"]
    assert list(contents(os.path.join(folder, "NORMAL"))) == [f"{name}!/NORMAL/1.png"]
