import pytest

from fuzz.run import run
from fuzz.targets import TARGETS

SECONDS = 20 / len(TARGETS)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_damaged_is_refused_in_words(name):
    report = run(name, SECONDS)
    assert report.findings == []
    assert report.accepted < report.cases
    assert (report.accepted > 0) == (name != "models")  # which are sealed: no change at all is accepted


@pytest.mark.parametrize("name", TARGETS)
def test_every_sound_input_is_accepted_and_a_case_is_always_the_same(name):
    target = TARGETS[name]
    seeds = target.seeds()
    assert any(map(target.accepts, seeds))
    assert target.case(seeds, 3, 5) == target.case(seeds, 3, 5) != target.case(seeds, 3, 6)
