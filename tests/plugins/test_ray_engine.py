"""Ray on this machine: the worklist is that of the local engine, though a worker is killed."""

import os
import subprocess
import sys

import pytest
from odd_decoder import install
from small import make_model, write_film

pytest.importorskip("ray")
pytestmark = pytest.mark.slow

# In a process of its own, since Ray takes over much of the one that starts it.
SCAN = """
import os, signal, sys
from xrayscan import ScanSettings, scan, write_reports

engine, films, model, out = sys.argv[1:]
killed = []

def kill_a_worker(progress):
    if engine == "ray" and progress.done and not killed:
        for number in filter(str.isdigit, os.listdir("/proc")):
            with open(f"/proc/{number}/cmdline", "rb") as file:
                if file.read().startswith(b"ray::WorkerOnDemand"):
                    killed.append(int(number))
        os.kill(killed[0], signal.SIGKILL)

settings = ScanSettings("cpu", "fp32", runtime="torch", batch_size=4, workers=1, engine=engine)
with scan(films, model=model, out=out, settings=settings, on_progress=kill_a_worker) as worklist:
    write_reports(worklist, out, ["csv"])
    print(worklist.counts.found, worklist.counts.scored, worklist.counts.failed, bool(killed))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_the_worklist_is_that_of_the_local_engine_though_a_worker_is_killed(tmp_path):
    films, model = tmp_path / "films", make_model(tmp_path / "small.safetensors")
    for seed in range(30):
        write_film(films / f"{seed}.png", seed)
        (films / f"slow{seed}.dcm").write_bytes(b"ODD slow %d" % seed)
    (films / "crash.dcm").write_bytes(b"ODD crash 0")
    site = install(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": os.fspath(site), "OMP_NUM_THREADS": "1"}
    tables = {}
    for engine in ("local", "ray"):
        words = [sys.executable, "-c", SCAN, engine, films, model, tmp_path / engine]
        done = subprocess.run([*map(os.fspath, words)], env=environment, capture_output=True, text=True, timeout=300)
        assert done.stdout.split() == ["61", "60", "1", str(engine == "ray")], done.stdout + done.stderr
        tables[engine] = (tmp_path / engine / "triage.csv").read_bytes()
    assert tables["local"] == tables["ray"]
    assert b"its decoder crashed" in tables["ray"]
