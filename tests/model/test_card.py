import dataclasses
import json

import pytest

from xrayscan import InputSpec, ModelCard, ModelError
from xrayscan.model.calibration import logit, shift_prevalence, sigmoid


def test_a_card_survives_the_way_to_json_and_back(model):
    assert ModelCard.from_json(model.card.to_json()) == dataclasses.replace(
        model.card, parameters=dict(model.card.parameters)
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "name": 3, "input": {"side": "x"}}'])
def test_a_damaged_card_is_a_model_error(text):
    with pytest.raises(ModelError, match="damaged"):
        ModelCard.from_json(text)


def test_a_card_of_a_newer_xrayscan_says_to_update(model):
    newer = json.loads(model.card.to_json()) | {"format": 99}
    with pytest.raises(ModelError, match="update xrayscan"):
        ModelCard.from_json(json.dumps(newer))


def test_an_unknown_operating_point_is_answered_with_those_there_are(model):
    with pytest.raises(ModelError, match=r"balanced, sensitivity-0\.99"):
        model.card.operating_point("lucky")


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": 2},
        {"side": 64, "channels": 2},
        {"side": 64, "resize": "zoom"},
        {"side": 64, "std": (0.0,)},
        {"side": 64, "jpeg_quality": 0},
        {"side": 64, "jpeg_quality": 101},
    ],
)
def test_an_impossible_input_is_refused(wrong):
    with pytest.raises(ModelError):
        InputSpec(**wrong)


def test_sigmoid_undoes_logit_and_does_not_overflow():
    assert sigmoid(logit(0.3)) == pytest.approx(0.3)
    assert (sigmoid(-1e4), sigmoid(1e4)) == (0.0, 1.0)


def test_a_shift_of_prevalence_follows_bayes_rule():
    sensitivity, false_alarms = 0.9, 0.2  # of a test that says yes
    for prevalence in (0.74, 0.05):
        says_yes = prevalence * sensitivity + (1 - prevalence) * false_alarms
        expected = prevalence * sensitivity / says_yes
        at_half = sensitivity / (sensitivity + false_alarms)
        assert shift_prevalence(at_half, trained=0.5, clinic=prevalence) == pytest.approx(expected)


def test_certainty_stays_certainty_at_any_prevalence():
    assert shift_prevalence(0.0, trained=0.7, clinic=0.1) == 0.0
    assert shift_prevalence(1.0, trained=0.7, clinic=0.1) == 1.0


@pytest.mark.parametrize(
    "metrics",
    [
        {"flagged": [0.5]},
        {"flagged": {"adults": 1.5}},
        {"flagged": {"adults": float("nan")}},
        {"styles": {"mean_auroc": "high"}},
        {"by_style": {"films": 3}},
        {"by_style": [{"films": "many", "with_finding": 1}]},
        {"by_style": [{"films": 3, "with_finding": 1, "auroc": "high"}]},
    ],
)
def test_details_that_reports_could_not_show_are_refused(metrics, model):
    with pytest.raises(ModelError, match="its metric"):
        dataclasses.replace(model.card, metrics=metrics)
