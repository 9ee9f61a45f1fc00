import functools

import numpy as np
import pytest
import torch
from small import film_pixels, make_model, write_film

from xrayscan import (
    EvaluateSettings,
    Films,
    FitSettings,
    Placement,
    ScanSettings,
    TrainingParams,
    load_model,
    load_predictor,
    load_registry,
    read_folder,
    scan,
)
from xrayscan.calibration.gate import unlikeness_of
from xrayscan.evaluation.evaluator import evaluate
from xrayscan.explain.heatmap import heatmaps
from xrayscan.model.batches import Batches, predict_logits
from xrayscan.model.gate import GatedPredictor
from xrayscan.model.provenance import Provenance
from xrayscan.network.architectures.residual import ResidualNetwork
from xrayscan.training.gate import teach_gate

ROOM = 4  # images
MEMORY = [torch.OutOfMemoryError("no room"), MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]


@pytest.fixture
def tight(monkeypatch):
    """A device with room for a few images at once; notes the sizes that it was asked for."""
    whole, sizes = ResidualNetwork.forward, []

    def forward(self, images):
        sizes.append(len(images))
        if len(images) > ROOM:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return whole(self, images)

    monkeypatch.setattr(ResidualNetwork, "forward", forward)
    return sizes


def pixels(count):
    return np.stack([film_pixels(seed, 32)[:, :32] for seed in range(count)])


def scanned(model, folder):
    settings = ScanSettings(workers=0, fresh=True, runtime="torch")
    with scan([folder / "labelled"], model=model, out=folder / "out", settings=settings) as worklist:
        return [row.probability for row in worklist.rows()]


def trained(model, folder):
    films = Films(pixels(24), np.arange(24, dtype=np.uint8) % 2)
    epochs = []
    settings = FitSettings(TrainingParams(epochs=1, batch_size=ROOM, augment="none"), on_epoch=epochs.append)
    backend = load_registry().backend("cnn")
    backend.fit(backend.params(side=32, width=4, blocks=1), model.card.input, films, films, settings)
    return [epochs[0].val_loss]


def explained(model, folder):
    return heatmaps(model, pixels(3), Placement())


def taught(model, folder):
    predictor = load_predictor(model, Placement())
    gate = teach_gate(predictor, pixels(24), pixels(24), seed=0)
    return unlikeness_of(GatedPredictor(predictor, gate), pixels(24))


def evaluated(model, folder):
    films = read_folder(str(folder / "labelled"))
    settings = EvaluateSettings(workers=0, resamples=10, placement=Placement())
    return evaluate([model.path], films, str(folder), settings).models[0].probabilities


def neighbours(model, folder):
    films = Films(pixels(24), np.arange(24, dtype=np.uint8) % 2)
    knn = load_registry().backend("knn")
    params = knn.params(features=model.path, k=3)
    kept = knn.fit(params, model.card.input, films, films, FitSettings())
    return predict_logits(knn.load(params, model.card.input, kept, Placement()), pixels(24))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An untrained model that says what it has seen: one film, of nobody here."""
    seen = Provenance.from_films(["0" * 64], np.array([2**63], np.uint64), ["nobody"])
    return load_model(make_model(tmp_path_factory.mktemp("model") / "small.safetensors", seen=seen))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    at = tmp_path_factory.mktemp("films")
    for seed in range(12):
        write_film(at / "labelled" / ("NORMAL", "PNEUMONIA")[seed % 2] / f"{seed}.png", seed)
    return at


@pytest.mark.parametrize("task", [scanned, trained, explained, taught, evaluated, neighbours])
def test_a_batch_that_does_not_fit_is_halved_in(task, model, folder, request):
    roomy = task(model, folder)
    sizes = request.getfixturevalue("tight")
    assert np.allclose(task(model, folder), roomy, atol=1e-3)
    assert max(sizes) > ROOM
    assert len(sizes) > len([size for size in sizes if size > ROOM]) > 0


@pytest.mark.parametrize("error", MEMORY)
def test_what_no_batch_is_small_enough_for_is_raised(error):
    asked = []

    def ask(part):
        asked.append(len(part))
        raise error

    with pytest.raises(type(error)):
        Batches(8).over(ask, pixels(8))
    assert asked == [8, 4, 2, 1]


def test_a_fixed_batch_is_filled_up_and_answers_for_its_films_alone():
    asked = []

    def ask(part):
        asked.append(len(part))
        return part.mean((1, 2))

    answers = Batches(4, fixed=True).over(ask, pixels(6))
    assert asked == [4, 4]
    assert np.array_equal(answers, pixels(6).mean((1, 2)))


def test_an_error_that_is_not_about_memory_is_not_asked_again():
    with pytest.raises(ValueError, match="shape"):
        Batches().over(functools.partial(np.reshape, shape=(7, 7)), pixels(2))
