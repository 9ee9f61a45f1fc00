"""SECURITY.md promises nothing that no test holds."""

import re

import pytest
from small import ROOT

from xrayscan.sources import archive_file, members

SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", SECURITY)


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_test_that_holds_a_promise_is_there(path, name):
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_promise_names_a_test():
    rows = [line for line in SECURITY.splitlines() if line.startswith("| ") and line.count("|") == 3]
    promises = SECURITY[SECURITY.index("## Promises") : SECURITY.index("## Limits")]
    held = [row for row in rows if row in promises and not row.startswith(("| promise", "| ---"))]
    assert len(held) > 20
    assert all("::test_" in row for row in held)


def test_the_limits_are_those_of_the_code():
    for value in (f"{members.MAX_MEMBERS:,}", f"{members.MAX_DEPTH}, the", f"{members.MAX_RATIO} times"):
        assert value in SECURITY
    assert f"{members.FREE_BYTES >> 20} MiB" in SECURITY
    assert f"{archive_file.MAX_INNER >> 20} MiB" in SECURITY
    assert members.MAX_INFLATED == 1 << 40
