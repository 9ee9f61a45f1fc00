"""How much of the hardware a scan uses: its rate against what decoding and inference alone can do, in one run.

    python benchmarks/throughput.py FOLDER [--copies 60] [--device auto] [--precision auto] [--runtime auto]

FOLDER holds full-size JPEGs. They are hard-linked (or copied) several times into a temporary folder, so that the scan
lasts long enough for start-up not to matter. Efficiency is the end-to-end rate over 1 / (1/decode + 1/infer) on a
CPU, where both share the cores, and over min(decode, infer) with a GPU.
"""

import hashlib
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time

from arguments import folder_parser

from xrayscan import ScanSettings, load_model, load_predictor, scan
from xrayscan.network.choice import choose
from xrayscan.network.device import default_batch_size
from xrayscan.scanning.benchmark import inference_rate
from xrayscan.scanning.workers import default_workers

SECONDS = 8.0  # that each bare rate is measured for


def decode_loop(paths: list[str], side: int, seconds: float) -> int:
    """Read, hash and decode with the bare codec, file by file, at the scale that covers ``side``. Returns how many."""
    import simplejpeg

    until, done = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        with open(paths[done % len(paths)], "rb") as file:
            data = file.read()
        hashlib.sha256(data).digest()
        simplejpeg.decode_jpeg(data, "GRAY", fastdct=False, min_height=side, min_width=side, min_factor=1)
        done += 1
    return done


def decode_rate(paths: list[str], side: int) -> float:
    """Films per second of the bare codec loop on all cores."""
    cores = default_workers()
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        pool.starmap(decode_loop, [(paths, side, 1.0)] * cores)  # caches and imports
        return sum(pool.starmap(decode_loop, [(paths, side, SECONDS)] * cores)) / SECONDS


def scan_rate(folder: str, model, settings: ScanSettings) -> float:
    """Films per second of a whole scan, from the first path to the last record, reader start-up included."""
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        with scan([folder], model=model, out=out, settings=settings) as worklist:
            assert worklist.exit_code == 0, "the folder holds files that cannot be scored"
            return worklist.counts.scored / (time.perf_counter() - started)


def fill(folder: str, paths: list[str], copies: int) -> None:
    """Put every file ``copies`` times into a folder, as hard links where the file system allows."""
    for copy in range(copies):
        for path in paths:
            target = os.path.join(folder, f"{copy}-{os.path.basename(path)}")
            try:
                os.link(path, target)
            except OSError:
                shutil.copyfile(path, target)


def main() -> None:
    """Measure and print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--model", default="default")
    parser.add_argument("--copies", type=int, default=60)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()

    paths = [os.path.join(at, name) for at, _, names in os.walk(asked.folder) for name in names]
    paths = sorted(path for path in paths if path.lower().endswith((".jpg", ".jpeg")))
    if not paths:
        sys.exit(f"{asked.folder}: no JPEG in it")
    model = load_model(asked.model)
    wanted = {"device": asked.device, "precision": asked.precision, "runtime": asked.runtime}
    placement = choose([model], **wanted, films=asked.copies * len(paths))
    side, batch_size = model.card.input.side, default_batch_size(placement)
    settings = ScanSettings(placement.device, placement.precision, runtime=placement.runtime)
    print(f"{len(paths)} films x {asked.copies}, model {model.card.name}, {placement}, batch {batch_size}")
    print(f"{'decode/s':>10}{'infer/s':>10}{'bound/s':>10}{'scan/s':>10}{'efficiency':>12}")
    efficiencies = []
    with tempfile.TemporaryDirectory() as folder:
        fill(folder, paths, asked.copies)
        for _ in range(asked.rounds):
            decode = decode_rate(paths, side)
            infer = inference_rate(load_predictor(model, placement), placement, side, batch_size, SECONDS)
            bound = 1 / (1 / decode + 1 / infer) if placement.device == "cpu" else min(decode, infer)
            whole = scan_rate(folder, model, settings)
            efficiencies.append(whole / bound)
            print(f"{decode:10.0f}{infer:10.0f}{bound:10.0f}{whole:10.0f}{whole / bound:12.2f}", flush=True)
    print(f"median efficiency {statistics.median(efficiencies):.2f}")


if __name__ == "__main__":
    main()
