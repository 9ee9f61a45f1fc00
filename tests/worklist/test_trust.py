"""When a whole scan contradicts the model's card, that is said; when chance explains it, it is not."""

import pytest

from xrayscan.model.card import OperatingPoint
from xrayscan.worklist.trust import chance_of, doubts, expected_shares

POINT = OperatingPoint("specificity-0.99", 0.8, 0.8, 0.99, (0.75, 0.85), (0.98, 0.995))


def told(**given):
    usual = {"scored": 1000, "unlike": 0, "ranked": 1000, "high": 100, "point": POINT, "prevalence": None}
    return doubts(**(usual | given))


def test_more_than_one_in_twenty_unlike_training_is_told():
    assert told(unlike=50) == ()
    [doubt] = told(unlike=51)
    assert "51 of 1,000 films (5%) are unlike" in doubt


def test_a_share_of_high_is_held_against_the_prevalence_given():
    assert expected_shares(POINT, 0.05) == pytest.approx((0.05 * 0.75 + 0.95 * 0.005, 0.05 * 0.85 + 0.95 * 0.02))
    assert told(prevalence=0.05, high=60) == ()
    [doubt] = told(prevalence=0.05, high=852, ranked=1000)
    assert "852 of 1,000 films (85%) are of tier high" in doubt
    assert "at a prevalence of 5.0%" in doubt
    [few] = told(prevalence=0.5, high=10)
    assert "(1%)" in few


def test_without_a_prevalence_only_what_none_explains_is_told():
    assert told(high=0) == told(high=850) == ()
    [doubt] = told(high=990)
    assert "at any prevalence" in doubt


def test_chance_is_not_taken_for_a_contradiction():
    assert told(prevalence=0.05, scored=10, ranked=10, high=3) == ()
    assert chance_of(3, 10, 0.0, 0.06) > 0.001
    assert chance_of(300, 1000, 0.0, 0.06) < 1e-30


def test_nothing_scored_is_nothing_to_doubt():
    assert told(scored=0, ranked=0, high=0) == ()
