import json

import pytest
from command_line import xrayscan

from xrayscan import ModelError
from xrayscan.scanning import doctor


def findings(*words):
    """The exit code, and what `xrayscan doctor` found by section and name."""
    done = xrayscan("doctor", *words, "--json")
    return done.exit_code, {(one["section"], one["name"]): one for one in json.loads(done.stdout)["findings"]}


def test_a_sound_installation_is_told_to_be_sound(model_file):
    done = xrayscan("doctor", "--model", model_file)
    assert done.exit_code == 0, done.output
    for text in ("versions", "torch", "cpu", "onnxruntime", "timm", "cnn", "working folder", "scores a drawn film"):
        assert text in done.stdout
    assert "Nothing is wrong." in done.stdout


def test_a_model_that_is_no_model_is_wrong(tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"broken")
    code, found = findings("--model", tmp_path / "broken.safetensors")
    assert code == ModelError.exit_code
    assert found["model", str(tmp_path / "broken.safetensors")]["exit_code"] == code


@pytest.mark.parametrize(
    ("what", "instead", "name", "code"),
    [
        ("CUT", 1.0, "refuses half a film", 3),
        ("ALIKE", -1.0, "scores a drawn film", 4),
    ],
)
def test_a_scan_that_does_not_do_its_work_is_wrong(model_file, monkeypatch, what, instead, name, code):
    monkeypatch.setattr(doctor, what, instead)
    exit_code, found = findings("--model", model_file)
    assert exit_code == code
    assert found["self-test", name]["state"].startswith("failed: ")


def test_a_plugin_that_does_not_load_is_wrong(model_file, monkeypatch):
    monkeypatch.setenv("XRAYSCAN_PLUGINS", "nope")
    code, found = findings("--model", model_file)
    assert (code, found["plugins", "nope"]["exit_code"]) == (4, 4)
