"""Reports that are written to an object store, while the run itself stays on this machine."""

import json
import os
import re

import pytest
from command_line import xrayscan
from films import film, png
from object_server import FILM

from xrayscan.errors import OutputError
from xrayscan.files.run_folder import make_folder
from xrayscan.plugin import publishing
from xrayscan.plugin.publishing import folder_of

pytest.importorskip("botocore", reason="botocore is not installed: pip install 'xrayscan[cloud]'")
pytest.importorskip("obstore", reason="obstore is not installed: pip install 'xrayscan[cloud]'")

OUT = "s3://films/run 1"


@pytest.fixture
def predict(serve, environment, tmp_path):
    """Scan two films into an address of a server, which is returned first; more words may be given."""
    environment.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    environment.setattr("xrayscan_plugins.object_clients.RETRIES", 1)
    (tmp_path / "ward").mkdir()
    for name, bright in (("a.png", 80), ("b.png", 90)):
        (tmp_path / "ward" / name).write_bytes(png(film(96, bright)))
    server = serve("a.png")

    def run(*words, out=OUT):
        return xrayscan("predict", tmp_path / "ward", "--out", out, "--workers", "0", "--no-images", *words)

    return server, run


def names(server):
    return {name.removeprefix("films/run 1/") for name in server.objects if name.startswith("films/run 1/")}


def test_reports_are_written_to_the_address_and_the_store_stays_here(predict, tmp_path):
    server, run = predict
    done = run("--format", "csv,csv.gz,html", "--json")
    assert done.exit_code == 0, done.output
    assert names(server) == {"out.json", "triage.csv", "triage.csv.gz", "triage.html", "run.json"}
    told = json.loads(done.stdout)
    assert told["files"] == [f"{OUT}/{n}" for n in ("triage.csv", "triage.csv.gz", "triage.html", "run.json")]
    assert os.path.isfile(os.path.join(told["folder"], "scan.sqlite"))
    assert told["folder"].startswith(str(tmp_path / "state"))
    assert "scan.sqlite" in done.stderr, "people are told where the scan itself is"
    assert run("--format", "csv", "--fresh", out=tmp_path / "here").exit_code == 0
    rows = [re.sub(rb",[\d.]+,", b",", (tmp_path / "here" / "triage.csv").read_bytes())]  # unlikeness
    assert rows == [re.sub(rb",[\d.]+,", b",", server.objects["films/run 1/triage.csv"])]
    kinds = {request["Content-Type"] for request in server.heard}
    assert {"text/html", "text/csv", "application/gzip", "application/json"} <= kinds


def test_the_same_command_goes_on_and_other_commands_take_the_address(predict):
    server, run = predict
    assert run("--format", "csv").exit_code == 0
    again = run("--format", "csv", "--json")
    assert json.loads(again.stdout)["counts"]["kept"] == 2
    assert xrayscan("report", f"{OUT}/", "--format", "jsonl").exit_code == 0
    assert "triage.jsonl" in names(server)
    assert "complete: 2 files" in xrayscan("status", OUT).output
    merged = xrayscan("merge", OUT, "--out", "s3://films/all", "--format", "csv")
    assert merged.exit_code == 0, merged.output
    assert server.objects["films/all/triage.csv"] == server.objects["films/run 1/triage.csv"]
    assert xrayscan("report", "s3://films/other").exit_code == 2


@pytest.mark.parametrize(
    ("fault", "told"), [(403, "does not permit"), (404, "no such bucket"), (500, "did not take it"), (None, "did not")]
)
def test_a_store_that_takes_nothing_is_told_before_any_film_is_read(fault, told, predict, monkeypatch):
    server, run = predict
    server.faults["films/run 1/out.json"] = [fault] * 9
    if fault is None:  # nobody listens
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    done = run()
    assert done.exit_code == 5
    (line,) = done.stderr.splitlines()
    assert told in line
    assert f"{OUT}/out.json cannot be written" in line
    assert not any(word in done.output for word in ("Secret", "hunter2", "127.0.0.1"))
    assert not os.path.exists(os.path.join(folder_of(OUT), "scan.sqlite"))


def test_a_store_that_goes_away_at_the_end_costs_no_record(predict):
    server, run = predict
    server.faults["films/run 1/triage.csv"] = [503] * 9
    done = run("--format", "csv")
    assert done.exit_code == 5
    assert f"xrayscan report {OUT}" in " ".join(done.stderr.split())
    assert names(server) == {"out.json"}
    server.faults.clear()
    assert xrayscan("report", OUT, "--format", "csv").exit_code == 0
    assert names(server) == {"out.json", "triage.csv", "run.json"}


def test_credentials_are_written_nowhere(predict, tmp_path):
    server, run = predict
    assert run().exit_code == 0
    for folder, _, files in os.walk(tmp_path / "state"):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                assert b"hunter2" not in file.read()
    assert not any(b"hunter2" in content for content in server.objects.values())


def test_a_folder_holds_the_files_of_the_last_report_alone(predict, tmp_path):
    server, _ = predict
    folder = publishing.begin(OUT)
    parts = tmp_path / "state" / "parts"
    os.makedirs(parts)
    for name in ("1", "2", "3"):
        (parts / name).write_text(name)
    server.objects["films/run 1/parts of others"] = FILM
    publishing.publish(folder, [str(parts)])
    (parts / "3").unlink()
    publishing.publish(folder, [str(parts)])
    assert names(server) == {"out.json", "parts/1", "parts/2", "parts of others"}


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("https://host/folder", "reports are not written to https:// addresses, but to s3://"),
        ("other://host/folder", "reports are not written to other:// addresses, but to s3://"),
        ("s3://me:hunter2@films/run", "s3://…@films/run: address that holds credentials"),
        ("s3://films/a//b", "plain names"),
        ("s3://films/../b", "plain names"),
        ("s3://", "plain names"),
    ],
)
def test_an_address_that_takes_no_reports_is_refused(out, told, predict, tmp_path):
    _, run = predict
    done = run(out=out)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())
    assert "hunter2" not in done.output


def test_what_is_written_to_folders_alone_makes_none_of_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="is an address"):
        make_folder("s3://films/run")
    assert not os.listdir(tmp_path)
