from itertools import count

import pytest
from small import make_card

from xrayscan.model.card import OperatingPoint
from xrayscan.sources.source import Source
from xrayscan.store.record import Facts, ScanRecord, Status
from xrayscan.store.store import Store
from xrayscan.worklist.worklist import Worklist

CARD = make_card(
    OperatingPoint("balanced", 0.5, 0.951, 0.962, (0.921, 0.973), (0.931, 0.984)),
    OperatingPoint("sensitivity-0.99", 0.2, 0.99, 0.8, (0.98, 1.0), (0.7, 0.9)),
    OperatingPoint("specificity-0.99", 0.8, 0.8, 0.99, (0.7, 0.9), (0.98, 1.0)),
    name="<default>",
)


def record(name, outcome, facts=None):
    known = Facts(**facts or {})
    if isinstance(outcome, str):
        code = {"truncated JPEG": "truncated", "link loop": "broken-link"}.get(outcome, "")
        return ScanRecord(name, known, status=Status.FAILED, reason=outcome, code=code)
    return ScanRecord(name, known, (outcome,), flags=("lateral",) if known.view == "LL" else ())


def as_record(entry):
    return entry if isinstance(entry, ScanRecord) else record(*entry)


@pytest.fixture
def worklist(tmp_path):
    """Make a worklist of ``(name, probability, facts)`` and ``(name, reason)``, and of records."""
    with Store.open(str(tmp_path / "scan.sqlite"), models=("0123456789abcdef",)) as store:
        numbers = count()

        def make(*entries, settings=None):
            store.write((Source(one.source, f"/{next(numbers)}", 1, 1), one) for one in map(as_record, entries))
            return Worklist(store, [CARD], settings)

        yield make
