import json

import pytest
from command_line import xrayscan
from small import write_film


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    for n in range(20):
        write_film(folder / ("NORMAL", "PNEUMONIA")[n % 2] / f"patient{n}-1.png", n)
    return folder


def measured(*words):
    return xrayscan("evaluate", *words, "--workers", "0")


def test_one_model_has_one_plain_column(labelled, model_file, tmp_path):
    result = measured(labelled, "--model", model_file, "--out", tmp_path / "o", "--threshold", "0.35")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "o" / "predictions.csv").read_text().startswith("source,label,patient,probability\n")
    [found] = json.loads((tmp_path / "o" / "metrics.json").read_text()).values()
    assert found["threshold"] == 0.35
    assert found["operating_point"] is None
    assert found["operating_points"]["balanced"]["threshold"] == 0.5


def test_an_operating_point_of_the_model_is_chosen_by_name(labelled, model_file, tmp_path):
    result = measured(labelled, "--model", model_file, "--out", tmp_path / "o", "--operating-point", "sensitivity-0.99")
    assert result.exit_code == 0, result.output
    [found] = json.loads((tmp_path / "o" / "metrics.json").read_text()).values()
    assert (found["operating_point"], found["threshold"]) == ("sensitivity-0.99", 0.3)
    refused = measured(labelled, "--model", model_file, "--out", tmp_path / "p", "--operating-point", "best")
    assert refused.exit_code == 4
    assert "it has balanced" in refused.stderr


def test_an_output_folder_that_cannot_be_made_gives_exit_code_5(labelled, model_file, tmp_path):
    (tmp_path / "file").write_text("in the way")
    result = measured(labelled, "--model", model_file, "--out", tmp_path / "file")
    assert result.exit_code == 5
    assert "--out" in result.stderr
