import re

from command_line import xrayscan


def test_models_lists_and_shows_models_and_backends():
    listed = xrayscan("models")
    assert "default" in listed.stdout
    assert "cnn" in listed.stdout
    card = xrayscan("models", "show", "default")
    assert "sensitivity-0.99" in card.stdout
    assert "CC BY 4.0" in " ".join(card.stdout.split())
    shown = xrayscan("models", "show", "cnn").stdout
    assert "width" in shown
    assert re.search(r"optimiser +adamw \| adam \| sgd \| rmsprop +'adamw'", shown)
