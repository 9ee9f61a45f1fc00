"""Several models over the same films, in one pass."""

import csv
import dataclasses
import json
import os

import numpy as np
import pytest
from click.testing import CliRunner
from small import make_model, write_film

from xrayscan import (
    Calibration,
    OperatingPoint,
    OutputError,
    RankSettings,
    ScanSettings,
    UsageError,
    load_model,
    scan,
)
from xrayscan.cli import main
from xrayscan.model.calibration import shift_prevalence
from xrayscan.network.architectures.cnn import CnnParams, spec
from xrayscan.plugin.reports import write_reports
from xrayscan.report.reopen import reopen
from xrayscan.scanning import prepare
from xrayscan.scanning.score import NOT_A_NUMBER
from xrayscan.sources.reading import read_file
from xrayscan.worklist.worklist import DISAGREE

HERE = ScanSettings(workers=0)
MEAN = ScanSettings(workers=0, rank=RankSettings(rank_by="mean"))


@pytest.fixture(scope="module")
def other_file(tmp_path_factory):
    """The same network read the other way round: what one model finds ill, the other finds healthy."""
    folder = tmp_path_factory.mktemp("other")
    return os.fspath(make_model(folder / "o.safetensors", sign=-1, name="=other", calibration=Calibration(60.0, 1.0)))


@pytest.fixture
def worklist(films, model_file, other_file, tmp_path):
    """Scan the films with both models."""
    made = []

    def compare(settings=HERE, models=(model_file, other_file)):
        made.append(scan([str(films)], model=models, out=str(tmp_path / "out"), settings=settings))
        return made[-1]

    yield compare
    for one in made:
        one.close()


def test_every_model_gives_what_it_gives_alone(worklist, films, model_file, other_file, tmp_path):
    together = {row.source: row.probabilities for row in worklist().scored()}
    assert len(together) == 7
    for n, model in enumerate((model_file, other_file)):
        with scan([str(films)], model=model, out=str(tmp_path / f"alone{n}"), settings=HERE) as alone:
            assert {row.source: row.probability for row in alone.scored()} == {
                source: pytest.approx(probabilities[n], abs=1e-6) for source, probabilities in together.items()
            }


def test_models_of_different_pixels_share_one_reading_of_each_file(worklist, model_file, tmp_path, monkeypatch):
    params = CnnParams(side=48, width=4, blocks=1)
    large = make_model(
        tmp_path / "large.safetensors", input=spec(params), parameters={"side": 48, "width": 4, "blocks": 1}
    )
    read = []
    monkeypatch.setattr(prepare, "read_file", lambda path, **how: read.append(path) or read_file(path, **how))
    rows = list(worklist(models=(model_file, str(large))).scored())
    assert sorted(read) == sorted(row.source for row in rows)
    assert all(len(row.probabilities) == 2 and len(set(row.probabilities)) == 2 for row in rows)


def test_what_a_model_says_does_not_depend_on_another_ones_pixels(model_file, tmp_path):
    """A JPEG is decoded at a scale that its reader asks for: each model has its own."""
    params = {"side": 96, "width": 4, "blocks": 1}
    large = str(make_model(tmp_path / "large.safetensors", input=spec(CnnParams(**params)), parameters=params))
    film = write_film(tmp_path / "films" / "large.jpeg", 1, side=400)
    found = []
    for n, models in enumerate(([model_file], [model_file, large], [large, model_file], [large])):
        with scan([str(film)], model=models, out=str(tmp_path / f"out{n}"), settings=HERE) as made:
            found.append(made.top(1)[0].probabilities)
    assert found[1] == (*found[0], *found[3])
    assert found[2] == (*found[3], *found[0])


def test_the_first_model_ranks_unless_the_mean_is_asked_for(worklist):
    made = worklist()
    rows = list(made.scored())
    assert [row.probability for row in rows] == sorted((row.probabilities[0] for row in rows), reverse=True)
    assert {row.mean for row in rows} == {None}
    made.close()
    by_mean = list(worklist(MEAN).scored())
    assert [row.mean for row in by_mean] == sorted((sum(row.probabilities) / 2 for row in by_mean), reverse=True)
    assert [row.rank for row in by_mean] == list(range(1, 8))
    assert [row.source for row in by_mean] != [row.source for row in rows]
    assert {row.source: (row.probability, row.tier) for row in by_mean} == {
        row.source: (row.probability, row.tier) for row in rows
    }


def test_the_mean_is_taken_at_the_prevalence_of_the_clinic(worklist):
    made = worklist(ScanSettings(workers=0, rank=RankSettings(prevalence=0.05, rank_by="mean")))
    rows = list(made.scored())
    made.close()
    plain = {row.source: row.probabilities for row in worklist().scored()}
    for row in rows:
        shifted = [shift_prevalence(one, trained=0.5, clinic=0.05) for one in plain[row.source]]
        assert row.mean == pytest.approx(sum(shifted) / 2)
    assert [row.mean for row in rows] == sorted((row.mean for row in rows), reverse=True)


