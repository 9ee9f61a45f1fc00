"""The notebooks' recipes: each names a backend and parameters that exist; the spaces search what their recipe has."""

import pytest
from small import ROOT

from xrayscan import TrainSettings
from xrayscan.model.backend import TrainingParams
from xrayscan.plugin.manager import load_registry
from xrayscan.training.plan import Plan
from xrayscan.training.recipe import read_recipe

FOLDER = ROOT / "benchmarks" / "notebooks"
RECIPES = sorted(path.name for path in FOLDER.glob("*.toml") if ".space." not in path.name)
SPACES = sorted(path.name for path in FOLDER.glob("*.space.toml"))


def plan_of(name):
    recipe = read_recipe(str(FOLDER / name))
    return Plan.from_settings(TrainSettings(backend=recipe.run["backend"], parameters=recipe.parameters))


def test_there_are_eighteen_recipes_and_two_spaces():
    assert (len(RECIPES), len(SPACES)) == (18, 2)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_can_be_trained(name):
    if "timm" in (FOLDER / name).read_text():
        pytest.importorskip("timm")
    plan = plan_of(name)
    said = (FOLDER / name).read_text().splitlines()[0]
    assert plan.spec.side == plan.params.side
    if "px" in said:
        assert f"{plan.params.side} px" in said


@pytest.mark.parametrize("name", SPACES)
def test_a_space_holds_its_recipes_own_network(name):
    pytest.importorskip("optuna")
    from xrayscan.tuning.space import read_space, searched_names

    recipe = name.replace(".space", "")
    backend = load_registry().backend("cnn")
    space = read_space(str(FOLDER / name), backend.params, TrainingParams)
    assert set(space) == set(searched_names(str(FOLDER / name)))
    assert ", ".join(plan_of(recipe).params.layers) in space["layers"].choices
