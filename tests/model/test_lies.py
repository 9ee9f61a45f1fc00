"""A model file that is not what it says is refused in one sentence before anything is computed with it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from small import make_model

from xrayscan import ModelError, Placement, load_model, load_predictor
from xrayscan.cli import main
from xrayscan.model.file import HEADER_KEY
from xrayscan.model.tensors import sealed, unsealed

LIES = {
    "backend is a list": {"backend": ["cnn"]},
    "backend is empty": {"backend": ""},
    "name is a number": {"name": 5},
    "name is missing": {"name": ...},
    "metrics are a text": {"metrics": "good"},
    "a metric is a text": {"metrics": {"auroc": "high"}},
    "a metric is above 1": {"metrics": {"auroc": 1.5}},
    "labels of one name": {"labels": ["PNEUMONIA", "PNEUMONIA"]},
    "one label": {"labels": ["PNEUMONIA"]},
    "three labels": {"labels": ["A", "B", "C"]},
    "labels are a text": {"labels": "AB"},
    "a slope that turns the order round": {"calibration": {"slope": -1.0, "intercept": 0.0}},
    "a slope of nothing": {"calibration": {"slope": 0.0, "intercept": 0.0}},
    "calibration is a list": {"calibration": [1, 0]},
    "prevalence above 1": {"prevalence": 2.0},
    "prevalence is true": {"prevalence": True},
    "no operating points": {"operating_points": 3},
    "parameters are a list": {"parameters": [1]},
    "an unknown entry": {"exec": "import os"},
    "a future format": {"format": 10**9},
    "a format of text": {"format": "1"},
}
INPUT_LIES = {
    "side is a text": {"side": "32"},
    "side beyond all memory": {"side": 10**9},
    "negative side": {"side": -32},
    "side is a fraction": {"side": 32.5},
    "mean is a text": {"mean": "zero"},
    "no deviation": {"std": [0.0]},
    "two channels": {"channels": 2},
    "an unknown resize": {"resize": "zoom"},
}
POINT_LIES = {
    "threshold is a text": {"threshold": "0.5"},
    "threshold is 5": {"threshold": 5},
    "name is null": {"name": None},
}


@pytest.fixture(scope="module")
def parts(model_file):
    with open(model_file, "rb") as file:
        header, tensors, _ = unsealed(HEADER_KEY, file.read())
    return header, tensors


def lying(parts, lies):
    header, tensors = parts
    changed = {name: value for name, value in (header | lies).items() if value is not ...}
    return sealed(HEADER_KEY, changed, tensors)


def refused(tmp_path, data):
    """Refuse it in the library, and on the command line with exit code 4 and one line."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelError) as error:
        load_predictor(load_model(str(path)), Placement())
    ended = CliRunner().invoke(main, ["models", "show", str(path)])
    if ended.exit_code != 0:  # what does not fit the network shows only once the network is there
        assert ended.exit_code in (2, 4), ended.output
        assert "Traceback" not in ended.output
    return str(error.value)


@pytest.mark.parametrize("lie", LIES)
def test_a_card_with_a_lie_is_refused(tmp_path, parts, lie):
    assert "\n" not in refused(tmp_path, lying(parts, LIES[lie]))


@pytest.mark.parametrize("lie", INPUT_LIES)
def test_an_input_with_a_lie_is_refused(tmp_path, parts, lie):
    refused(tmp_path, lying(parts, {"input": parts[0]["input"] | INPUT_LIES[lie]}))


@pytest.mark.parametrize("lie", POINT_LIES)
def test_an_operating_point_with_a_lie_is_refused(tmp_path, parts, lie):
    first, *others = parts[0]["operating_points"]
    refused(tmp_path, lying(parts, {"operating_points": [first | POINT_LIES[lie], *others]}))


def test_a_mean_that_is_no_number_is_refused(tmp_path, parts):
    header, tensors = parts
    text = json.dumps(header["input"] | {"mean": [float("nan")]})
    refused(tmp_path, sealed(HEADER_KEY, header | {"input": json.loads(text)}, tensors))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '"\ud800"', '{"name": "\ud800"}', "\ud800", "", "NaN", '{"name": 1e999}']
)
def test_a_card_that_is_no_json_of_ours_is_refused(tmp_path, model_file, text):
    with open(model_file, "rb") as file:
        data = file.read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"][HEADER_KEY] = text
    changed = json.dumps(header).encode()
    refused(tmp_path, len(changed).to_bytes(8, "little") + changed + data[8 + size :])


@pytest.mark.parametrize("wrong", ["nan", "inf", "shape", "kind", "missing", "more"])
def test_weights_that_are_no_weights_of_this_network_are_refused(tmp_path, parts, wrong):
    header, tensors = parts
    name = next(name for name, array in tensors.items() if array.dtype == np.float32 and array.ndim == 4)
    changed = {
        "nan": {name: np.full_like(tensors[name], np.nan)},
        "inf": {name: np.full_like(tensors[name], -np.inf)},
        "shape": {name: tensors[name][:-1]},
        "kind": {name: tensors[name].astype(np.int64)},
        "missing": {name: None},
        "more": {"backdoor.weight": tensors[name]},
    }[wrong]
    arrays = {name: array for name, array in ({**tensors, **changed}).items() if array is not None}
    refused(tmp_path, sealed(HEADER_KEY, header, arrays))


def test_no_flipped_bit_of_a_model_file_is_accepted(tmp_path, model_file):
    with open(model_file, "rb") as file:
        whole = file.read()
    path = tmp_path / "model.safetensors"
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(whole) * 8, 120):
        data = bytearray(whole)
        data[at // 8] ^= 1 << at % 8
        path.write_bytes(data)
        try:
            changed = load_model(str(path))
        except ModelError:
            continue
        assert changed.card == load_model(model_file).card  # blanks of JSON alone


def test_a_model_cut_off_anywhere_is_refused(tmp_path):
    path = make_model(tmp_path / "model.safetensors")
    whole = path.read_bytes()
    for size in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelError):
            load_model(str(path))
