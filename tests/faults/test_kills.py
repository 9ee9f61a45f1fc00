"""Scans that are killed at random moments go on to the rows of one that was not.

More moments are tried by `python -m faults.kills 50`, run in this folder's parent.
"""

import os
import subprocess
import sys

import pytest
from small import ROOT


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_scan_of_which_anything_is_killed_goes_on_to_the_same_rows():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.fspath, (ROOT / "tests", ROOT)))}
    command = [sys.executable, "-m", "faults.kills", "6", "1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the same rows") == 6
