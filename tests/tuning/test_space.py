from dataclasses import asdict, dataclass, field
from typing import Literal

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from xrayscan import InputError, ModelError, TrainingParams
from xrayscan.plugin.manager import load_registry
from xrayscan.tuning.space import declared_space, described, inside, read_space, space_identity


@dataclass(frozen=True)
class Network:
    width: int = field(default=32, metadata={"tune": (16, 64)})
    dropout: float = field(default=0.2, metadata={"tune": (0, 0.6)})
    side: int = 128


@dataclass(frozen=True)
class Learning:
    learning_rate: float = field(default=1e-3, metadata={"tune": {"log": (1e-4, 1e-2)}})
    optimiser: Literal["adam", "sgd"] = field(default="adam", metadata={"tune": ["adam", "sgd"]})
    flip: bool = False


def space_of(tmp_path, text):
    path = tmp_path / "space.toml"
    path.write_text(text)
    return read_space(str(path), Network, Learning)


def test_a_parameters_declaration_becomes_its_search_space():
    assert declared_space(Network, Learning) == {
        "width": IntDistribution(16, 64),
        "dropout": FloatDistribution(0, 0.6),
        "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
        "optimiser": CategoricalDistribution(["adam", "sgd"]),
    }


def test_a_file_gives_the_space_in_the_same_forms(tmp_path):
    space = space_of(
        tmp_path,
        "width = {low = 8, high = 16, log = true}\ndropout = {low = 0, high = 1}\n"
        "side = [64, 128]\nflip = [true, false]",
    )
    assert space == {
        "width": IntDistribution(8, 16, log=True),
        "dropout": FloatDistribution(0, 1),
        "side": CategoricalDistribution([64, 128]),
        "flip": CategoricalDistribution([True, False]),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("widht = [16, 32]", "did you mean 'width'"),
        ("width = {low = 16.5, high = 20}", "16.5"),
        ("width = {low = 20, high = 16}", "20 is not below 16"),
        ("dropout = 0.3", "neither a range nor a list"),
        ("dropout = {low = 0, hihg = 1}", "neither a range nor a list"),
        ("dropout = {low = 0, high = 1, log = true}", "log"),
        ('optimiser = ["adam", "lamb"]', "lamb"),
        ("optimiser = {low = 0, high = 1}", "list of choices"),
        ("side = []", "choices"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused_with_its_file_and_the_reason(tmp_path, text, message):
    with pytest.raises(ModelError, match=message) as error:
        space_of(tmp_path, text)
    assert "space.toml" in str(error.value)


def test_a_file_that_is_no_toml_or_is_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="write it as TOML"):
        space_of(tmp_path, "width: 16")
    with pytest.raises(InputError, match=r"missing\.toml"):
        read_space(str(tmp_path / "missing.toml"), Network)


def test_spaces_have_one_identity_whatever_the_order_of_their_parameters(tmp_path):
    one = space_of(tmp_path, "side = [64]\ndropout = {low = 0.1, high = 0.2}")
    two = space_of(tmp_path, "dropout = {low = 0.1, high = 0.2}\nside = [64]")
    other = space_of(tmp_path, "dropout = {low = 0.1, high = 0.3}\nside = [64]")
    assert space_identity(one) == space_identity(two) != space_identity(other)


def test_a_space_is_described_in_words():
    assert described(declared_space(Network, Learning)) == {
        "width": "16 to 64",
        "dropout": "0 to 0.6",
        "learning_rate": "0.0001 to 0.01, logarithmic",
        "optimiser": "adam, sgd",
    }


@pytest.mark.parametrize("backend", load_registry().backends.values(), ids=lambda backend: backend.name)
def test_every_backend_declares_a_space_that_holds_its_defaults(backend):
    space = declared_space(backend.params, TrainingParams)
    defaults = {**asdict(backend.params()), **asdict(TrainingParams())}
    assert "learning_rate" in space
    for name, values in space.items():
        assert inside(defaults[name], values), name
