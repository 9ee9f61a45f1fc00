import math

import pytest

from xrayscan.store.record import ScanRecord, Status


def test_a_record_has_probabilities_or_a_reason():
    assert ScanRecord("a", probabilities=(0.2,)).status is Status.SCORED
    assert ScanRecord("a", reason="truncated JPEG", status=Status.FAILED)
    assert ScanRecord("a", reason="hidden file", status=Status.SKIPPED)
    assert ScanRecord("a", reason="ultrasound", status=Status.SET_ASIDE)


@pytest.mark.parametrize(
    "contradiction",
    [
        {},
        {"probabilities": (0.5,), "reason": "truncated JPEG"},
        {"probabilities": (0.5,), "status": Status.SKIPPED},
        {"status": Status.FAILED},
        {"reason": "truncated JPEG"},
        {"probabilities": (1.2,)},
        {"probabilities": (math.nan,)},
    ],
)
def test_a_record_cannot_hold_a_contradiction(contradiction):
    with pytest.raises(ValueError, match=r"a\.jpeg"):
        ScanRecord("a.jpeg", **contradiction)
