"""`xrayscan benchmark`: rates of the parts, and which of them is the limit."""

import json

import pytest
from click.testing import CliRunner
from small import check_answer

from xrayscan.cli import main
from xrayscan.cli.benchmark import benchmark as command
from xrayscan.scanning.benchmark import Benchmark, Inference


def test_it_measures_every_part_and_keeps_what_it_found(model_file, films, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    picture = tmp_path / "speed.svg"
    asked = ["benchmark", str(films), "--model", model_file, "--runtime", "torch", "--precision", "fp32"]
    asked += ["--seconds", "0.1", "--workers", "0", "--device", "cpu", "--json", "--picture", str(picture)]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    check_answer(command.result, done.stdout)
    found = json.loads(done.stdout)
    assert found["limit"] in ("decoding", "inference")
    assert found["films"] == 7
    assert [one["batch_size"] for one in found["inference"] if one["chosen"]] == [8, 32, 128]
    assert min(found["decoded"], found["scanned"], found["hours"]) > 0
    assert picture.read_text(encoding="utf-8").startswith("<svg")


def test_a_folder_without_images_is_told_of(model_file, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    assert CliRunner().invoke(main, ["benchmark", str(tmp_path), "--model", model_file]).exit_code == 3


@pytest.mark.parametrize(("decoded", "limit"), [(100.0, "decoding"), (900.0, "inference")])
def test_the_slower_part_is_the_limit(decoded, limit):
    ways = (Inference("torch", "fp32", 32, 200.0, False), Inference("openvino", "fp32", 32, 500.0, True))
    found = Benchmark(10, decoded, ways, 50.0)
    assert (found.limit, found.inferred) == (limit, 500.0)
    assert found.hours == pytest.approx(100_000 / 50 / 3600)
