"""What is left of a scan whose workers are killed, by each engine: its worklist against that of the local engine.

    python benchmarks/losses.py FOLDER [--films 500] [--engines dask,ray] [--cases none,worker,node,join]

Films of the folder and of those below it, each under a name of its own, are scanned by three nodes of one CPU each:
Dask's under mutual TLS, a node being a worker with its nanny. What is to happen does so once a twentieth, half and
nine tenths of the films have their record:

- worker: kill -9 of the process that scores; its node starts another one
- node: kill -9 of all processes of a node
- join: two of the three nodes come only now

A line tells how many files were found and how they ended, how many records were made after it had happened, and whether
the CSV is that of the local engine, byte for byte. Exit code 1 where one is not. Linux only.
"""

import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import psutil
from arguments import folder_parser
from engines import linked

from xrayscan import Cluster, Progress, ScanSettings, scan, write_reports

NODES = 3
POINTS = {"early": 0.05, "middle": 0.5, "late": 0.9}
USUAL = {"device": "cpu", "precision": "fp32", "runtime": "onnxruntime", "batch_size": 4, "workers": 1}
TLS = {"--tls-ca-file": "tls_ca_file", "--tls-cert": "tls_client_cert", "--tls-key": "tls_client_key"}
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal", "OMP_NUM_THREADS": "1"}
LINE = "{:>7}{:>8}{:>8}{:>7}{:>8}{:>8}{:>11}{:>9}{:>8}{:>15}"
HEAD = ("engine", "case", "point", "found", "scored", "failed", "set aside", "skipped", "after", "same as local")

Join = Callable[[], object]


def main() -> None:
    """Scan by each engine while it happens, compare, print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--films", type=int, default=500)
    parser.add_argument("--engines", default="dask,ray")
    parser.add_argument("--cases", default="none,worker,node,join")
    asked = parser.parse_args()
    os.environ |= QUIET
    found = sorted(os.path.join(folder, name) for folder, _, names in os.walk(asked.folder) for name in names)
    differ = False
    print(LINE.format(*HEAD))
    with tempfile.TemporaryDirectory() as folder:
        films = linked(found[:: max(1, len(found) // asked.films)], asked.films, os.path.join(folder, "films"))
        wanted = told("local", "none", "", films)
        for engine in asked.engines.split(","):
            for case in asked.cases.split(","):
                for point in POINTS if case != "none" else ("",):
                    differ |= told(engine, case, point, films, wanted) != wanted
    sys.exit(differ)


def told(engine: str, case: str, point: str, films: str, wanted: bytes | None = None) -> bytes:
    """Scan in a process of its own, print a line, and return the CSV."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        table, figures = alone.submit(scanned, engine, case, point, films).result()
    same = "yes" if table == wanted else "-" if wanted is None else "NO"
    print(LINE.format(engine, case, point, *figures, same), flush=True)
    return table


def scanned(engine: str, case: str, point: str, films: str) -> tuple[bytes, list[int]]:
    """The CSV of a scan, how many files were found and ended how, and how many of them after it had happened."""
    happened: list[int] = []
    with tempfile.TemporaryDirectory() as out, CLUSTERS[engine](out, 1 if case == "join" else NODES) as (cluster, join):

        def tell(now: Progress) -> None:
            if point and not happened and now.walked and now.done >= POINTS[point] * now.found:
                happened.append(now.done)
                happen(case, join)

        with scan(
            films, out=out, settings=ScanSettings(**USUAL, engine=engine, cluster=cluster), on_progress=tell
        ) as worklist:
            write_reports(worklist, out, ["csv"])
            ended = worklist.counts
        with open(os.path.join(out, "triage.csv"), "rb") as table:
            figures = [ended.found, ended.scored, ended.failed, ended.set_aside, ended.skipped]
            return table.read(), [*figures, ended.found - sum(happened)]


def happen(case: str, join: Join) -> None:
    """Have it happen."""
    if case == "join":
        join()
        join()
    else:
        below = psutil.Process().children(recursive=True)
        worker = next(one for one in below if scores(one))
        worker.kill() if case == "worker" else kill_all(worker.parent())


def scores(process: psutil.Process) -> bool:
    """Whether it is a process that scores, and has readers by now: a nanny's child, or Ray's actor."""
    by_nanny = "spawn_main" in " ".join(process.cmdline()) and "dask_worker" in " ".join(process.parent().cmdline())
    return bool(process.children()) and (by_nanny or process.cmdline()[0].startswith("ray::WorkerOnDemand"))


def kill_all(top: psutil.Process) -> None:
    """Kill -9 of a process and of all below it."""
    for process in (top, *top.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


@contextlib.contextmanager
def nothing(folder: str, nodes: int) -> Iterator[tuple[Cluster, Join]]:
    """What the local engine needs."""
    yield Cluster(), bool


@contextlib.contextmanager
def dask(folder: str, nodes: int) -> Iterator[tuple[Cluster, Join]]:
    """A scheduler and nodes, started by Dask's own commands; what starts one more node."""
    from distributed import Security

    security, file = Security.temporary(), os.path.join(folder, "scheduler.json")
    tls = {option: os.path.join(folder, f"{name}.pem") for option, name in TLS.items()}
    for option, name in TLS.items():
        with open(tls[option], "w") as out:
            out.write(getattr(security, name))
    usual = ["--scheduler-file", file, "--protocol", "tls", "--host", "127.0.0.1", "--no-dashboard"]
    usual += [word for pair in tls.items() for word in pair]
    started: list[subprocess.Popen[bytes]] = []

    def start(what: str, *more: str) -> None:
        words = [sys.executable, "-m", f"distributed.cli.dask_{what}", *usual, *more]
        started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def join() -> None:
        start("worker", "--nthreads", "1")

    try:
        start("scheduler", "--port", "0")
        for _ in range(nodes):
            join()
        while not os.path.exists(file):
            time.sleep(0.1)
        with open(file) as scheduler:
            yield Cluster(json.load(scheduler)["address"], *tls.values()), join
    finally:
        for process in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                kill_all(psutil.Process(process.pid))
            process.wait()


@contextlib.contextmanager
def ray(folder: str, nodes: int) -> Iterator[tuple[Cluster, Join]]:
    """A head without a CPU, and nodes; what starts one more node."""
    from ray.cluster_utils import Cluster as Nodes

    made = Nodes(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(nodes):
            made.add_node(num_cpus=1)
        yield Cluster(made.address), lambda: made.add_node(num_cpus=1, wait=False)
    finally:
        made.shutdown()


CLUSTERS = {"local": nothing, "dask": dask, "ray": ray}

if __name__ == "__main__":
    main()
