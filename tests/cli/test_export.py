import pytest
from command_line import xrayscan
from small import check_answer

from xrayscan.cli.export import export as command


def test_the_command_replaces_nothing_unasked(model_file, tmp_path):
    pytest.importorskip("onnxruntime")
    asked = ["export", model_file, "--out", str(tmp_path / "m.onnx")]
    assert "Written" in xrayscan(*asked).output
    assert xrayscan(*asked).exit_code == 5
    check_answer(command.result, xrayscan(*asked, "--overwrite", "--json").stdout)
    assert xrayscan("export", model_file, "--out", tmp_path / "m.bin").exit_code == 2
