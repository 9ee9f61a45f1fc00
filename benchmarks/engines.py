"""What a film costs by each engine and from an object store: CPU time per film once running, and per million films.

    python benchmarks/engines.py FOLDER [--films 600] [--ways local,local-32,s3-32,dask,ray] [--rounds 1]

FOLDER holds films of full size. They are hard-linked (or copied) as often as it takes; each way scans a third of them,
and then all, in a process of its own, and the difference tells what one film costs without the start. Counted is the
CPU time of all processes of a scan, cluster included, but not that of rclone, which plays the store on loopback.
``-32``: with 32 readers. A way whose packages are not installed is left out. Linux only.
"""

import argparse
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from object_stores import served

REAP_SECONDS = 10.0
PR_SET_CHILD_SUBREAPER = 36  # prctl(2): processes whose parent is gone become ours, so that they are counted
SCAN = """
import json, sys, time
started = time.time()
from xrayscan import ScanSettings, scan
engine, where, workers, out = sys.argv[1:]
usual = {"device": "cpu", "precision": "fp32", "runtime": "onnxruntime", "batch_size": 32}
settings = ScanSettings(**usual, workers=int(workers) or None, engine=engine)
first = []
def progress(now):
    if now.done and not first:
        first.append(time.time() - started)
with scan(where, out=out, settings=settings, on_progress=progress) as worklist:
    print(json.dumps([worklist.counts.scored, worklist.counts.found, first[0]]))
"""


def linked(films: list[str], count: int, folder: str) -> str:
    """A folder of so many films, each under a name of its own."""
    os.mkdir(folder)
    for number in range(count):
        film = films[number % len(films)]
        name = os.path.join(folder, f"{number:06}{os.path.splitext(film)[1]}")
        try:
            os.link(os.path.realpath(film), name)
        except OSError:
            shutil.copyfile(film, name)
    return folder


def spent(way: str, where: str) -> tuple[float, float, float]:
    """CPU seconds of one scan with all processes that it leaves behind, seconds it took, and those to the first record.

    Raises: RuntimeError that says why a scan did not score all films.
    """
    engine, _, readers = way.partition("-")
    words = [sys.executable, "-c", SCAN, "local" if engine == "s3" else engine, where, readers or "0"]
    with tempfile.TemporaryDirectory() as out:
        before, started = _children(), time.perf_counter()
        done = subprocess.run([*words, out], capture_output=True, text=True, check=False)
        took = time.perf_counter() - started
        _reap()
        cpu = _children() - before
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    scored, found, first = json.loads(done.stdout.splitlines()[-1])
    if scored != found:
        raise RuntimeError(f"{found - scored} of {found} films were not scored")
    return cpu, took, first


def _reap() -> None:
    """Wait for the processes that a scan left to us; the one of the store goes on."""
    until = time.monotonic() + REAP_SECONDS
    while time.monotonic() < until:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            if len(file.read().split()) <= 1:
                return
        os.waitpid(-1, os.WNOHANG)
        time.sleep(0.05)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(way: str, few: str, many: str, more: int) -> tuple[float, float, float]:
    """CPU ms and ms per film, and the seconds to the first record."""
    cpu, took, _ = spent(way, few)
    cpu_many, took_many, first = spent(way, many)
    return 1000 * (cpu_many - cpu) / more, 1000 * (took_many - took) / more, first


def main() -> None:
    """Link, scan, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--films", type=int, default=600)
    parser.add_argument("--ways", default="local,local-32,s3-32,dask,ray")
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    films = sorted(entry.path for entry in os.scandir(asked.folder) if entry.is_file())
    os.environ |= {"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "SECRETSECRET"}
    ways: dict[str, list[tuple[float, float, float]]] = {way: [] for way in asked.ways.split(",")}
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(asked.folder))) as folder:
        for name, count in (("few", asked.films // 3), ("many", asked.films)):
            linked(films, count, os.path.join(folder, name))
        with served(folder) as url:
            os.environ["AWS_ENDPOINT_URL"] = url
            for _ in range(asked.rounds):  # in turns, since a machine is not as fast at all times
                for way in list(ways):
                    prefix = "s3://" if way.startswith("s3") else f"{folder}/"
                    try:
                        found = measured(way, f"{prefix}few", f"{prefix}many", asked.films - asked.films // 3)
                        ways[way].append(found)
                    except RuntimeError as error:
                        print(f"{way}: left out: {error}", file=sys.stderr)
                        del ways[way]
    show(ways)


def show(ways: dict[str, list[tuple[float, float, float]]]) -> None:
    """Print a line for each way, medians of its rounds."""
    print(f"{'way':>10}{'CPU ms/film':>13}{'x local':>9}{'CPU h/million':>15}{'films/s':>9}{'first record, s':>17}")
    local = 0.0
    for way, rounds in ways.items():
        cpu, wall, first = (statistics.median(column) for column in zip(*rounds, strict=True))
        local = local or cpu
        print(f"{way:>10}{cpu:>13.1f}{cpu / local:>9.2f}{cpu / 3.6:>15.1f}{1000 / wall:>9.1f}{first:>17.1f}")


if __name__ == "__main__":
    main()
