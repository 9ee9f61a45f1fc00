import json

import pytest
import torch

from xrayscan import TrainingParams
from xrayscan.network.fit.optimisers import PLATEAU_FACTOR, PLATEAU_PATIENCE, Schedule, make_optimiser, matrices

OPTIMISERS = ("adamw", "adam", "sgd", "rmsprop")
SCHEDULES = ("one-cycle", "cosine", "constant", "plateau")


def made(steps=5, **params):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
    settings = TrainingParams(epochs=4, **params)
    optimiser = make_optimiser(network, settings)
    return network, optimiser, Schedule(optimiser, settings, steps)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_weights_decay_and_norms_and_biases_do_not(optimiser):
    network, made_optimiser, _ = made(optimiser=optimiser, learning_rate=0.1, weight_decay=0.5, schedule="constant")
    for parameter in network.parameters():
        parameter.data.fill_(1.0)
        parameter.grad = torch.zeros_like(parameter)
    made_optimiser.step()
    assert (network[0].weight < 1).all()
    assert all((parameter == 1).all() for parameter in (network[0].bias, *network[1].parameters()))
    assert [weights.shape for weights in matrices(network)] == [(3, 4)]


@pytest.mark.parametrize(("monitor", "worse"), [("val_loss", 0.6), ("val_auroc", 0.4)])
def test_the_rate_falls_when_validation_no_longer_improves(monitor, worse):
    _, _, schedule = made(schedule="plateau", monitor=monitor, learning_rate=0.01)
    schedule.after_epoch(0.5)
    for _ in range(PLATEAU_PATIENCE):
        schedule.after_epoch(worse)
        assert schedule.rate == 0.01
    schedule.after_epoch(worse)
    assert schedule.rate == pytest.approx(0.01 * PLATEAU_FACTOR)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_state_of_a_schedule_survives_json(optimiser, schedule):
    _, before, one = made(optimiser=optimiser, schedule=schedule)
    for _ in range(7):
        before.step()
        one.after_step()
    one.after_epoch(0.5)
    _, after, other = made(optimiser=optimiser, schedule=schedule)
    other.state = json.loads(json.dumps(one.state))
    after.load_state_dict(before.state_dict())
    for _ in range(5):
        one.after_step()
        other.after_step()
    assert one.rate == other.rate
    assert json.dumps(one.state) == json.dumps(other.state)


def test_one_cycle_ends_with_the_last_step_of_the_last_epoch():
    _, optimiser, schedule = made(schedule="one-cycle", learning_rate=0.01)
    rates = []
    for _ in range(20):
        rates.append(schedule.rate)
        optimiser.step()
        schedule.after_step()
    assert max(rates) == pytest.approx(0.01, rel=0.05)
    assert rates[-1] < 1e-4 * 0.01
