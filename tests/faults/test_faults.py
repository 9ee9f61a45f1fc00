"""One scan over everything that has gone wrong: every file has its record, and every sound film its probability."""

import functools
import math
import os
import socket
from pathlib import Path

import pytest
from small import write_film

from faults import containers, dicoms, images
from faults.fault import Fault
from xrayscan import scan
from xrayscan.errors import Code, Status
from xrayscan.scanning.scan import ScanSettings

pytestmark = pytest.mark.slow

FAMILIES = (
    images.jpegs,
    images.pngs,
    images.tiffs,
    images.bmps,
    images.pgms,
    images.foreign,
    dicoms.truncated,
    dicoms.headers,
    dicoms.no_films,
    dicoms.odd,
    containers.gzips,
)
SETTINGS = ScanSettings(device="cpu", precision="fp32", workers=2)
NEIGHBOURS = tuple(f"{'abcdefghijkl'[n]}{n}.{('png', 'jpeg', 'bmp', 'tif')[n % 4]}" for n in range(12))


@functools.cache
def faults() -> list[Fault]:
    return [fault for family in FAMILIES for fault in family()]


@pytest.fixture(scope="module")
def share(tmp_path_factory):
    """The folder with everything in it, and how each source must end."""
    folder = tmp_path_factory.mktemp("share")
    expected: dict[str, tuple[Code, ...]] = {}
    for fault in faults():
        assert fault.name not in expected
        (folder / fault.name).write_bytes(fault.data)
        expected[fault.name] = fault.codes
    for one in containers.archives():
        (folder / one.name).write_bytes(one.data)
        expected |= {f"{one.name}!/{name}": codes for name, codes in one.inside.items()}
        if one.codes:
            expected[one.name] = one.codes
    expected |= places(folder)
    for seed, name in enumerate(NEIGHBOURS):
        write_film(folder / "sound" / name, seed)
        expected[f"sound/{name}"] = ()
    return folder, expected


def places(folder: Path) -> dict[str, tuple[Code, ...]]:
    """What is no file, or has more than one name, or an odd one."""
    film = write_film(folder / "place.png", 40).read_bytes()
    odd = [b"\xff\xfe.png", b"new\nline.png", "\u202egnp.x.png".encode(), b"-rf.png", b"=1+1.png", b"x" * 251 + b".png"]
    for name in odd:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(film)
    (folder / ".hidden.png").write_bytes(film)
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "folder.dcm").mkdir()
    (folder / "folder.dcm" / "a.png").write_bytes(film)
    (folder / "odd.zip!").mkdir()
    (folder / "odd.zip!" / "a.png").write_bytes(film)
    os.mkfifo(folder / "pipe.dcm")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(folder / "socket.dcm"))
    os.symlink("nowhere", folder / "dangling.png")
    os.symlink("loop.png", folder / "loop.png")
    os.symlink("place.png", folder / "again.png")
    os.symlink(".", folder / "up")
    return {
        "place.png": (),
        "folder.dcm/a.png": (),
        "odd.zip!/a.png": (),
        **{os.fsdecode(name): () for name in odd},
        ".hidden.png": (Code.HIDDEN,),
        "Thumbs.db": (Code.HIDDEN,),
        "pipe.dcm": (Code.NOT_A_FILE,),
        "socket.dcm": (Code.NOT_A_FILE,),
        "dangling.png": (Code.BROKEN_LINK,),
        "loop.png": (Code.BROKEN_LINK,),
        "again.png": (Code.FOUND_ALREADY,),
        "up": (Code.FOUND_ALREADY,),
    }


@pytest.fixture(scope="module")
def ended(share, model_file, tmp_path_factory):
    """How each source ended, below the folder: status, code, reason and probability; and the counts."""
    folder, _ = share
    out = str(tmp_path_factory.mktemp("out"))
    with scan([str(folder)], model=model_file, out=out, settings=SETTINGS) as worklist:
        rows = [*worklist.rows(), *worklist.unscored(Status.SKIPPED)]
        return {row.source.removeprefix(f"{folder}/"): row for row in rows}, worklist.counts


def test_there_are_enough_of_them_of_every_family():
    assert len(faults()) + len(containers.archives()) >= 150


READ = ("", Code.TOO_SMALL)  # scored, or read and too small to be judged


def test_every_file_ends_as_it_must(share, ended):
    _, expected = share
    rows, _ = ended
    wrong = {
        name: (row.status.value, row.code, row.reason)
        for name, row in rows.items()
        if name not in expected or row.code not in (expected[name] or READ)
    }
    assert wrong == {}
    assert set(expected) == set(rows)


def test_every_file_is_counted_once_and_nothing_is_no_number(ended):
    rows, counts = ended
    assert counts.found == len(rows) == counts.scored + counts.set_aside + counts.failed + counts.skipped
    for row in rows.values():
        assert (row.probability is not None and math.isfinite(row.probability)) == (row.status == Status.SCORED)
        assert row.code == "" or Code(row.code).status == row.status
        assert bool(row.reason) != (row.status == Status.SCORED)


def test_every_sound_neighbour_has_the_probability_that_it_has_alone(share, ended, model_file, tmp_path):
    folder, _ = share
    rows, _ = ended
    settings = ScanSettings(device="cpu", precision="fp32", workers=0)
    for name in NEIGHBOURS[::3]:
        with scan(
            [str(folder / "sound" / name)], model=model_file, out=str(tmp_path / name), settings=settings
        ) as alone:
            (row,) = alone.scored()
        assert rows[f"sound/{name}"].probability == pytest.approx(row.probability, abs=1e-6)


def test_no_reason_quotes_a_file(ended):
    rows, _ = ended
    for row in rows.values():
        assert len(row.reason) < 200
        assert "SECRET" not in repr(row)
