"""Ray on this machine: the worklist is that of the local engine, whatever workers and nodes are killed or join."""

import os
import subprocess
import sys

import pytest
from odd_decoder import install
from small import make_model, write_film

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]

# In a process of its own, since Ray takes over much of the one that starts it.
SCAN = """
import os, signal, sys
from xrayscan import Cluster, ScanSettings, scan, write_reports

happens, films, model, out = sys.argv[1:]
engine, address, happened = "local" if happens == "nothing" else "ray", None, []
if happens == "nodes":
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    address, others = nodes.address, [nodes.add_node(num_cpus=1)]

def kill_a_worker(progress):
    for number in filter(str.isdigit, os.listdir("/proc")):
        with open(f"/proc/{number}/cmdline", "rb") as file:
            if file.read().startswith(b"ray::WorkerOnDemand"):
                return os.kill(int(number), signal.SIGKILL)

def kill_a_node_once_another_has_joined(progress):
    others.append(nodes.add_node(num_cpus=1))
    nodes.remove_node(others.pop(0), allow_graceful=False)

def tell(progress):
    if progress.done and not happened:
        happened.append(happens)
        {"nothing": print, "worker": kill_a_worker, "nodes": kill_a_node_once_another_has_joined}[happens](progress)

settings = ScanSettings(
    "cpu", "fp32", runtime="torch", batch_size=4, workers=1, engine=engine, cluster=Cluster(address)
)
with scan(films, model=model, out=out, settings=settings, on_progress=tell) as worklist:
    write_reports(worklist, out, ["csv"])
    print(worklist.counts.found, worklist.counts.scored, worklist.counts.failed, *happened)
if address:
    nodes.shutdown()
"""


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """Sixty films, half of them slow to read, and one that crashes its decoder, scanned while something happens."""
    folder = tmp_path_factory.mktemp("ray")
    films, model = folder / "films", make_model(folder / "small.safetensors")
    for seed in range(30):
        write_film(films / f"{seed}.png", seed)
        (films / f"slow{seed}.dcm").write_bytes(b"ODD slow %d" % seed)
    (films / "crash.dcm").write_bytes(b"ODD crash 0")
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **quiet, "PYTHONPATH": os.fspath(install(folder / "site"))}

    def run(happens):
        words = [sys.executable, "-c", SCAN, happens, films, model, folder / happens]
        done = subprocess.run([*map(os.fspath, words)], env=environment, capture_output=True, text=True, timeout=300)
        assert done.stdout.split()[-4:] == ["61", "60", "1", happens], done.stdout + done.stderr
        return (folder / happens / "triage.csv").read_bytes()

    return run


@pytest.fixture(scope="module")
def wanted(scanned):
    return scanned("nothing")


def test_the_worklist_is_that_of_the_local_engine_though_a_worker_is_killed(scanned, wanted):
    assert scanned("worker") == wanted
    assert b"its decoder crashed" in wanted


def test_a_node_that_is_killed_costs_nothing_and_one_may_join_late(scanned, wanted):
    assert scanned("nodes") == wanted
