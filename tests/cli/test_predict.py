import csv
import json
import os

import pytest
from command_line import xrayscan
from small import write_film


@pytest.fixture
def predicted(films, model_file, tmp_path):
    out = tmp_path / "triage"
    result = xrayscan("predict", films, "--model", model_file, "--out", out, "--workers", "0")
    return result, out


def test_predict_writes_the_worklist_and_says_where(predicted):
    result, out = predicted
    assert result.exit_code == 0, result.output
    assert sorted(os.listdir(out)) == ["run.json", "scan.sqlite", "triage.csv", "triage.html", "triage.jsonl"]
    assert result.stdout == ""
    assert "7 scored" in result.stderr
    assert "triage.csv" in result.stderr
    assert "Not a diagnosis" in result.stderr


def test_the_csv_has_the_promised_columns_in_reading_order(predicted):
    with open(predicted[1] / "triage.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    expected = (
        "rank,source,status,probability,tier,prediction,flags,code,reason,study_uid,series_uid,sop_uid,modality,view,"
        "rows,columns,format,sha256,unlikeness"
    )
    assert ",".join(rows[0]) == expected
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 8)]
    assert sorted(rows, key=lambda row: -float(row["probability"])) == rows


def test_run_json_tells_what_was_asked_and_what_came_of_it(predicted, films, model):
    run = json.loads((predicted[1] / "run.json").read_text())
    assert run["exit_code"] == 0
    assert run["counts"]["found"] == run["counts"]["scored"] == run["counts"]["new"] == 7
    assert [used["fingerprint"] for used in run["models"]] == [model.fingerprint]
    assert run["settings"]["paths"] == [str(films)]
    assert run["run"]["seconds"] > 0
    assert set(run["versions"]) >= {"python", "torch", "xrayscan"}


def test_a_film_that_cannot_be_read_gives_exit_code_6_and_its_reason(films, model_file, tmp_path):
    (films / "bad.jpeg").write_bytes(b"no film")
    result = xrayscan("predict", films, "--model", model_file, "--out", tmp_path / "o", "--workers", "0", "--verbose")
    assert result.exit_code == 6
    assert "bad.jpeg: not an image, though its name says so" in result.stderr


def test_nothing_to_score_gives_exit_code_3_and_still_a_worklist(tmp_path, model_file):
    (tmp_path / "bad.jpeg").write_bytes(b"no film")
    result = xrayscan(
        "predict", tmp_path / "bad.jpeg", "--model", model_file, "--out", tmp_path / "o", "--workers", "0"
    )
    assert result.exit_code == 3
    assert "bad.jpeg" in (tmp_path / "o" / "triage.csv").read_text()


def test_a_worklist_that_cannot_be_written_gives_exit_code_5(films, model_file, tmp_path):
    (tmp_path / "file").write_text("in the way")
    result = xrayscan("predict", films, "--model", model_file, "--out", tmp_path / "file", "--workers", "0")
    assert result.exit_code == 5
    assert "--out" in result.stderr


def test_quiet_prints_nothing(films, model_file, tmp_path):
    result = xrayscan("predict", films, "--model", model_file, "--out", tmp_path / "o", "--workers", "0", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_dry_run_lists_the_films_on_stdout_and_writes_nothing(films, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (films / "notes.txt").write_text("no film")
    result = xrayscan("predict", "films", "--dry-run")
    assert sorted(result.stdout.split())[:2] == [os.path.join("films", "a.jpeg"), os.path.join("films", "b.png")]
    assert "7 would be scored" in result.stderr
    assert os.listdir(tmp_path) == ["films"]


@pytest.mark.parametrize("separator", ["\n", "\0", "\r\n"])
def test_paths_are_read_from_a_list(films, model_file, tmp_path, separator):
    listed = separator.join(str(films / name) for name in ("a.jpeg", "b.png"))
    result = xrayscan(
        *("predict", "--files-from", "-", "--model", model_file, "--out", tmp_path / "o", "--workers", "0"),
        input=listed.encode(),
    )
    assert result.exit_code == 0, result.output
    assert "2 scored" in result.stderr


def test_options_come_from_the_environment_too(films, model_file, tmp_path):
    env = {"XRAYSCAN_MODEL": model_file, "XRAYSCAN_OUT": str(tmp_path / "o"), "XRAYSCAN_WORKERS": "0"}
    env["XRAYSCAN_FORMAT"] = "csv"
    result = xrayscan("predict", films, env=env)
    assert result.exit_code == 0, result.output
    assert sorted(os.listdir(tmp_path / "o")) == ["run.json", "scan.sqlite", "triage.csv"]


def test_a_second_scan_says_in_one_line_what_it_kept(films, model_file, tmp_path):
    words = ("predict", films, "--model", model_file, "--out", tmp_path / "o", "--workers", "0")
    xrayscan(*words)
    (films / "a.jpeg").unlink()
    write_film(films / "new.png", 77)
    result = xrayscan(*words)
    assert "Resumed earlier scan: 6 unchanged, 1 new or changed, 1 removed.\n" in result.stderr
    again = xrayscan(*words, "--runtime", "torch", "--precision", "bf16")
    assert "0 removed. Scored by onnxruntime in fp32; --fresh scores them anew." in again.stderr


def test_a_file_name_cannot_write_to_the_terminal(model_file, tmp_path):
    write_film(tmp_path / "films" / "a\x1b[31m[red]b.png", 1)
    result = xrayscan("predict", tmp_path / "films", "--model", model_file, "--out", tmp_path / "o", "--workers", "0")
    assert "\x1b[31m" not in result.stderr
    assert r"a\x1b[31m[red]b.png" in "".join(result.stderr.split())  # however the table is folded


def test_a_scan_that_is_interrupted_before_it_recorded_anything_promises_nothing(
    films, model_file, tmp_path, monkeypatch
):
    def interrupt(*words, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("xrayscan.scanning.scan.scan", interrupt)
    result = xrayscan("predict", films, "--model", model_file, "--out", tmp_path / "o")
    assert result.exit_code == 130
    assert "stopped by SIGINT: nothing was recorded yet" in result.stderr
