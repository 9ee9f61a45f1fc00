"""Every built-in check is held to the contract that a stranger's is, and a careless one is found out."""

import numpy as np
import pytest

from xrayscan import Verdict, load_registry
from xrayscan.testing.check import (
    CLAUSES,
    check_answers,
    check_registration,
    check_repeatable,
    check_sent,
    check_wording,
    pictures,
)


@pytest.mark.parametrize("check", load_registry().checks.values(), ids=lambda check: check.name)
@pytest.mark.parametrize("clause", [clause for clause in CLAUSES if clause.__name__ != "check_light_registration"])
def test_a_built_in_check_keeps(clause, check):
    clause(check)


def test_the_pictures_make_every_built_in_check_speak():
    silent = [
        check.name
        for check in load_registry().checks.values()
        if not any(check.examine(image, sample) for image, sample in pictures())
    ]
    assert not silent


class Careless:
    def __init__(self, answer, name="careless"):
        self.name, self.answer = name, answer

    def examine(self, image, sample):
        return self.answer(sample)


def darkened(sample):
    sample *= 0.5


@pytest.mark.parametrize(
    ("clause", "check"),
    [
        (check_registration, Careless(lambda sample: None, name="no, really!")),
        (check_answers, Careless(lambda sample: True)),
        (check_answers, Careless(darkened)),
        (check_answers, Careless(lambda sample: Verdict((str(sample[5, 5]),)))),
        (check_wording, Careless(lambda sample: Verdict())),
        (check_wording, Careless(lambda sample: Verdict(("two\nlines",)))),
        (check_repeatable, Careless(lambda sample, seen=[]: seen.append(1) or Verdict((f"number {len(seen)}",)))),
        (check_sent, Careless(lambda sample: None)),
    ],
)
def test_a_careless_check_is_found_out(clause, check):
    with pytest.raises(Exception, match=r"."):
        clause(check)


def test_pictures_are_read_only():
    assert not any(np.asarray(image.brightness).flags.writeable for image, _ in pictures())
