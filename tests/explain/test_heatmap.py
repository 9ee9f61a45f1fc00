"""Heatmaps: where they point, what shape they have, and who has none."""

from types import SimpleNamespace

import numpy as np
import pytest

from xrayscan import InputSpec, Placement
from xrayscan.explain.heatmap import Explainer, heatmaps, over_film


class Spot:
    """A network's stand-in that sees how bright each cell of its coarse grid is."""

    def __init__(self, cells: int) -> None:
        self.cells = cells
        self.attributions = [self]

    offset = 0

    def maps(self, pixels):
        films, side = len(pixels), pixels.shape[1]
        step = side // self.cells
        return pixels.reshape(films, self.cells, step, self.cells, step).mean((2, 4), dtype=np.float32)


def explained(predictor, side=64, **spec):
    card = SimpleNamespace(input=InputSpec(side, **spec), labels=("NORMAL", "PNEUMONIA"))
    return Explainer(card, predictor)


def spot(row, column, side=64):
    pixels = np.zeros((1, side, side), np.uint8)
    pixels[0, row - 3 : row + 3, column - 3 : column + 3] = 255
    return pixels


@pytest.mark.parametrize("cells", [4, 8, 16])
@pytest.mark.parametrize(("row", "column"), [(10, 50), (32, 32), (40, 12)])
def test_the_hottest_cell_lies_where_the_network_looked_however_coarse_its_grid(cells, row, column):
    (found,) = explained(Spot(cells)).heatmaps(spot(row, column))
    hottest = (np.array(np.unravel_index(found.argmax(), found.shape)) + 0.5) * 64 / len(found)
    assert np.abs(hottest - (row, column)).max() <= 64 / cells / 2


@pytest.mark.parametrize(("row", "column"), [(10, 50), (32, 32), (40, 12)])
@pytest.mark.parametrize("offset", [-8, -3, 5])
def test_cells_that_look_beside_where_they_lie_are_put_where_they_look(offset, row, column):
    class Askew(Spot):
        def maps(self, pixels):
            places = np.clip(np.arange(pixels.shape[1]) + offset, 0, pixels.shape[1] - 1)
            return super().maps(pixels[:, places[:, None], places])

    askew = Askew(4)
    askew.offset = offset
    (found,) = explained(askew).heatmaps(spot(row, column))
    hottest = (np.array(np.unravel_index(found.argmax(), found.shape)) + 0.5) * 64 / len(found)
    assert np.abs(hottest - (row, column)).max() <= 64 / 4 / 2


def strided(layers, **declared):
    """A network whose convolutions of stride 2 add up what they see: bright places speak for the finding."""
    from torch import nn

    from xrayscan.network.predictor import TorchPredictor

    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for weights in network.parameters():
        nn.init.constant_(weights, 1 / weights[0].numel() if weights.ndim > 1 else 0)
    tensors = {name: value.numpy() for name, value in network.state_dict().items()}
    spec = InputSpec(64, normalise="fixed", mean=(0.0,), std=(1.0,))
    return TorchPredictor(network, spec, tensors, Placement(), **declared)


def halving():
    from torch import nn

    return nn.Conv2d(1, 1, 3, 2, 1)


@pytest.mark.parametrize(("row", "column"), [(10, 44), (32, 32), (40, 12)])
@pytest.mark.parametrize("layers", [("2",), ("3",), ("2", "3")])
def test_strided_convolutions_look_half_a_cell_beside_and_the_map_says_where(layers, row, column):
    predictor = strided([halving() for _ in range(4)], heatmap_layers=layers)
    assert [one.offset for one in predictor.attributions] == [{"2": -4, "3": -8}[layer] for layer in layers]
    (found,) = explained(predictor).heatmaps(spot(row, column))
    hottest = (np.array(np.unravel_index(found.argmax(), found.shape)) + 0.5) * 64 / len(found)
    assert np.abs(hottest - (row, column)).max() <= 4


def test_where_a_cell_looks_is_a_matter_of_geometry_not_of_what_was_learnt():
    from torch import nn

    predictor = strided([halving() for _ in range(3)], heatmap_layers=("2",))
    for part in predictor.network:
        if isinstance(part, nn.Conv2d):
            part.weight.data.zero_()[..., 2, 2] = 1  # it has learnt to look to the lower right
    (layer,) = predictor.attributions
    assert layer.offset == -4


def test_pooling_looks_where_its_cells_lie():
    from torch import nn

    layers = [part for _ in range(3) for part in (nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2))]
    (pooled,) = strided(layers, heatmap_layers=("5",)).attributions
    assert pooled.offset == 0


