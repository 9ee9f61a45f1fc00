import csv
import dataclasses

import numpy as np
import pytest
from curve_backend import CurveBackend
from PIL import Image

from xrayscan import FitSettings, InputError, ModelError, OutputError, TrainingParams, TrainSettings, UsageError
from xrayscan.model.parameters import parse_both
from xrayscan.statistics.metrics import auroc
from xrayscan.training.recipe import read_recipe
from xrayscan.tuning.tuner import TuneSettings, tune

# Of training, so that a search is over the two parameters of the test's backend.
UNSEARCHED = {f.name: f.default for f in dataclasses.fields(TrainingParams) if "tune" in f.metadata}


@pytest.fixture
def backend(monkeypatch):
    backend = CurveBackend()

    class Registry:
        def backend(self, name):
            return backend

    monkeypatch.setattr("xrayscan.tuning.search.load_registry", Registry)
    return backend


@pytest.fixture(autouse=True)
def undrawn(request, monkeypatch):
    """Figures take most of the time of a search that trains nothing: only the tests of the report draw them."""
    if "report" not in request.node.name:
        monkeypatch.setattr("xrayscan.tuning.results._write_report", lambda *words: None)
        monkeypatch.setattr("xrayscan.tuning.study.Study.importance", lambda study: {})


def tuned(folder, out, trials=8, *, seed=0, on_film=lambda done, of: None, fixed=(), **settings):
    fixed = {**UNSEARCHED, "epochs": "3", **dict(fixed)} if settings.get("space") is None else dict(fixed)
    train = TrainSettings(backend="curve", parameters=fixed, workers=0, fit=FitSettings(seed=seed), on_film=on_film)
    return tune(str(folder), str(out), TuneSettings(train=train, trials=trials, **settings))


@pytest.fixture(scope="module")
def labelled(sample_images, tmp_path_factory):
    """Films of half of the patients."""
    folder = tmp_path_factory.mktemp("labelled")
    for path in (sample_images / "labelled").glob("*/patient0[0-2]*"):
        (folder / path.parent.name).mkdir(exist_ok=True)
        (folder / path.parent.name / path.name).symlink_to(path.resolve())
    return folder


def test_the_best_trial_beats_the_defaults_and_its_recipe_repeats_it(backend, labelled, tmp_path):
    result = tuned(labelled, tmp_path, 15)
    assert result.trials[0].parameters["height"] == 0.2
    assert result.best.value > result.trials[0].value
    assert result.best.value == pytest.approx(max(backend.reached(fit[0]) for fit in backend.fits))
    recipe = read_recipe(str(tmp_path / "best.toml"))
    assert recipe.run == {"backend": "curve", "seed": 0, "precision": "fp32", "positive": "PNEUMONIA"}
    params, training = parse_both(backend.params, TrainingParams, recipe.parameters, of="curve")
    assert backend.reached(params) == pytest.approx(result.best.value)
    assert any((params, training) == (fit[0], fit[3].params) for fit in backend.fits)


def test_every_trial_is_trained_on_the_same_films_which_are_read_once(backend, labelled, tmp_path):
    read = []
    tuned(labelled, tmp_path, 5, on_film=lambda done, of: read.append(done))
    assert read == list(range(1, 1 + len(list(labelled.glob("*/*")))))
    _, train, validation, _ = backend.fits[0]
    for _, other_train, other_validation, settings in backend.fits:
        assert (other_train.pixels == train.pixels).all()
        assert (other_validation.pixels == validation.pixels).all()
        assert settings.params.monitor == "val_auroc"
        assert settings.params.epochs == 3


def test_no_trial_sees_a_film_of_the_test_folder(backend, labelled, tmp_path):
    for path in labelled.glob("*/*"):
        for split in ("train", "test"):
            (tmp_path / "films" / split / path.parent.name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "films" / "train" / path.parent.name / path.name).symlink_to(path.resolve())
        white = tmp_path / "films" / "test" / path.parent.name / f"test-{path.stem}.png"
        Image.fromarray(np.full((40, 40), 255, np.uint8)).save(white)
    read = []
    tuned(tmp_path / "films", tmp_path / "out", 2, on_film=lambda done, of: read.append(of))
    assert set(read) == {len(list(labelled.glob("*/*")))}
    for _, train, validation, _ in backend.fits:
        assert train.pixels.min(axis=(1, 2)).max() < 255
        assert validation.pixels.min(axis=(1, 2)).max() < 255