def test_exactly_the_films_whose_tiers_differ_are_flagged(worklist):
    made = worklist()
    rows = list(made.scored())
    flagged = [row for row in rows if DISAGREE in row.flags]
    assert 0 < len(flagged) < len(rows)
    assert flagged == [row for row in rows if row.tiers[0] != row.tiers[1]]
    assert made.disagreements == len(flagged)
    assert sum(made.agreement.values()) == len(rows)
    assert made.agreement[flagged[0].tiers] == sum(row.tiers == flagged[0].tiers for row in rows)


def test_one_model_has_nothing_to_disagree_with(films, model_file, tmp_path):
    with scan([str(films)], model=model_file, out=str(tmp_path / "one"), settings=MEAN) as made:
        assert made.disagreements == 0
        assert not made.by_mean
        assert {row.mean for row in made.scored()} == {None}


def test_a_scan_goes_on_with_the_same_models_only(worklist, model_file, other_file):
    worklist().close()
    again = worklist()
    assert (again.counts.kept, again.counts.new) == (7, 0)
    again.close()
    for models, which in (([model_file], "other models"), ([other_file, model_file], "these models in another order")):
        with pytest.raises(OutputError, match=f"holds a scan by {which}: small, =other"):
            worklist(models=models)
    assert worklist(ScanSettings(workers=0, fresh=True), [other_file, model_file]).counts.new == 7


def test_a_film_that_one_model_cannot_score_has_failed(worklist, model):
    nothing = {
        name: tensor * np.float32(np.nan) if tensor.dtype.kind == "f" else tensor
        for name, tensor in model.tensors.items()
    }
    broken = dataclasses.replace(model, tensors=nothing, fingerprint="broken")
    rows = list(worklist(models=(model, broken)).rows())
    assert {row.reason for row in rows} == {NOT_A_NUMBER}
    assert {row.probabilities for row in rows} == {()}


def test_the_same_model_twice_is_refused(model_file, tmp_path):
    with pytest.raises(UsageError, match="the same model twice"):
        scan([str(tmp_path)], model=[model_file, load_model(model_file)], out=str(tmp_path / "out"))


