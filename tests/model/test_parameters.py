from dataclasses import dataclass

import pytest

from xrayscan import ModelError
from xrayscan.model.parameters import describe, from_pairs, parse
from xrayscan.network.architectures.cnn import CnnParams


def test_text_from_the_shell_becomes_the_declared_type():
    assert parse(CnnParams, from_pairs(["side=160", "dropout=0.5"]), of="cnn") == CnnParams(side=160, dropout=0.5)


def test_an_unknown_parameter_is_answered_with_the_nearest_one():
    with pytest.raises(ModelError, match="did you mean 'width'"):
        parse(CnnParams, {"widht": "64"}, of="cnn")


def test_a_value_of_the_wrong_type_names_the_parameter():
    with pytest.raises(ModelError, match="side = 'wide'"):
        parse(CnnParams, {"side": "wide"}, of="cnn")


def test_a_value_out_of_range_is_refused_by_the_backend_itself():
    with pytest.raises(ModelError, match="32-1024"):
        parse(CnnParams, {"side": "5"}, of="cnn")


def test_a_pair_without_an_equals_sign_says_how_to_write_it():
    with pytest.raises(ModelError, match="key=value"):
        from_pairs(["side"])


def test_parameters_are_described_in_the_order_declared():
    @dataclass(frozen=True)
    class Params:
        side: int = 64
        shape: str = "round"

    assert describe(Params) == [("side", "int", "64"), ("shape", "str", "'round'")]
