"""Every report that is installed keeps the contract of `xrayscan.testing`."""

import pytest

from xrayscan.plugin.manager import load_registry
from xrayscan.testing.report import CLAUSES

REPORTS = load_registry().reports


@pytest.mark.parametrize("clause", CLAUSES, ids=[clause.__name__ for clause in CLAUSES])
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_keeps_the_contract(name, clause):
    if name.startswith("dicom"):
        pytest.importorskip("highdicom", reason="the DICOM extra is not installed")
    clause(REPORTS[name])
