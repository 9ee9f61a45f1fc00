import os

import pytest

from xrayscan.files.targets import load_target, module_of


def test_a_target_names_a_module_and_an_object_in_it():
    assert module_of("os.path:join") == "os.path"
    assert load_target("os.path:join") is os.path.join


@pytest.mark.parametrize("target", ["os.path:no_such_function", "no_such_module:run", "os.path"])
def test_a_target_that_is_not_there_is_an_error_of_its_import(target):
    with pytest.raises((ImportError, AttributeError)):
        load_target(target)
