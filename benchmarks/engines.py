"""What a film costs by each engine and from an object store: CPU time per film once running, and per million films.

    python benchmarks/engines.py FOLDER [--films 1500] [--ways local,dask,ray,local-32,s3-32] [--rounds 1]

FOLDER holds films of full size. They are hard-linked (or copied) as often as it takes. Each way scans them in a process
of its own; what is counted begins when a third of them has its record, and is the CPU time of all processes of the
scan, cluster included, but not that of rclone, which plays the store on loopback. ``-32``: with 32 readers. A way
whose packages are not installed is left out. Linux only.
"""

import argparse
import ctypes
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from object_stores import served

PR_SET_CHILD_SUBREAPER = 36  # prctl(2): processes whose parent is gone become ours, so that they are counted
TICKS = os.sysconf("SC_CLK_TCK")
SCAN = """
import json, os, sys, time
started = time.time()
from xrayscan import ScanSettings, scan
folder, top, engine, where, workers, films, out = sys.argv[1:]
sys.path.append(folder)
from engines import spent_below
usual = {"device": "cpu", "precision": "fp32", "runtime": "onnxruntime", "batch_size": 32}
settings = ScanSettings(**usual, workers=int(workers) or None, engine=engine)
first, marks = [], []
def progress(now):
    if now.done:
        first.append(time.time() - started)
    if now.done >= (int(films) if marks else int(films) // 3) and len(marks) < 2:
        marks.append((now.done, spent_below(int(top)), time.time()))
with scan(where, out=out, settings=settings, on_progress=progress) as worklist:
    assert worklist.counts.scored == int(films), f"only {worklist.counts.scored} films were scored"
    print(json.dumps([first[0], *([end - begin for begin, end in zip(*marks)])]))
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


def spent_below(top: int) -> float:
    """CPU seconds so far of all processes below this one, and of those that they have waited for, rclone left out."""
    found = dict(filter(None, map(_process, filter(str.isdigit, os.listdir("/proc")))))
    return sum(cpu for cpu, parent, name in found.values() if name != "rclone" and top in _above(parent, found))


def _process(number: str) -> tuple[int, tuple[float, int, str]] | None:
    """Its number, CPU seconds, parent and name (proc(5), stat)."""
    try:
        with open(f"/proc/{number}/stat") as file:
            name, _, rest = file.read().partition("(")[2].rpartition(")")
    except OSError:  # it has just ended
        return None
    fields = rest.split()
    return int(number), (sum(map(int, fields[11:15])) / TICKS, int(fields[1]), name)


def _above(number: int, found: dict[int, tuple[float, int, str]]) -> set[int]:
    above = {number}
    while number in found and (number := found[number][1]) not in above:
        above.add(number)
    return above


def measured(way: str, where: str, films: int) -> tuple[float, float, float]:
    """CPU ms and ms per film, and the seconds to the first record. Raises: RuntimeError that says why there is none."""
    engine, _, readers = way.partition("-")
    top, here = str(os.getpid()), os.path.dirname(os.path.abspath(__file__))
    words = [here, top, "local" if engine == "s3" else engine, where, readers or "0", str(films)]
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-c", SCAN, *words, out]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    first, counted, cpu, took = json.loads(done.stdout.splitlines()[-1])
    return 1000 * cpu / counted, 1000 * took / counted, first


def main() -> None:
    """Link, scan, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--films", type=int, default=1500)
    parser.add_argument("--ways", default="local,dask,ray,local-32,s3-32")
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    films = sorted(os.path.join(at, name) for at, _, names in os.walk(asked.folder) for name in names)
    os.environ |= {"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "SECRETSECRET"}
    ways: dict[str, list[tuple[float, float, float]]] = {way: [] for way in asked.ways.split(",")}
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(asked.folder))) as folder:
        linked(films, asked.films, os.path.join(folder, "films"))
        with served(folder) as url:
            os.environ["AWS_ENDPOINT_URL"] = url
            for _ in range(asked.rounds):  # in turns, since a machine is not as fast at all times
                for way in list(ways):
                    try:
                        where = "s3://films" if way.startswith("s3") else os.path.join(folder, "films")
                        ways[way].append(measured(way, where, asked.films))
                    except RuntimeError as error:
                        print(f"{way}: left out: {error}", file=sys.stderr)
                        del ways[way]
    show(ways)


def show(ways: dict[str, list[tuple[float, float, float]]]) -> None:
    """Print a line for each way: medians of its rounds, and of its rounds' ratios to those of the first way."""
    print(f"{'way':>10}{'CPU ms/film':>13}{'x local':>9}{'CPU h/million':>15}{'films/s':>9}{'first record, s':>17}")
    local = next(iter(ways.values()))
    for way, rounds in ways.items():
        cpu, wall, first = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio = statistics.median(one[0] / other[0] for one, other in zip(rounds, local, strict=True))
        print(f"{way:>10}{cpu:>13.1f}{ratio:>9.2f}{cpu / 3.6:>15.1f}{1000 / wall:>9.1f}{first:>17.1f}")


if __name__ == "__main__":
    main()