def test_a_trial_that_fails_is_recorded_with_its_reason_and_the_search_goes_on(backend, labelled, tmp_path):
    result = tuned(labelled, tmp_path, 20)
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert failed
    assert all(trial.parameters["height"] > 0.9 and "does not work" in trial.reason for trial in failed)
    with open(tmp_path / "trials.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == [trial.state for trial in result.trials]
    assert [float(row["height"]) for row in rows] == [trial.parameters["height"] for trial in result.trials]


def test_a_figure_that_is_no_number_fails_its_trial_only(backend, labelled, tmp_path):
    result = tuned(labelled, tmp_path, 8, fixed={"trouble": "nan"})
    assert {t.parameters["kind"] for t in result.trials if t.state == "complete"} == {"steady"}
    assert any("val_auroc is nan" in trial.reason for trial in result.trials)


def test_a_search_without_one_complete_trial_says_why_the_last_one_failed(backend, labelled, tmp_path):
    with pytest.raises(ModelError, match=r"none of 3 trials.*out of memory") as error:
        tuned(labelled, tmp_path, 3, fixed={"trouble": "memory"})
    assert "many lines" not in str(error.value)


def test_trials_that_fall_behind_are_stopped_early(backend, labelled, tmp_path):
    result = tuned(labelled, tmp_path, 20, fixed={"epochs": 6})
    pruned = [trial for trial in result.trials if trial.state == "pruned"]
    assert pruned
    assert all(len(trial.curve) < 6 for trial in pruned)
    assert result.best.state == "complete"


def test_the_same_command_goes_on_and_a_finished_search_trains_nothing(backend, labelled, tmp_path):
    tuned(labelled, tmp_path, 4)
    result = tuned(labelled, tmp_path, 7)
    assert len(result.trials) == 7
    before = len(backend.fits)
    assert tuned(labelled, tmp_path, 7) == result
    assert len(backend.fits) == before


def test_an_interrupted_search_keeps_its_best_recipe_and_goes_on_as_if_it_had_not_been(backend, labelled, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tuned(labelled, tmp_path / "a", 6, fixed={"trouble": "interrupt"})
    assert (tmp_path / "a" / "best.toml").exists()
    went_on = tuned(labelled, tmp_path / "a", 6, fixed={"trouble": "interrupt"})
    whole = tuned(labelled, tmp_path / "b", 6, fixed={"trouble": "interrupt"})
    assert [t.parameters for t in went_on.trials] == [t.parameters for t in whole.trials]


def test_no_trial_begins_after_the_time_is_up(backend, labelled, tmp_path):
    tuned(labelled, tmp_path, 2)
    assert len(tuned(labelled, tmp_path, 9, timeout=0).trials) == 2
    with pytest.raises(ModelError, match="no trial was begun"):
        tuned(labelled, tmp_path / "new", 9, timeout=0)


@pytest.mark.parametrize("changed", [{"objective": "val_loss"}, {"fixed": {"side": "48"}}, {"seed": 3}])
def test_a_search_for_something_else_does_not_mix_with_the_one_at_hand(backend, labelled, tmp_path, changed):
    tuned(labelled, tmp_path, 1)
    with pytest.raises(OutputError, match="another search"):
        tuned(labelled, tmp_path, 2, **changed)


def test_a_search_does_not_go_on_with_other_films(backend, labelled, tmp_path):
    films = tmp_path / "films"
    for path in sorted(labelled.glob("*/*")):
        (films / path.parent.name).mkdir(parents=True, exist_ok=True)
        (films / path.parent.name / path.name).symlink_to(path.resolve())
    tuned(films, tmp_path / "out", 1)
    (films / "NORMAL" / "patient001-1.jpeg").unlink()
    with pytest.raises(OutputError, match="films"):
        tuned(films, tmp_path / "out", 5)


def test_a_loss_is_minimised(backend, labelled, tmp_path):
    result = tuned(labelled, tmp_path, 6, objective="val_loss")
    assert result.best.value == min(trial.value for trial in result.trials if trial.value is not None)


def test_a_backend_without_epochs_is_judged_once_it_is_fitted(backend, labelled, tmp_path):
    result = tuned(labelled, tmp_path, 1, fixed={"trouble": "no epochs"})
    validation = backend.fits[0][2]
    assert result.best.value == pytest.approx(auroc(validation.labels, backend.predict(validation.pixels)))


@pytest.mark.parametrize(
    ("space", "fixed", "objective", "error", "message"),
    [
        ("height = [0.1, 0.2]", {"height": "0.3"}, "val_auroc", UsageError, "height is fixed"),
        (None, {"monitor": "val_loss"}, "val_auroc", UsageError, "--objective"),
        ('class_weights = ["balanced", "none"]', {}, "val_loss", UsageError, "cannot be compared"),
        ("", {}, "val_auroc", ModelError, "nothing to search"),
        ("hight = [0.1, 0.2]", {}, "val_auroc", ModelError, "did you mean 'height'"),
        (None, {"hight": "0.1"}, "val_auroc", ModelError, "did you mean 'height'"),
        (None, {"height": "0.95"}, "val_auroc", ModelError, "above 0.9"),
    ],
)
def test_a_search_that_makes_no_sense_is_refused_before_a_film_is_read(
    backend, tmp_path, space, fixed, objective, error, message
):
    if space is not None:
        (tmp_path / "space.toml").write_text(space)
    path = None if space is None else str(tmp_path / "space.toml")
    with pytest.raises(error, match=message):
        tuned(tmp_path / "no folder", tmp_path / "out", space=path, fixed=fixed, objective=objective)
    assert not (tmp_path / "out").exists()


def test_readers_that_break_end_the_search_and_blame_no_trial(backend, labelled, tmp_path, monkeypatch):
    def broken(*words):
        raise RuntimeError("the readers died")

    with monkeypatch.context() as patch:
        patch.setattr("xrayscan.tuning.tuner.split_films", broken)
        with pytest.raises(RuntimeError, match="readers died"):
            tuned(labelled, tmp_path, 2)
    assert [trial.state for trial in tuned(labelled, tmp_path, 1).trials] == ["complete"]


def test_a_folder_without_labels_is_refused_and_leaves_nothing_behind(backend, tmp_path):
    (tmp_path / "films").mkdir()
    with pytest.raises(InputError, match="PNEUMONIA"):
        tuned(tmp_path / "films", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_report_shows_the_search_and_loads_nothing(backend, labelled, tmp_path):
    result = tuned(labelled, tmp_path, 12)
    page = (tmp_path / "tuning.html").read_text(encoding="utf-8")
    assert f"Trial {result.best.number} of 12 is the best" in page
    assert "looks better than it is" in page
    assert "Not a diagnosis" in page
    for title in ("History of the search", "Importance", "Trials by epoch", "height", "kind"):
        assert title in page
    assert "does not work" in page or all(trial.state != "failed" for trial in result.trials)
    assert "http://" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "").replace(
        'xmlns:xlink="http://www.w3.org/1999/xlink"', ""
    )
