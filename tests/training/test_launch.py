"""Training in several processes: the same as in one, and one end for all of them."""

import os

import launched
import numpy as np
import pytest

from xrayscan import FitSettings, InputError, ModelError, Placement, TrainSettings, UsageError, train
from xrayscan.errors import XrayscanError
from xrayscan.model.ranks import Ranks
from xrayscan.runtime.interface import cores
from xrayscan.training.launch import on_devices, own_device

two_cores = pytest.mark.skipif(cores() < 2, reason="two processes want two cores")


def in_two(work, *arguments):
    return on_devices(work, *arguments, device="cpu", count=2)


@pytest.fixture(scope="module")
def alone():
    return on_devices(launched.train, device="cpu", count=1)


@pytest.fixture(scope="module")
def together(alone):
    """Two processes go on with what one began."""
    return in_two(launched.train, alone[2][0])


def close(ones, others):
    return all(np.allclose(ones[name], others[name], atol=1e-4) for name in ones)


def figures(epochs):
    kept = ("train_loss", "train_auroc", "train_recall", "val_loss", "val_auroc", "val_sensitivity", "learning_rate")
    return [[epoch.number, *(getattr(epoch, name) for name in kept)] for epoch in epochs]


@two_cores
def test_two_processes_learn_what_one_learns_with_the_same_figures(alone, together):
    assert together[3][0] == Ranks(0, 2, 0, 2)
    assert together[3][1] != os.getpid()
    assert together[3][2] <= max(1, cores() // 2), "they share the cores"
    assert np.allclose(figures(together[1]), figures(alone[1])[1:], atol=1e-4)
    assert close(alone[0], together[0])


@two_cores
def test_one_process_goes_on_with_what_two_began(alone, together):
    weights, epochs, *_ = launched.train(Ranks(), together[2][1])
    assert np.allclose(figures(epochs), figures(alone[1])[3:], atol=1e-4)
    assert close(alone[0], weights)


@two_cores
def test_a_process_that_dies_ends_the_others_in_one_sentence():
    with pytest.raises(XrayscanError, match=r"process 2 of 2 .* ended by SIGKILL.*--resume"):
        in_two(launched.kill_second)


@two_cores
def test_what_one_process_finds_wrong_is_what_is_told():
    with pytest.raises(InputError, match="the second process finds"):
        in_two(launched.fail_second)


def test_more_devices_than_there_are_are_refused():
    with pytest.raises(UsageError, match=r"^10000 devices asked for, and \d+ CPU cores? to be used here"):
        on_devices(launched.train, device="cpu", count=10_000)


def test_a_cpu_is_one_device_unless_more_processes_are_asked_for():
    assert on_devices(lambda ranks: ranks, device="cpu", count=None) == Ranks()


def test_devices_that_contradict_torchrun_are_refused(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match=r"2 processes were started .* leave out --devices 3"):
        on_devices(launched.train, device="cpu", count=3)


def test_a_backend_that_trains_no_network_is_refused_before_anything_is_read(tmp_path):
    settings = TrainSettings(backend="knn", fit=FitSettings(ranks=Ranks(1, 2)))
    with pytest.raises(ModelError, match="knn trains no network on several devices: leave out --devices"):
        train(tmp_path, tmp_path / "run", settings)
    assert not list(tmp_path.iterdir())


def test_batches_too_small_to_be_shared_are_refused():
    with pytest.raises(UsageError, match="batches of 15 films cannot be shared by 16 devices"):
        launched.train(Ranks(1, 16))


def test_each_process_has_a_gpu_of_its_own_and_a_cpu_is_everybody_s():
    assert own_device(Placement("cuda:0", "bf16"), Ranks(5, 8, 1, 4)) == Placement("cuda:1", "bf16")
    assert own_device(Placement("cuda:3"), Ranks()) == Placement("cuda:3")
    assert own_device(Placement("cpu"), Ranks(1, 2, 1, 2)) == Placement("cpu")
