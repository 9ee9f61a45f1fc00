import numpy as np
import pytest

from xrayscan import (
    ComparesCases,
    Explains,
    FitSettings,
    GivesFeatures,
    GivesFirstWeights,
    GivesLayers,
    HasRecipe,
    KnowsUnlike,
    ModelError,
    Placement,
    StartsFromWeights,
    TrainSettings,
    load_registry,
)
from xrayscan.explain.heatmap import Explainer
from xrayscan.model.gate import Gate, GatedPredictor
from xrayscan.training.plan import Plan


class OneCase:
    """A stranger's predictor: it inherits nothing, and can name a case."""

    def predict(self, pixels):
        return np.zeros(len(pixels), np.float32)

    def nearest(self, pixels, count):
        return [[(1, 0.5)] for _ in pixels]


def predictor(name, **values):
    backend = load_registry().backend(name)
    params = backend.params(**values)
    return backend.load(params, backend.spec(params), backend.start(params, FitSettings()), Placement())


def test_a_network_can_be_read_and_asked_why():
    network = predictor("cnn", side=32, width=8)
    assert all(isinstance(network, able) for able in (GivesFeatures, GivesLayers, Explains))
    assert not isinstance(network, (KnowsUnlike, ComparesCases))


def test_having_the_members_is_all_it_takes(model):
    assert isinstance(OneCase(), ComparesCases)
    explainer = Explainer(model.card, OneCase())
    assert explainer.heatmaps(np.zeros((1, 8, 8), np.uint8)) is None
    ((case,),) = explainer.neighbours(np.zeros((1, 8, 8), np.uint8))
    assert (case.label, case.distance) == (model.card.labels[1], 0.5)


def test_what_a_predictor_can_do_it_can_do_behind_a_gate(model):
    plain = np.zeros(12 * 12 + 8 + 6, np.float32)
    gated = GatedPredictor(OneCase(), Gate(plain, plain + 1, plain, 0.0))
    assert isinstance(gated, KnowsUnlike)
    assert Explainer(model.card, gated).neighbours(np.zeros((1, 16, 16), np.uint8))


def test_backends_say_how_they_start():
    known = load_registry().backends
    assert all(isinstance(known[name], StartsFromWeights) for name in ("cnn", "knn", "lite0"))
    assert isinstance(known["lite0"], HasRecipe)
    assert isinstance(known["lite0"], GivesFirstWeights)
    assert not isinstance(known["knn"], (HasRecipe, GivesFirstWeights))
    assert Plan.from_settings(TrainSettings(backend="lite0")).weights == "imagenet"
    for name in ("cnn", "ensemble"):  # one says that it takes none, the other does not speak of weights
        with pytest.raises(ModelError, match="leave out --weights"):
            Plan.from_settings(TrainSettings(backend=name, fit=FitSettings(weights="imagenet")))
