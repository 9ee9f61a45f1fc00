"""`watch` and `listen` as processes of their own that are killed and started again, while films go on arriving."""

import csv
import gc
import io
import os
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from films import dicom
from processes import Archive, Running, free_port, until
from small import film_pixels, write_film

pytestmark = pytest.mark.slow
FILMS = int(os.environ.get("HOSPITAL_FILMS", 24))
MANY = FILMS > 100
PAUSE = 1.2 if MANY else 0.2  # s in the middle of half of the films that are copied in
HOW = "--settle", "2" if MANY else "0.3", "--poll", "0.2", "--workers", "0", "--runtime", "torch", "--device", "cpu"


def rows(out: Path) -> list[tuple[str, str]]:
    try:
        with open(out / "triage.csv", encoding="utf-8-sig", newline="") as file:
            return sorted((os.path.basename(row["source"]), row["status"]) for row in csv.DictReader(file))
    except FileNotFoundError:
        return []


def trickle(content: bytes, path: Path, *, renamed: bool, pause: float) -> None:
    """Copy a film in pieces, some under a name that it loses at the end."""
    arriving = path.with_name(f"{path.name}.part") if renamed else path
    third = len(content) // 3
    with open(arriving, "wb", buffering=0) as file:
        for piece in (content[:third], content[third : 2 * third], content[2 * third :]):
            file.write(piece)
            time.sleep(pause)
    if renamed:
        arriving.rename(path)


def test_films_that_trickle_in_are_scored_once_though_watch_is_killed_twice(tmp_path, model_file):
    (tmp_path / "in").mkdir()
    films = [write_film(tmp_path / "from" / f"{n:03}.png", n) for n in range(FILMS)]
    words = "watch", tmp_path / "in", "--out", tmp_path / "out", "--model", model_file, "--format", "csv", *HOW

    def arrive(n: int) -> None:
        film = films[n]
        how = {"renamed": n % 2 == 0, "pause": PAUSE if n % 4 < 2 else 0.01}
        trickle(film.read_bytes(), tmp_path / "in" / film.name, **how)

    runs = []
    with ThreadPoolExecutor(4) as copying:
        arriving = [copying.submit(arrive, n) for n in range(FILMS)]
        for least in (1, FILMS // 2):
            with Running(*words) as killed:
                until(lambda least=least: len(rows(tmp_path / "out")) >= least, 60 + FILMS)
            runs.append(killed)
        with Running(*words) as last:
            for one in arriving:
                one.result()
            until(lambda: len(rows(tmp_path / "out")) == FILMS, 60 + FILMS)
        runs.append(last)
    assert rows(tmp_path / "out") == [(film.name, "scored") for film in films]
    assert not any(run.said("cannot be read yet") for run in runs)
    scored = [int(found) for line in last.lines for found in re.findall(r" (\d+) films? scored", line)]
    assert sum(scored) <= FILMS // 2 + 1  # what the killed ones had recorded is not scored again


def listened_on(process: int) -> set[str]:
    """What a process listens on, as address:port in hexadecimal (proc_pid_net of Linux, state 0A)."""
    own = set()
    for one in Path(f"/proc/{process}/fd").iterdir():
        if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(one)):
            own.add(found[1])
    tables = [Path(f"/proc/{process}/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    fields = [line.split() for table in tables for line in table]
    return {field[1] for field in fields if field[3] == "0A" and field[9] in own}


def send_all(port: int, numbers: range) -> None:
    """Send films in one association, and again what was not taken, as modalities do."""
    from pydicom import dcmread
    from pynetdicom import AE, evt

    entity, sockets = AE("MODALITY"), []
    opened = [(evt.EVT_CONN_OPEN, lambda event: sockets.append(event.assoc.dul.socket.socket))]
    entity.add_requested_context("1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.1.2.1")
    uids = {"StudyInstanceUID": "1.2.3.4.5", "SeriesInstanceUID": "1.2.3.4.6"}
    left = [
        dcmread(io.BytesIO(dicom(film_pixels(n, 64), bits=8, SOPInstanceUID=f"1.2.3.4.{n + 1}", **uids)))
        for n in numbers
    ]
    end = time.monotonic() + 60 + FILMS
    while left and time.monotonic() < end:
        association = entity.associate("127.0.0.1", port, ae_title="XRAYSCAN", evt_handlers=opened)
        while left and association.is_established:
            try:
                if association.send_c_store(left[0]).get("Status") != 0:
                    break
            except RuntimeError:
                break
            left.pop(0)
            time.sleep(0.1)
        association.release()
        time.sleep(0.1)
    for one in sockets:  # pynetdicom leaves those of a killed peer to the collector
        one.close()
    assert not left


def hostile(port: int) -> list[Any]:
    """Garbage, the wrong title, and halves of objects that never go on; these are given back."""
    from pynetdicom import AE

    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(os.urandom(5000))
    entity = AE("MODALITY")
    entity.add_requested_context("1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.1.2.1")
    assert entity.associate("127.0.0.1", port, ae_title="OTHER").is_rejected
    halves = [entity.associate("127.0.0.1", port, ae_title="XRAYSCAN") for _ in range(3)]
    for half in halves:
        if half.is_established:
            half.dul.socket.send(b"\x04\x00\x00\x01\x00\x00\x00\x00\xff\xff\x01\x01" + b"x" * 1000)
    return halves


@pytest.fixture
def collected():
    """Let the collector find sockets here, where that is expected."""
    yield
    gc.collect()


@pytest.mark.filterwarnings(  # of what a killed peer left, pynetdicom leaves the sockets to the collector
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_every_film_that_was_taken_is_scored_and_its_report_sent_once_though_listen_is_killed(
    tmp_path, model_file, collected
):
    pytest.importorskip("highdicom", reason="the DICOM extra is not installed")
    archive, port, out = Archive(), free_port(), tmp_path / "out"
    words = "listen", "--port", port, "--spool", tmp_path / "spool", "--min-free", 0, "--model", model_file, *HOW
    words = *words, "--out", out, "--format", "csv,dicom-sr", "--send", archive.address
    with ThreadPoolExecutor(4) as senders:
        sending = [senders.submit(send_all, port, range(at, FILMS, 4)) for at in range(4)]
        with Running(*words) as first:
            until(lambda: archive.got)
            halves = hostile(port)
            if sys.platform == "linux":
                assert listened_on(first.process.pid) == {f"0100007F:{port:04X}"}
        with Running(*words) as second:
            until(lambda: second.said("listens"))
            halves += hostile(port)
            for one in sending:
                one.result(60 + FILMS)
            until(lambda: len(rows(out)) == FILMS and len(set(archive.got)) == FILMS, 60 + FILMS)
    archive.server.shutdown()
    for half in halves:
        half.abort()
    assert rows(out) == sorted((f"1.2.3.4.{n + 1}.dcm", "scored") for n in range(FILMS))
    assert len(archive.got) <= FILMS + 1  # what was on its way when the process was killed comes again, as the same
    told = "".join(first.lines + second.lines).encode()
    assert b"SECRET" not in told + b"".join(path.read_bytes() for path in out.iterdir() if path.is_file())
    assert not any("SECRET" in name for _, _, names in os.walk(tmp_path) for name in names)
