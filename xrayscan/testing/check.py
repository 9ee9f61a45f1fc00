"""A contract that every check keeps, as pytest tests that a plugin runs against itself.

from xrayscan.testing import CheckContract

class TestTooDark(CheckContract):
    check = "too dark"
"""

import pickle
from collections.abc import Iterator

import numpy as np

from xrayscan.checks.interface import Check, Sample, Verdict, sample_of
from xrayscan.decode import Radiograph
from xrayscan.store.record import Facts
from xrayscan.testing.contract import Contract, assert_registrable, clauses_of, light

LONGEST = 80  # characters of a flag or reason, which stand in a table
HEADER = {"projections": ("lateral",), "body_part": "HAND", "chroma": 1.0}


def pictures() -> Iterator[tuple[Radiograph, Sample]]:
    """What a check meets: a soft picture, noise, nothing at all, a strip, a speck; headers that speak and that do not.

    Arrays are read-only, as in a scan.
    """
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:1:300j, 0:1:200j]
    soft = 0.5 + 0.3 * np.sin(5 * rows) * np.cos(4 * columns)
    odd = np.zeros((128, 128)), np.ones((128, 128)), rng.random((1, 900)), rng.random((1, 1))
    for values in (soft, rng.random((200, 300)), *odd):
        brightness = values.astype(np.float32)
        brightness.flags.writeable = False
        facts = Facts(format="PNG", rows=brightness.shape[0], columns=brightness.shape[1])
        yield Radiograph(brightness, facts), sample_of(brightness)
        yield Radiograph(brightness, facts, **HEADER), sample_of(brightness)  # type: ignore[arg-type]


def check_registration(check: Check) -> None:
    """It has all that a check has, under a name that may be shown."""
    assert_registrable("checks", check)


def check_answers(check: Check) -> None:
    """It answers every picture with a verdict or None, whatever the picture, and changes nothing of it."""
    for image, sample in pictures():
        verdict = check.examine(image, sample)
        assert verdict is None or isinstance(verdict, Verdict), f"it answers {type(verdict).__name__}, not a Verdict"


def check_wording(check: Check) -> None:
    """What it says is one short line, and no empty verdict stands for letting a picture pass."""
    for verdict in filter(None, (check.examine(image, sample) for image, sample in pictures())):
        said = (*verdict.flags, *filter(None, (verdict.reason,)))
        assert said, "a verdict without flags and reason says nothing: return None"
        for text in said:
            assert text == " ".join(text.split()), f"{text!r}: one line of text"
            assert len(text) <= LONGEST, f"{text!r}: at most {LONGEST} characters"


def check_repeatable(check: Check) -> None:
    """Asked twice, and in another order, it answers the same: it keeps no state."""
    shown = list(pictures())
    there = [check.examine(image, sample) for image, sample in shown]
    back = [check.examine(image, sample) for image, sample in reversed(shown)]
    assert there == back[::-1], "asked again, it answers otherwise"


def check_sent(check: Check) -> None:
    """It can be sent to a reader process by pickle, and answers there as here."""
    sent = pickle.loads(pickle.dumps(check))
    for image, sample in pictures():
        assert sent.examine(image, sample) == check.examine(image, sample), "sent by pickle, it answers otherwise"


check_light_registration = light("checks")

CLAUSES = clauses_of(__name__)


class CheckContract(Contract):
    """Subclass this in a test module, name the check, and pytest runs one test per clause."""

    check: str  # as registered
    edge, clauses = "checks", CLAUSES
