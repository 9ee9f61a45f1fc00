from dataclasses import dataclass, field
from math import inf, nan

import pytest

from xrayscan import ModelError
from xrayscan.model.parameters import describe, from_pairs, parse
from xrayscan.model.ranges import Range
from xrayscan.network.architectures.cnn import CnnParams
from xrayscan.network.transfer import TransferParams


def test_text_from_the_shell_becomes_the_declared_type():
    assert parse(CnnParams, from_pairs(["side=160", "dropout=0.5"]), of="cnn") == CnnParams(side=160, dropout=0.5)


def test_an_unknown_parameter_is_answered_with_the_nearest_one():
    with pytest.raises(ModelError, match="did you mean 'width'"):
        parse(CnnParams, {"widht": "64"}, of="cnn")


def test_a_value_of_the_wrong_type_names_the_parameter():
    with pytest.raises(ModelError, match="side = 'wide'"):
        parse(CnnParams, {"side": "wide"}, of="cnn")


def test_a_value_out_of_range_is_refused_in_words():
    with pytest.raises(ModelError, match="cnn: side = 5: give a number from 32 to 1024"):
        parse(CnnParams, {"side": "5"}, of="cnn")


def test_a_pair_without_an_equals_sign_says_how_to_write_it():
    with pytest.raises(ModelError, match="key=value"):
        from_pairs(["side"])


def test_parameters_are_described_in_the_order_declared():
    @dataclass(frozen=True)
    class Params:
        side: int = field(default=64, metadata={"range": (8, 512), "open": (False, True)})  # pixels
        shape: str = field(default="round", metadata={"help": "Shape of it."})  # not this

    assert describe(Params) == [
        ("side", "int", "64", "from 8 to below 512", "pixels"),
        ("shape", "str", "'round'", "", "Shape of it."),
    ]


@pytest.mark.parametrize(
    ("declared", "words", "inside", "outside"),
    [
        ({"range": (1, None)}, "1 or more", (1, 9e9), (0.5, inf, nan)),
        ({"range": (0, None), "open": True}, "above 0", (0.1,), (0, -1)),
        ({"range": (0, 1)}, "from 0 to 1", (0, 1), (-0.1, 1.1, nan)),
        ({"range": (0, 1), "open": True}, "between 0 and 1", (0.5,), (0, 1)),
        ({"range": (0, 1), "open": (False, True)}, "from 0 to below 1", (0, 0.99), (1,)),
        ({"range": (0, 1), "open": (True, False)}, "above 0 to 1", (1,), (0,)),
    ],
)
def test_a_range_says_in_words_what_it_holds(declared, words, inside, outside):
    declared = Range.declared(declared)
    assert str(declared) == words
    assert all(map(declared.holds, inside))
    assert not any(map(declared.holds, outside))


def test_nothing_is_in_every_range_that_it_may_have():
    @dataclass(frozen=True)
    class Params:
        most: int | None = field(default=None, metadata={"range": (1, None)})

    assert parse(Params, {}, of="x") == Params()


def test_every_part_of_a_list_is_held_to_the_range():
    with pytest.raises(ModelError, match=r"resnet18: widths = \(64, 0\): give a number from 1 to 65536"):
        parse(TransferParams, {"widths": "64, 0"}, of="resnet18")
