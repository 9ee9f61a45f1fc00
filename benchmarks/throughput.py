"""How much of the hardware a scan uses: its rate against what decoding and inference alone can do, in one run.

    python benchmarks/throughput.py FOLDER [--rows jpeg,jpeg@random:resnet50,dicom,jpeg-lossless] [--rounds 3]

FOLDER holds full-size JPEGs. A row is a kind of file, with ``@`` and a model where it is not ``--model``: `jpeg` takes
the files as they are; `dicom` and `jpeg-lossless` write each as a 12-bit DICOM file first, uncompressed or as JPEG
Lossless; `random:BACKEND` is a model with random weights. Files are hard-linked (or copied) several times into a
temporary folder, so that the scan lasts long enough for start-up not to matter. Efficiency is the end-to-end rate over
1 / (1/decode + 1/infer) on a CPU, where both share the cores, and over min(decode, infer) with a GPU.
"""

import hashlib
import io
import math
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time

from arguments import folder_parser
from made import model_for, write_dicom

from xrayscan import ScanSettings, load_predictor, scan
from xrayscan.network.choice import choose
from xrayscan.network.device import default_batch_size
from xrayscan.scanning.benchmark import inference_rate
from xrayscan.scanning.workers import reader_count

KINDS = ("jpeg", "dicom", "jpeg-lossless")
FILMS_FOR_CHOICE = 100_000  # of a scan so long that what pays in the end is taken


def decode_loop(paths: list[str], kind: str, side: int, seconds: float) -> int:
    """Read, hash and decode with the bare codec, file by file: a JPEG at the scale that covers ``side``, DICOM as
    pydicom does. Returns how many."""
    import pydicom
    import simplejpeg

    until, done = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        with open(paths[done % len(paths)], "rb") as file:
            data = file.read()
        hashlib.sha256(data).digest()
        if kind == "jpeg":
            simplejpeg.decode_jpeg(data, "GRAY", fastdct=False, min_height=side, min_width=side, min_factor=1)
        else:
            pydicom.dcmread(io.BytesIO(data)).pixel_array  # noqa: B018
        done += 1
    return done


def decode_rate(paths: list[str], kind: str, side: int, seconds: float) -> float:
    """Films per second of the bare codec loop on all cores."""
    cores = reader_count()
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        pool.starmap(decode_loop, [(paths, kind, side, 1.0)] * cores)  # caches and imports
        return sum(pool.starmap(decode_loop, [(paths, kind, side, seconds)] * cores)) / seconds


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


def films_of(kind: str, paths: list[str], folder: str) -> list[str]:
    """The files of a row: the JPEGs themselves, or what is written of them into a folder."""
    if kind == "jpeg":
        return paths
    made = [os.path.join(folder, f"{number:05}.dcm") for number in range(len(paths))]
    for film, path in zip(paths, made, strict=True):
        write_dicom(film, path, lossless=kind == "jpeg-lossless")
    return made


def measure(kind: str, reference: str, paths: list[str], asked) -> list[float]:
    """Measure one row in rounds and print them; returns the efficiencies."""
    efficiencies: list[float] = []
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as folder:
        model = model_for(reference, made)
        wanted = {"device": asked.device, "precision": asked.precision, "runtime": asked.runtime}
        placement = choose([model], **wanted, films=FILMS_FOR_CHOICE)
        settings = ScanSettings(placement.device, placement.precision, runtime=placement.runtime)
        side, size = model.card.input.side, default_batch_size(placement)
        films = films_of(kind, paths, made)
        print(f"{kind}, model {reference}, {placement}, batch {size}")
        print(f"{'decode/s':>10}{'infer/s':>10}{'bound/s':>10}{'scan/s':>10}{'films':>10}{'efficiency':>12}")
        for _ in range(asked.rounds):
            decode = decode_rate(films, kind, side, asked.seconds)
            infer = inference_rate(load_predictor(model, placement), placement, side, size, asked.seconds)
            bound = 1 / (1 / decode + 1 / infer) if placement.device == "cpu" else min(decode, infer)
            copies = asked.copies or math.ceil(asked.scan_seconds * bound / len(films))
            if not os.listdir(folder):
                fill(folder, films, copies)
            whole = scan_rate(folder, model, settings)
            efficiencies.append(whole / bound)
            count = len(os.listdir(folder))
            print(f"{decode:10.0f}{infer:10.0f}{bound:10.0f}{whole:10.0f}{count:10}{whole / bound:12.2f}", flush=True)
    return efficiencies


def main() -> None:
    """Measure and print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--rows", default="jpeg")
    parser.add_argument("--model", default="default")
    parser.add_argument("--copies", type=int, help="of each film; default: as many as the scan's seconds take")
    parser.add_argument("--seconds", type=float, default=8.0, help="that each bare rate is measured for")
    parser.add_argument("--scan-seconds", type=float, default=30.0, help="that the scan would take at the bound")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()

    paths = [os.path.join(at, name) for at, _, names in os.walk(asked.folder) for name in names]
    paths = sorted(path for path in paths if path.lower().endswith((".jpg", ".jpeg")))
    if not paths:
        sys.exit(f"{asked.folder}: no JPEG in it")
    for row in asked.rows.split(","):
        kind, _, reference = row.partition("@")
        if kind not in KINDS:
            parser.error(f"no kind of file is called {kind!r}: choose among {', '.join(KINDS)}")
        efficiencies = measure(kind, reference or asked.model, paths, asked)
        print(f"{row}: median efficiency {statistics.median(efficiencies):.2f}")


if __name__ == "__main__":
    main()
