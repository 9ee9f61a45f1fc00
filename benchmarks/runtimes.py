"""How fast each runtime computes a model, and how far it is from torch in fp32 on real films.

    python benchmarks/runtimes.py FOLDER [--model default] [--films 256] [--rounds 2]

Every runtime that is installed takes the same batches of 32 in turns, on one core; what counts is the CPU time of the
process in the fastest round, as a ratio to torch in fp32. Differences are of calibrated probabilities.
"""

import os
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from arguments import folder_parser

from xrayscan import Placement, load_model, load_predictor
from xrayscan.network.choice import answers
from xrayscan.observing.progress import Progress
from xrayscan.plugin.manager import load_registry
from xrayscan.scanning.prepare import prepare
from xrayscan.scanning.row import pixel_column
from xrayscan.scanning.scan import candidates

BATCH = 32
STANDARD = Placement("cpu", "fp32")


def pixels_of(folder: str, model, count: int) -> np.ndarray:
    """The first films of a folder, spread over it, as the model takes them: (N, S, S) uint8."""
    paths = sorted(candidates([folder], Progress()))
    rows = [prepare({"path": path}, specs=(model.card.input,)) for path in paths[:: max(1, len(paths) // count)]]
    return np.stack([row[pixel_column(model.card.input)] for row in rows if not row.get("reason")][:count])


def placements(slow: bool) -> list[Placement]:
    """Every runtime that is installed, in every precision; torch in fp32 first."""
    runtimes = [one for one in load_registry().runtimes.values() if not one.missing(STANDARD)]
    runtimes = [one for one in runtimes if slow or one.setup_seconds < 10]
    ways = [Placement("cpu", precision, one.name) for one in runtimes for precision in one.precisions("cpu")]
    return sorted(ways, key=lambda way: way != STANDARD)


def main() -> None:
    """Measure and print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--model", default="default")
    parser.add_argument("--films", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--compiled", action="store_true", help="torch-compile too, which takes a minute to start")
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    model = load_model(asked.model)
    pixels = pixels_of(asked.folder, model, asked.films)
    batches = [pixels[at : at + BATCH] for at in range(0, len(pixels), BATCH)]
    predictors = {way: load_predictor(model, way) for way in placements(asked.compiled)}
    best = dict.fromkeys(predictors, float("inf"))
    said = {}
    for _ in range(asked.rounds):
        for way, predictor in predictors.items():
            started = time.process_time()
            said[way] = np.concatenate([answers(predictor, batch) for batch in batches], 1)
            best[way] = min(best[way], (time.process_time() - started) / len(pixels))
    probability = np.vectorize(model.card.calibration.probability)
    print(f"{len(pixels)} films, model {model.card.name}, batches of {BATCH}, CPU time on one core")
    print(f"{'runtime':<16}{'precision':<11}{'ms/film':>8}{'ratio':>7}{'probability':>13}{'unlikeness':>12}")
    for way, seconds in best.items():
        apart = np.abs(probability(said[way][0]) - probability(said[STANDARD][0])).max()
        unlike = np.abs(said[way][1] - said[STANDARD][1]).max()
        ratio = seconds / best[STANDARD]
        print(f"{way.runtime:<16}{way.precision:<11}{1000 * seconds:8.2f}{ratio:7.2f}{apart:13.2g}{unlike:12.2g}")


if __name__ == "__main__":
    main()