def test_models_that_look_for_different_findings_are_refused(model_file, tmp_path):
    tuberculosis = make_model(tmp_path / "tb.safetensors", labels=("NORMAL", "TUBERCULOSIS"))
    with pytest.raises(UsageError, match="TUBERCULOSIS"):
        scan([str(tmp_path)], model=[model_file, str(tuberculosis)], out=str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_models_of_the_same_name_are_told_apart(worklist, model_file, tmp_path):
    twin = str(make_model(tmp_path / "twin.safetensors", seed=9))
    assert worklist(models=(model_file, twin)).names == (model_file, twin)


def test_a_model_that_nobody_named_goes_by_where_it_came_from(films, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, seed in (("model", 1), ("mean", 2)):
        (tmp_path / "runs" / name).mkdir(parents=True)
        make_model(tmp_path / "runs" / name / "model.safetensors", seed=seed, name=name)
    models = ["runs/model", "runs/mean/", "default"]
    with scan([str(films)], model=models, out="o", settings=HERE) as made:
        assert made.names == ("runs/model", "runs/mean", "default")
    with reopen("o") as made:
        assert made.names == ("runs/model", "runs/mean", "default")


def test_the_csv_and_json_lines_have_columns_for_every_model(worklist, tmp_path):
    made = worklist(MEAN)
    write_reports(made, str(tmp_path), ["csv", "jsonl"])
    lines = list(csv.reader((tmp_path / "triage.csv").read_text(encoding="utf-8").splitlines()))
    assert lines[0][-4:] == ["unlikeness", "probability =other", "tier =other", "mean probability"]
    for row, line, text in zip(
        made.scored(), lines[1:], (tmp_path / "triage.jsonl").read_text().splitlines(), strict=True
    ):
        assert line[-3:] == [f"{row.probabilities[1]:.8f}", row.tiers[1], f"{row.mean:.8f}"]
        content = json.loads(text)
        assert content["probability =other"] == row.probabilities[1]
        assert content["mean probability"] == row.mean


def test_films_that_failed_have_the_same_columns_and_nothing_in_them(worklist, films, tmp_path):
    (films / "x.jpeg").write_bytes(b"no film")
    write_reports(worklist(MEAN), str(tmp_path), ["csv", "jsonl"])
    lines = list(csv.reader((tmp_path / "triage.csv").read_text(encoding="utf-8").splitlines()))
    assert {len(line) for line in lines} == {22}
    assert lines[-1][-3:] == ["", "", ""]
    last = json.loads((tmp_path / "triage.jsonl").read_text().splitlines()[-1])
    assert last["status"] == "failed"
    assert last["tier =other"] is last["mean probability"] is None


def test_the_command_compares_and_the_report_ranks_anew_without_scanning(films, model_file, other_file, tmp_path):
    out = tmp_path / "out"
    words = ["predict", films, "--model", model_file, "--model", other_file, "--out", out, "--workers", "0"]
    done = CliRunner().invoke(main, list(map(str, words)))
    assert done.exit_code == 0, done.output
    assert "tiers differ on" in done.stderr
    run = json.loads((out / "run.json").read_text())
    assert [model["name"] for model in run["models"]] == ["small", "=other"]
    assert run["settings"]["models"] == [model_file, other_file]
    by_first = (out / "triage.csv").read_text()
    with reopen(str(out), RankSettings(rank_by="mean")) as made:
        assert run["disagreements"] == made.disagreements > 0
        expected = [row.source for row in made.scored()]
    again = CliRunner().invoke(main, ["report", str(out), "--rank-by", "mean", "--heatmaps", "1"])
    assert again.exit_code == 0, again.output
    rows = list(csv.DictReader((out / "triage.csv").read_text().splitlines()))
    assert [row["source"] for row in rows] == expected
    assert [row["source"] for row in csv.DictReader(by_first.splitlines())] != expected


def test_several_models_come_from_the_environment_as_paths_do(films, model_file, other_file, tmp_path):
    env = {"XRAYSCAN_MODEL": os.pathsep.join((model_file, other_file)), "XRAYSCAN_OUT": str(tmp_path / "o")}
    done = CliRunner().invoke(main, ["predict", str(films), "--workers", "0", "--format", "csv"], env=env)
    assert done.exit_code == 0, done.output
    assert "probability =other" in (tmp_path / "o" / "triage.csv").read_text()


def test_a_worklist_can_be_read_twice_at_once(worklist):
    for settings in (MEAN, ScanSettings(workers=0, rank=RankSettings(by="study", rank_by="mean"))):
        made = worklist(settings)
        expected = [row.source for row in made.scored()]
        for _ in made.scored():
            assert [row.source for row in made.scored()] == expected
        made.close()


def test_the_mean_of_a_scan_by_one_model_is_refused(films, model_file, tmp_path):
    with scan([str(films)], model=model_file, out=str(tmp_path / "one"), settings=HERE):
        pass
    done = CliRunner().invoke(main, ["report", str(tmp_path / "one"), "--rank-by", "mean"])
    assert done.exit_code == 2
    assert "one model made this scan" in done.output


def test_names_from_a_card_neither_steer_the_terminal_nor_break_it(films, model_file, tmp_path):
    name = "\x1b[31mred\x07\nline\u202e[/x]"
    points = (OperatingPoint("[/x]balanced", 0.5, 0.9, 0.9, (0.8, 0.95), (0.8, 0.95)),)
    hostile = str(make_model(tmp_path / "hostile.safetensors", name=name, operating_points=points, version="2"))
    for models in ([hostile, model_file], [model_file, hostile]):
        words = ["predict", str(films), "--out", str(tmp_path / "o"), "--workers", "0", "--fresh", "--heatmaps", "none"]
        done = CliRunner().invoke(main, [*words, *(word for model in models for word in ("--model", model))])
        assert done.exit_code == 0, done.output
        assert not set("\x1b\x07\u202e") & set(done.stderr)
        assert r"\x1b[31mred\x07\nline\u202e[/x]" in done.stderr.replace("\n", "")
    assert "[/x]balanced" in CliRunner().invoke(main, ["models", "show", hostile]).stdout


@pytest.mark.parametrize("count", [2, 3])
def test_a_narrow_terminal_breaks_no_path_and_drops_nothing_of_it(tmp_path, count):
    film = write_film(tmp_path / "radiology" / "ward-3" / "PNEUMONIA" / "person1706_bacteria_4516.jpeg", 1)
    words = [
        "predict",
        str(film),
        "--out",
        str(tmp_path / "o"),
        "--workers",
        "0",
        "--rank-by",
        "mean",
        "--format",
        "csv",
    ]
    for n in range(count):
        made = make_model(tmp_path / f"{n}.safetensors", seed=n, name=f"runs/search/trial-{n:02}")
        words += ["--model", str(made)]
    done = CliRunner().invoke(main, words, env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    (first,) = (line for line in done.stderr.splitlines() if line.startswith(" 1  "))
    assert first.endswith(f"  {film.name}  {film.parent}/")


def test_blank_and_reserved_names_are_replaced_everywhere(films, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder, name in (("mean", "mean"), ("blank", " ")):
        (tmp_path / folder).mkdir()
        make_model(tmp_path / folder / "model.safetensors", seed=len(name), name=name)
    with scan([str(films)], model=["mean", "blank"], out="o", settings=MEAN) as made:
        assert made.names == (f"mean {made.fingerprint[:12]}", "blank")


def test_the_mean_of_a_single_model_is_refused(films):
    done = CliRunner().invoke(main, ["predict", str(films), "--rank-by", "mean"])
    assert done.exit_code == 2
    assert "give --model at least twice" in done.output
