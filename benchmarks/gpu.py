"""What a GPU makes of a scan: decoding, copies and inference each alone, then a whole scan against its bound.

    python benchmarks/gpu.py FOLDER [--model default] [--copies 40] [--seconds 2] [--json gpu.json]

FOLDER holds full-size JPEGs. Decoding: every CPU core with the bare codec at the scale that the model needs, and nvJPEG
(`torchvision.io.decode_jpeg` on the device, at full size, which is all it offers). Copies: batches of the model's
pixels from pageable and from pinned memory. Inference: by precision and batch size, as the scan calls it and as a
captured CUDA graph on resident input. The bound of a scan is the slower of decoding on the CPU and inference.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from arguments import folder_parser
from throughput import decode_rate, fill, scan_rate

from xrayscan import Placement, ScanSettings, load_model, load_predictor
from xrayscan.model.gate import ungated
from xrayscan.network.device import default_batch_size, place

PRECISIONS = ("fp32", "bf16", "fp16")
BATCHES = (32, 128, 256, 1024)


def rate(work: Callable[[], int], seconds: float) -> float:
    """Items per second of ``work``, which returns how many it did; its queue is emptied before each reading."""
    work()
    torch.cuda.synchronize()
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        done += work()
    torch.cuda.synchronize()
    return done / (time.perf_counter() - started)


def nvjpeg_rate(paths: list[str], seconds: float, at_once: int = 32) -> float:
    """Images per second decoded on the device, at full size."""
    from torchvision.io import ImageReadMode, decode_jpeg, read_file

    files = [read_file(path) for path in paths[:at_once]]
    return rate(lambda: len(decode_jpeg(files, mode=ImageReadMode.GRAY, device="cuda")), seconds)


def copy_rates(side: int, seconds: float, batch: int = 256) -> dict[str, float]:
    """Images per second copied to the device, from pageable and from pinned memory."""
    pageable = torch.randint(0, 256, (batch, side, side), dtype=torch.uint8)
    pinned = pageable.pin_memory()

    def copied(batch_on_host: torch.Tensor) -> Callable[[], int]:
        return lambda: len(batch_on_host.to("cuda", non_blocking=True))

    return {"pageable": rate(copied(pageable), seconds), "pinned": rate(copied(pinned), seconds)}


def graph_rate(predictor: Any, pixels: np.ndarray, seconds: float) -> float:
    """Images per second of the network alone, replayed as a CUDA graph on resident input."""
    from xrayscan.network.forward import autocast, images_of
    from xrayscan.network.normalise import normalise

    plain: Any = ungated(predictor)
    images = normalise(images_of(pixels, "cuda"), plain.spec)

    def forward() -> torch.Tensor:
        with torch.inference_mode(), autocast(plain.placement):
            return plain.network(images)

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            forward()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        forward()

    def replay() -> int:
        graph.replay()
        return len(pixels)

    return rate(replay, seconds)


def inference_rates(model: Any, seconds: float) -> list[dict[str, Any]]:
    """Images per second by precision and batch size: as the scan calls the model, and as a graph."""
    side, rows = model.card.input.side, []
    for precision in PRECISIONS:
        predictor = load_predictor(model, Placement("cuda:0", precision))
        for batch in BATCHES:
            pixels = np.random.default_rng(0).integers(0, 256, (batch, side, side), np.uint8)
            called = rate(lambda pixels=pixels, predictor=predictor: len(predictor.predict(pixels)), seconds)
            rows.append(
                {
                    "precision": precision,
                    "batch": batch,
                    "called": called,
                    "graph": graph_rate(predictor, pixels, seconds),
                }
            )
    return rows


def main() -> None:
    """Measure, print, and write JSON if asked to."""
    parser = folder_parser(__doc__)
    parser.add_argument("--model", default="default")
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--json", metavar="FILE")
    asked = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("no CUDA device here")
    paths = sorted(os.path.join(at, name) for at, _, names in os.walk(asked.folder) for name in names)
    model, placement = load_model(asked.model), place("cuda")
    side = model.card.input.side
    found: dict[str, Any] = {
        "device": torch.cuda.get_device_name(),
        "placement": str(placement),
        "decode_cpu": decode_rate(paths, side),
        "decode_nvjpeg": nvjpeg_rate(paths, asked.seconds),
        "copies": copy_rates(side, asked.seconds),
        "inference": inference_rates(model, asked.seconds),
    }
    with tempfile.TemporaryDirectory() as folder:
        fill(folder, paths, asked.copies)
        found["scan"] = scan_rate(folder, model, ScanSettings(device="cuda"))
    own = [row for row in found["inference"] if row["precision"] == placement.precision]
    called = next(row["called"] for row in own if row["batch"] == default_batch_size(placement))
    found["bound"] = min(found["decode_cpu"], called)
    show(found)
    if asked.json:
        with open(asked.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=2)


def show(found: dict[str, Any]) -> None:
    """Print images per second of each part, and of the scan over its bound."""
    print(f"{found['device']}, {found['placement']}; images per second")
    print(f"decode, CPU cores {found['decode_cpu']:12,.0f}\ndecode, nvJPEG    {found['decode_nvjpeg']:12,.0f}")
    for kind, value in found["copies"].items():
        print(f"copy, {kind:12}{value:12,.0f}")
    print(f"{'precision':>10}{'batch':>8}{'called':>12}{'graph':>12}")
    for row in found["inference"]:
        print(f"{row['precision']:>10}{row['batch']:8}{row['called']:12,.0f}{row['graph']:12,.0f}")
    print(f"scan {found['scan']:,.0f}, bound {found['bound']:,.0f}: {found['scan'] / found['bound']:.2f}")


if __name__ == "__main__":
    main()
