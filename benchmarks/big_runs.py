"""What the reports of a very large scan cost: seconds, rows a second, memory and size, format by format.

    python benchmarks/big_runs.py [--rows 1000000] [--formats parquet,html,csv] [--folder FOLDER]

Fills a store with so many made-up records by the bundled model, and writes each format in a process of its own, whose
CPU time and peak memory are told. With parquet among them, a query is measured too, where DuckDB is installed.
"""

import argparse
import importlib.util
import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from xrayscan import load_model
from xrayscan.sources.source import Source
from xrayscan.store.record import Facts, ScanRecord, Status
from xrayscan.store.store import STORE_NAME, Store

BATCH = 10_000
HEAD = ("format", "CPU s", "rows/s", "peak MB", "size MB")
WRITE = """
import sys
from xrayscan import write_reports
from xrayscan.report.reopen import reopen
with reopen(sys.argv[1]) as worklist:
    write_reports(worklist, sys.argv[1], [sys.argv[2]])
"""
QUERY = """
import sys
from xrayscan.report.query import select
print(sum(1 for _ in select(sys.argv[1], "tier = 'high' AND view = 'AP'")[1]), file=sys.stderr)
"""
MEASURED = "\nimport json, resource; u = resource.getrusage(resource.RUSAGE_SELF)\n"
MEASURED += "print(json.dumps([u.ru_utime + u.ru_stime, u.ru_maxrss / 1024]))"


def records(count: int) -> Iterator[tuple[Source, ScanRecord]]:
    """Nine of ten scored, the rest set aside or failed; names, UIDs and checksums as long as real ones."""
    draw = random.Random(0)
    for n in range(count):
        path = f"/archive/{n % 1000:03d}/{n:09d}.dcm"
        uid = f"1.2.826.0.1.3680043.8.498.{draw.getrandbits(100)}"
        view = ("PA", "AP", "")[n % 3]
        facts = Facts(study_uid=uid, series_uid=f"{uid}.1", sop_uid=f"{uid}.1.1", modality="DX", view=view)
        known = Facts(**facts.as_dict() | {"rows": 2544, "columns": 3056, "sha256": f"{draw.getrandbits(256):064x}"})
        source = Source(path, path, n + 1, n + 1)
        if n % 10:
            yield source, ScanRecord(path, known, (draw.betavariate(0.5, 2),))
        else:
            status, code = (Status.FAILED, "truncated") if n % 20 else (Status.SET_ASIDE, "lateral")
            yield source, ScanRecord(path, known, status=status, reason=code, code=code)


def fill(folder: str, count: int) -> None:
    """Write the store of one complete scan."""
    model = load_model("default")
    with Store.open(os.path.join(folder, STORE_NAME), models=(model.fingerprint,), fresh=True) as store:
        store.remember(cards=[model.card.to_json()], names=[model.card.name])
        made = records(count)
        while batch := list(itertools.islice(made, BATCH)):
            store.write(batch)
        store.finish()


def measured(code: str, *arguments: str) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of a process that runs this."""
    done = subprocess.run(
        [sys.executable, "-c", code + MEASURED, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    cpu, memory = json.loads(done.stdout.splitlines()[-1])
    return cpu, memory


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formats", default="parquet,html,csv")
    parser.add_argument("--folder", help="where the store is made; default: a temporary one")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        started = time.process_time()
        fill(folder, asked.rows)
        store = os.path.getsize(os.path.join(folder, STORE_NAME)) / 1e6
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print("".join(f"{name:>10}" for name in HEAD))
        show("store", time.process_time() - started, own, store, asked.rows)
        for name in asked.formats.split(","):
            cpu, memory = measured(WRITE, folder, name)
            show(name, cpu, memory, size(os.path.join(folder, f"triage.{name}")), asked.rows)
        if "parquet" in asked.formats and importlib.util.find_spec("duckdb"):
            show("query", *measured(QUERY, folder), 0, asked.rows)


def size(path: str) -> float:
    """MB of a file, or of all files of a folder."""
    files = [entry.path for entry in os.scandir(path)] if os.path.isdir(path) else [path]
    return sum(map(os.path.getsize, files)) / 1e6


def show(name: str, cpu: float, memory: float, size: float, rows: int) -> None:
    """Print one line."""
    print(f"{name:>10}{cpu:>10.1f}{rows / cpu:>10,.0f}{memory:>10.0f}{size:>10.1f}", flush=True)


if __name__ == "__main__":
    main()
