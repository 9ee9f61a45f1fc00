import importlib.metadata
import re
import tomllib

import pytest
from command_line import xrayscan
from small import ROOT

from xrayscan.model.backend import TrainingParams
from xrayscan.model.parameters import describe
from xrayscan.plugin.extras import DEVELOPMENT, PURPOSES, extras
from xrayscan.plugin.manager import load_registry


def test_models_lists_and_shows_models_and_backends():
    listed = xrayscan("models")
    assert "default" in listed.stdout
    assert "cnn" in listed.stdout
    card = xrayscan("models", "show", "default")
    assert "sensitivity-0.99" in card.stdout
    assert "CC BY 4.0" in " ".join(card.stdout.split())
    shown = xrayscan("models", "show", "cnn").stdout
    assert "width" in shown
    assert re.search(r"optimiser +'adamw' +Optimiser. \(adamw \| adam \| sgd \| rmsprop\)", shown)
    assert re.search(
        r"width +32 +channels of the first stage; each later stage doubles it\s+\(int, from 4 to 256\)", shown
    )


@pytest.mark.parametrize("params", [TrainingParams, *(one.params for one in load_registry().backends.values())])
def test_every_parameter_says_what_it_means_and_numbers_say_their_range(params):
    for one in describe(params):
        assert one.meaning, one.name
        assert one.range or one.kind not in ("int", "float"), one.name


def test_models_says_which_extras_are_missing(monkeypatch):
    def version(name):
        if name == "timm":
            raise importlib.metadata.PackageNotFoundError(name)
        return "99"

    monkeypatch.setattr(importlib.metadata, "version", version)
    listed = " ".join(xrayscan("models").stdout.split())
    assert "timm backend timm missing: pip install 'xrayscan[timm]'" in listed
    assert "tune command tune installed" in listed
    found = {one.name: one for one in extras()}
    assert (found["timm"].missing, found["tune"].missing) == (("timm",), ())


def test_every_extra_says_what_it_is_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(PURPOSES) == set(project["optional-dependencies"]) - set(DEVELOPMENT)
