"""A site's gate passes films of the site, rises only, and not where the model is of no use."""

import numpy as np
import pytest

from xrayscan.calibration.gate import HIGHEST, with_site_gate
from xrayscan.model.gate import Gate, split_gate

ONES = np.ones(3, np.float32)
TENSORS = {"layer.weight": ONES, **Gate(ONES, ONES, ONES, 0.5, unlike_from=0.5).tensors()}


def set_by(unlikeness, **options):
    tensors, told = with_site_gate(TENSORS, np.asarray(unlikeness, np.float32), **{"may_rise": True} | options)
    network, gate = split_gate(tensors)
    assert list(network) == ["layer.weight"]
    assert gate.bias == 0.5
    assert gate.unlike_from == told.unlike_from[1]
    return told


def test_films_of_the_site_pass():
    told = set_by(np.linspace(0.1, 0.8, 50))
    assert told.flagged == (22, 0)
    assert told.unlike_from == pytest.approx((0.5, 0.8), abs=1e-6)


def test_of_many_films_one_in_fifty_is_still_flagged():
    told = set_by(np.linspace(0.001, 0.999, 999))
    assert told.flagged[1] == 19


def test_a_site_like_training_changes_nothing():
    assert set_by(np.full(60, 0.2)) == set_by(np.full(60, 0.2), may_rise=False)


def test_where_the_model_is_of_no_use_the_gate_stays():
    told = set_by(np.full(60, 0.9), may_rise=False)
    assert (told.flagged, told.unlike_from) == ((60, 60), (0.5, 0.5))


def test_what_is_as_unlike_as_can_be_is_flagged_everywhere():
    assert set_by(np.ones(60)).flagged == (60, 60)
    assert set_by(np.ones(60)).unlike_from[1] == HIGHEST


def test_a_model_that_judges_in_a_way_of_its_own_keeps_it():
    tensors = {"layer.weight": ONES}
    assert with_site_gate(tensors, np.ones(60, np.float32), may_rise=True) == (tensors, None)
