import dataclasses

import pytest

from xrayscan import FitSettings, ModelError, TrainingParams, TrainSettings, UsageError
from xrayscan.plugin.manager import load_registry
from xrayscan.training.plan import FAST_EPOCHS, Plan


def test_parameters_given_win_over_the_backends_recipe_and_that_over_the_settings():
    fit = FitSettings(TrainingParams(epochs=5, augment="light"))
    plan = Plan.from_settings(TrainSettings(backend="lite0", parameters={"epochs": 7}, fit=fit))
    assert plan.training.epochs == 7
    assert plan.training.augment == plan.backend.recipe["augment"] != "light"


def test_a_trial_of_the_whole_path_takes_few_epochs():
    assert (
        Plan.from_settings(TrainSettings(parameters={"epochs": 50}, fast_dev_run=True)).training.epochs == FAST_EPOCHS
    )


def test_history_is_written_whatever_else_listens():
    assert list(Plan.from_settings(TrainSettings(callbacks=("csv",))).listeners) == ["csv"]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (TrainSettings(backend="none-such"), ModelError),
        (TrainSettings(parameters={"none_such": 1}), ModelError),
        (TrainSettings(parameters={"epochs": 0}), ModelError),
        (TrainSettings(fit=FitSettings(weights="imagenet")), ModelError),
        (TrainSettings(callbacks=("none-such",)), UsageError),
    ],
    ids=["backend", "parameter", "value", "weights", "callback"],
)
def test_what_cannot_be_trained_is_refused(settings, error):
    with pytest.raises(error):
        Plan.from_settings(settings)


def test_a_backend_whose_spec_gives_something_else_is_told_so(monkeypatch):
    registry = load_registry()
    registry.backends["cnn"] = dataclasses.replace(registry.backends["cnn"], spec=lambda params: (128, 128))
    monkeypatch.setattr("xrayscan.training.plan.load_registry", lambda: registry)
    with pytest.raises(ModelError, match=r"its spec\(\) returns tuple, not an InputSpec"):
        Plan.from_settings(TrainSettings())
