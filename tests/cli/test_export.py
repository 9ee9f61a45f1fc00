import pytest
from command_line import xrayscan


def test_the_command_replaces_nothing_unasked(model_file, tmp_path):
    pytest.importorskip("onnxruntime")
    asked = ["export", model_file, "--out", str(tmp_path / "m.onnx")]
    assert "Written" in xrayscan(*asked).output
    assert xrayscan(*asked).exit_code == 5
    assert xrayscan(*asked, "--overwrite").exit_code == 0
    assert xrayscan("export", model_file, "--out", tmp_path / "m.bin").exit_code == 2
