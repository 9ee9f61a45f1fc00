"""What learns of a network that starts from weights of others, and how fast."""

import warnings

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from xrayscan import FitSettings, ModelError, TransferParams
from xrayscan.cli import main
from xrayscan.model.parameters import parse
from xrayscan.plugin.manager import load_registry
from xrayscan.testing.backend import QUICK, toy_films

SIDE = 32


def trained(name, **parameters):
    """The tensors of a network before and after one epoch, by name."""
    backend = load_registry().backend(name)
    params = parse(backend.params, {"side": SIDE, "dropout": 0.0, **parameters}, of=name)
    torch.manual_seed(0)
    before = {key: tensor.numpy().copy() for key, tensor in backend.build(params).state_dict().items()}
    films = toy_films(SIDE)
    after = backend.fit(params, backend.spec(params), films, films, FitSettings(QUICK))
    return before, after


def changed(before, after):
    return {name for name in after if not np.array_equal(before[name], after[name])}


def test_a_frozen_base_stays_as_it_was_to_the_last_bit_and_statistic():
    names = changed(*trained("resnet18", unfreeze=0, widths=(4,)))
    assert names
    assert all(name.startswith("head.") for name in names)


def test_only_the_last_layers_learn_when_some_are_unfrozen():
    names = changed(*trained("vgg16", unfreeze=3))
    learnt = {name.rpartition(".")[0] for name in names if name.startswith("base.")}
    assert learnt == {"base.features.24", "base.features.26", "base.features.28"}  # the last three convolutions


def test_rates_rise_from_the_first_layer_to_the_head():
    backend = load_registry().backend("resnet18")
    params = TransferParams(side=SIDE, base_rate=0.01)
    groups = backend.learning(backend.build(params), params)
    rates = [rate for _, rate in groups]
    assert rates[0] == pytest.approx(0.01)
    assert rates == sorted(rates)
    assert rates[-1] == 1
    steps = np.diff(np.log(rates))
    assert steps == pytest.approx(np.full(len(steps), steps[0]))


def test_weights_for_a_backend_that_starts_from_none_are_refused(tmp_path, sample_images):
    given = ["train", str(sample_images / "labelled"), "--out", str(tmp_path / "run"), "--weights", "imagenet"]
    for backend, says in (("mlp", "leave out --weights"), ("knn", "with features=BACKEND only")):
        done = CliRunner().invoke(main, [*given, "--backend", backend, "--quiet"])
        assert done.exit_code == 4
        assert says in done.stderr


def test_timm_names_are_checked_with_those_that_are_near(tmp_path):
    pytest.importorskip("timm")
    backend = load_registry().backend("timm")
    with warnings.catch_warnings(), pytest.raises(ModelError, match=r"knows no network 'resnet18x': .*resnet"):
        backend.spec(backend.params(network="resnet18x"))
