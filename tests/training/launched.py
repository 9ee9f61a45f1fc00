"""What the processes of a launch run in tests: they find it by its name."""

import os
import signal
import time

import numpy as np
import torch

from xrayscan import Films, FitSettings, InputError, InputSpec, TrainingParams
from xrayscan.network.architectures.cnn import CnnParams, build
from xrayscan.network.fit.loop import fit
from xrayscan.network.process_group import wait

SIDE = 32
EPOCHS = 4


def films(count, seed):
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 2).astype(np.uint8)
    pixels = rng.integers(0, 120, (count, SIDE, SIDE))
    pixels[labels == 1, : SIDE // 2] += 80
    return Films(pixels.astype(np.uint8), labels)


def train(ranks, resume=None):
    """Weights, epochs and snapshots of a small run without dropout, whose batches are odd; and this process's name."""
    torch.manual_seed(0)
    epochs, snapshots, threads = [], [], set()

    def noted(epoch):
        epochs.append(epoch)
        threads.add(torch.get_num_threads())

    settings = FitSettings(
        TrainingParams(epochs=EPOCHS, batch_size=15, positive_share=0.4, augment="style", clip=1.0),
        on_epoch=noted,
        on_snapshot=snapshots.append,
        resume=resume,
        ranks=ranks,
    )
    network = build(CnnParams(side=SIDE, width=4, blocks=1, dropout=0.0))
    weights = fit(network, InputSpec(SIDE), films(50, 0), films(21, 1), settings)
    return weights, epochs, snapshots, (ranks, os.getpid(), max(threads))


def kill_second(ranks):
    if not ranks.first:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    wait(ranks)
    wait(ranks)


def fail_second(ranks):
    if not ranks.first:
        raise InputError("the second process finds a film that the first one did not")
    wait(ranks)
