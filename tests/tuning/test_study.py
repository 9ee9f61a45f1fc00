import statistics
from math import log10

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from xrayscan import OutputError
from xrayscan.tuning.study import open_study

SPACE = {"rate": FloatDistribution(1e-4, 1e-1, log=True), "shape": CategoricalDistribution(["round", "square"])}
START = {"rate": 1e-2, "shape": "square", "side": 64}


def opened(folder, **asked):
    return open_study(str(folder / "study.sqlite"), {"epochs": 3, **asked}, SPACE, maximise=True, seed=7, start=START)


def search(folder, trials, killed_at=None):
    """Try combinations up to a number of trials; die inside the one numbered ``killed_at``."""
    with opened(folder) as study:
        while len(study.trials()) < trials:
            trial = study.ask()
            if len(study.trials()) + 1 == killed_at:
                return study.trials()
            study.complete(trial, -abs(log10(trial.params["rate"] / 3e-3)) - (trial.params["shape"] == "round"))
        return study.trials()


def test_the_first_trial_starts_from_the_defaults(tmp_path):
    [first] = search(tmp_path, 1)
    assert first.parameters == {"rate": 1e-2, "shape": "square"}


def test_a_search_killed_inside_a_trial_goes_on_as_if_it_had_not_been(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = search(tmp_path / "a", 14)
    for killed_at in (1, 5, 13):
        assert len(search(tmp_path / "b", 14, killed_at)) == killed_at - 1
    assert [t.parameters for t in search(tmp_path / "b", 14)] == [t.parameters for t in whole]
    assert len({t.parameters["rate"] for t in whole}) == 14


def test_the_search_comes_closer_to_the_optimum_than_its_random_start(tmp_path):
    values = [t.value for t in search(tmp_path, 30)]
    assert statistics.median(values[15:]) > statistics.median(values[:10])


def test_values_pruned_and_failed_trials_are_told_apart(tmp_path):
    with opened(tmp_path) as study:
        for n, end in enumerate((study.complete, study.failed, study.pruned)):
            trial = study.ask()
            trial.report(0.1, 1)
            trial.report(0.2, 2)
            end(trial, *[(0.5,), ("too wide",), ()][n])
        complete, failed, pruned = study.trials()
        assert (complete.state, complete.value, complete.curve) == ("complete", 0.5, (0.1, 0.2))
        assert (failed.state, failed.value, failed.reason) == ("failed", None, "too wide")
        assert (pruned.state, pruned.value) == ("pruned", None)
        assert study.best() == complete


def test_a_trial_that_falls_behind_the_others_is_pruned(tmp_path):
    with opened(tmp_path) as study:
        for _ in range(5):
            trial = study.ask()
            for epoch in range(1, 5):
                trial.report(0.9, epoch)
            assert not trial.should_prune()
            study.complete(trial, 0.9)
        behind = study.ask()
        for epoch in range(1, 5):
            behind.report(0.5, epoch)
        assert behind.should_prune()


def test_importance_finds_the_parameter_that_matters(tmp_path):
    with opened(tmp_path) as study:
        assert study.importance() == {}
        while len(study.trials()) < 25:
            trial = study.ask()
            study.complete(trial, float(trial.params["shape"] == "round") + 1e-6 * trial.params["rate"])
        assert next(iter(study.importance())) == "shape"
        assert sum(study.importance().values()) == pytest.approx(1)


def test_a_study_of_another_search_is_refused_and_says_what_differs(tmp_path):
    search(tmp_path, 1)
    with pytest.raises(OutputError, match="differs in: epochs"), opened(tmp_path, epochs=9):
        pass


def test_two_searches_in_one_folder_at_the_same_time_are_refused(tmp_path):
    with opened(tmp_path), pytest.raises(OutputError, match="in use by another search"), opened(tmp_path):
        pass


def test_a_file_that_is_no_study_is_refused(tmp_path):
    (tmp_path / "study.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(OutputError, match="cannot be used as a study"), opened(tmp_path):
        pass


def test_a_folder_of_any_name_holds_a_study(tmp_path):
    folder = tmp_path / "50 %? of #1"
    folder.mkdir()
    search(folder, 1)
    assert (folder / "study.sqlite").stat().st_size > 0
    assert len(search(folder, 1)) == 1
