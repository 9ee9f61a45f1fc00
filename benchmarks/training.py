"""How much of the hardware training uses: a whole epoch's rate against that of the bare step, in one run.

    python benchmarks/training.py LABELLED_FOLDER [--model cnn] [--films 1500] [--precision fp32 bf16] [--rounds 3]

The bare step is forward, backward, optimiser and moving average on one batch that stays on the device. The epoch is
the trainer's own, the second over the films: reading them from the cache on disk, augmentation, normalisation and the
step. Validation and the checkpoint are timed apart.
"""

import os
import statistics
import tempfile
import time

import numpy as np
from arguments import folder_parser

from xrayscan import Films, FitSettings, TrainingParams, TrainSettings
from xrayscan.model.input_spec import InputSpec
from xrayscan.network.device import place
from xrayscan.network.fit.random_draws import RandomDraws
from xrayscan.network.fit.train_state import TrainState
from xrayscan.plugin.manager import load_registry
from xrayscan.training.trainer import split_films

SECONDS = 8.0  # that the bare step is measured for


def synchronised() -> float:
    """The time, once the device has done all it was given."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def step_rate(state: TrainState) -> float:
    """Films per second of the bare step."""
    films = np.arange(state.batch_size)
    images = state._images(films, RandomDraws.from_epoch(0, 1, state.batch_size))
    labels = state.train.labels[films]
    state.network.train()
    for _ in range(3):
        state._step(images, labels)
    started, done = synchronised(), 0
    while synchronised() - started < SECONDS:
        state._step(images, labels)
        done += state.batch_size
    return done / (synchronised() - started)


def epoch_rate(state: TrainState, number: int) -> float:
    """Films per second of one epoch."""
    started = synchronised()
    state.epoch(number)
    return state.steps * state.batch_size / (synchronised() - started)


def measured(model: str, films: tuple[Films, Films], spec: InputSpec, precision: str, rounds: int) -> None:
    """Print bare and whole rates in turns, so that a busy moment of the machine touches both."""
    backend = load_registry().backend(model)
    settings = FitSettings(TrainingParams(epochs=10 * rounds + 100), placement=place(precision=precision))
    ratios = []
    state = TrainState(backend.build(backend.params()), spec, films[0], settings)
    state.epoch(1)
    for n in range(rounds):
        bare, whole = step_rate(state), epoch_rate(state, n + 2)
        ratios.append(whole / bare)
        print(f"{precision:>10}{bare:12.0f}{whole:12.0f}{whole / bare:8.2f}", flush=True)
    started = synchronised()
    state.predict(films[1])
    seconds = synchronised() - started
    print(f"{precision:>10} median ratio {statistics.median(ratios):.3f}; validation {len(films[1]) / seconds:.0f}/s")


def main() -> None:
    """Measure and print."""
    parser = folder_parser(__doc__)
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--films", type=int, default=1500, help="training films at most")
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    backend = load_registry().backend(asked.model)
    spec = backend.spec(backend.params())
    with tempfile.TemporaryDirectory() as cache:
        settings = TrainSettings(backend=asked.model, cache=os.path.join(cache, "films"))
        seconds = []
        for _ in range(2):
            started = time.perf_counter()
            films = split_films(asked.folder, spec, settings)
            seconds.append(time.perf_counter() - started)
        print(
            f"{len(films.labels)} films: first reading {seconds[0]:.1f} s, second (from the cache) {seconds[1]:.1f} s"
        )
        sides = films.films(films.training[: asked.films]), films.films(films.validation)
        print(f"{'precision':>10}{'bare/s':>12}{'epoch/s':>12}{'ratio':>8}")
        for precision in asked.precision:
            measured(asked.model, sides, spec, precision, asked.rounds)


if __name__ == "__main__":
    main()
