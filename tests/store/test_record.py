import math

import pytest

from xrayscan.store.record import ScanRecord, Status


def test_a_record_is_scored_rejected_or_ignored():
    assert ScanRecord("a", probabilities=(0.2,)).status is Status.SCORED
    assert ScanRecord("a", reason="truncated JPEG").status is Status.REJECTED
    assert ScanRecord("a", reason="hidden file", ignored=True).status is Status.IGNORED


@pytest.mark.parametrize(
    "contradiction",
    [
        {},
        {"probabilities": (0.5,), "reason": "truncated JPEG"},
        {"probabilities": (0.5,), "ignored": True},
        {"probabilities": (1.2,)},
        {"probabilities": (math.nan,)},
    ],
)
def test_a_record_cannot_hold_a_contradiction(contradiction):
    with pytest.raises(ValueError, match=r"a\.jpeg"):
        ScanRecord("a.jpeg", **contradiction)
