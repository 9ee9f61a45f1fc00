import pytest

from xrayscan import InputError
from xrayscan.training.recipe import Recipe, read_recipe, write_recipe


def test_what_is_written_is_read_again(tmp_path):
    path = str(tmp_path / "recipe.toml")
    values = {"backend": "cnn", "seed": 3, "operating_points": ("sensitivity-0.98",), "epochs": 20, "weights": None}
    write_recipe(path, values, {"folder": 'ward\n3 "x"'})
    wanted = Recipe({"backend": "cnn", "seed": 3, "operating_points": ["sensitivity-0.98"]}, {"epochs": 20})
    assert read_recipe(path) == wanted


def test_the_backend_may_be_called_model_as_in_old_recipes(tmp_path):
    (tmp_path / "old.toml").write_text('model = "resnet18"\nside = 96\n')
    assert read_recipe(str(tmp_path / "old.toml")) == Recipe({"backend": "resnet18"}, {"side": 96})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("epochs =", "write it as TOML"),
        ('seed = "one"', "give a whole number"),
        ("backend = 3", "give a text"),
        ("[cnn]\nside = 96", "a recipe is flat"),
        ("layers = [[1]]", "a recipe is flat"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_with_its_name(tmp_path, text, why):
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(InputError, match=rf"wrong\.toml: .*{why}"):
        read_recipe(str(tmp_path / "wrong.toml"))
