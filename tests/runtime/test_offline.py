"""Nothing that a scan uses reports home."""

import os
import subprocess
import sys

import pytest
from small import write_film

CI = (
    "CI",
    "GITHUB_ACTIONS",
    "TF_BUILD",
    "ORT_DISABLE_TELEMETRY",
    "ORT_RUNNING_UNIT_TESTS",
)  # in which it is off anyway
SCAN = """
import sys, xrayscan
worklist = xrayscan.predict(sys.argv[1], model=sys.argv[2], out=sys.argv[3])
assert "onnxruntime" in sys.modules
"""


@pytest.mark.parametrize("way", ["command", "library"])
def test_a_scan_reports_nothing_and_leaves_no_identifier_of_this_machine(tmp_path, model_file, way):
    write_film(tmp_path / "films" / "a.png", 1)
    words = map(str, (tmp_path / "films", model_file, tmp_path / "out"))
    films, model, out = words
    command = {
        "command": ["-m", "xrayscan", "predict", films, "--model", model, "--out", out, "--runtime", "onnxruntime"],
        "library": ["-c", SCAN, films, model, out],
    }[way]
    environment = {name: value for name, value in os.environ.items() if name not in CI}
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, *command], env=environment, check=True, capture_output=True)
    kept = {path.name for path in (tmp_path / "cache").iterdir()}
    assert kept <= {"xrayscan", "matplotlib"}  # ONNX Runtime would leave Microsoft/…/deviceid and what it is to send