def test_a_map_has_at_least_10_cells_a_side_and_its_hottest_is_1(model):
    pixels = np.stack([spot(20, 20, 32)[0], spot(8, 8, 32)[0]])
    maps = heatmaps(model, pixels, Placement())
    assert maps.dtype == np.float32
    assert maps.shape[0] == 2
    assert min(maps.shape[1:]) >= 10
    assert maps.min() >= 0
    assert maps.max((1, 2)) == pytest.approx([1, 1])


def test_a_film_on_which_nothing_spoke_for_the_finding_has_a_map_of_zeros():
    assert not explained(Spot(8)).heatmaps(np.zeros((1, 64, 64), np.uint8)).any()


def test_a_map_does_not_depend_on_the_other_films_of_its_batch(model):
    pixels = np.random.default_rng(0).integers(0, 255, (5, 32, 32), np.uint8)
    together = heatmaps(model, pixels, Placement())
    assert heatmaps(model, pixels[3:4], Placement())[0] == pytest.approx(together[3], abs=1e-4)


def test_a_model_without_a_layer_has_no_heatmap_and_one_that_compares_has_neighbours():
    pixels = np.zeros((1, 64, 64), np.uint8)
    silent = explained(SimpleNamespace())
    assert silent.heatmaps(pixels) is None
    assert silent.neighbours(pixels) is None
    comparing = explained(SimpleNamespace(nearest=lambda pixels, count: [[(1, 0.5), (0, 0.75)]]))
    assert comparing.heatmaps(pixels) is None
    assert [(case.label, case.distance) for case in comparing.neighbours(pixels)[0]] == [
        ("PNEUMONIA", 0.5),
        ("NORMAL", 0.75),
    ]


def test_knn_names_its_nearest_training_films_the_film_itself_first():
    from xrayscan import Films, FitSettings, load_registry

    backend = load_registry().backend("knn")
    params, rng = backend.params(side=16), np.random.default_rng(0)
    films = Films(rng.integers(0, 255, (6, 16, 16), np.uint8), np.array([0, 1, 0, 1, 0, 1], np.uint8))
    spec = backend.spec(params)
    predictor = backend.load(params, spec, backend.fit(params, spec, films, films, FitSettings()), Placement())
    (near,) = predictor.nearest(films.pixels[3:4], 4)
    assert near[0] == (1, pytest.approx(0, abs=1e-3))
    assert [distance for _, distance in near] == sorted(distance for _, distance in near)
    assert len(predictor.nearest(films.pixels[:1], 40)[0]) == 6


def test_a_network_with_a_linear_head_gives_the_same_map_by_every_runtime():
    from xrayscan.network.predictor import compiled

    layers = [halving() for _ in range(3)]
    predictor = linear(layers)
    films = np.concatenate([spot(10, 44), spot(40, 12)])
    (by_gradients,) = (one.maps(films) for one in predictor.attributions)
    for runtime in ("onnxruntime", "torch-fused"):
        ready = compiled(predictor, Placement(runtime=runtime))
        (layer,) = ready.attributions
        assert layer.offset == predictor.attributions[0].offset == -4
        assert layer.maps(films) == pytest.approx(by_gradients, rel=1e-4)
        assert explained(ready).heatmaps(films) == pytest.approx(explained(predictor).heatmaps(films), abs=1e-3)


def linear(layers):
    """Convolutions of random weights, their mean over places, and one logit."""
    import torch
    from torch import nn

    from xrayscan.network.predictor import TorchPredictor

    torch.manual_seed(1)
    parts = [*layers, nn.Conv2d(1, 4, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1)]
    network = nn.Sequential(*parts)
    tensors = {name: value.numpy() for name, value in network.state_dict().items()}
    spec = InputSpec(64, normalise="fixed", mean=(0.0,), std=(1.0,))
    named = {"heatmap_layers": (str(len(layers) + 1),), "linear_head": str(len(parts) - 1)}
    return TorchPredictor(network, spec, tensors, Placement(), **named)


@pytest.mark.parametrize("resize", ["squash", "letterbox", "crop"])
def test_a_map_is_spread_over_the_whole_film_whatever_the_model_saw_of_it(resize):
    heatmap = np.zeros((16, 16), np.float32)
    heatmap[8, 8] = 1
    found = over_film(heatmap, InputSpec(64, resize=resize), 200, 100)
    hottest = np.unravel_index(found.argmax(), found.shape)
    assert hottest[0] / found.shape[0] == pytest.approx(0.5, abs=0.07)
    assert hottest[1] / found.shape[1] == pytest.approx(0.5, abs=0.07)
    if resize == "crop":
        assert found.shape == (32, 16)
        assert not found[:8].any()
