import json

from command_line import xrayscan
from small import check_answer

from xrayscan.cli.benchmark import benchmark as command


def test_it_measures_every_part_and_keeps_what_it_found(model_file, films, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    picture = tmp_path / "speed.svg"
    asked = ["benchmark", str(films), "--model", model_file, "--runtime", "torch", "--precision", "fp32"]
    asked += ["--seconds", "0.1", "--workers", "0", "--device", "cpu", "--json", "--picture", str(picture)]
    done = xrayscan(*asked)
    assert done.exit_code == 0, done.output
    check_answer(command.result, done.stdout)
    found = json.loads(done.stdout)
    assert found["limit"] in ("decoding", "inference")
    assert found["films"] == 7
    assert [one["batch_size"] for one in found["inference"] if one["chosen"]] == [2, 8, 32]
    assert found["decoded"] > 0
    assert found["scanned"] is found["hours"] is None  # seven films are scored before a scan runs evenly
    assert picture.read_text(encoding="utf-8").startswith("<svg")


def test_a_folder_without_images_is_told_of(model_file, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    assert xrayscan("benchmark", tmp_path, "--model", model_file).exit_code == 3
